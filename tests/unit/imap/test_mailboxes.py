"""Names: creating, listing, subscribing, asking for numbers."""

from __future__ import annotations

import pytest

from cgpymail.errors import StorageFailed
from cgpymail.manager.user import User
from cgpymail.model.identity import AccountName
from cgpymail.model.mailbox import MailboxStatus
from cgpymail.runtime.limits import DEFAULTS
from tests.support.imapclient import ImapClient
from tests.support.world import DOMAIN, World


def test_an_empty_pattern_asks_for_the_separator(john: ImapClient) -> None:
    """The special case of RFC 3501 6.3.8, also with a reference into another account."""
    assert john.do(b'LIST "" ""') == [b'* LIST (\\Noselect) "/" ""']
    assert john.do(b'LIST foo/bar ""') == [b'* LIST (\\Noselect) "/" ""']
    assert john.do(b'LIST ~mary/box ""') == [b'* LIST (\\Noselect) "/" ~mary/']


def test_special_use_is_in_list(john: ImapClient) -> None:
    """A client finds Sent, Drafts, Trash, Junk and Archive by their meaning (RFC 6154)."""
    found = john.do(b'LIST "" *')
    assert b'* LIST (\\HasNoChildren) "/" INBOX' in found
    assert b'* LIST (\\Sent \\HasNoChildren) "/" "Sent Items"' in found
    assert {line.split()[2] for line in found} == {
        b"(\\HasNoChildren)", b"(\\Sent", b"(\\Drafts", b"(\\Trash", b"(\\Junk", b"(\\Archive"
    }  # fmt: skip


def test_names_travel_in_modified_utf7(john: ImapClient) -> None:
    """Any language, the same on the way in and out."""
    john.do(b"CREATE Entw&APw-rfe")
    assert john.do(b'LIST "" Entw%') == [b'* LIST (\\HasNoChildren) "/" Entw&APw-rfe']


def test_children_and_directory_entities(john: ImapClient) -> None:
    """A name that holds only others is not selectable (spec 1.7)."""
    john.do(b"CREATE a/b")
    assert john.do(b'LIST "" a*') == [
        b'* LIST (\\Noselect \\HasChildren) "/" a',
        b'* LIST (\\HasNoChildren) "/" a/b',
    ]
    assert john.refused(b"SELECT a").startswith(b"[CANNOT] ")


def test_refusals_of_names(john: ImapClient) -> None:
    """Each with the response code that clients understand (RFC 5530)."""
    john.do(b"CREATE box")
    assert john.refused(b"CREATE box").startswith(b"[ALREADYEXISTS] ")
    assert john.refused(b"DELETE nothing").startswith(b"[NONEXISTENT] ")
    assert john.refused(b"DELETE INBOX").startswith(b"[CANNOT] ")
    assert john.refused(b"RENAME nothing other").startswith(b"[NONEXISTENT] ")
    assert john.refused(b"CREATE ..").startswith(b"[CANNOT] ")
    assert john.refused(b"SELECT nothing").startswith(b"[NONEXISTENT] ")


def test_what_belongs_to_others_looks_as_if_it_were_not_there(john: ImapClient) -> None:
    """Existing and missing accounts and mailboxes are answered alike."""
    answers = {john.refused(b"SELECT " + name) for name in (b"~mary/INBOX", b"~mary/nothing", b"~nobody/INBOX")}
    assert len(answers) == 1
    answers = {john.refused(b"STATUS " + name + b" (MESSAGES)") for name in (b"~mary/INBOX", b"~nobody/INBOX")}
    assert len(answers) == 1


def test_subscriptions(john: ImapClient) -> None:
    """Names are kept as they are, whether they exist or not (spec 7.1)."""
    john.do(b"SUBSCRIBE news")
    john.do(b"SUBSCRIBE ~mary/box")
    assert [line.split(b'"/" ')[1] for line in john.do(b'LSUB "" *')] == [b"news", b"~mary/box"]
    john.do(b"UNSUBSCRIBE news")
    assert [line.split(b'"/" ')[1] for line in john.do(b'LSUB "" *')] == [b"~mary/box"]


def test_status_answers_in_the_order_of_the_question(world: World, john: ImapClient) -> None:
    """Also for the mailbox that is selected."""
    world.append(b"Subject: x\r\n\r\nx\r\n")
    answer = john.do(b"STATUS INBOX (UNSEEN MESSAGES UIDNEXT RECENT)")
    assert answer == [b"* STATUS INBOX (UNSEEN 1 MESSAGES 1 UIDNEXT 2 RECENT 1)"]
    john.do(b"SELECT INBOX")
    assert john.do(b"STATUS inbox (MESSAGES)") == [b"* STATUS INBOX (MESSAGES 1)"]


def test_status_sizes(world: World, john: ImapClient) -> None:
    """The octets are those that FETCH counts, of what this user sees (RFC 8438)."""
    for text in (b"Subject: x\r\n\r\nx\r\n", b"Subject: y\r\n\r\n"):
        world.append(text)
    assert john.do(b"STATUS INBOX (SIZE DELETED)") == [b"* STATUS INBOX (SIZE 31 DELETED 0)"]


def test_the_append_limit_is_what_append_refuses(world: World, john: ImapClient) -> None:
    """The smaller one of the server's limit and the owner's setting; one octet more is refused (RFC 7889)."""
    assert john.do(b"STATUS INBOX (APPENDLIMIT)") == [b"* STATUS INBOX (APPENDLIMIT %d)" % DEFAULTS.message_size]
    world.directory.records[world.directory.route("john", "")].settings["MaxMessageSize"] = "20"
    assert john.do(b"STATUS INBOX (APPENDLIMIT)") == [b"* STATUS INBOX (APPENDLIMIT 20)"]
    assert john.ok(b"APPEND INBOX {20+}\r\nSubject: 12345\r\n\r\n\r\n")
    assert john.refused(b"APPEND INBOX {21+}\r\nSubject: 123456\r\n\r\n\r\n").startswith(b"[TOOBIG] ")


def test_a_list_leaves_out_the_numbers_of_what_cannot_be_opened(
    john: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One broken mailbox does not spoil the answer for the others (RFC 5819 section 2)."""
    for name in (b"a", b"b", b"c"):
        john.do(b"CREATE " + name)
    status = User.status

    async def failing(user: User, name: str) -> MailboxStatus:
        if name == "b":
            raise StorageFailed
        return await status(user, name)

    monkeypatch.setattr(User, "status", failing)
    told = john.do(b'LIST "" (a b c) RETURN (STATUS (MESSAGES))')
    assert [line for line in told if b"STATUS" in line] == [
        b"* STATUS a (MESSAGES 0)", b"* STATUS c (MESSAGES 0)"
    ]  # fmt: skip
    assert sum(b"* LIST" in line for line in told) == 3


def test_namespace(john: ImapClient) -> None:
    """Own names without prefix, others behind ~ (spec 14.5.5)."""
    assert john.do(b"NAMESPACE") == [b'* NAMESPACE (("" "/")) (("~" "/")) NIL']


def test_a_long_list_waits_for_a_slow_reader(world: World, john: ImapClient) -> None:
    """Thousands of names do not pile up for a client that does not read; its neighbour does not notice."""
    user = world.user()
    for number in range(1500):
        world.run(user.create(f"a-mailbox-with-a-long-name-in-order-to-fill-the-buffer-{number:04}"))
    neighbour = ImapClient(world, login="mary")
    john.wire.hold()
    john.raw(b'a LIST "" *\r\n' * 20)
    assert len(john.wire.sent) < 2 * DEFAULTS.output_buffer
    neighbour.do(b'LIST "" *')
    sent = b"".join(john.wire.read_some() for _ in range(100))
    assert sent.count(b"a OK LIST completed\r\n") == 20


@pytest.mark.parametrize("dialect", [b"", b"ENABLE IMAP4rev2"])
def test_an_alias_that_leads_nowhere_can_be_renamed(world: World, john: ImapClient, dialect: bytes) -> None:
    """Spec 7.2.9; there is no mailbox whose new name could be told."""
    record = world.directory.records[AccountName("john", DOMAIN)]
    record.set_aliases({"Old": "~nobody/Work"})
    if dialect:
        john.do(dialect)
    assert john.do(b"RENAME Old New") == []
    assert record.aliases() == {"New": "~nobody/Work"}
