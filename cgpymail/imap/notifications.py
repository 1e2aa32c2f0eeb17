"""What a client is told without having asked just then (NOTIFY, RFC 5465): of other mailboxes, and of new messages.

Of other mailboxes whole lines are said, LIST and STATUS, whenever a line may be said, also beside a command that runs.
What happened is kept in the watch until then, and each mailbox counts once; so nothing is computed for a client that
does not read, and if too much waits, the client is told that it is told nothing any more.

FETCH of new messages is like a command that nobody gave: while it is written no command starts, and none ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.python.failure import Failure

from cgpymail.errors import MailError
from cgpymail.grammar.imap.items import Uid
from cgpymail.grammar.imap.metadataresponses import changed_line
from cgpymail.grammar.imap.notifycommands import SILENT, Notify
from cgpymail.grammar.imap.responses import list_line, status_data_line
from cgpymail.imap.context import CONDSTORE, Context, ProtocolEnd
from cgpymail.imap.fetchwriter import FetchWriter
from cgpymail.imap.input import Disconnected
from cgpymail.manager.handle import Handle, Selection
from cgpymail.manager.watch import Watch
from cgpymail.manager.watched import Watched
from cgpymail.model.mailbox import ListedMailbox
from cgpymail.model.watching import FLAG_CHANGE, MAILBOX_METADATA, SERVER_METADATA, Filter, Interest
from cgpymail.runtime.coroutines import begin
from cgpymail.runtime.logs import LOW, PROBLEM

OVERFLOW = b"NOTIFICATIONOVERFLOW"
_ANNOTATIONS = tuple(
    Interest(each, MAILBOX_METADATA | SERVER_METADATA) for each in (Filter.PERSONAL, Filter.SUBSCRIBED)
)
_NO_ACCESS = "\\NoAccess"


class Notifications:
    """Of one connection. ``fetched`` is called when a FETCH of new messages is over, ``failed`` after a bug."""

    def __init__(self, context: Context, fetched: Callable[[], None], failed: Callable[[], None]) -> None:
        self.fetching = False  # a FETCH of new messages is being written
        self._context = context
        self._fetched = fetched
        self._failed = failed
        self._watch: Watch | None = None
        self._unasked = False  # it is that of ENABLE METADATA, not of a NOTIFY
        self._starting = False  # NOTIFY is being answered
        self._busy = False  # telling
        self._draining = False  # waiting for the client to read

    # -- what is wanted ------------------------------------------------------------------------------------------

    async def start(self, command: Notify) -> None:
        """Do as the client wishes from now on, with the numbers of the mailboxes first if it wants them."""
        context = self._context
        self._starting = True
        try:
            self._watch = await context.account.watch(command.interests, self.resume, context.breathe)
            self._unasked = False
            context.selected = command.selected
            context.unfetched.clear()  # it was wanted by the NOTIFY before
            await self._tell_first(self._watch, numbers=command.status)
        finally:
            self._starting = False

    async def start_annotations(self) -> None:
        """The client hears of annotations that others change (RFC 5464 4.4), of its own and of subscribed mailboxes and
        the one it selects, unless a NOTIFY says what it hears of, now or later."""
        context = self._context
        if context.selected is None:
            self._watch = await context.account.watch(_ANNOTATIONS, self.resume, context.breathe)
            self._watch.follow_opened(MAILBOX_METADATA)
            self._unasked = True

    def stop(self) -> None:
        """Tell nothing any more (NOTIFY NONE)."""
        self._leave()
        self._context.selected = SILENT
        self._context.unfetched.clear()

    def _leave(self) -> None:
        self._watch = None
        self._context.account.unwatch()

    async def _tell_first(self, watch: Watch, *, numbers: bool) -> None:
        """What belongs to the answer of NOTIFY SET (RFC 5465 3.1)."""
        context = self._context
        found, refused = await watch.mailboxes(context.breathe)
        for name in refused:
            context.send(list_line(b"LIST", ListedMailbox(name, (_NO_ACCESS,)), context.dialect))
        for watched in found if numbers else ():
            await context.room()
            context.send(await self._numbers(watch, watched, first=True))

    # -- other mailboxes -----------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Tell what there is to tell, if it can be told now."""
        context, watch = self._context, self._watch
        if watch is None or self._starting or self._busy or not watch.pending or context.wire.closed:
            return
        if context.wire.full:
            if not self._draining:
                self._draining = True
                context.wire.drained().addCallback(self._drained)
        elif context.may_interrupt:
            self._busy = True
            begin(self._tell(watch), self._told)

    def _drained(self, _: object) -> None:
        self._draining = False
        self.resume()

    async def _tell(self, watch: Watch) -> None:
        context = self._context
        while self._watch is watch and watch.pending and context.may_interrupt:
            if watch.overflowed and self._unasked:
                context.log.write(PROBLEM, "annotations that change are told no more: there were too many")
                self._leave()
                return
            if watch.overflowed:
                context.send(b"* OK [%b] Not everything could be told; nothing is told any more\r\n" % OVERFLOW)
                context.log.write(PROBLEM, "notifications end: not everything could be told")
                self.stop()
                return
            try:
                await watch.refresh(context.breathe)
                if not await self._tell_name(watch) and not await self._tell_annotations(watch):
                    await self._tell_numbers(watch)
            except MailError as problem:
                context.log.write(PROBLEM, f"telling of other mailboxes: {problem}")
                watch.give_up()  # this is told when a line may be said
            context.flush()

    async def _tell_name(self, watch: Watch) -> bool:
        """One name, if there is one to tell of."""
        taken = watch.take_name()
        if taken is None:
            return False
        context, user = self._context, self._context.account
        entries = [await user.described(*taken, context.breathe)]
        if taken[1] and not entries[0].old_name:  # it is not there any more; the former name neither
            entries.append(await user.described(taken[1], "", context.breathe))
        if self._watch is watch and context.may_interrupt:
            context.send(b"".join(list_line(b"LIST", entry, context.dialect) for entry in entries))
        else:
            watch.put_back_name(*taken)
        return True

    async def _tell_annotations(self, watch: Watch) -> bool:
        """Those of one mailbox, or of the account, if there are any to tell of; the selected one's too."""
        noted = watch.take_annotated()
        if noted is None:
            return False
        told = not noted.shown or await watch.may_tell(noted.key)
        if told and self._watch is watch and self._context.may_interrupt:
            self._context.send(changed_line(noted.shown, noted.entries, self._context.dialect))
        elif told:
            watch.put_back_annotated(noted)
        return True

    async def _tell_numbers(self, watch: Watch) -> None:
        """Those of one mailbox, if there are any to tell."""
        watched = watch.take_touched()
        if watched is None:
            return
        line = await self._numbers(watch, watched)
        if self._watch is watch and self._context.may_interrupt:
            self._context.send(line)
        else:
            watch.put_back_touched(watched)

    async def _numbers(self, watch: Watch, watched: Watched, *, first: bool = False) -> bytes:
        """STATUS of a mailbox; nothing for the selected one, or if the user may not, or cannot, have it."""
        context, user = self._context, self._context.account
        try:
            if user.has_open(watched.key) or not await watch.may_tell(watched.key):
                return b""
            found = await user.status(watched.shown)
        except MailError as problem:
            context.log.write(PROBLEM if problem.temporary else LOW, f"no STATUS of {watched.shown!r}: {problem}")
            return b""
        items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"]
        flags = bool(watched.events & FLAG_CHANGE)
        items += ["UNSEEN"] * flags
        items += ["HIGHESTMODSEQ"] * (CONDSTORE in context.enabled or (flags and first))
        return status_data_line(watched.shown, items, found, context.dialect)

    def _told(self, result: object) -> None:
        self._busy = False
        if isinstance(result, Failure):
            if not isinstance(result.value, Disconnected):
                self._context.log.failure("telling of other mailboxes failed", result)
                self._failed()
            return
        self.resume()  # there may be more, for which there was no room, or another watch
        self._context.flush()

    # -- new messages of the selected one ------------------------------------------------------------------------

    def fetch(self) -> bool:
        """Begin to tell of new messages what the client wants to know of them; whether that goes on."""
        context = self._context
        handle, uids = context.handle, context.unfetched
        if self.fetching or not uids or handle is None or context.selected is None or context.wire.closed:
            return self.fetching
        context.unfetched = []
        self.fetching = True
        context.begin_slice()
        begin(self._fetch(handle, context.selected.items, uids), self._end_fetch)
        return self.fetching

    async def _fetch(self, handle: Handle, items: tuple[Any, ...], uids: list[int]) -> None:
        present = [uid for uid in uids if handle.seq(uid)]
        if self._context.tells_uids:
            items = (Uid(), *items)
        await FetchWriter(self._context, handle, items).write(Selection([handle.seq(uid) for uid in present], present))

    def _end_fetch(self, result: object) -> None:
        context = self._context
        if isinstance(result, Failure) and not context.wire.closed:
            if isinstance(result.value, ProtocolEnd):
                context.log.write(PROBLEM, f"disconnected: {result.value}")
                context.wire.abort()
            elif isinstance(result.value, MailError):
                context.log.write(LOW, f"a new message was not told of: {result.value}")
            else:
                context.log.failure("telling of new messages failed", result)
                self._failed()
        self.fetching = False  # only now: a link that ended above is given back once, below
        self._fetched()
