"""Group commit: appends and expunges that wait for the disk together, one sync for all of them.

Order of a write: reserve the UIDs -> write the bytes, then an append record -> sync mail file and journal in parallel
-> draw the MODSEQ and journal the publication -> tell the listener -> answer, in UID order. What arrives while a batch
is under way waits for the next one. An expunge is the same without bytes: intention, sync, publication.

Nothing is visible before it is durable. UIDs of what failed are burnt. A request whose bytes cannot be written fails
alone; a sync that fails takes the whole batch with it, and the mailbox refuses changes until it has been rewritten.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cgpymail.errors import LimitExceeded, MailError, StorageFailed
from cgpymail.model.changes import Arrived, Expunged
from cgpymail.model.message import NewMessage
from cgpymail.stores.core import Core, current_failure, in_turn
from cgpymail.stores.journal import APPENDED, SIZE, Journal, Kind, record
from cgpymail.stores.mailfile import Outgoing, Stored
from cgpymail.stores.state import MAX_UID, STORED_FLAGS

BATCH = 1_000  # requests
MAX_TIME = (1 << 32) - 1  # what the column of save dates holds


@dataclass(slots=True, eq=False)
class Request:
    """An append (``messages``, with their save date ``saved``) or an expunge (``uids``) that waits. ``wanted``: ranges
    to expunge."""

    done: Deferred[list[int]]
    messages: Sequence[NewMessage] = ()
    uids: Sequence[int] = ()
    first: int = 0
    saved: int = 0
    masks: list[int] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    wanted: list[tuple[int, int]] = field(default_factory=list)
    failure: Failure | None = None
    result: list[int] = field(default_factory=list)


class _Written:
    """A batch on the threads: both jobs go there at once, one hand-over for all that the disk has to do.

    Whichever comes first writes the batch, and the other waits for that and no longer: so it does not matter in which
    order they begin, and no thread ever waits for a job that has none.
    """

    def __init__(self, live: Sequence[Request]) -> None:
        self.live = live
        self._lock = Lock()
        self._begun = False

    def once(self, write: Callable[[Sequence[Request]], None]) -> None:
        """Have the batch written, by this job or the other one."""
        with self._lock:
            if not self._begun:
                self._begun = True
                write(self.live)

    def requests(self) -> list[Request]:
        """Those that were written."""
        return [request for request in self.live if request.failure is None]


class Committer:
    """The batches of one mailbox. ``define``: mask of a keyword; ``sound``: repairs the mailbox if it is broken."""

    def __init__(
        self, core: Core, define: Callable[[Sequence[NewMessage]], list[int]], sound: Callable[[], Awaitable[None]]
    ) -> None:
        self._core = core
        self._define = define
        self._sound = sound
        self._waiting: list[Request] = []
        self._scheduled = False

    def append(self, messages: Sequence[NewMessage]) -> Deferred[list[int]]:
        """Fires with the UIDs."""
        return self._push(Request(Deferred(), messages=messages))

    def expunge(self, uids: Sequence[int]) -> Deferred[list[int]]:
        """Fires with the UIDs that were still there, ascending."""
        return self._push(Request(Deferred(), uids=uids))

    def _push(self, request: Request) -> Deferred[list[int]]:
        self._waiting.append(request)
        self._schedule()
        return request.done

    def _schedule(self) -> None:
        if not self._scheduled and self._waiting:
            self._scheduled = True
            in_turn(self._core.turn, self._commit)

    async def _commit(self) -> None:
        self._scheduled = False
        requests, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        self._schedule()
        try:
            await self._batch(requests)
        except Exception:
            failure = current_failure()
            for request in requests:
                request.failure = request.failure or failure
        for request in requests:
            if request.failure is None:
                request.done.callback(request.result)
            else:
                request.done.errback(request.failure)

    async def _batch(self, requests: Sequence[Request]) -> None:
        await self._sound()
        self._core.check_usable()
        for request in requests:
            self._prepare(request)
        live = [
            request
            for request in requests
            if request.failure is None and (request.stored or request.wanted or request.messages)
        ]
        if not live:
            return
        journal = self._core.journal
        assert journal is not None
        try:
            written = _Written(live)
            await self._core.run_all(
                [partial(self._write_and_sync, written, journal), partial(self._sync_journal, written, journal)]
            )
        except Exception:
            await self._give_up(live, current_failure())
            raise
        self._core.changed = True
        self._burn([request for request in live if request.failure is not None])
        for request in written.requests():
            self._publish(request)

    # -- before --------------------------------------------------------------------------------------------------

    def _prepare(self, request: Request) -> None:
        """Reserve UIDs and keywords, find what is there to expunge."""
        state = self._core.state
        request.wanted = list(state.runs(sorted(set(request.uids))))
        try:
            if state.uidnext + len(request.messages) > MAX_UID:
                raise LimitExceeded("The mailbox has no more message numbers", detail="UIDNEXT")
            request.masks = self._define(request.messages)
        except MailError:
            request.failure = current_failure()
            return
        request.first = state.uidnext
        request.saved = min(max(self._core.runtime.now(), 1), MAX_TIME)
        state.uidnext += len(request.messages)

    # -- on two threads ------------------------------------------------------------------------------------------

    def _write_and_sync(self, written: _Written, journal: Journal) -> None:
        written.once(partial(self._write_all, journal))
        if any(request.messages for request in written.requests()):
            self._core.mail.sync()

    def _sync_journal(self, written: _Written, journal: Journal) -> None:
        """Beside the sync of the mail file."""
        written.once(partial(self._write_all, journal))
        if written.requests():
            journal.sync()

    def _write_all(self, journal: Journal, requests: Sequence[Request]) -> None:
        for request in requests:
            try:
                if request.messages:
                    journal.make_room(len(request.messages) * 2 * SIZE)
                    request.stored = self._core.mail.write(_outgoing(request))
                else:
                    with contextlib.suppress(OSError):  # the reserve is there for this
                        journal.make_room(len(request.wanted) * 2 * SIZE)
                    journal.write([record(Kind.EXPUNGE, first, last) for first, last in request.wanted])
            except Exception:
                request.failure = current_failure()
                continue
            if request.messages:
                journal.write(_append_records(request))

    # -- after ---------------------------------------------------------------------------------------------------

    def _publish(self, request: Request) -> None:
        """Visible from here on."""
        try:
            if request.messages:
                self._publish_append(request)
            else:
                self._publish_expunge(request)
        except MailError:
            self._core.broken = True  # it is on disk and not visible: rewriting settles which
            request.failure = current_failure()

    def _publish_append(self, request: Request) -> None:
        core = self._core
        modseq = core.draw_modseq()
        request.result = [stored.uid for stored in request.stored]
        core.write([record(Kind.PUBLISH, request.result[0], request.result[-1], modseq)])
        for stored, message, mask in zip(request.stored, request.messages, request.masks, strict=True):
            core.state.insert(stored, message.flags, mask, modseq, saved=request.saved)
        core.tell(Arrived(tuple(request.result), modseq))

    def _publish_expunge(self, request: Request) -> None:
        core = self._core
        ranges = list(core.state.runs(sorted(set(request.uids))))
        if not ranges:
            return  # another request of this batch had the same wish
        modseq = core.draw_modseq()
        core.write([record(Kind.GONE, first, last, modseq) for first, last in ranges])
        rows = core.state.remove(ranges, modseq)
        request.result = list(rows.uid)
        for uid in request.result:
            core.departed[uid] = core.state.unmarked[uid]
        core.tell(Expunged(tuple(request.result), modseq, rows))

    async def _give_up(self, requests: Sequence[Request], failure: Failure) -> None:
        """A batch that cannot be trusted: nothing of it is ever seen."""
        self._core.fail(failure)
        with contextlib.suppress(StorageFailed):
            await self._core.run(self._core.mail.undo)

    def _burn(self, requests: Sequence[Request]) -> None:
        """Their UIDs are never given again, whatever of them lies on disk."""
        bodies = [
            record(Kind.BURN, request.first, request.first + len(request.messages) - 1)
            for request in requests
            if request.messages
        ]
        if bodies:
            with contextlib.suppress(MailError):
                self._core.write(bodies)


def _outgoing(request: Request) -> list[Outgoing]:
    return [
        Outgoing(uid, message.date, message.flags & STORED_FLAGS, message.return_path, message.content)
        for uid, message in enumerate(request.messages, request.first)
    ]


def _append_records(request: Request) -> list[bytes]:
    bodies: list[bytes] = []
    for stored, message, mask in zip(request.stored, request.messages, request.masks, strict=True):
        place = stored.location
        flags = message.flags & STORED_FLAGS
        data = APPENDED.pack(place.offset, place.length, place.crc, stored.date, flags, mask)
        bodies.append(record(Kind.APPEND, stored.uid, request.saved, data=data))
    return bodies
