"""POP and LMTP under every right, against rightsmodel.py (spec 14.4.3; mail is put in without rights being asked)."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.support.rightsmodel import LETTERS, Held, Mail, added, expunged, marked, put
from tests.support.rightsrows import visible
from tests.support.stage import ACTORS, BOX, SECRET, Actor, Stage, octets
from tests.support.world import DOMAIN

FEW = ("", *LETTERS, LETTERS, *map("".join, combinations(LETTERS, 2)), "lrs", "lrd", "rsd", "lrsd", "lrsda")


class PopClient:
    """A session in ``box`` of the actor of a stage."""

    def __init__(self, stage: Stage, box: str) -> None:
        person = stage.actor.person
        self.wire = stage.world.connect("POP")
        self.wire.take()
        self.say(f"USER {box}#{person.name}@{person.domain}")
        self.answer = self.say("PASS secret")

    def say(self, words: str) -> bytes:
        """A command; the answer."""
        return self.wire.feed(words.encode() + b"\r\n")


def pop_session(stage: Stage, held: Held) -> None:
    """All that a session can do, under the letters of the moment; QUIT included. Raises AssertionError."""
    before = stage.expected
    shown = visible(held, before)
    client = PopClient(stage, stage.typed(BOX))
    if "r" not in held.here:
        nothing = PopClient(stage, stage.typed(BOX).replace("Box", "Nil"))
        assert client.answer.startswith(b"-ERR")
        assert (client.answer == nothing.answer) == ("l" not in held.here)
        assert stage.state() == before
        return
    assert client.answer.startswith(b"+OK %d messages" % len(shown))
    assert client.say("STAT").startswith(b"+OK %d " % len(shown))
    for table in ("LIST", "UIDL"):
        assert len(client.say(table).split(b"\r\n")) == len(shown) + 3
    assert SECRET not in client.say("TOP 1 0") and stage.state() == before
    assert client.say("RETR 1").endswith(octets(shown[0].subject) + b".\r\n")
    read = marked(before, BOX, held.here, lambda m: m.flags | ({"\\Seen"} if m == shown[0] else set()))
    assert stage.state() == read, "Seen goes with the right s only"
    may = "d" in held.here
    assert client.say("DELE 2").startswith(b"+OK" if may else b"-ERR")
    assert client.say("QUIT").startswith(b"+OK")
    assert stage.state() == (expunged(read, BOX, held.here, lambda m: m.subject == shown[1].subject) if may else read)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.kind)
def test_pop(actor: Actor) -> None:
    """Opening a foreign mailbox needs r, RETR sets Seen with s only, DELE needs d, Hidden shows with a only."""
    for letters in FEW:
        stage = Stage(actor)
        stage.grant(BOX, letters)
        try:
            pop_session(stage, Held(stage.held(BOX)))
        except AssertionError as problem:
            raise AssertionError(f"{actor.kind}: {stage.lists}: {problem}") from problem


@pytest.mark.parametrize("taken", ["r", "rd", "d", "s", "a"])
def test_pop_when_rights_are_withdrawn(taken: str) -> None:
    """What is withdrawn is so at the next command: without r nothing is sent, without d nothing is removed."""
    stage = Stage(next(actor for actor in ACTORS if actor.kind == "grantee by name"))
    stage.grant(BOX, LETTERS)
    client = PopClient(stage, stage.typed(BOX))
    assert client.say("DELE 2").startswith(b"+OK")
    stage.grant(BOX, "".join(letter for letter in LETTERS if letter not in taken))
    before = stage.expected
    answers = {number: client.say(f"RETR {number}") for number in (1, 3)}
    assert (SECRET in answers[1]) == ("r" not in taken)
    assert (SECRET in answers[3]) == ("r" not in taken and "a" not in taken), "the third one is Hidden"
    client.say("QUIT")
    after = stage.state()
    seen = [mail.subject for mail in after[BOX].mail if "\\Seen" in mail.flags and "Service" not in mail.flags]
    assert seen == {"s": [], "a": ["one"]}.get(taken, [] if "r" in taken else ["one", "three"])
    kept = [mail.subject for mail in after[BOX].mail]
    gone = not set(taken) & {"r", "d"}
    assert kept == [mail.subject for mail in before[BOX].mail if not (gone and mail.subject == "two")]


@pytest.mark.parametrize("letters", ["", "p", "i", LETTERS])
def test_lmtp_asks_no_rights(letters: str) -> None:
    """Mail to ``box#account`` is put in whatever the list says, without flags; ``p`` has no effect (spec 3.1)."""
    stage = Stage(next(actor for actor in ACTORS if actor.kind == "anyone"))
    stage.grant(BOX, letters)
    wire = stage.world.connect("LMTP")
    wire.take()
    wire.feed(b"LHLO client\r\nMAIL FROM:<a@b.example>\r\n")
    assert wire.feed(b"RCPT TO:<Top/Box#boss@%b>\r\n" % DOMAIN.encode()).startswith(b"250")
    wire.feed(b"DATA\r\n")
    assert wire.feed(octets("new") + b".\r\n").startswith(b"250")
    mail = stage.expected[BOX].mail
    assert stage.state() == put(added(stage.expected, BOX, Mail("new"), LETTERS), BOX, mail=(*mail, Mail("new")))
