"""Names in UTF-8 and in modified UTF-7 (RFC 9755 section 3)."""

from __future__ import annotations

import pytest

from cgpymail.grammar.imap import commands as c
from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.responses import list_line, separator_line, status_data_line
from cgpymail.grammar.imap.writing import mailbox
from cgpymail.model.mailbox import ListedMailbox, MailboxStatus
from tests.support.imapwire import read

UTF8 = Dialect(utf8=True, charset=False)
UMLAUT = "Entw\u00fcrfe"


@pytest.mark.parametrize(
    ("wire", "dialect", "name"),
    [
        (b"Entw&APw-rfe", PLAIN, UMLAUT),
        (b"Entw&APw-rfe", UTF8, "Entw&APw-rfe"),
        (b"R&-D", PLAIN, "R&D"),
        (b"R&D", UTF8, "R&D"),
        (b'"Entw\xc3\xbcrfe"', UTF8, UMLAUT),
        (b'"Entw\xc3\xbcrfe"', PLAIN, UMLAUT),
        (b'"\xc3\xbc \\"&\\\\"', UTF8, '\u00fc "&\\'),
        (b"{8}\r\nEntw\xc3\xbcrf", UTF8, "Entw\u00fcrf"),
        (b"inbox/\x26", UTF8, "INBOX/&"),
    ],
)
def test_names(wire: bytes, dialect: Dialect, name: str) -> None:
    """What the octets of a name mean."""
    assert read(b"a CREATE " + wire + b"\r\n", dialect) == c.Create(b"a", name)


@pytest.mark.parametrize("dialect", [PLAIN, UTF8])
@pytest.mark.parametrize("wire", [b'"\xfc"', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b"{1}\r\n\xfc"])
def test_ill_formed_utf8(wire: bytes, dialect: Dialect) -> None:
    """Octets that are no UTF-8 are refused with BAD, whoever sends them."""
    head, _, literal = wire.partition(b"\r\n")
    text, literals = (head + b"\r\n", (literal,)) if literal else (wire, ())
    with pytest.raises(CommandError, match="Ill-formed UTF-8"):
        read_command(b"a SELECT " + text, literals, dialect=dialect)


def test_other_strings_are_checked_too() -> None:
    """Once enabled, any quoted string with ill-formed UTF-8 is an error."""
    line = b'a SEARCH SUBJECT "\xfc"'
    with pytest.raises(CommandError, match="Ill-formed UTF-8"):
        read_command(line, dialect=UTF8)


def test_no_charset() -> None:
    """The texts of SEARCH are UTF-8 then, and nothing else can be said."""
    line = b'a SEARCH CHARSET UTF-8 SUBJECT "x"'
    assert read_command(line) == read_command(b'a SEARCH SUBJECT "x"', dialect=UTF8)
    with pytest.raises(CommandError, match="no charset"):
        read_command(line, dialect=UTF8)


def test_names_in_responses() -> None:
    """Quoted where they are not ASCII, atoms where possible; modified UTF-7 for everybody else."""
    status = MailboxStatus(1, 0, 0, 2, 3, 4)
    quoted = '"Entw\u00fcrfe"'.encode()
    assert list_line(b"LIST", ListedMailbox(UMLAUT), UTF8) == b'* LIST () "/" ' + quoted + b"\r\n"
    assert list_line(b"LIST", ListedMailbox(UMLAUT)) == b'* LIST () "/" Entw&APw-rfe\r\n'
    assert status_data_line(UMLAUT, ["UIDNEXT"], status, UTF8) == b"* STATUS " + quoted + b" (UIDNEXT 2)\r\n"
    assert separator_line(b"LIST", f"~{UMLAUT}/", UTF8) == '* LIST (\\Noselect) "/" "~Entw\u00fcrfe/"\r\n'.encode()
    assert mailbox("R&D", UTF8) == b"R&D"
    assert mailbox("R&D") == b"R&-D"
    assert mailbox('\u00fc"\\', UTF8) == '"\u00fc\\"\\\\"'.encode()
    assert mailbox("\u00fc\r\n", UTF8) == "{4}\r\n\u00fc\r\n".encode()
