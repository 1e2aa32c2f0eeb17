"""Rights as IMAP spells them: the letters of RFC 4314 and, for older clients, of RFC 2086 (spec 3.6).

Kept are nine rights. Of the letters of RFC 4314 ``k`` and ``x`` together are the right ``c``, ``t`` and ``e`` together
``d``: they are tied (section 2.1.1). Who grants only one of two that are tied grants neither (section 2: "conservative
in granting"), who takes one away takes both. In what a user holds, ``x`` says whether he may remove the mailbox.
"""

from __future__ import annotations

from cgpymail.grammar.imap.errors import CommandError
from cgpymail.model import rights
from cgpymail.model.rights import Change, Held, RightsChange

ORDER = "lrswipkxtecda"  # in which they are said, as in RFC 8440 section 4
TIED = ("ckx", "dte")  # each after the letter that is kept
_KEPT = frozenset(rights.LETTERS)
_MEMBERS = {group[0]: frozenset(group[1:]) for group in TIED}
_SIGNS = {kind.value: kind for kind in Change if kind.value}
ALL_LETTERS = ORDER.encode("ascii")
OPTIONAL: tuple[bytes, ...] = tuple(
    next((group for group in TIED if group[0] == letter), letter).encode("ascii") for letter in "lrswipcda"
)
"""What can be granted, each with what is tied to it (RFC 4314 3.7; spec 14.2.6)."""


def read_change(text: str) -> RightsChange:
    """What SETACL is to do. Raises CommandError for a letter that there is not: capitals, and the digits that RFC 2086
    leaves to the site, which means nothing by them here."""
    kind = _SIGNS.get(text[:1], Change.REPLACE)
    letters = frozenset(text.removeprefix(kind.value))
    unknown = sorted(letters - frozenset(ORDER))
    if unknown:
        shown = unknown[0] if unknown[0].isascii() and unknown[0].isalnum() else "?"
        raise CommandError(f"There is no right {shown}")
    kept = {letter for letter in letters if letter in _KEPT}
    for letter, members in _MEMBERS.items():
        if letters & members if kind is Change.REMOVE else members <= letters:
            kept.add(letter)
    return RightsChange(kind, rights.parse("".join(kept)))


def element_letters(mask: int) -> bytes:
    """The rights of an element of an access list, in old and new letters."""
    return _letters(mask, may_delete=bool(mask & rights.CREATE))


def held_letters(held: Held) -> bytes:
    """What a user may do. ``c`` comes with each of its members (RFC 4314 2.1.1), whatever else it would say."""
    return _letters(held.mask, may_delete=held.deletes)


def _letters(mask: int, *, may_delete: bool) -> bytes:
    letters = set(rights.show(mask)) - {"c"}
    letters |= {"k"} if mask & rights.CREATE else set()
    letters |= {"x"} if may_delete else set()
    letters |= {"c"} if letters & _MEMBERS["c"] else set()
    letters |= _MEMBERS["d"] if mask & rights.DELETE else set()
    return "".join(letter for letter in ORDER if letter in letters).encode("ascii")
