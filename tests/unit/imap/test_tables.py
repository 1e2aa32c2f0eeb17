"""The tables of the IMAP server: capabilities, errors, texts that are kept."""

from __future__ import annotations

from array import array
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import cgpymail
from cgpymail import errors
from cgpymail.errors import MailError, NoSuchAccount, NoSuchMailbox
from cgpymail.grammar.imap.fetchdata import flags_item, internal_date_item, size_item, uid_item
from cgpymail.grammar.sasl.registry import MECHANISMS
from cgpymail.imap import texts
from cgpymail.imap.capabilities import ENABLING, TABLE, capabilities
from cgpymail.imap.refusals import CODES, refusal
from cgpymail.imap.state import State
from cgpymail.imap.texts import BLOCK, MAX_NUMBERS, NumberTexts, fetch_rows
from tests.transcripts.script import parse

PACKAGE = Path(cgpymail.__file__).parent
SCRIPTS = Path(__file__).parents[2] / "transcripts" / "scripts"
ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MailError)]


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_has_its_response_code(kind: type[MailError]) -> None:
    """No error comes to a client without the code it deserves."""
    assert kind.code in CODES
    assert refusal(kind(detail="/a/secret/path"), "NOOP").endswith(kind.text.encode()) or kind is NoSuchAccount


def test_nothing_but_printable_ascii_leaves() -> None:
    """Whatever a name had in it, the line stays one line."""
    assert refusal(NoSuchMailbox("No b\u00fccher\r\n* BYE"), "SELECT") == b"[NONEXISTENT] No b?cher??* BYE"


def test_nobody_looks_like_nothing() -> None:
    """An account that does not exist is answered like a mailbox, or a password, that is wrong."""
    assert refusal(NoSuchAccount(), "SELECT") == refusal(NoSuchMailbox(), "SELECT")
    assert refusal(NoSuchAccount(), "COPY") == refusal(NoSuchMailbox(), "COPY")
    assert refusal(NoSuchAccount(), "LOGIN") == refusal(errors.AuthenticationFailed(), "LOGIN")


def test_capabilities_are_said_once_each() -> None:
    """No word twice, IMAP4rev1 first."""
    for state in (State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED):
        words = capabilities(state, tls=True, password=True, methods=frozenset(MECHANISMS)).split()
        assert words[0] == b"IMAP4rev1"
        assert len(set(words)) == len(words)


def test_every_capability_has_its_module_and_transcripts() -> None:
    """Nothing is announced that no golden session shows."""
    shown = {name for path in SCRIPTS.glob("*.txt") for name in parse(path.read_text()).capabilities}
    announced = {row.name for row in TABLE}
    assert announced == shown
    assert [row.name for row in TABLE if not (PACKAGE / row.module).is_file()] == []


def test_what_can_be_enabled_stands_for_itself() -> None:
    """ENABLE tells each word once, because having it includes the word."""
    assert all(name in ENABLING[name] and name == name.upper() for name in ENABLING)


def test_mechanisms_announced_are_those_there_are() -> None:
    """AUTH= and the SASL table agree."""
    announced = {row.name.removeprefix("AUTH=") for row in TABLE if row.name.startswith("AUTH=")}
    assert announced == set(MECHANISMS)


@pytest.mark.parametrize(
    "numbers", [[], [1], [999, 1000, 1001], list(range(1, 5000)), list(range(7, 9000, 3)), [4_000_000_000]]
)
def test_number_texts_are_what_formatting_gives(numbers: list[int]) -> None:
    """From a kept block, from a part of one, or made at once."""
    found = NumberTexts(b"<%d>")
    for _ in range(2):
        assert found.of(array("I", numbers)) == [b"<%d>" % number for number in numbers]


def test_number_texts_are_bounded() -> None:
    """The least recently used blocks go."""
    kept = NumberTexts(b"%d")
    for block in range(2 * MAX_NUMBERS // BLOCK):
        kept.of(range(block * BLOCK, (block + 1) * BLOCK))
    assert len(kept._blocks) == MAX_NUMBERS // BLOCK


@pytest.mark.parametrize("wanted", list(product((True, False), repeat=4))[:-1])
def test_rows_in_bulk_have_the_items_of_single_ones(wanted: tuple[bool, ...]) -> None:
    """Whatever was asked for, the texts are those that the grammar writes."""
    columns: dict[str, Any] = {
        "uids": [7, 9, 4_000_000_000],
        "flags": [("\\Seen",), (), ("\\Seen",)],
        "dates": [0, 1_700_000_000, -1],
        "sizes": [1, 2**40, 0],
    }
    write = (uid_item, flags_item, internal_date_item, size_item)
    chosen = {name: column for (name, column), want in zip(columns.items(), wanted, strict=True) if want}
    items = [
        [one(value) for value in columns[name]] for name, one in zip(columns, write, strict=True) if name in chosen
    ]
    expected = b"".join(
        b"* %d FETCH (%b)\r\n" % (seq, b" ".join(row)) for seq, row in enumerate(zip(*items, strict=True), 1)
    )
    assert fetch_rows([1, 2, 3], **chosen) == expected
    assert fetch_rows([], **{name: [] for name in chosen}) == b""


def test_texts_of_flags_and_days_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that invents flags and dates does not fill the memory."""
    monkeypatch.setattr(texts, "_MAX_FLAG_TEXTS", 3)
    monkeypatch.setattr(texts, "_MAX_DAY_TEXTS", 3)
    flags = [(f"word{number}",) for number in range(10)]
    rows = fetch_rows(range(1, 11), flags=flags, dates=[number * 86_400 for number in range(10)])
    assert rows.count(b"FLAGS (word") == 10
    assert len(texts._DAYS) <= 3
    assert len(texts._FLAGS[b" "]) <= 3
