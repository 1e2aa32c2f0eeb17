"""The rows of the rights matrix: what each command does under which letters.

``{box}`` is the mailbox that the letters are for, ``{top}`` the one above it, ``{other}`` another one of the same
owner, ``{mine}`` an own one of who tries; ``{size}`` and ``{mail}`` a new message. What is done follows rightsmodel.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.support.rightsmodel import (
    ALL,
    Held,
    Mail,
    Rule,
    State,
    Verdict,
    added,
    always,
    annotating,
    creating,
    creating_what_is_there,
    deleting,
    expunged,
    expunging,
    inserting,
    is_marked,
    knowing,
    marked,
    needs,
    put,
    renaming,
    settable,
    storing,
    without,
)
from tests.support.stage import BOX, MARKED, MINE, OTHER, SECRET, TOP

Effect = Callable[[State, Held], State]
Look = Callable[[bytes, Held, State], object]  # asserts what an answer has to say


def unchanged(state: State, held: Held) -> State:
    """Nothing happens."""
    return state


def nothing(answer: bytes, held: Held, state: State) -> None:
    """Nothing in particular is said."""


@dataclass(frozen=True)
class Row:
    """``on``: the mailbox that the letters are tried for; ``outer``: letters on ``{top}`` and ``inner``: on ``{box}``,
    where that is another one; ``opens``: what is selected before. ``looks`` only where something was done."""

    command: str
    words: str
    rule: Rule
    becomes: Effect = unchanged
    on: str = BOX
    outer: str = ""
    opens: str = ""
    looks: Look = nothing
    inner: str = ""

    @property
    def pure(self) -> bool:
        """Whether it never changes anything, so that all masks are cheap."""
        return self.becomes is unchanged


# -- what is seen


def visible(held: Held, state: State) -> list[Mail]:
    """The messages that are there for him."""
    return [each for each in state[BOX].mail if each.shows_to(held.here)]


def _opened(answer: bytes, held: Held, state: State) -> None:
    assert b"* %d EXISTS" % len(visible(held, state)) in answer
    writes = bool(held.here & set("swdi"))  # RFC 4314 5.2
    assert (b"[READ-WRITE]" in answer) == writes
    permanent = answer.split(b"[PERMANENTFLAGS (")[1].split(b")")[0].decode().split()
    system = {"\\Seen", "\\Deleted", "\\Flagged", "\\Answered", "\\Draft", "\\*"}
    assert {flag for flag in permanent if flag in system} == settable(system, held.here)
    assert {flag for flag in permanent if flag not in system} <= (
        ALL if "w" in held.here else set()
    ) or "w" in held.here


def _examined(answer: bytes, held: Held, state: State) -> None:
    assert b"* %d EXISTS" % len(visible(held, state)) in answer
    assert b"[READ-ONLY]" in answer and b"[PERMANENTFLAGS ()]" in answer


def _counted(answer: bytes, held: Held, state: State) -> None:
    seen = sum("\\Seen" not in each.flags for each in visible(held, state))
    assert b"(MESSAGES %d UNSEEN %d)" % (len(visible(held, state)), seen) in answer


def _listed(answer: bytes, held: Held, state: State) -> None:
    assert (b"* LIST " in answer) == ("l" in held.here), "what is listed"


def _listed_with_numbers(answer: bytes, held: Held, state: State) -> None:
    _listed(answer, held, state)
    assert (b"* STATUS " in answer) == (held.here >= set("lr")), "STATUS in LIST"


def _annotated(answer: bytes, held: Held, state: State) -> None:
    assert answer.startswith(b"* METADATA ") and answer.count(b"* METADATA ") == 1


def _watched(answer: bytes, held: Held, state: State) -> None:
    """RFC 5465 sections 3.1 and 5."""
    assert (b"* STATUS " in answer) == (held.here >= set("lr")), "STATUS in NOTIFY"
    assert (b"\\NoAccess" in answer) == ("l" in held.here and "r" not in held.here), "no access"


def _own_rights(answer: bytes, held: Held, state: State) -> None:
    """RFC 4314 2.1.1 and 3.5, spec 3.6."""
    told = set(answer.split(b"\r\n")[0].decode().split()[-1].replace('""', ""))
    deletes = deleting(held) is Verdict.DONE
    expected = (held.here - set("cd")) | ({"k"} if "c" in held.here else set()) | ({"x"} if deletes else set())
    expected |= ({"c"} if expected & set("kx") else set()) | (set("dte") if "d" in held.here else set())
    assert told == expected, f"{sorted(told)} instead of {sorted(expected)}"


def _whole_list(answer: bytes, held: Held, state: State) -> None:
    told = set(answer.split(b"\r\n")[0].decode().replace('"', "").split()[3::2])
    assert told >= {identifier for identifier, letters in state[BOX].acl.items() if letters}


def _all_found(answer: bytes, held: Held, state: State) -> None:
    line = next(line for line in answer.split(b"\r\n") if line.startswith(b"* "))
    assert len(line.replace(b"(", b" ").replace(b")", b" ").split()) - 2 == len(visible(held, state))


def _all_read(answer: bytes, held: Held, state: State) -> None:
    told = [line.split(b": ")[1].decode() for line in answer.split(b"\r\n") if line.startswith(SECRET)]
    assert told == [each.subject for each in visible(held, state)]


def _flags_read(answer: bytes, held: Held, state: State) -> None:
    assert answer.count(b" FETCH (FLAGS ") == len(visible(held, state))


# -- what is done


def _made(state: State, held: Held) -> State:
    return put(state, "boss/Top/New", acl=state[TOP].acl)  # spec 3.4.1


def _removed(state: State, held: Held) -> State:
    return without(state, BOX)


def _renamed(state: State, held: Held) -> State:
    return {**without(state, BOX), "boss/Top/New": state[BOX]}


def _renamed_away(state: State, held: Held) -> State:
    return {**without(state, BOX), "boss/Other/New": state[BOX]}


def _granted(state: State, held: Held) -> State:
    return put(state, BOX, acl={**state[BOX].acl, "peter": "lrs"})


def _forbidden(state: State, held: Held) -> State:
    return put(state, BOX, acl={**state[BOX].acl, "-anyone": "r"})


def _taken_back(state: State, held: Held) -> State:
    return put(state, BOX, acl={name: letters for name, letters in state[BOX].acl.items() if name != "anna"})


NOTES = {"private": ("/private/comment", b"mine"), "shared": ("/shared/comment", b"for all")}


def _noted(kinds: str) -> Effect:
    return lambda state, held: put(state, BOX, notes=dict(NOTES[kind] for kind in kinds.split()))


def _appended(state: State, held: Held) -> State:
    return added(state, BOX, Mail("new", MARKED), held.here)


def _copied_there(state: State, held: Held) -> State:
    return added(state, BOX, Mail("mine", MARKED), held.here)


def _moved_there(state: State, held: Held) -> State:
    return put(_copied_there(state, held), MINE, mail=())


def _replaced_there(state: State, held: Held) -> State:
    return put(_appended(state, held), MINE, mail=())


def _copied_home(state: State, held: Held) -> State:
    return put(state, MINE, mail=(*state[MINE].mail, *visible(held, state)))


def _moved_home(state: State, held: Held) -> State:
    return expunged(_copied_home(state, held), BOX, held.here, lambda mail: True)


def _replaced_home(state: State, held: Held) -> State:
    there = added(state, MINE, Mail("new", MARKED), ALL)
    return put(there, BOX, mail=state[BOX].mail[1:])


def _expunged(state: State, held: Held) -> State:
    return expunged(state, BOX, held.here, is_marked)


def _one_expunged(state: State, held: Held) -> State:
    return expunged(state, BOX, held.here, lambda mail: mail.subject == "two")


def _closed(state: State, held: Held) -> State:
    return _expunged(state, held) if "d" in held.here else state


def _closing(held: Held) -> Verdict:
    return Verdict.DONE if "d" in held.here else Verdict.PARTLY


def _read(state: State, held: Held) -> State:
    return marked(state, BOX, held.here, lambda mail: mail.flags | {"\\Seen"})


def _reading(held: Held) -> Verdict:
    return Verdict.DONE if "s" in held.here else Verdict.PARTLY


def _store(words: str, flags: set[str], *, sign: str) -> Row:
    """A STORE of every message."""

    def change(mail: Mail) -> frozenset[str]:
        if sign == "+":
            return mail.flags | flags
        return mail.flags - flags if sign == "-" else frozenset(flags)

    named = flags if sign else {"\\Seen", "\\Deleted", "\\Flagged"}  # FLAGS names all that there are
    return Row(
        "STORE",
        f"STORE 1:* {sign}FLAGS ({words})",
        storing(named),
        lambda state, held: marked(state, BOX, held.here, change),
        opens=BOX,
    )


NEW = "(\\Seen \\Flagged \\Deleted kw) {{{size}+}}\r\n{mail}"


BY_NAME = (
    Row("SELECT", "SELECT {box}", needs("r"), looks=_opened),
    Row("EXAMINE", "EXAMINE {box}", needs("r"), looks=_examined),
    Row("STATUS", "STATUS {box} (MESSAGES UNSEEN)", needs("r"), looks=_counted),
    Row("CREATE", "CREATE {top}/New", creating, _made, on=TOP),
    Row("CREATE", "CREATE {box}", creating_what_is_there, on=TOP),
    Row("DELETE", "DELETE {box}", deleting, _removed, outer="c"),
    Row("DELETE", "DELETE {box}", deleting, _removed),
    Row("RENAME", "RENAME {box} {top}/New", deleting, _renamed, outer="c"),
    Row("RENAME", "RENAME {box} {top}/New", deleting, _renamed, outer="lrswipda"),
    Row("RENAME", "RENAME {box} {other}/New", renaming, _renamed_away, on=OTHER, inner="d", outer="c"),
    Row("SUBSCRIBE", "SUBSCRIBE {box}", always),
    Row("UNSUBSCRIBE", "UNSUBSCRIBE {box}", always),
    Row("LIST", 'LIST "" {box}', always, looks=_listed),
    Row("LIST", 'LIST "" {box} RETURN (STATUS (MESSAGES))', always, looks=_listed_with_numbers),
    Row("LSUB", 'LSUB "" {box}', always),
    Row("NAMESPACE", "NAMESPACE", always),
    Row("MYRIGHTS", "MYRIGHTS {box}", knowing, looks=_own_rights),
    Row("MYRIGHTS", "MYRIGHTS {box}", knowing, looks=_own_rights, outer="c"),
    Row("GETACL", "GETACL {box}", needs("a"), looks=_whole_list),
    Row("LISTRIGHTS", "LISTRIGHTS {box} zoe", needs("a")),
    Row("SETACL", "SETACL {box} peter lrs", needs("a"), _granted),
    Row("SETACL", "SETACL {box} -anyone r", needs("a"), _forbidden),
    Row("DELETEACL", "DELETEACL {box} anna", needs("a"), _taken_back),
    Row("GETMETADATA", "GETMETADATA {box} (/shared/comment /private/comment)", annotating(""), looks=_annotated),
    Row("SETMETADATA", 'SETMETADATA {box} (/private/comment "mine")', annotating(""), _noted("private")),
    Row(
        "SETMETADATA",
        'SETMETADATA {box} (/private/comment "mine" /shared/comment "for all")',
        annotating("a"),
        _noted("private shared"),
    ),
    Row("SETMETADATA", 'SETMETADATA {box} (/shared/vendor/cgpymail/class "IPF.Note")', annotating("a")),
    Row("NOTIFY", "NOTIFY SET STATUS (mailboxes {box} (MessageNew MessageExpunge))", always, looks=_watched),
    Row("APPEND", "APPEND {box} " + NEW, inserting(MARKED), _appended),
    Row("COPY", "COPY 1 {box}", inserting(MARKED), _copied_there, opens=MINE),
    Row("MOVE", "MOVE 1 {box}", inserting(MARKED), _moved_there, opens=MINE),
    Row("REPLACE", "REPLACE 1 {box} " + NEW, inserting(MARKED), _replaced_there, opens=MINE),
)

INSIDE = (
    Row("CHECK", "CHECK", always),
    Row("CLOSE", "CLOSE", _closing, _closed),
    Row("UNSELECT", "UNSELECT", always),
    Row("EXPUNGE", "EXPUNGE", expunging, _expunged),
    Row("EXPUNGE", "UID EXPUNGE 2", expunging, _one_expunged),
    Row("SEARCH", "SEARCH ALL", always, looks=_all_found),
    Row("SORT", "SORT (SUBJECT) UTF-8 ALL", always, looks=_all_found),
    Row("THREAD", "THREAD REFERENCES UTF-8 ALL", always, looks=_all_found),
    Row("FETCH", "FETCH 1:* (FLAGS)", always, looks=_flags_read),
    Row("FETCH", "FETCH 1:* (BODY.PEEK[])", always, looks=_all_read),
    Row("FETCH", "FETCH 1:* (BODY[])", _reading, _read, looks=_all_read),
    _store("\\Seen", {"\\Seen"}, sign="+"),
    _store("\\Deleted", {"\\Deleted"}, sign="-"),
    _store("\\Flagged", {"\\Flagged"}, sign="+"),
    _store("kw", {"kw"}, sign="+"),
    _store("\\Seen \\Deleted \\Answered kw", {"\\Seen", "\\Deleted", "\\Answered", "kw"}, sign="+"),
    _store("\\Flagged", {"\\Flagged"}, sign=""),
    Row("COPY", "COPY 1:* {mine}", always, _copied_home),
    Row("MOVE", "MOVE 1:* {mine}", expunging, _moved_home),
    Row("REPLACE", "REPLACE 1 {mine} " + NEW, expunging, _replaced_home),
    Row("NOOP", "NOOP", always),
    Row("IDLE", "IDLE\r\nDONE", always),
)

ROWS = (*BY_NAME, *(replace(row, opens=BOX) for row in INSIDE))

WITHOUT_NAMES = {"CAPABILITY", "LOGOUT", "ID", "STARTTLS", "AUTHENTICATE", "LOGIN", "ENABLE", "COMPRESS"}
