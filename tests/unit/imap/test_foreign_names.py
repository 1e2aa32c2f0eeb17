"""``~account/box`` in every command that takes a name (spec 7.3; 14.2.5): the command table says which there are.

``[]`` in an example stands for the name of a mailbox with another one, Old, below it; ``[/New]`` for a name below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields

import pytest

from cgpymail.imap.commands.table import TABLE
from cgpymail.model.identity import AccountName
from tests.support.imapclient import ImapClient
from tests.support.naming import People

EXAMPLES: dict[str, tuple[str, ...]] = {
    "SELECT": ("SELECT []",),
    "EXAMINE": ("EXAMINE []",),
    "CREATE": ("CREATE [/New]", "CREATE [/New/]", "CREATE [/New.mdir]"),
    "DELETE": ("DELETE [/Old]",),
    "RENAME": ("RENAME [/Old] [/New]", "RENAME [/Old] [/Deep/New]"),
    "SUBSCRIBE": ("SUBSCRIBE []",),
    "UNSUBSCRIBE": ("UNSUBSCRIBE []",),
    "LIST": ('LIST "" []', "LIST [/] Old", "LIST [/] %", 'LIST "" [] RETURN (STATUS (MESSAGES) CHILDREN)'),
    "LSUB": ('LSUB "" []',),
    "STATUS": ("STATUS [] (MESSAGES UNSEEN)",),
    "NOTIFY": ("NOTIFY SET STATUS (mailboxes [] (MessageNew MessageExpunge))",),
    "APPEND": ("APPEND [] {3+}\r\nx\r\n",),
    "COPY": ("COPY 1 []", "UID COPY 1 []"),
    "MOVE": ("MOVE 1 []", "UID MOVE 1 []"),
    "REPLACE": ("REPLACE 1 [] {3+}\r\nx\r\n", "UID REPLACE 1 [] {3+}\r\nx\r\n"),
    "SETACL": ("SETACL [] mary lr", "SETACL [] mary +i"),
    "DELETEACL": ("DELETEACL [] mary",),
    "GETACL": ("GETACL []",),
    "LISTRIGHTS": ("LISTRIGHTS [] mary",),
    "MYRIGHTS": ("MYRIGHTS []",),
    "GETMETADATA": ("GETMETADATA [] /shared/comment", "GETMETADATA (DEPTH infinity) [] (/private/comment)"),
    "SETMETADATA": ('SETMETADATA [] (/private/comment "x")', "SETMETADATA [] (/shared/comment NIL)"),
}
REFUSED_EACH = ("RENAME [] Mine", "RENAME INBOX/Mine []", 'LIST "" [/%]', "CREATE []", "DELETE []")
NAMELESS = frozenset(
    (
        "CAPABILITY",
        "NOOP",
        "LOGOUT",
        "ID",
        "STARTTLS",
        "AUTHENTICATE",
        "LOGIN",
        "NAMESPACE",
        "ENABLE",
        "COMPRESS",
        "IDLE",
    )
) | {"CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "SORT", "THREAD", "FETCH", "STORE"}
ALL = [example for examples in EXAMPLES.values() for example in examples]

Wire = Callable[[bytes], bytes]
QUOTED: Wire = lambda name: b'"%b"' % name  # noqa: E731
LITERAL: Wire = lambda name: b"{%d+}\r\n%b" % (len(name), name)  # noqa: E731
ATOM: Wire = lambda name: name  # noqa: E731


def test_every_command_with_a_name_is_here() -> None:
    """A command that is new in the table joins the examples, or those that take no name of a mailbox."""
    assert {command.name for command in TABLE} == set(EXAMPLES) | NAMELESS
    named = {"mailbox", "mailboxes", "old", "new", "pattern", "patterns", "reference", "interests"}
    for command in TABLE:
        assert (command.name in EXAMPLES) == bool(named & {field.name for field in fields(command)}), command


def stage(owner: str, mailbox: str) -> People:
    """john with a message; a mailbox of ``owner`` in which he may do everything."""
    people = People()
    people.world.append(b"Subject: s\r\n\r\ntext\r\n")
    if owner != "john":
        people.add(owner)
    door = people.user(owner)
    people.make(mailbox, f"{mailbox}/Old", user=door)
    if owner != "john":
        for name in (mailbox, f"{mailbox}/Old"):
            people.grant(owner, name, "lrswidca")
        people.add("secretive")
    people.world.directory.aliases.update({"chief": "boss", "jack": "john"})
    people.record.alias_table.update({"chiefs": "~boss", "work": "~boss/Work"})
    return people


def answers(people: People, example: str, name: bytes, wire: Wire, enabled: bytes = b"") -> list[bytes]:
    """What is answered to an example, with NAME for the name."""
    client = ImapClient(people.world)
    client.lines(b"e ENABLE " + enabled, b"s SELECT INBOX")
    parts = re.split(r"\[(.*?)\]", example)
    sent = b"".join(wire(name + part.encode()) if place % 2 else part.encode() for place, part in enumerate(parts))
    said = client.raw(b"t %b\r\n" % sent).split(b"\r\n")[:-1]
    if sent.startswith(b"NOTIFY"):
        said += client.told()
    client.raw(b"q LOGOUT\r\n")
    changing = re.compile(rb"MAILBOXID \(.*?\)|UID \d+ .*?\]|MODSEQ \d+|UIDVALIDITY \d+")
    plain = (re.sub(rb'"(NAME[^"]*)"', rb"\1", line.replace(name, b"NAME")) for line in said)
    return [changing.sub(b"", line) for line in plain]


def check_done(example: str, said: list[bytes], reference: list[bytes]) -> None:
    """It was done, and answered as for the plain spelling."""
    assert said[-1].startswith((b"t OK", b"e OK")) or example.startswith("LSUB"), (example, said)
    assert said == reference, example


SPELLINGS = [
    (b"~boss/Work", QUOTED),
    (b"~boss/Work", LITERAL),
    (b"~BOSS/Work", ATOM),
    (b"~boss@example.org/Work", ATOM),
    (b"~boss%example.org/Work", QUOTED),
    (b"~chief/Work", ATOM),
    (b"~/boss/Work", ATOM),
    (b"~boss/$Sent$", QUOTED),
    (b"chiefs/Work", ATOM),
    (b"work", ATOM),
]


@pytest.mark.parametrize("example", ALL)
def test_every_spelling_in_every_command(example: str) -> None:
    """Upper case, a domain behind @ or %, an account alias, a special name, a mailbox alias, quotes, a literal."""
    reference = answers(stage("boss", "Work"), example, b"~boss/Work", ATOM)
    check_done(example, reference, reference)
    for name, wire in SPELLINGS:
        if example.startswith(("LIST", "NOTIFY")) and b"$" in name:
            continue  # what is told are the names that are listed, and $Sent$ is none of them
        people = stage("boss", "Work")
        people.world.directory.records[AccountName("boss", "example.org")].preferences["SentBox"] = "Work"
        check_done(example, answers(people, example, name, wire), reference)


@pytest.mark.parametrize("example", ALL)
@pytest.mark.parametrize("enabled", [b"", b"UTF8=ACCEPT", b"IMAP4REV2"])
def test_every_command_in_every_dialect(example: str, enabled: bytes) -> None:
    """Names that are not in ASCII, in modified UTF-7 and in UTF-8."""
    name = "~boss/Entwürfe".encode() if enabled else b"~boss/Entw&APw-rfe"
    reference = answers(stage("boss", "Work"), example, b"~boss/Work", QUOTED, enabled)
    check_done(example, answers(stage("boss", "Entwürfe"), example, name, QUOTED, enabled), reference)


@pytest.mark.parametrize("name", [b"~john/Work", b"~john@example.org/Work", b"~jack/Work"])
def test_the_own_account_by_name(name: bytes) -> None:
    """~self/box is the own mailbox, with the rights of its owner (spec 7.3.6), also by an alias of the own account."""
    for example in ALL:
        reference = answers(stage("john", "Work"), example, b"Work", QUOTED)
        check_done(example, answers(stage("john", "Work"), example, name, QUOTED), reference)


@pytest.mark.parametrize("example", [*ALL, *REFUSED_EACH])
def test_hidden_and_absent_look_the_same(example: str) -> None:
    """A mailbox without l, one that is not there, an account that shares nothing, one that is not there, no account
    at all, a domain that is not ours: the same answers to the letter (spec 14.2.5)."""
    people = stage("boss", "Work")
    people.make("Hidden", "Hidden/Old", user=people.user("boss"))
    people.make("INBOX/Mine", "Hidden", "Hidden/Old", user=people.user("secretive"))
    people.make("INBOX/Mine")
    expected = answers(people, example, b"~boss/Absent", QUOTED)
    hidden = (
        "~boss/Hidden",
        "~secretive/Hidden",
        "~nobody/Hidden",
        "~boss@example.net/Hidden",
        "~/Hidden",
        "~x y/Hidden",
    )
    for name in hidden:
        if example.startswith("RENAME INBOX"):  # the own one into another account, whether there is such an account
            expected[-1] = b"t NO [CANNOT] A mailbox cannot be renamed into another account"
        assert answers(people, example, name.encode(), QUOTED) == expected, name


@pytest.mark.parametrize("name", ["~", "~/", "~boss", "~boss/", "~nobody", "~john", "~boss//Work", "~boss/~boss/Work"])
def test_what_is_no_mailbox(name: str) -> None:
    """An account's bare name, or part of one, is refused like what is not there, and changes nothing."""
    people = stage("boss", "Work")
    for example in ("SELECT []", "EXAMINE []", "STATUS [] (MESSAGES)", "DELETE []", "RENAME [] Mine", "MYRIGHTS []"):
        assert answers(people, example, name.encode(), QUOTED)[-1].startswith(b"t NO [NONEXISTENT]"), example
    for example in ("APPEND [] {3+}\r\nx\r\n", "COPY 1 []", "MOVE 1 []"):
        assert answers(people, example, name.encode(), QUOTED)[-1].startswith(b"t NO [TRYCREATE]"), example
    assert answers(people, "CREATE []", name.encode(), QUOTED)[-1].startswith(b"t NO [")
