"""What one session watches (RFC 5465 section 6), and what it has not been told yet.

Names are turned into places once, when the watch is set: they need not exist then. What happens is kept per mailbox, so
ten changes of one that is told late are one; and there is a bound, above which the watch is lost. Rights are asked when
something is told; of a foreign name that is gone, the access list it had last decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cgpymail.errors import MailError
from cgpymail.manager.account import Account
from cgpymail.manager.choosing import STRIDE, Pause
from cgpymail.manager.namespace import FOREIGN, NameSpace, Place
from cgpymail.manager.watched import Key, Noted, Places, Watched
from cgpymail.manager.watching import Annotated, Event, Granted, Named, Stream, Touched, Watching
from cgpymail.model import names, rights
from cgpymail.model.identity import AccountName
from cgpymail.model.watching import (
    MAILBOX_METADATA,
    MAILBOX_NAME,
    MESSAGE_EVENTS,
    SERVER_METADATA,
    SUBSCRIPTION_CHANGE,
    Filter,
    Interest,
)
from cgpymail.runtime.limits import Limits

NEEDED = rights.LOOKUP | rights.READ  # for every event (RFC 5465 section 5)


class Watch:
    """Made by User.watch. ``notify`` is called when there is something to tell; ``opened`` gives the mailboxes that the
    session has open, with their names."""

    def __init__(
        self,
        space: NameSpace,
        watching: Watching,
        limits: Limits,
        notify: Callable[[], None],
        opened: Callable[[], dict[Key, str]],
    ) -> None:
        self.overflowed = False
        self._closed = False
        self._space = space
        self._watching = watching
        self._limits = limits
        self._notify = notify
        self._opened = opened
        self._of_opened = 0  # events wanted of what is open
        self._streams: dict[AccountName, Stream] = {}
        self._positions: dict[AccountName, int] = {}
        self._places = Places()
        self._of_subscribed = 0  # events wanted of what is subscribed
        self._subscribed: dict[Key, str] = {}
        self._stale = False  # the subscription list was changed
        self._names: dict[str, str] = {}  # names to be told of, as shown; with what each was called before, or empty
        self._touched: dict[str, Watched] = {}
        self._annotated: dict[Key, Noted] = {}
        self._wanted_anywhere = 0  # events that some group wants, of whatever mailboxes

    async def observe(self, interests: Sequence[Interest], pause: Pause) -> None:
        """Begin to watch this. Raises StorageFailed, Busy; then nothing is watched."""
        places = Places()
        own = self._space.own.name
        for interest in interests:
            self._wanted_anywhere |= interest.events
            if interest.filter is Filter.PERSONAL:
                places.add(places.trees, (own, ""), interest.events, "")
            elif interest.filter is Filter.SUBSCRIBED:
                self._of_subscribed |= interest.events
            for name in interest.names:
                await pause()
                tree = interest.filter is Filter.SUBTREE
                found = await self._find(name, tree=tree)
                if found is not None:
                    places.add(places.trees if tree else places.single, found[0], interest.events, found[1])
        self._places = places
        await self._look_at_subscription(pause)

    async def _find(self, typed: str, *, tree: bool) -> tuple[Key, str] | None:
        """The place that a name means, and how what is there is shown; None: it leads nowhere."""
        try:
            place = await self._space.resolve(typed)
        except MailError as problem:
            if problem.temporary:
                raise
            return None
        if not place.name and not tree:
            return None
        shown = self._space.seen(typed, place)
        if not place.name:
            shown = shown.removesuffix(names.SEPARATOR) + names.SEPARATOR
        entry = place.account.find(place.name)
        name = entry.name if entry is not None and entry.name == place.name else place.name  # text that is there anyway
        return (place.account.name, name), name if shown == name else shown

    async def _look_at_subscription(self, pause: Pause) -> None:
        """Subscribed names anew; and the streams of all accounts that are watched."""
        self._stale = False
        if self._of_subscribed:
            found: dict[Key, str] = {}
            for count, name in enumerate(self._space.own.record.subscription()):
                if not count % STRIDE:
                    await pause()
                place = await self._find(name, tree=False)
                if place is not None:
                    found[place[0]] = place[1]
            self._subscribed = found
        self._join()

    def follow_opened(self, events: int) -> None:
        """These are wanted of whatever the session has open, too."""
        self._of_opened = events
        self._join()

    def opened_changed(self) -> None:
        """The session has opened or closed a mailbox."""
        if self._of_opened:
            self._join()

    def _join(self) -> None:
        if self._closed:
            return
        own = self._space.own.name
        wanted = {own, *(key[0] for found in (*self._all_places(), self._subscribed) for key in found)}
        if self._of_opened:
            wanted |= {key[0] for key in self._opened()}
        for account in self._streams.keys() - wanted:
            self._leave(account)
        for account in wanted - self._streams.keys():
            stream = self._streams[account] = self._watching.join(account, self)
            self._positions[account] = stream.end

    def _all_places(self) -> tuple[dict[Key, tuple[int, str]], dict[Key, tuple[int, str]]]:
        return self._places.single, self._places.trees

    def _leave(self, account: AccountName) -> None:
        del self._streams[account], self._positions[account]
        self._watching.leave(account, self)

    def close(self) -> None:
        """Watch nothing any more, whatever is still under way. Idempotent."""
        self._closed = True
        for account in list(self._streams):
            self._leave(account)
        self._names.clear()
        self._touched.clear()
        self._annotated.clear()

    def give_up(self) -> None:
        """Something could not be told: the watch is lost."""
        self.overflowed = True
        self.close()

    # what happens

    def notice(self) -> None:
        """There may be events (watching.Member)."""
        for account, stream in self._streams.items():
            events = stream.since(self._positions[account])
            self._positions[account] = stream.end
            if events is None:
                self.overflowed = True
            else:
                for event in events:
                    self._take_up(account, event)
        if self._waiting > self._limits.notify_events:
            self.overflowed = True
        if self.overflowed:
            self.give_up()
        if self.pending:
            self._notify()

    @property
    def pending(self) -> bool:
        """Whether there is something to tell."""
        return self.overflowed or self._stale or bool(self._names or self._touched or self._annotated)

    @property
    def _waiting(self) -> int:
        """How much there is to tell: what is to be told of annotations is each of their names."""
        return len(self._names) + len(self._touched) + sum(len(noted.entries) for noted in self._annotated.values())

    def _take_up(self, account: AccountName, event: Event) -> None:
        if isinstance(event, Touched):
            if event.reader in (None, self._space.own.name):
                self.touch((account, event.name), event.events)
        elif isinstance(event, Named):
            self._take_up_names(account, event)
        elif isinstance(event, Granted):
            self._take_up_rights(account, event)
        elif isinstance(event, Annotated):
            self._take_up_annotations(account, event)
        elif account == self._space.own.name:
            self._stale = bool(self._of_subscribed)
            if event.author is not self and self._wanted_of(event.name) & SUBSCRIPTION_CHANGE:
                self._names.setdefault(event.name, "")

    def touch(self, key: Key, events: int) -> None:
        """Something of this kind happened to the messages of a mailbox."""
        mask, shown = self._wanted(key)
        if mask & events and not self._closed:
            self._touched[shown] = Watched(shown, key, mask)

    def _take_up_annotations(self, account: AccountName, event: Annotated) -> None:
        me = self._space.own.name
        if event.author is self or event.user not in (None, me):
            return
        if event.name:
            mask, shown = self._wanted((account, event.name))
            wanted = mask & MAILBOX_METADATA
        else:
            wanted, shown = self._wanted_anywhere & SERVER_METADATA if account == me else 0, ""
        if wanted:
            later = Noted(shown, (account, event.name), event.entries)
            before = self._annotated.get(later.key)
            self._annotated[later.key] = later if before is None else before.and_later(later)

    def _take_up_names(self, account: AccountName, event: Named) -> None:
        """Of what was renamed the topmost names are told that the user may hear of; those below them follow."""
        heard: set[str] = set()
        for name in event.names:
            follows = event.old and not heard.isdisjoint(names.ancestors(name))
            if follows or not self._may_know(account, event, name):
                continue
            heard.add(name)
            former = event.old and event.old + name[len(event.names[0]) :]
            mask, shown = self._wanted((account, name))
            old_mask, old = self._wanted((account, former)) if former else (0, "")
            if not (mask | old_mask) & MAILBOX_NAME:
                continue
            if former:
                shown, old = self._both_shown(account, (name, shown), (former, old))
                before = self._names.pop(old, None)
                if before is not None:  # renamed twice since it was told
                    old = before or old
                elif event.author is self:
                    continue
                self._names[shown] = old
            elif event.author is not self:
                self._names.setdefault(shown, "")

    def _take_up_rights(self, account: AccountName, event: Granted) -> None:
        """A name that the user may hear of now, or may not any more, has come or gone for him (RFC 5465 5.4), and with
        it the name above changes; with right ``a`` messages that are hidden from others come and go. For the owner
        nothing does."""
        if event.author is self or account == self._space.own.name:
            return
        masks = [self._space.rights_by(acl, account) for acl in (event.before, event.after, event.above)]
        before, after, above = (mask & NEEDED == NEEDED for mask in masks)
        if after and (masks[0] ^ masks[1]) & rights.ADMIN:
            self.touch((account, event.name), MESSAGE_EVENTS)
        if before != after:
            for name in ([names.parent(event.name)] if above else []) + [event.name]:
                mask, shown = self._wanted((account, name))
                if mask & MAILBOX_NAME and name:
                    self._names.setdefault(shown, "")

    def _may_know(self, account: AccountName, event: Named, name: str) -> bool:
        if account == self._space.own.name or event.private:
            return account == self._space.own.name
        return self._space.rights_by(event.acls.get(name), account) & NEEDED == NEEDED

    def _both_shown(self, account: AccountName, new: tuple[str, str], old: tuple[str, str]) -> tuple[str, str]:
        """How both names of what was renamed are shown; one of them may be outside of what is watched."""
        shown = self._space.shown_unasked
        return new[1] or shown(account, new[0]), old[1] or shown(account, old[0])

    def _wanted(self, key: Key) -> tuple[int, str]:
        """The events that are wanted of a mailbox, and how it is shown; (0, "") if it is not watched."""
        events, shown = self._places.wanted(key)
        if key in self._subscribed:
            events |= self._of_subscribed
            shown = shown or self._subscribed[key]
        if self._of_opened and key in self._opened():
            events |= self._of_opened
            shown = shown or self._opened()[key]
        return events, shown

    def _wanted_of(self, subscribed: str) -> int:
        """The events that are wanted of a name in the subscription list, which may be the name of nothing."""
        events = self._of_subscribed
        if not subscribed.startswith(FOREIGN) and self._space.alias_target(subscribed) is None:
            events |= self._wanted((self._space.own.name, subscribed))[0]
        for mask, shown in self._places.single.values():
            if shown == subscribed:
                events |= mask
        for mask, shown in self._places.trees.values():
            if shown and (subscribed == shown or subscribed.startswith(shown.removesuffix("/") + "/")):
                events |= mask
        return events

    # what is to be told

    async def refresh(self, pause: Pause) -> None:
        """Follow the subscription list if it was changed: of what is new on it the numbers are to be told."""
        if self._stale:
            before = self._subscribed
            await self._look_at_subscription(pause)
            for key in self._subscribed.keys() - before.keys():
                self.touch(key, MESSAGE_EVENTS)

    def take_name(self) -> tuple[str, str] | None:
        """A name to be told of, and what it was called before if it was renamed."""
        if not self._names:
            return None
        name = next(iter(self._names))
        return name, self._names.pop(name)

    def take_touched(self) -> Watched | None:
        """A mailbox whose numbers are to be told."""
        if not self._touched:
            return None
        return self._touched.pop(next(iter(self._touched)))

    def take_annotated(self) -> Noted | None:
        """Annotations to be told of."""
        if not self._annotated:
            return None
        return self._annotated.pop(next(iter(self._annotated)))

    def put_back_annotated(self, noted: Noted) -> None:
        """They could not be told yet."""
        self._annotated[noted.key] = noted.and_later(self._annotated.get(noted.key))

    def put_back_name(self, name: str, old: str) -> None:
        """It could not be told yet."""
        self._names = {name: old} | self._names

    def put_back_touched(self, watched: Watched) -> None:
        """It could not be told yet."""
        self._touched.setdefault(watched.shown, watched)

    async def may_tell(self, key: Key) -> bool:
        """Whether the mailbox is there, and the user may hear of it."""
        account = await self._space.account_named(key[0])
        return account is not None and self._held(account, key[1]) & NEEDED == NEEDED

    def _held(self, account: Account, name: str) -> int:
        entry = account.find(name)
        return self._space.rights(Place(account, name)) if entry is not None and entry.format else rights.NONE

    async def mailboxes(self, pause: Pause) -> tuple[list[Watched], list[str]]:
        """The mailboxes there are whose messages are watched, in order; and names of those that can be listed but not
        read (RFC 5465 3.1). An account that cannot be looked at is left out."""
        found: dict[str, Watched] = {}
        refused: list[str] = []
        for owner in list(self._streams):
            try:
                account = await self._space.account_named(owner)
                if account is None:
                    continue
                await account.refresh()
            except MailError:  # the numbers of the others are worth telling all the same
                continue
            for count, name in enumerate(sorted(account.entries)):
                if not count % STRIDE:
                    await pause()
                events, shown = self._wanted((owner, name))
                held = self._held(account, name) if events else rights.NONE
                if held & NEEDED == NEEDED and events & MESSAGE_EVENTS:
                    found[shown] = Watched(shown, (owner, name), events)
                elif held & rights.LOOKUP and not held & rights.READ:
                    refused.append(shown)
        return list(found.values()), refused
