"""What happens in accounts, for sessions that watch more than the mailbox they have selected (RFC 5465).

There is one stream of events per account that somebody watches, none for the others. Watchers are told through the hub
that there is something, and read the stream from their own position: whoever is slow loses nothing but, when the stream
does not reach back to his position any more, his watch. No mailbox stays open for it: whatever changes a mailbox has it
open itself, and tells it here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from cgpymail.model.changes import Arrived, Change, Expunged, FlagsChanged
from cgpymail.model.identity import AccountName, Grantee
from cgpymail.model.watching import FLAG_CHANGE, MESSAGE_EXPUNGE, MESSAGE_NEW

MOST_EVENTS = 4_096  # kept per account
BITS: dict[type[Change], int] = {Arrived: MESSAGE_NEW, FlagsChanged: FLAG_CHANGE, Expunged: MESSAGE_EXPUNGE}


class Member(Protocol):
    """Who watches an account."""

    def notice(self) -> None:
        """There may be events. Never called inside another call of the manager."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Messages came, went or changed; ``events``: mask of model.watching. ``reader``: only for him, who read some."""

    name: str
    events: int
    reader: AccountName | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """Names are there, or are not any more: which, is to be asked. ``old``: the first of ``names`` was called so, and
    the others, from above downwards, are what lies below it and has moved along.
    ``author``: who did it (a Member), None: no session. ``acls``: the access lists that the names have, or had last.
    ``private``: they are mailbox aliases, which nobody but their owner knows of."""

    names: tuple[str, ...]
    old: str = ""
    author: Any = None
    acls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    private: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """The access list of a name is another one. ``above``: that of the name one level up. ``author`` as for Named."""

    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    above: Mapping[str, Any]
    author: Any = None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The account's subscription list has a name more or less; the name is as its owner spells it."""

    name: str
    author: Any = None


@dataclass(frozen=True, slots=True)
class Annotated:
    """Annotations of a mailbox, or of the account (no name), have other values or none. ``user``: they are his private
    ones, and nobody else's business; None: they are shared."""

    name: str
    entries: tuple[str, ...]
    author: Any = None
    user: AccountName | None = None


Event = Touched | Named | Granted | Subscribed | Annotated


def _same(one: Touched, other: Touched) -> bool:
    return (one.name, one.reader) == (other.name, other.reader)


class Stream:
    """The events of one account; an audience of the hub."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._unread = False  # nobody has read the last event
        self.end = 0  # how many events there were
        self.watchers: dict[Member, None] = {}

    def add(self, event: Event) -> None:
        """Something happened. What happens to one mailbox in one turn is one event, unless somebody reads, or begins to
        watch, in between."""
        last = self._events[-1] if self._events and self._unread else None
        if isinstance(event, Touched) and isinstance(last, Touched) and _same(last, event):
            self._events[-1] = Touched(event.name, event.events | last.events, event.reader)
            return
        self._events.append(event)
        self._unread = True
        self.end += 1

    def seal(self) -> None:
        """What happens from now on is another event."""
        self._unread = False

    def since(self, position: int) -> Sequence[Event] | None:
        """The events from ``position`` (a former ``end``) on; None if they are not known any more."""
        self.seal()
        missing = self.end - position
        if missing > len(self._events):
            return None
        return list(islice(self._events, len(self._events) - missing, None))

    def members(self) -> list[Any]:
        """Who watches (hub.Audience)."""
        return list(self.watchers)


class Watching:
    """The streams of all accounts that are watched. ``publish`` is that of the hub. ``shared``: to be called with an
    Account that shares something with grantees with whom it was not shared before, whoever watches."""

    def __init__(self, publish: Callable[[Any], None]) -> None:
        self.shared: Callable[[Any, Collection[Grantee]], object] = lambda account, grantees: None
        self._publish = publish
        self._streams: dict[AccountName, Stream] = {}

    def join(self, account: AccountName, member: Member) -> Stream:
        """Begin to watch an account; what happened before is not told."""
        stream = self._streams.setdefault(account, Stream())
        stream.seal()
        stream.watchers[member] = None
        return stream

    def leave(self, account: AccountName, member: Member) -> None:
        """Watch it no longer; of an account that nobody watches nothing is kept."""
        stream = self._streams[account]
        del stream.watchers[member]
        if not stream.watchers:
            del self._streams[account]

    def tell(self, account: AccountName, event: Event) -> None:
        """Something happened in an account."""
        stream = self._streams.get(account)
        if stream is not None:
            stream.add(event)
            self._publish(stream)

    def changed(self, account: AccountName, name: str, change: Change) -> None:
        """The store of a mailbox accepted a change."""
        if account in self._streams:
            self.tell(account, Touched(name, BITS[type(change)]))

    def read(self, account: AccountName, name: str, reader: AccountName) -> None:
        """A user read messages of a mailbox, or not any more, where everybody has a Seen of his own."""
        if account in self._streams:
            self.tell(account, Touched(name, FLAG_CHANGE, reader))
