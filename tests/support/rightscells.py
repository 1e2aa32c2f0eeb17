"""One cell of the rights matrix: a row of rightsrows.py tried by one actor under one set of letters."""

from __future__ import annotations

from tests.support.rightsmodel import LETTERS, Held, State, Verdict
from tests.support.rightsrows import Row
from tests.support.stage import BOX, MINE, OTHER, SECRET, TOP, Actor, Stage, octets

ABSENT = {"Box": "Nil", "Top": "Nip", "Other": "Nulls"}  # names of the same length, of which there is nothing
LEAVING = ("CLOSE", "UNSELECT")  # who leaves at that moment has left


def words_of(row: Row, stage: Stage) -> str:
    """What is sent."""
    mail = octets("new").decode()
    names = {"box": BOX, "top": TOP, "other": OTHER, "mine": MINE}
    typed = {key: stage.typed(name) for key, name in names.items()}
    return row.words.format(**typed, size=len(mail), mail=mail)


def outcome(answer: bytes, absent: bytes) -> Verdict | bytes:
    """What the wire says; the tagged line itself if it says something that no verdict stands for."""
    tagged = next((line for line in answer.split(b"\r\n") if line.startswith(b"t ")), b"")
    if tagged.startswith(b"t OK"):
        return Verdict.DONE
    if tagged.startswith(b"t NO [NOPERM]"):
        return Verdict.DENIED
    if tagged.startswith(b"t NO [ALREADYEXISTS]"):
        return Verdict.EXISTS
    if answer == absent:
        return Verdict.ABSENT
    return Verdict.ENDED if b"* BYE" in answer and not tagged else tagged or answer


class CellTester:
    """Tries rows for one actor, on one stage as long as nothing changes there."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.stage = Stage(actor)
        self._absent: dict[tuple[str, str], bytes] = {}

    def cell(self, row: Row, letters: str) -> None:
        """One row under one set of letters. Raises AssertionError."""
        stage = self._prepared(row, letters)
        words = words_of(row, stage)
        held = Held(stage.held(BOX), stage.held(TOP), stage.held(OTHER))
        expected = row.rule(held)
        before = stage.expected
        answer = stage.say(words)
        absent = self._absent_answer(row, words, letters) if expected is Verdict.ABSENT else b""
        got = outcome(answer, absent)
        wanted = Verdict.DONE if expected is Verdict.PARTLY else expected
        assert got == wanted, f"{got!r} instead of {expected}; answer {answer!r}"
        done = wanted is Verdict.DONE
        after: State = row.becomes(before, held) if done else before
        state = stage.state() if done or not row.pure else before
        assert state == after, f"{difference(state, after)}; answer {answer!r}"
        if done:
            row.looks(answer, held, before)
        assert done or SECRET not in answer
        if state != before:
            self.stage.drop()
            self.stage = Stage(self.actor)
        elif row.opens or row.command in ("SELECT", "EXAMINE"):
            stage.say("UNSELECT")
        elif row.command == "NOTIFY":
            stage.say("NOTIFY NONE")

    def withdrawn(self, row: Row, letters: str) -> None:
        """One row in a mailbox that is open when ``r`` is withdrawn (spec 14.3.1e). Raises AssertionError."""
        stage = self.stage
        stage.grant(BOX, LETTERS)
        stage.select(BOX)
        stage.grant(BOX, letters)
        before, wire = stage.expected, stage.wire
        assert wire is not None
        words = words_of(row, stage)
        answer = wire.take() + wire.feed(b"t %b\r\n" % words.encode())
        stage.world.turns(3)
        answer += wire.take()
        ended = wire.closed and b"* BYE" in answer
        assert ended or row.command in LEAVING, f"no BYE: {answer!r}"
        assert SECRET not in answer and b"FETCH" not in answer, f"it still says something: {answer!r}"
        assert stage.state() == before, difference(stage.state(), before)

    def _prepared(self, row: Row, letters: str) -> Stage:
        stage = self.stage
        lists = {BOX: row.inner, TOP: row.outer, OTHER: "", row.on: letters}
        for name, wanted in lists.items():
            stage.grant(name, wanted)
        if row.opens:
            stage.select(row.opens)
        return stage

    def _absent_answer(self, row: Row, words: str, letters: str) -> bytes:
        """The answer where there is nothing of that name."""
        key = (row.words, row.on)
        if key not in self._absent:
            name = row.on.rpartition("/")[2]
            if row.opens:
                self.stage.select(row.opens)
            answer = self.stage.say(words.replace(name, ABSENT[name]))
            if row.opens:
                self.stage.say("UNSELECT")
            self._absent[key] = answer.replace(ABSENT[name].encode(), name.encode())
        return self._absent[key]


def difference(found: State, expected: State) -> str:
    """Where two states are not the same."""
    names = sorted(found.keys() | expected.keys())
    return "; ".join(
        f"{name} is {found.get(name)} instead of {expected.get(name)}"
        for name in names
        if found.get(name) != expected.get(name)
    )
