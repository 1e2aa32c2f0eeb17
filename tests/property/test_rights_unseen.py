"""Who may not know of a mailbox hears the same, octet by octet, as if there were none (spec 14.2.5)."""

from __future__ import annotations

import pytest

from tests.support.rightsmodel import Mail
from tests.support.stage import ACTORS, BOX, MINE, TOP, Actor, Stage, octets

STRANGER = next(actor for actor in ACTORS if actor.kind == "stranger")
GROUP = next(actor for actor in ACTORS if actor.kind == "negative group")
NAMES = {
    "there, not seen": "~boss/Top/Box",
    "not there, below one that is": "~boss/Top/Nil",
    "not there at all": "~boss/Nip/Nil",
    "of nobody": "~bosz/Top/Box",
}
MAIL = octets("new").decode()
NEW = f"(\\Seen) {{{len(MAIL)}+}}\r\n{MAIL}"

BY_NAME = [
    "SELECT {box}",
    "SELECT {box} (CONDSTORE)",
    "EXAMINE {box}",
    "STATUS {box} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT HIGHESTMODSEQ SIZE MAILBOXID APPENDLIMIT)",
    "CREATE {box}",
    "CREATE {box}/",
    "CREATE {box}.mdir",
    "CREATE {box}/Sub",
    "DELETE {box}",
    "RENAME {box} {box}2",
    "RENAME {box} Mine2",
    "RENAME Mine {box}",
    "RENAME {box} INBOX",
    "SUBSCRIBE {box}",
    "UNSUBSCRIBE {box}",
    "APPEND {box} " + NEW,
    "MYRIGHTS {box}",
    "GETACL {box}",
    "LISTRIGHTS {box} zoe",
    "SETACL {box} zoe lr",
    "DELETEACL {box} anna",
    "GETMETADATA {box} (/shared/comment /private/comment)",
    "GETMETADATA (DEPTH infinity) {box} (/shared)",
    'SETMETADATA {box} (/shared/comment "x")',
    "SETMETADATA {box} (/private/comment NIL)",
]
LISTS = [
    'LIST "" {box}',
    'LIST "" {box}*',
    'LIST "" {box}/%',
    'LIST "" ~%',
    'LIST "" ~*',
    'LIST "" *',
    'LIST "~" "%"',
    'LIST {box} ""',
    'LIST "" ({box} *) RETURN (CHILDREN SUBSCRIBED SPECIAL-USE MYRIGHTS STATUS (MESSAGES UNSEEN))',
    "NAMESPACE",
    "SUBSCRIBE {box}",
    'LSUB "" *',
    'LSUB "" {box}',
    'LSUB "" ~%',
    'LIST (SUBSCRIBED) "" *',
    'LIST (SUBSCRIBED RECURSIVEMATCH) "" ~%',
    'LIST (SUBSCRIBED REMOTE) "" {box} RETURN (CHILDREN STATUS (MESSAGES))',
]
WITH_MAILBOX = [
    "COPY 1 {box}",
    "UID COPY 1 {box}",
    "MOVE 1 {box}",
    "UID MOVE 1 {box}",
    "REPLACE 1 {box} " + NEW,
    "SELECT {box}",
    "NOOP",
    "FETCH 1 (FLAGS)",  # there is no mailbox any more, whatever the reason
]
WATCHING = [
    "NOTIFY SET STATUS (mailboxes {box} (MessageNew MessageExpunge FlagChange MailboxName))",
    "NOTIFY SET STATUS (subtree {box} (MessageNew MessageExpunge MailboxName SubscriptionChange))",
    "NOTIFY SET STATUS (personal (MailboxName)) (mailboxes {box} (MessageNew MessageExpunge))",
    "NOTIFY SET (subscribed (MailboxName SubscriptionChange MessageNew MessageExpunge))",
]


def conversation(actor: Actor, name: str, commands: list[str], letters: str, *, before: tuple[str, ...] = ()) -> bytes:
    """What is answered when ``{box}`` is this name, as if it were that of the mailbox which is there."""
    stage = Stage(actor)
    stage.grant(BOX, letters)
    answers = [stage.say(words) for words in before]
    for words in commands:
        if words in WITH_MAILBOX[:5]:
            stage.select(MINE)
        answers.append(stage.say(words.replace("{box}", name)))
        if words in WATCHING:
            answers.append(owner_works(stage))
    answer = b"".join(answers).replace(name.encode(), NAMES["there, not seen"].encode())
    return answer.replace(b"~bosz", b"~boss")  # LIST with an empty pattern echoes the account


def owner_works(stage: Stage) -> bytes:
    """The owner receives, renames, deletes and shares: what somebody else is told of that unasked."""
    world, boss = stage.world, stage.boss
    client = world.user("boss")
    stage.fill(BOX, (Mail("more"),))
    for work in (
        lambda: client.rename("Top/Box", "Top/Moved"),
        lambda: client.rename("Top/Moved", "Top/Box"),
        lambda: client.create("Top/Box/Sub"),
        lambda: client.delete("Top/Box/Sub"),
    ):
        world.run(work())
    stage.lists.pop(BOX, None)
    stage.grant(BOX, "lr")
    world.run(client.close())
    assert boss.exists("Top/Box") and stage.wire is not None
    world.turns(5)
    return stage.wire.take() + stage.say("NOOP")


def same_everywhere(actor: Actor, commands: list[str], letters: str, **more: tuple[str, ...]) -> None:
    """The conversations are equal."""
    heard = {kind: conversation(actor, name, commands, letters, **more) for kind, name in NAMES.items()}
    reference = heard["not there at all"]
    assert b"t OK" in reference or b"t NO" in reference
    for kind, said in heard.items():
        assert said == reference, (kind, commands)


@pytest.mark.parametrize("words", [*BY_NAME, *WITH_MAILBOX[:5]], ids=lambda words: words.split("{")[0])
@pytest.mark.parametrize("enabled", [(), ("ENABLE IMAP4rev2 UTF8=ACCEPT QRESYNC",)], ids=["plain", "enabled"])
def test_commands_with_a_name(words: str, enabled: tuple[str, ...]) -> None:
    """One command after the other, by somebody to whom nothing was granted."""
    same_everywhere(STRANGER, [words], "lrswipcda", before=enabled)


@pytest.mark.parametrize("commands", [LISTS, WITH_MAILBOX, *([words] for words in WATCHING)], ids=lambda each: each[0])
def test_lists_and_events(commands: list[str]) -> None:
    """What is listed and what is told unasked, while the owner works there and shares it with others."""
    same_everywhere(STRANGER, commands, "lrswipcda")


def test_rights_without_lookup_work_and_show_nothing_else() -> None:
    """A drop box: with i alone mail can be put in, and all the rest is as if there were nothing (spec 14.2.5)."""
    refused = [words for words in (*BY_NAME, *LISTS) if not words.startswith(("APPEND", "MYRIGHTS"))]
    for letters in ("i", "p", "sw"):
        for words in refused:
            same_everywhere(GROUP, [words], letters)
    stage = Stage(GROUP)
    stage.grant(BOX, "i")
    assert b"t OK [APPENDUID " in stage.say(f"APPEND ~boss/Top/Box {NEW}")
    assert stage.state()[BOX].mail[-1] == Mail("new"), "and Seen needs s"


def test_what_the_way_there_shows_is_another_matter() -> None:
    """Rights on the mailbox above are rights there: who may make mailboxes below it, and no more, finds it taken."""
    stage = Stage(next(actor for actor in ACTORS if actor.kind == "grantee by name"))
    stage.grant(TOP, "lc")
    stage.grant(BOX, "")
    assert b"t NO [ALREADYEXISTS]" in stage.say("CREATE ~boss/Top/Box")
    assert b"* LIST" not in stage.say('LIST "" ~boss/Top/Box')
