"""The rules of access as the manual and the RFCs have them, written down once more and without a look at the code.

Sources: spec 3 and 14.2 (who holds which letters, what they allow), 2.8 and 2.9 (what is hidden, which flags a letter
covers), the table of RFC 4314 section 4, RFC 5464 section 3.3 (annotations), RFC 5465 section 5 (events), RFC 6851
(MOVE). Letters are sets of characters, mailboxes are dictionaries: nothing here knows of masks, names or sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

LETTERS = "lrswipcda"
ALL = frozenset(LETTERS)
NONE: frozenset[str] = frozenset()


class Verdict(Enum):
    """What becomes of a command."""

    DONE = "done"
    PARTLY = "done as far as the rights go"
    DENIED = "refused, and said so"
    ABSENT = "refused as if there were nothing"
    EXISTS = "refused because it is there already"
    ENDED = "the session ends"


@dataclass(frozen=True)
class Person:
    """Who somebody is: nothing else counts. ``groups``: ``name@domain``; ``views``: domains with CanViewMailboxes."""

    name: str
    domain: str
    groups: frozenset[str] = NONE
    all_users: bool = False
    views: frozenset[str] = NONE


def means(identifier: str, who: Person, owner: Person) -> bool:
    """Whether an identifier without its ``-`` is about ``who`` (spec 3.3)."""
    if "@" not in identifier:
        identifier += "@*" if identifier == "anyone" else "@"
    name, domain = identifier.split("@")
    domain = domain or owner.domain
    if name.startswith("#"):
        return f"{name[1:]}@{domain}" in who.groups
    return name in ("anyone", who.name) and domain in ("*", who.domain)


def held(acl: Mapping[str, str], who: Person, owner: Person) -> frozenset[str]:
    """The letters that ``who`` has where this list stands (spec 3.2, 14.2.3, 14.2.7)."""
    if (who.name, who.domain) == (owner.name, owner.domain) or who.all_users or owner.domain in who.views:
        return ALL
    given = {
        letter for name, letters in acl.items() if name[0] != "-" and means(name, who, owner) for letter in letters
    }
    taken = {
        letter for name, letters in acl.items() if name[0] == "-" and means(name[1:], who, owner) for letter in letters
    }
    return frozenset(given - taken)


# -- what letters allow


@dataclass(frozen=True)
class Held:
    """The letters on the mailbox that a command names or works in, on the one above it, and on another one, below
    which it may be put."""

    here: frozenset[str]
    outer: frozenset[str] = NONE
    there: frozenset[str] = NONE


Rule = Callable[[Held], Verdict]


def verdict(allowed: bool, seen: Iterable[str]) -> Verdict:
    """Refused is said only to those who may know that there is something (spec 14.2.5). ``seen``: their letters."""
    if allowed:
        return Verdict.DONE
    return Verdict.DENIED if "l" in seen else Verdict.ABSENT


def needs(letters: str) -> Rule:
    """All of these on the mailbox."""
    return lambda held: verdict(held.here >= set(letters), held.here)


def always(held: Held) -> Verdict:
    """Nothing is asked."""
    return Verdict.DONE


def creating(held: Held) -> Verdict:
    """``c`` on the mailbox above (spec 3.4.2)."""
    return verdict("c" in held.outer, held.outer)


def creating_what_is_there(held: Held) -> Verdict:
    """Whoever may make mailboxes there cannot but notice that one is there."""
    return Verdict.EXISTS if "c" in held.outer else creating(held)


def deleting(held: Held) -> Verdict:
    """``d`` on the mailbox, ``c`` on the one above (spec 14.2.1)."""
    return verdict("d" in held.here and "c" in held.outer, held.here)


def knowing(held: Held) -> Verdict:
    """MYRIGHTS: one of ``lrikxa`` (RFC 4314 section 4), and of these ``c`` is two, ``x`` computed."""
    return verdict(bool(held.here & set("lrica")) or deleting(held) is Verdict.DONE, held.here)


def renaming(held: Held) -> Verdict:
    """To below another mailbox: as deleting, and creating there (spec 14.2.2)."""
    first = deleting(held)
    return first if first is not Verdict.DONE else verdict("c" in held.there, held.there)


def expunging(held: Held) -> Verdict:
    """``d``, in a mailbox that is open and so is known."""
    return Verdict.DONE if "d" in held.here else Verdict.DENIED


def annotating(letters: str) -> Rule:
    """``l`` and any of ``rswip`` (RFC 5464 3.3), and all of ``letters``."""
    return lambda held: verdict(
        "l" in held.here and bool(held.here & set("rswip")) and held.here >= set(letters), held.here
    )


# -- what letters allow to flags (spec 2.9; RFC 4314 section 4)


def letter_of(flag: str) -> str:
    """The right that a flag goes with; none for the two that no mail client can name."""
    return {"\\Seen": "s", "\\Deleted": "d"}.get(flag, "w")


def settable(flags: Iterable[str], letters: Iterable[str]) -> frozenset[str]:
    """Those that may be changed."""
    return frozenset(flag for flag in flags if letter_of(flag) in letters)


def storing(flags: Iterable[str]) -> Rule:
    """STORE: refused only when none of the flags may be changed."""
    named = frozenset(flags)

    def rule(held: Held) -> Verdict:
        allowed = settable(named, held.here)
        if not allowed:
            return Verdict.DENIED
        return Verdict.DONE if allowed == named else Verdict.PARTLY

    return rule


def inserting(flags: Iterable[str]) -> Rule:
    """APPEND and COPY: ``i``; flags that may not be set are left out."""
    named = frozenset(flags)

    def rule(held: Held) -> Verdict:
        if "i" not in held.here:
            return verdict(False, held.here)
        return Verdict.DONE if settable(named, held.here) == named else Verdict.PARTLY

    return rule


# -- what there is


@dataclass(frozen=True)
class Mail:
    """A message: what it is called, and its flags."""

    subject: str
    flags: frozenset[str] = NONE

    def shows_to(self, letters: Iterable[str]) -> bool:
        """Service to nobody who uses a mail protocol, Hidden to holders of ``a`` (spec 2.8)."""
        return "Service" not in self.flags and ("Hidden" not in self.flags or "a" in letters)

    def become(self, flags: Iterable[str], letters: Iterable[str]) -> Mail:
        """Its flags replaced, as far as these letters reach."""
        kept = {flag for flag in self.flags if flag in ("Hidden", "Service") or letter_of(flag) not in letters}
        return replace(self, flags=frozenset(kept) | settable(flags, letters))


@dataclass(frozen=True)
class Box:
    """A mailbox: its messages in order, its access control list, and what is noted about it."""

    mail: tuple[Mail, ...] = ()
    acl: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, bytes] = field(default_factory=dict)


State = Mapping[str, Box]
"""``~account/name`` -> mailbox."""


def put(state: State, name: str, **changes: object) -> State:
    """The same with one mailbox changed, or new."""
    return {**state, name: replace(state.get(name, Box()), **changes)}  # type: ignore[arg-type]


def without(state: State, name: str) -> State:
    """The same without a mailbox."""
    return {each: box for each, box in state.items() if each != name}


def added(state: State, name: str, mail: Mail, letters: Iterable[str]) -> State:
    """A message put into a mailbox where one has these letters."""
    kept = settable(mail.flags, letters)
    return put(state, name, mail=(*state[name].mail, Mail(mail.subject, kept)))


def marked(state: State, name: str, letters: Iterable[str], change: Callable[[Mail], Iterable[str]]) -> State:
    """Every message that shows to these letters with the flags that ``change`` gives, as far as they reach."""
    held = frozenset(letters)
    mail = tuple(each.become(change(each), held) if each.shows_to(held) else each for each in state[name].mail)
    return put(state, name, mail=mail)


def expunged(state: State, name: str, letters: Iterable[str], gone: Callable[[Mail], bool]) -> State:
    """Without the messages that go, of those that show to these letters."""
    held = frozenset(letters)
    mail = tuple(each for each in state[name].mail if not (each.shows_to(held) and gone(each)))
    return put(state, name, mail=mail)


def is_marked(mail: Mail) -> bool:
    """Whether EXPUNGE takes it."""
    return "\\Deleted" in mail.flags
