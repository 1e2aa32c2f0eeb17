"""GETMETADATA, SETMETADATA, and the METADATA response (RFC 5464)."""

from __future__ import annotations

import pytest

from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.dialect import Dialect
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.metadatacommands import GetMetadata, SetMetadata
from cgpymail.grammar.imap.metadataresponses import changed_line, metadata_line
from cgpymail.model.annotations import MAX_NAME, Wish, canonical
from tests.support.imapwire import read

COMMANDS: list[tuple[bytes, Command]] = [
    (b'a GETMETADATA "" /shared/comment', GetMetadata(b"a", "", Wish(("/shared/comment",)))),
    (
        b"a getmetadata inbox (/Shared/a {10+}\r\n/private/b)",
        GetMetadata(b"a", "INBOX", Wish(("/Shared/a", "/private/b"))),
    ),
    (b"a GETMETADATA (MAXSIZE 7 DEPTH infinity) x (/shared)", GetMetadata(b"a", "x", Wish(("/shared",), None, 7))),
    (b'a GETMETADATA x (depth 1) ("/shared/a b")', GetMetadata(b"a", "x", Wish(("/shared/a b",), 1))),
    (b"a GETMETADATA x (DEPTH 0) /private", GetMetadata(b"a", "x", Wish(("/private",)))),
    (b'a SETMETADATA "" (/Private/A nil)', SetMetadata(b"a", "", (("/private/a", None),))),
    (
        b'a SETMETADATA x (/shared/a "NIL" /shared/b {0}\r\n /shared/c ~{3+}\r\n\0\xff\n /shared/d {1+}\r\n\xe9)',
        SetMetadata(
            b"a",
            "x",
            (("/shared/a", b"NIL"), ("/shared/b", b""), ("/shared/c", b"\0\xff\n"), ("/shared/d", b"\xe9")),
        ),
    ),
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_commands(text: bytes, command: Command) -> None:
    """However the network cuts them."""
    assert read(text + b"\r\n") == command


@pytest.mark.parametrize(
    "text",
    [
        b"GETMETADATA",
        b"GETMETADATA x",
        b"GETMETADATA /shared/a",
        b"GETMETADATA x ()",
        b"GETMETADATA x /shared/a /shared/b",
        b"GETMETADATA () x /shared/a",
        b"GETMETADATA (DEPTH) x /shared/a",
        b"GETMETADATA (DEPTH 1 DEPTH 1) x /shared/a",
        b"GETMETADATA (DEPTH 1) x (MAXSIZE 1) /shared/a",
        b"GETMETADATA (MAXSIZE 4294967296) x /shared/a",
        b"GETMETADATA (MAXSIZE -1) x /shared/a",
        b"GETMETADATA x shared/a",
        b"GETMETADATA x /",
        b"GETMETADATA x /sharedness/a",
        b"GETMETADATA x /shared/",
        b"GETMETADATA x /shared//a",
        b"GETMETADATA x /shared/%",
        b'GETMETADATA x "/shared/*"',
        b'GETMETADATA x "/shared/a\tb"',
        b"GETMETADATA x {11}\r\n/shared/\xc3\xa9a",
        b"SETMETADATA x /shared/a NIL",
        b"SETMETADATA x ()",
        b"SETMETADATA x (/shared/a)",
        b"SETMETADATA x (/shared/a x)",
        b"SETMETADATA x (/shared NIL)",
        b"SETMETADATA x (/private/vendor NIL)",
        b"SETMETADATA x (/shared/vendor/cmu NIL)",
        b"SETMETADATA x (/shared/a NIL /SHARED/A NIL)",
        b"SETMETADATA x (/shared/a ~)",
        b'SETMETADATA x (/shared/a ~"x")',
        b"SETMETADATA x (/shared/a {1+}\r\n\0)",
    ],
)
def test_ill_formed(text: bytes) -> None:
    """What is wrong is said."""
    with pytest.raises(CommandError) as problem:
        read(b"a " + text + b"\r\n")
    assert problem.value.tag == b"a"


def test_names_of_entries() -> None:
    """Every character of ASCII that may be in one; case says nothing."""
    allowed = [chr(code) for code in range(0x20, 0x7F) if chr(code) not in "*%/"]
    assert all(canonical("/Shared/" + char) == "/shared/" + char.lower() for char in allowed)
    refused = [chr(code) for code in range(256) if chr(code) not in allowed]
    assert not any(canonical("/private/x" + char) for char in refused)
    assert canonical("/shared/" + "x" * (MAX_NAME - 8)) and not canonical("/shared/" + "x" * (MAX_NAME - 7))


def test_responses() -> None:
    """Values in the shortest form that can hold them; mailbox names always in quotes, for clients that want them so."""
    values = [("/shared/a", None), ("/shared/b", b'"\r\n'), ("/shared/c", b"\0\xff"), ("/shared/d d", b"NIL")]
    assert metadata_line("INBOX", values) == (
        b'* METADATA "INBOX" (/shared/a NIL /shared/b {3}\r\n"\r\n /shared/c ~{2}\r\n\0\xff "/shared/d d" "NIL")\r\n'
    )
    assert changed_line("", ["/shared/comment", "/private/x"]) == b'* METADATA "" /shared/comment /private/x\r\n'
    assert changed_line("B\u00fccher", ["/shared/a"]) == b'* METADATA "B&APw-cher" /shared/a\r\n'
    assert (
        changed_line("B\u00fccher", ["/shared/a"], Dialect(utf8=True))
        == '* METADATA "B\u00fccher" /shared/a\r\n'.encode()
    )
