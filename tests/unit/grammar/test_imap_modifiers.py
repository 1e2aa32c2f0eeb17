"""The parameters and modifiers of RFC 7162, and its responses."""

from __future__ import annotations

import pytest

from cgpymail.grammar.imap import items
from cgpymail.grammar.imap.commands import Command, Examine, Resync, Select
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.messagecommands import Fetch, Store
from cgpymail.grammar.imap.modseqs import RANGES, vanished_lines
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.searchcommands import Search
from cgpymail.model.search import And, HasFlag, ModSeq, Not, Or, SearchKey, asks_modseq
from cgpymail.model.uidset import NumberSet, UidSet

ALL = NumberSet(((1, 0),))
FIRST = NumberSet(((1, 1),))
ANY = HasFlag(1)
COMMANDS: list[tuple[bytes, Command]] = [
    (b"a SELECT x (CONDSTORE)", Select(b"a", "x", condstore=True)),
    (b"a examine x (qresync (7 9))", Examine(b"a", "x", resync=Resync(7, 9))),
    (b"a SELECT x (QRESYNC (7 9 1))", Select(b"a", "x", resync=Resync(7, 9, FIRST))),
    (b"a SELECT x (QRESYNC (7 9 (1 1)))", Select(b"a", "x", resync=Resync(7, 9, None, (FIRST, FIRST)))),
    (
        b"a SELECT x (QRESYNC (7 9 2:3 (1 1)) CONDSTORE)",
        Select(b"a", "x", True, Resync(7, 9, NumberSet(((2, 3),)), (FIRST, FIRST))),
    ),
    (b"a FETCH 1 MODSEQ", Fetch(b"a", FIRST, (items.ModSeq(),), False)),
    (
        b"a FETCH 1 (FLAGS MODSEQ) (CHANGEDSINCE 0)",
        Fetch(b"a", FIRST, (items.Flags(), items.ModSeq()), False, 0),
    ),
    (
        b"a UID FETCH 1:* FLAGS (changedsince 9 vanished)",
        Fetch(b"a", ALL, (items.Uid(), items.Flags(), items.ModSeq()), True, 9, True),
    ),
    (
        b"a STORE 1 (UNCHANGEDSINCE 9223372036854775807) +FLAGS.SILENT (x)",
        Store(b"a", FIRST, "add", True, ("x",), False, 9223372036854775807),
    ),
    (b"a SEARCH MODSEQ 0", Search(b"a", ModSeq(0), False)),
    (b'a SEARCH NOT MODSEQ "/flags/\\\\draft" priv 7', Search(b"a", Not(ModSeq(7)), False)),
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_commands(text: bytes, command: Command) -> None:
    """In either order, in any case."""
    assert read_command(text) == command


@pytest.mark.parametrize(
    "text",
    [
        b"a SELECT x ()",
        b"a SELECT x (UNKNOWN)",
        b"a SELECT x (CONDSTORE CONDSTORE)",
        b"a SELECT x (QRESYNC)",
        b"a SELECT x (QRESYNC (7))",
        b"a SELECT x (QRESYNC (7 9 1:*))",
        b"a SELECT x (QRESYNC (7 9 (1 *)))",
        b"a SELECT x (QRESYNC (7 9 (1)))",
        b"a CREATE x (CONDSTORE)",
        b"a CREATE x ()",
        b"a CREATE x (USE)",
        b"a CREATE x (USE \\Sent)",
        b"a CREATE x (USE (Sent))",
        b"a CREATE x (USE (\\Sent) USE (\\Junk))",
        b"a CREATE x (USE (\\Sent)",
        b"a FETCH 1 FLAGS ()",
        b"a FETCH 1 FLAGS (CHANGEDSINCE)",
        b"a FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)",
        b"a FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)",
        b"a FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
        b"a UID FETCH 1 FLAGS (VANISHED)",
        b"a STORE 1 (UNCHANGEDSINCE) FLAGS (x)",
        b"a STORE 1 (UNKNOWN 1) FLAGS (x)",
        b"a SEARCH MODSEQ x",
        b'a SEARCH MODSEQ "/flags/x" 7',
        b'a SEARCH MODSEQ "/flags/x" mine 7',
    ],
)
def test_ill_formed(text: bytes) -> None:
    """BAD, never something else."""
    with pytest.raises(CommandError):
        read_command(text)


def test_vanished_lines_are_short() -> None:
    """However many holes there are, a line stays one that a client can take."""
    uids = UidSet.of(range(4_000_000_000, 4_000_002_000, 2))
    lines = vanished_lines(uids, earlier=True).split(b"\r\n")[:-1]
    assert len(lines) == -(-1_000 // RANGES)
    assert all(len(line) < 8192 and line.startswith(b"* VANISHED (EARLIER) 4") for line in lines)
    assert vanished_lines(UidSet(), earlier=False) == b""


@pytest.mark.parametrize(
    ("key", "asks"),
    [
        (ANY, False),
        (ModSeq(1), True),
        (And((ANY, Not(ModSeq(1)))), True),
        (Or(ANY, ModSeq(1)), True),
        (Not(ANY), False),
    ],
)
def test_searches_that_are_about_modseqs(key: SearchKey, asks: bool) -> None:
    """Wherever in the program it says so."""
    assert asks_modseq(key) is asks
