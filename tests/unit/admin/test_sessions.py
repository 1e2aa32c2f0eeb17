"""What open sessions feel of an administrator's work, at once (spec 14.3.1e; sessions list and kill)."""

from __future__ import annotations

from typing import Any

import pytest

from cgpymail.admin import exits
from cgpymail.admin.sessions import REASON
from cgpymail.directory.login import LOOKUP_TIME
from cgpymail.runtime.wire import KILL_TIME
from tests.unit.admin.office import Office

MESSAGE = "Subject: x\r\n\r\n" + "y" * 500 + "\r\n"
LARGE = "Subject: x\r\n\r\n" + ("y" * 500 + "\r\n") * 300


def test_list(office: Office) -> None:
    """Id, protocol, account, peer, since, link and mailbox, the oldest first."""
    mailbox = office.imap()
    office.clock.advance(60)
    nobody, pop, lmtp = office.imap(""), office.pop(), office.lmtp()
    since = ["2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z"]
    assert office("sessions list")[1] == [
        f"{mailbox.id}  IMAP  john@example.org  127.0.0.1  {since[0]}  clear  INBOX",
        f"{nobody.id}  IMAP  -  127.0.0.1  {since[1]}  clear  -",
        f"{lmtp.id}  LMTP  -  127.0.0.1  {since[1]}  clear  -",
        f"{pop.id}  POP  john@example.org  127.0.0.1  {since[1]}  clear  INBOX",
    ]
    mailbox.ask("3 LOGOUT")
    assert len(office("sessions list")[1]) == 3


def test_kill(office: Office) -> None:
    """Each hears why in the words of its protocol and is disconnected; the others go on."""
    other = office.imap()
    killed = [(office.imap(), "* BYE "), (office.pop(), "-ERR [SYS/TEMP] "), (office.lmtp(), "421 4.3.2 ")]
    ids = tuple(client.id for client, _ in killed)
    assert office("sessions kill", ids=ids) == (0, [f"ended {id}" for id in ids], [])
    for client, words in killed:
        assert client.hear() == f"{words}{REASON}\r\n" and client.link.ended
    assert "3 OK" in other.ask("3 NOOP")


def test_kill_what_is_not_there(office: Office) -> None:
    """Told, and the rest is done; ids may be typed in small letters."""
    client = office.imap()
    code, said, complaints = office("sessions kill", ids=("IMAP-999999", client.id.lower()))
    assert (code, said) == (exits.UNAVAILABLE, [f"ended {client.id}"])
    assert complaints == ["there is no session IMAP-999999"] and client.link.ended
    assert office("sessions kill")[0] == exits.USAGE


def test_kill_all_of_an_account(office: Office) -> None:
    """In every protocol; nobody else's."""
    office.create("mary")
    mine, other = [office.imap(), office.imap(mailbox=""), office.pop()], office.imap("mary")
    code, said, _ = office("sessions kill", account="john")
    assert code == 0 and sorted(said) == sorted(f"ended {client.id}" for client in mine)
    assert all(client.link.ended for client in mine) and not other.link.ended
    assert office("sessions kill", account="nobody")[0] == exits.NO_USER


def test_kill_in_idle(office: Office) -> None:
    """BYE, at once."""
    client = office.imap()
    client.ask("3 IDLE")
    office("sessions kill", ids=(client.id,))
    assert client.hear().startswith("* BYE ") and client.link.ended


def test_kill_before_login(office: Office) -> None:
    """Somebody who is not logged in can be ended too."""
    client = office.imap("")
    office("sessions kill", ids=(client.id,))
    assert client.hear().startswith("* BYE ") and client.link.ended


@pytest.mark.parametrize("reads", [True, False])
def test_kill_in_a_reply(office: Office, reads: bool) -> None:
    """What is being sent is sent to its end, and only then come the last words; who does not read it is cut off."""
    client = office.imap()
    for _ in range(3):
        office.append(client, LARGE)
    client.link.stalls = True
    begun = client.ask("4 FETCH 1:3 BODY[]")
    assert "4 OK" not in begun
    office("sessions kill", ids=(client.id,))
    assert client.hear() == "" and not client.link.ended
    if reads:
        client.protocol.resumeProducing()
        told = begun + client.hear()
        assert told.count(LARGE) == 3
        assert told.endswith(f")\r\n4 OK FETCH completed\r\n* BYE {REASON}\r\n")
    else:
        office.clock.advance(KILL_TIME)
    assert client.link.ended


def test_kill_pop_in_a_reply(office: Office) -> None:
    """The message is sent whole; then the session ends."""
    office.append(office.imap(), LARGE)
    client = office.pop()
    client.link.stalls = True
    begun = client.ask("RETR 1")
    office("sessions kill", ids=(client.id,))
    assert client.hear() == "" and not client.link.ended
    client.protocol.resumeProducing()
    told = begun + client.hear()
    assert LARGE in told and told.endswith(f"\r\n.\r\n-ERR [SYS/TEMP] {REASON}\r\n") and client.link.ended


def test_an_account_that_is_removed(office: Office) -> None:
    """Its sessions end with a reason before the files go; deliveries are refused."""
    imap, pop = office.imap(), office.pop()
    lmtp = office.lmtp()
    lmtp.ask("MAIL FROM:<>")
    assert office("account delete", name="john") == (0, ["removed john@example.org"], [])
    assert imap.hear() == "* BYE The account was removed\r\n" and imap.link.ended
    assert pop.hear() == "-ERR [SYS/TEMP] The account was removed\r\n" and pop.link.ended
    assert lmtp.ask("RCPT TO:<john>").startswith("550 ")
    assert office("account list")[1] == []
    office.create("john")
    assert "* 0 EXISTS" in office.imap(mailbox="").ask("2 SELECT INBOX")


def test_others_in_a_mailbox_of_a_removed_account(office: Office) -> None:
    """Who reads a shared mailbox of it hears that it is gone."""
    office.create("mary")
    record = office.do(lambda: office.server.directory.find(office.server.directory.route("john", "")))
    office.do(lambda: record.update_mailboxes({"INBOX": {"Access": {"mary": "lr"}}}))
    guest = office.imap("mary", mailbox="~john/INBOX")
    assert office("account delete", name="john")[0] == 0
    assert guest.hear() == "* BYE The mailbox is no longer available\r\n" and guest.link.ended


def test_a_session_that_does_not_leave(office: Office) -> None:
    """A client that reads nothing keeps neither the account from going nor its mailboxes open."""
    client = office.imap()
    for _ in range(3):
        office.append(client, LARGE)
    client.link.stalls = True
    client.ask("4 FETCH 1:3 BODY[]")
    assert office("account delete", name="john")[0] == 0
    assert office("account list")[1] == [] and client.link.ended


def refused(office: Office) -> bool:
    """Whether john cannot log in with his first password."""
    client = office.imap("")
    client.ask("1 LOGIN john secret")
    office.clock.advance(LOOKUP_TIME)
    return client.hear().startswith("1 NO ")


def test_an_account_that_is_renamed(office: Office) -> None:
    """Its sessions end with a reason; its mail is there under the new name, its INBOX still INBOX."""
    imap = office.imap()
    office.append(imap, MESSAGE)
    assert office("account rename", name="john", new="jack") == (
        0, ["renamed john@example.org to jack@example.org"], [],
    )  # fmt: skip
    assert imap.hear().endswith("* BYE The account has another name now\r\n") and imap.link.ended
    assert "* 1 EXISTS" in office.imap("jack", mailbox="").ask("2 SELECT INBOX")
    assert refused(office)
    lmtp = office.lmtp()
    lmtp.ask("MAIL FROM:<>")
    assert lmtp.ask("RCPT TO:<jack>").startswith("250 ") and lmtp.ask("RCPT TO:<john>").startswith("550 ")


def test_a_name_that_is_taken_ends_nobody(office: Office) -> None:
    """What cannot be done is refused before any session feels it."""
    office.create("mary")
    client = office.imap()
    assert office("account rename", name="john", new="mary")[0] == exits.CANNOT_CREATE
    assert office("account rename", name="john", new="x/y")[0] == exits.USAGE
    assert "3 OK" in client.ask("3 NOOP")


def test_a_changed_password(office: Office) -> None:
    """Open sessions go on; the old password, though it was verified a moment ago, is not taken any more."""
    client = office.imap()
    assert office("account password", name="john", password="another")[0] == 0
    assert "3 OK" in client.ask("3 NOOP")
    assert refused(office)
    assert office.imap("").ask("1 LOGIN john another").startswith("1 OK ")


def test_settings_count_at_the_next_use(office: Office) -> None:
    """A service that is switched off admits nobody new; a size limit holds for the next message."""
    client = office.imap()
    office("account settings set", name="john", values=("MaxMessageSize=100", "AccessModes=(IMAP)"))
    assert client.ask(f"3 APPEND INBOX {{{len(MESSAGE)}+}}\r\n{MESSAGE}").startswith("3 NO [TOOBIG]")
    with pytest.raises(AssertionError):
        office.pop()


def test_what_administrators_say_to_users(office: Office) -> None:
    """Is told to sessions that watch annotations, and read there at once (RFC 5464)."""
    client = office.imap()
    client.ask("3 ENABLE METADATA")
    office("account settings set", name="john", values=("SharedComment=Closed on Sunday",))
    assert '* METADATA "" /shared/comment' in client.ask("4 NOOP")
    assert '(/shared/comment "Closed on Sunday")' in client.ask('5 GETMETADATA "" /shared/comment')
    office("account settings set", name="john", values=("MaxMessageSize=100",))
    assert "METADATA" not in client.ask("6 NOOP")


def test_preferences_count_at_the_next_use(office: Office) -> None:
    """A special mailbox is another one from the next name on (spec 6.2)."""
    client = office.imap()
    client.ask("3 CREATE Rubbish")
    office("account preferences set", name="john", values=("TrashBox=Rubbish",))
    assert "Rubbish" in client.ask('4 LIST (SPECIAL-USE) "" "*"')
    assert "5 OK" in client.ask("5 SELECT $Trash$")
    assert "Rubbish" in office("sessions list")[1][0] or "$Trash$" in office("sessions list")[1][0]


def test_mailboxes_are_seen_at_once(office: Office) -> None:
    """A session lists what was made and not what was removed, and follows a mailbox that was renamed."""
    client = office.imap()
    office("mailbox create", account="john", mailbox="Work")
    assert "3 OK" in client.ask("3 SELECT Work")
    office("mailbox rename", account="john", mailbox="Work", new="Play")
    office.append(office.imap(), MESSAGE, "Play")
    assert "* 1 EXISTS" in client.ask("4 NOOP")
    assert office("sessions list")[1][0].endswith("  Play")
    listed = client.ask('5 LIST "" "*"')
    assert "Play" in listed and "Work" not in listed


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("mailbox acl set", {"account": "john", "mailbox": "INBOX", "values": ("#team=-r",)}),
        ("mailbox acl set", {"account": "john", "mailbox": "INBOX", "values": ("-mary=r",)}),
        ("group remove", {"name": "team", "members": ("mary",)}),
        ("group delete", {"name": "team"}),
        ("mailbox delete", {"account": "john", "mailbox": "Box"}),
    ],
    ids=["the list", "a negative element", "no member any more", "no group any more", "no mailbox any more"],
)
def test_who_loses_the_right_to_read(office: Office, verb: str, more: dict[str, Any]) -> None:
    """A session in the mailbox ends with BYE at that moment, also in IDLE; the owner's goes on (spec 14.3.1e)."""
    office.create("mary")
    box = "Box" if verb == "mailbox delete" else "INBOX"
    office("mailbox create", account="john", mailbox="Box")
    office("group create", name="team")
    office("group add", name="team", members=("mary",))
    assert office("mailbox acl set", account="john", mailbox=box, values=("#team=lr",))[0] == 0
    client, idle = office.imap("mary", mailbox=f"~john/{box}"), office.imap("mary", mailbox=f"~john/{box}")
    assert idle.ask("3 IDLE") == "+ idling\r\n"
    assert office(verb, **more)[0] == 0
    for each in (client, idle):
        assert each.hear() == "* BYE The mailbox is no longer available\r\n"
        assert each.link.ended


def test_sessions_in_a_deleted_mailbox(office: Office) -> None:
    """IMAP ends with BYE; sessions elsewhere go on."""
    office("mailbox create", account="john", mailbox="Work")
    inside, idle, other = office.imap(mailbox="Work"), office.imap(mailbox="Work"), office.imap()
    idle.ask("3 IDLE")
    assert office("mailbox delete", account="john", mailbox="Work") == (0, ["removed Work"], [])
    for client in (inside, idle):
        assert "* BYE The mailbox is no longer available" in client.hear() and client.link.ended
    assert "3 OK" in other.ask("3 NOOP")
