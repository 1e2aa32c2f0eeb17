"""POP logins to others' mailboxes: whatever name IMAP takes for one, POP takes too (spec 7.3, 8.13, 14.4.3)."""

from __future__ import annotations

import pytest

from tests.support.world import World


@pytest.mark.parametrize(
    "name",
    [
        "~boss/INBOX", "~BOSS/inbox", "~boss@example.org/INBOX", "~boss%example.org/INBOX",
        "~chief/INBOX",  # an account alias
        "chiefs/INBOX", "post",  # mailbox aliases, of the account and of the mailbox
        "~boss/$Trash$",
    ],
)  # fmt: skip
def test_every_spelling_opens_it(name: str) -> None:
    """Who may read it finds the messages; who may not hears the same as where there is nothing."""
    world = World()
    boss, anna = world.account("boss"), world.account("anna")
    world.directory.aliases["chief"] = "boss"
    anna.alias_table = {"chiefs": "~boss", "post": "~boss/INBOX"}
    for mailbox in ("INBOX", "Trash"):
        world.append(b"Subject: x\r\n\r\ny\r\n", name="boss", mailbox=mailbox)
    answers = []
    for letters in ("", "lr"):
        for mailbox in ("INBOX", "Trash"):
            boss.infos.setdefault(mailbox, {})["Access"] = {"anna": letters}
        link = world.connect("POP")
        link.take()
        link.feed(f"USER {name}#anna\r\n".encode())
        answers.append(link.feed(b"PASS secret\r\n"))
    assert answers[0] == b"-ERR No such mailbox\r\n"
    assert answers[1].startswith(b"+OK 1 messages")
