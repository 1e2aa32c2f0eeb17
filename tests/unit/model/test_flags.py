"""The flag table is the manual's (manual, Mailboxes, "Message Flags"; spec 2 and 14.1.1)."""

from __future__ import annotations

import pytest

from cgpymail.model import flags

MANUAL = """
Seen        \\Seen      Unseen        S
Answered    \\Answered  Unanswered    A
Flagged     \\Flagged   Unflagged     F
Deleted     \\Deleted   Undeleted     D
Draft       \\Draft     Undraft       T
Redirected  $Forwarded  NotRedirected R
MDNSent     $MDNSent    NoMDNSent     N
Hidden      -           -             H
Service     -           -             V
Media       $Media      NotMedia      M
Junk        Junk        NotJunk       J
Label1      $Label1     NotLabel1     1
Label2      $Label2     NotLabel2     2
Label3      $Label3     NotLabel3     3
Recent      \\Recent    -             E
"""


def test_the_table() -> None:
    """Names, IMAP names, negative names, and letters in their order on disk."""
    rows = [tuple(word.replace("-", "") for word in line.split()) for line in MANUAL.strip().splitlines()]
    assert [(flag.name, flag.imap, flag.negative, flag.letter) for flag in flags.FLAGS] == rows
    assert len({flag.bit for flag in flags.FLAGS} | set(flags.MARKS.values())) == len(rows) + 3


def test_names_and_negative_names() -> None:
    """Rules and scripts use these; Read is Seen."""
    for flag in flags.FLAGS:
        assert flags.by_name(flag.name) == (flag.bit, True)
        if flag.negative:
            assert flags.by_name(flag.negative) == (flag.bit, False)
    assert flags.by_name("Read") == flags.by_name("Seen")
    assert flags.by_name("Unread") == flags.by_name("unseen")
    with pytest.raises(KeyError):
        flags.by_name("Unhidden")


def test_imap_names_ignore_case_and_are_never_negative() -> None:
    """``$label1`` is Label1; NotJunk and $Junk are keywords of clients (spec 2.8)."""
    assert flags.from_imap("$label1") == flags.BY_NAME["Label1"].bit
    for keyword in ("NotJunk", "NonJunk", "$Junk", "Unseen", "Hidden", "Service", "\\Recent", "Redirected"):
        assert flags.from_imap(keyword) == 0
    assert flags.to_imap(flags.ALL_FLAGS) == [flag.imap for flag in flags.FLAGS if flag.imap and flag.name != "Recent"]


def test_letters() -> None:
    """Recent is read but not written; unknown letters are kept; padding is nothing."""
    mask, unknown = flags.from_letters("_SE9J_Qz")
    assert (mask, unknown) == (flags.SEEN | flags.RECENT | flags.BY_NAME["Junk"].bit | flags.QUOTED, "9z")
    assert flags.to_letters(mask) == "SJQ"
    for flag in flags.FLAGS:
        assert flags.from_letters(flag.letter) == (flag.bit, "")
