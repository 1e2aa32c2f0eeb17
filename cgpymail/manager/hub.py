"""The one fan-out: everybody who has a mailbox open hears that something changed there.

Nothing is carried but the fact: what changed stands in the mailbox's log, and each session reads it from its own
position when its protocol allows. So a thousand changes in one turn of the reactor are one round, and a round over
thousands of sessions is cut into slices that leave room for the commands of others in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from cgpymail.manager.watching import Watching
from cgpymail.runtime.runtime import Runtime

SLICE_MEMBERS = 200
SLICE_SECONDS = 0.003


class Member(Protocol):
    """One session's stake in a mailbox."""

    def notice(self) -> None:
        """Changes may be pending. Called maybe spuriously, never inside another call of the manager."""


class Holder(Member, Protocol):
    """A session's stake that depends on rights."""

    def rights_changed(self) -> None:
        """What its user may do may have changed. Called at once, whoever is at work: only what must end is ended."""


class Audience(Protocol):
    """An open mailbox."""

    def members(self) -> list[Any]:
        """Who has it open now (Members), as a list of its own."""


class Hub:
    """Tells members, soon, once for all changes that come before. ``watching``: what happens in whole accounts."""

    def __init__(self, runtime: Runtime) -> None:
        self._clock = runtime.clock
        self._log = runtime.logs.module("MAILBOX")
        self._waiting: dict[Audience, None] = {}
        self._round: Iterator[Member] = iter(())
        self._scheduled = False
        self.watching = Watching(self.publish)

    def publish(self, audience: Audience) -> None:
        """Something changed there."""
        self._waiting[audience] = None
        self._schedule()

    def alert(self, holders: Sequence[Holder]) -> None:
        """Rights were changed: what somebody may not see any more must not leave the server from here on, so nobody is
        told later than another."""
        for holder in holders:
            try:
                holder.rights_changed()
            except Exception:
                self._log.failure("a session failed when rights were changed")

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._clock.callLater(0, self._slice)

    def _slice(self) -> None:
        self._scheduled = False
        end = self._clock.seconds() + SLICE_SECONDS
        for _ in range(SLICE_MEMBERS):
            member = self._next_member()
            if member is None:
                return
            self._tell(member)
            if self._clock.seconds() >= end:
                break
        self._schedule()

    def _next_member(self) -> Member | None:
        while True:
            member = next(self._round, None)
            if member is not None or not self._waiting:
                return member
            audience = next(iter(self._waiting))
            del self._waiting[audience]
            self._round = iter(audience.members())

    def _tell(self, member: Member) -> None:
        try:
            member.notice()
        except Exception:
            self._log.failure("a session failed when told of changes")
