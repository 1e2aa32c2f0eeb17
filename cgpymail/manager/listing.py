"""LIST and LSUB (RFC 3501 6.3.8 and 6.3.9; extended: RFC 5258; CHILDREN, RFC 3348; SPECIAL-USE, RFC 6154; spec sections
7 and 14.5).

First everything the user may see of the trees that a pattern can reach is written down with the names under which he
sees it: the own mailboxes, what lies behind his mailbox aliases, or one foreign account (``~account/...``). Then the
pattern and the options choose (choosing.py). Accounts are never enumerated: a wildcard in the account's name finds
those that share something with the user himself (grants.py), and what he has subscribed to. An account may have
thousands of names, so others get their turn meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from cgpymail.errors import LimitExceeded, MailError
from cgpymail.manager.account import Account
from cgpymail.manager.choosing import NOINFERIORS, NOSELECT, STRIDE, Chooser, Pause, Shown
from cgpymail.manager.grants import Sharers
from cgpymail.manager.namespace import FOREIGN, NameSpace, Place
from cgpymail.manager.patterns import Pattern
from cgpymail.manager.special import use_attributes
from cgpymail.manager.words import is_yes
from cgpymail.model import names, rights
from cgpymail.model.classes import is_for_mail
from cgpymail.model.mailbox import PLAIN_LIST, ListChoice, ListedMailbox
from cgpymail.runtime.limits import Limits

MAIL_ONLY_SERVICE = "IMAP"  # the protocol whose clients are not shown calendars and the like unasked (spec 14.5.3)


async def no_pause() -> None:
    """For those whose work need not be cut into slices."""


@dataclass(frozen=True, slots=True)
class Region:
    """What one pattern can reach: names as the user sees them, without the ``prefix`` that all of them have."""

    pattern: Pattern
    shown: dict[str, Shown]
    prefix: str = ""


class Listing:
    """Answers one user's LIST and LSUB."""

    def __init__(self, space: NameSpace, service: str, limits: Limits) -> None:
        self._space = space
        self._own = space.own
        self._service = service
        self._limits = limits
        self._sharers = Sharers(space, self._own.grants)

    async def mailboxes(
        self, reference: str, patterns: Sequence[str], choice: ListChoice = PLAIN_LIST, pause: Pause = no_pause
    ) -> list[ListedMailbox]:
        """What LIST answers, each name once. Raises LimitExceeded, StorageFailed.

        The empty pattern asks for the root of the reference, but in the company of others, or of criteria, for nothing
        (RFC 5258 section 3). ``pause`` gives others their turn.
        """
        if not any(self._checked(patterns)) and len(patterns) == 1 and not choice.criteria:
            return [ListedMailbox(root_name(reference), (NOSELECT,))]
        found: dict[str, ListedMailbox] = {}
        # Names without wildcards first: they show what is behind them as it is, others maybe only as a level (14.5.3).
        for text in sorted(filter(None, patterns), key=lambda text: Pattern(text).wild):
            region = await self._region(join(reference, text), choice, pause)
            if region is None:
                continue
            prefix = region.prefix
            subscription = self._own.record.subscription()
            subscribed = frozenset(name.removeprefix(prefix) for name in subscription if name.startswith(prefix))
            for listed in await Chooser(region.shown, region.pattern, choice, subscribed).choose(pause):
                name = prefix + listed.name
                found.setdefault(name, replace(listed, name=name) if prefix else listed)
        return list(found.values())

    async def subscribed(self, reference: str, patterns: Sequence[str], pause: Pause = no_pause) -> list[ListedMailbox]:
        """What LSUB answers: subscribed names as stored, existing or not; levels above them for ``%``."""
        subscription = self._own.record.subscription()
        known = set(subscription)
        found: dict[str, ListedMailbox] = {}
        for text in self._checked(patterns):
            pattern = Pattern(join(reference, text))
            for count, name in enumerate(subscription):
                if not count % STRIDE:
                    await pause()
                if pattern.matches(name):
                    found.setdefault(name, ListedMailbox(name))
                elif pattern.shows_levels:
                    for above in levels_above(name, pattern):
                        if above not in known:
                            found.setdefault(above, ListedMailbox(above, (NOSELECT,)))
        return list(found.values())

    async def sees_below(self, owner: str, pause: Pause) -> bool:
        """Whether the user may see some mailbox of another's account ``~account``; no, if it cannot be looked at."""
        try:
            account = await self._space.account(owner.removeprefix(FOREIGN))
            return account is not None and account is not self._own and await self._sees(account, pause)
        except MailError:
            return False

    def _checked(self, patterns: Sequence[str]) -> Sequence[str]:
        if len(patterns) > self._limits.list_patterns:
            raise LimitExceeded("Too many patterns")
        return patterns

    async def _region(self, text: str, choice: ListChoice, pause: Pause) -> Region | None:
        """What the pattern ``text`` can reach; None if it leads into an account that is none."""
        if not text.startswith(FOREIGN):
            pattern = Pattern(text)
            await self._own.refresh()
            shown = await self._tree(self._own, pattern.top, pattern.top, pause, by_own_name=True)
            shown |= await self._behind_aliases(pattern, pause)
            if choice.subscribed:
                shown |= await self._behind_subscriptions(pattern, choice, pause)
            return Region(pattern, shown)
        if choice.subscribed:
            pattern = Pattern(text)
            return Region(pattern, await self._behind_subscriptions(pattern, choice, pause))
        head, owner, rest = names.split_foreign(text)
        wild = Pattern(owner).wild
        account = await self._seen_account(owner, pause) if not wild or self._space.names_account(owner) else None
        if account is None:
            pattern = Pattern(text)
            return Region(pattern, await self._of_sharers(pattern, head.removesuffix(owner), pause)) if wild else None
        if text == head:
            return Region(Pattern(head), await self._whole(account, head, pause))
        pattern = Pattern(rest)
        return Region(pattern, await self._tree(account, pattern.top, pattern.top, pause), head + names.SEPARATOR)

    # what the user sees

    async def _seen_account(self, owner: str, pause: Pause) -> Account | None:
        """The account ``~owner`` if the user sees something there."""
        account = await self._space.account(owner)
        if account is None:
            await self._pretend(pause)
            return None
        return account if await self._sees(account, pause) else None

    async def _sees(self, account: Account, pause: Pause) -> bool:
        """Whether the user sees anything in an account. Only for those who do is the disk looked at for what others put
        there: the time taken is not to tell a stranger that there is such an account (spec 14.2.5)."""
        if not await self._any_visible(account, pause):
            return False
        await account.refresh()
        return await self._any_visible(account, pause)

    async def _pretend(self, pause: Pause) -> None:
        """As much work as an account is that shows the user nothing, and has as many mailboxes as his own."""
        for count, name in enumerate(list(self._own.entries)):
            if not count % STRIDE:
                await pause()
            self._space.ask_for_nobody(name)

    async def _any_visible(self, account: Account, pause: Pause) -> bool:
        async for _ in self._visible(account, "", pause):
            return True
        return False

    async def _visible(self, account: Account, top: str, pause: Pause) -> AsyncIterator[str]:
        """The names at and below ``top`` (empty: all) on which the user has ``l``, as long as they are there."""
        for count, name in enumerate(list(account.entries)):
            if not count % STRIDE:
                await pause()
            inside = not top or name == top or names.is_below(name, top)
            if not inside or name not in account.entries:
                continue
            if account is self._own or self._space.rights(Place(account, name)) & rights.LOOKUP:
                yield name

    async def _tree(
        self, account: Account, top: str, shown_as: str, pause: Pause, *, by_own_name: bool = False
    ) -> dict[str, Shown]:
        """What is visible at and below ``top``, with ``shown_as`` in place of that part of the name. Special uses are
        told ``by_own_name`` only, not below aliases or ``~``: no client is to have two mailboxes for one use."""
        uses = use_attributes(account.record) if by_own_name else {}
        mail_only = self._service == MAIL_ONLY_SERVICE and not self._sees_non_mail()
        shown: dict[str, Shown] = {}
        async for name in self._visible(account, top, pause):
            attributes = list(uses.get(name, ())) if account.entries[name].format else [NOSELECT]
            if account.record.single or name.count(names.SEPARATOR) + 1 >= names.MAX_DEPTH:
                attributes.append(NOINFERIORS)
            non_mail = mail_only and not is_for_mail(account.infos.mailbox_class(name))
            shown[shown_as + name[len(top) :]] = Shown(tuple(attributes), non_mail)
        return shown

    async def _whole(self, account: Account, owner: str, pause: Pause) -> dict[str, Shown]:
        """An account by its name ``~owner``: a level with all that is visible below it, nothing if that is nothing."""
        if not await self._sees(account, pause):
            return {}
        below = await self._tree(account, "", owner + names.SEPARATOR, pause)
        return {owner: Shown((NOSELECT,))} | below if below else {}

    async def _of_sharers(self, pattern: Pattern, sign: str, pause: Pause) -> dict[str, Shown]:
        """The accounts that share something with the user, as far as their names can match, and what he sees there.
        ``sign``: what their names begin with, ``~`` or ``~/``."""
        shown: dict[str, Shown] = {}
        found = await self._sharers.accounts(lambda name: pattern.can_start(name.replace(FOREIGN, sign, 1)), pause)
        for name, account in found:
            owner = name.replace(FOREIGN, sign, 1)
            shown[owner] = Shown((NOSELECT,))
            shown |= await self._tree(account, "", owner + names.SEPARATOR, pause)
        return shown

    async def _behind_subscriptions(self, pattern: Pattern, choice: ListChoice, pause: Pause) -> dict[str, Shown]:
        """The accounts of subscribed foreign names that can be in the answer: told are the attributes that names have
        in truth (RFC 5258 3.1)."""
        owners: dict[str, None] = {}
        for count, name in enumerate(self._own.record.subscription()):
            if not count % STRIDE:
                await pause()
            if name.startswith(FOREIGN):
                above = levels_above(name, pattern) if choice.recursive else ()
                if above or pattern.matches(name):
                    owners[names.split_foreign(name)[0]] = None
        shown: dict[str, Shown] = {}
        for owner in owners:
            await pause()
            with suppress(MailError):  # of an account that cannot be looked at now, the subscribed names alone are told
                account = await self._space.account(names.split_foreign(owner)[1])
                if account is not None:
                    shown |= await self._whole(account, owner, pause)
        return shown

    def _sees_non_mail(self) -> bool:
        return is_yes(self._own.record.setting("IMAPSeesNonMail", "NO"))

    async def _behind_aliases(self, pattern: Pattern, pause: Pause) -> dict[str, Shown]:
        shown: dict[str, Shown] = {}
        for alias in list(self._own.record.aliases()):
            await pause()
            if not self._space.is_alias(alias) or not pattern.can_start(alias):
                continue
            with suppress(MailError):  # an account that is not there, or cannot be looked at now
                place = await self._space.resolve(alias)
                await place.account.refresh()
                behind = alias if place.name else alias + names.SEPARATOR
                shown |= await self._tree(place.account, place.name, behind, pause)
            target = self._space.alias_target(alias) or ""
            if target.startswith(FOREIGN) and not names.split_foreign(target)[2]:  # a whole account (spec 7.2.4)
                shown[alias] = Shown((NOSELECT,))
        return shown


def levels_above(name: str, pattern: Pattern) -> list[str]:
    """The levels above a name that match."""
    return [above for above in names.ancestors(name) if pattern.matches(above)]


def join(reference: str, text: str) -> str:
    """Reference and pattern as one: put together, but ``~`` after a whole reference starts anew (RFC 3501 6.3.8)."""
    if text.startswith(FOREIGN) and reference.endswith(names.SEPARATOR):
        return text
    return reference + text


def root_name(reference: str) -> str:
    """The root of a reference: ``~account/`` for a foreign name, else nothing. Says nothing about what exists."""
    if not reference.startswith(FOREIGN) or names.SEPARATOR not in reference:
        return ""
    head, owner, _ = names.split_foreign(reference)
    return head + names.SEPARATOR if owner else head
