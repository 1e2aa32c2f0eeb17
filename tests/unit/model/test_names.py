"""Mailbox names: modified UTF-7, INBOX in any case, and which names may be created (spec 1, 14.1.10 to 14.1.12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgpymail.errors import IllegalName
from cgpymail.model import names

LEGAL = ["a", "INBOX", "Sent Items", "a/b/c", "Entwürfe", "台北", "a&b", "100%", "$a", "a$", "x~y", "x.y", "mbox", "*"]
ILLEGAL = ["", "/a", "a/", "a//b", ".", "..", "a/..", "a/../b", ".a", "~a", "a/~b", "\0", "a\x1f", "a\x7f", "a\x85b",
           "$Trash$", "a/$x$", "a.mbox", "a.MDIR", "a/b.folder", "a.bdx", "a.info/b", "a.settings", "a\u2028b",
           "x" * 201, "ü" * 100]  # fmt: skip


@pytest.mark.parametrize("name", LEGAL)
def test_legal(name: str) -> None:
    """What people call their mailboxes."""
    names.check_new(name)


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal(name: str) -> None:
    """What could leave the directory, be mistaken for another file, or not be shown."""
    with pytest.raises(IllegalName):
        names.check_new(name)


@given(st.text(max_size=30))
def test_modified_utf7_round_trip(name: str) -> None:
    """Any name comes back, and is ASCII on the wire and on the disk (RFC 3501 5.1.3)."""
    wire = names.encode(name)
    assert wire.isascii()
    assert names.decode(wire) == name


@pytest.mark.parametrize(
    ("name", "wire"),
    [("a&b", b"a&-b"), ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"), ("Entwürfe", b"Entw&APw-rfe")],
)
def test_modified_utf7(name: str, wire: bytes) -> None:
    """The example of RFC 3501 5.1.3 and others."""
    assert names.encode(name) == wire
    assert names.decode(wire) == name


@pytest.mark.parametrize("wire", [b"&", b"&AGE-", b"&APw", b"&Jjo!", b"\xc3\xbc", b"&APw--&-&APw-&APw-", b"&2AA-"])
def test_ill_formed_utf7(wire: bytes) -> None:
    """Only the one proper spelling of a name is taken, so that no two clients call one mailbox differently."""
    with pytest.raises(IllegalName):
        names.decode(wire)


@pytest.mark.parametrize(
    "name", ["~boss/$Any$", ".x", "~", "a//b", "\U0001f468\u200d\U0001f469", "a\u3000b", "ü" * 1000]
)
def test_subscribed(name: str) -> None:
    """Whatever may be a mailbox's name somewhere, as programs and fonts of tomorrow write it too."""
    names.check_subscribed(name)


@pytest.mark.parametrize("name", ["", "a\x7f", "\ud800", "a\u2028b", "x" * 1001])
def test_never_subscribed(name: str) -> None:
    """What cannot be written into the list, or breaks lines in it."""
    with pytest.raises(IllegalName):
        names.check_subscribed(name)


def test_inbox_in_any_case() -> None:
    """As a whole name and as the first component only."""
    assert names.canonical("inbox") == "INBOX"
    assert names.canonical("iNbOx/Sub") == "INBOX/Sub"
    assert names.canonical("Inboxes") == "Inboxes"
    assert names.canonical("a/inbox") == "a/inbox"
