"""Which of the names that a user sees a LIST chooses, and what it says of them (RFC 3501 6.3.8, RFC 5258, RFC 6154).

A LIST without options wants every name that matches, and for ``%`` the levels that lead to one. A LIST with criteria
wants the names that match and fulfil them. RECURSIVEMATCH adds names that match and have something below them that
fulfils the criteria; one that does not fulfil them itself is left out again when all of that is in the answer anyway
(RFC 5258 3.5: the redundant is suppressed).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice

from cgpymail.manager.patterns import Pattern
from cgpymail.manager.special import SPECIAL_USE
from cgpymail.model import names
from cgpymail.model.mailbox import ListChoice, ListedMailbox

NOSELECT, NONEXISTENT, NOINFERIORS = "\\Noselect", "\\NonExistent", "\\Noinferiors"
HAS_CHILDREN, HAS_NO_CHILDREN, SUBSCRIBED = "\\HasChildren", "\\HasNoChildren", "\\Subscribed"
USES = frozenset(attribute for attribute, _ in SPECIAL_USE)
STRIDE = 8  # names looked at before others may have their turn: each may have an access list of 32 KB

Pause = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A name the user sees, with the attributes that do not depend on its neighbours."""

    attributes: tuple[str, ...] = field(default=())
    non_mail: bool = False  # of a class that mail clients are not shown unasked


class Chooser:
    """One pattern's LIST over ``shown``. ``subscribed``: the subscription list, spelled like the names in ``shown``."""

    def __init__(
        self, shown: dict[str, Shown], pattern: Pattern, choice: ListChoice, subscribed: Collection[str]
    ) -> None:
        asked = subscribed if pattern.wild else {*subscribed, names.canonical(pattern.text)}
        self._shown = shown if choice.non_mail else without_non_mail(shown, asked)
        self._parents: set[str] = set()
        self._pattern = pattern
        self._choice = choice
        self._subscribed = subscribed

    async def choose(self, pause: Pause) -> list[ListedMailbox]:
        """The answer: INBOX first, then by name. ``pause`` is called every now and then."""
        self._parents = await sliced_levels(self._shown, pause)
        if self._choice.criteria:
            chosen, above = await self._by_criteria(pause)
        else:
            chosen, above = await self._matching(self._shown, pause), set()
            if self._pattern.shows_levels:
                chosen |= await self._matching(self._parents - self._shown.keys(), pause)
        await pause()
        told = chosen | above
        order = [names.INBOX] * (names.INBOX in told) + sorted(told - {names.INBOX})
        await pause()
        parents = above if self._choice.recursive else ()
        found: list[ListedMailbox] = []
        for count, name in enumerate(order):
            if not count % STRIDE:
                await pause()
            info = self._choice.criteria if name in parents else ()
            found.append(ListedMailbox(name, self._attributes(name), info, name in chosen))
        return found

    async def _by_criteria(self, pause: Pause) -> tuple[set[str], set[str]]:
        """Names that match and fulfil the criteria; and those that match and stand above such a name, as far as they
        are to be told."""
        meeting = {name for name in (self._subscribed if self._choice.subscribed else self._shown) if self._meets(name)}
        chosen = await self._matching(meeting, pause)
        if not self._choice.recursive:
            return chosen, set()
        above = await sliced_levels(meeting, pause) & chosen
        silent = await sliced_levels(meeting - chosen, pause)
        return chosen, await self._matching(above | silent, pause)

    def _meets(self, name: str) -> bool:
        facts = self._shown.get(name)
        return not self._choice.special_use or (facts is not None and not USES.isdisjoint(facts.attributes))

    async def _matching(self, candidates: Iterable[str], pause: Pause) -> set[str]:
        matching: set[str] = set()
        for count, name in enumerate(candidates):
            if not count % STRIDE:
                await pause()
            if self._pattern.matches(name):
                matching.add(name)
        return matching

    def _attributes(self, name: str) -> tuple[str, ...]:
        choice, facts = self._choice, self._shown.get(name)
        own = (NONEXISTENT if choice.extended else NOSELECT,) if facts is None else facts.attributes
        children = HAS_CHILDREN if name in self._parents else HAS_NO_CHILDREN
        tell = (choice.subscribed or choice.tell_subscribed) and name in self._subscribed
        return (*own, children, SUBSCRIBED) if tell else (*own, children)


def without_non_mail(shown: dict[str, Shown], asked: Collection[str]) -> dict[str, Shown]:
    """The mail mailboxes, and those of another class that were ``asked`` for, by name or by subscription; others of
    another class above one of these show as not selectable (spec 14.5.3). INBOX is for mail, whatever its class."""
    unasked = {name for name, facts in shown.items() if facts.non_mail and name not in asked and name != names.INBOX}
    if not unasked:
        return shown
    leading = levels(name for name in shown if name not in unasked)
    return {
        name: Shown((NOSELECT,)) if name in unasked else facts
        for name, facts in shown.items()
        if name not in unasked or name in leading
    }


async def sliced_levels(found: Iterable[str], pause: Pause) -> set[str]:
    """The same as ``levels``, for thousands of names."""
    left = iter(found)
    above: set[str] = set()
    while part := list(islice(left, STRIDE)):
        await pause()
        above |= levels(part)
    return above


def levels(found: Iterable[str]) -> set[str]:
    """All names above any of these."""
    above: set[str] = set()
    for name in found:
        level = names.parent(name)
        while level and level not in above:
            above.add(level)
            level = names.parent(level)
    return above
