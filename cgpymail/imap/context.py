"""What a command works with: one connection's state, its output, and the way to its input.

Output is collected and sent in one write when the session has nothing more to do at once; a command with much to say
calls ``room`` between messages, which sends what there is and waits while the client does not read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from cgpymail.errors import MailError
from cgpymail.grammar.imap.dialect import Dialect
from cgpymail.grammar.imap.events import MessageLiteral
from cgpymail.grammar.imap.modseqs import highest_line
from cgpymail.grammar.imap.notifycommands import Selected
from cgpymail.imap.binary import Binaries
from cgpymail.imap.capabilities import ENABLING, capabilities, dialect_of
from cgpymail.imap.input import Disconnected, Input
from cgpymail.imap.state import State
from cgpymail.imap.updates import tell
from cgpymail.manager.handle import QUIET, Handle, Updates
from cgpymail.manager.services import Services
from cgpymail.manager.user import User
from cgpymail.manager.view import NOTHING
from cgpymail.model.identity import Link
from cgpymail.model.uidset import NumberSet
from cgpymail.model.watching import FLAG_CHANGE
from cgpymail.runtime.logs import LOW, PROBLEM, Log
from cgpymail.runtime.wire import Wire, link_of

if TYPE_CHECKING:
    from cgpymail.imap.notifications import Notifications

SERVICE = "IMAP"
BATCH = 64 * 1024  # octets of output collected before they are sent
PIECE = 50  # octets of memory that each piece of output costs beside its own
SLICE = 0.005  # seconds of computing before other sessions get their turn
CONDSTORE, QRESYNC = "CONDSTORE", "QRESYNC"  # words of ``Context.enabled``


class BadCommand(Exception):
    """Well formed, but not to be answered with anything but BAD; the text is shown to the client."""


class Refused(Exception):
    """To be answered with NO, this response code and the text."""

    def __init__(self, words: str, code: bytes) -> None:
        super().__init__(words)
        self.code = code


class ProtocolEnd(Exception):
    """The connection cannot go on: what was promised to the client can no longer be sent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The tagged OK of a command: text, and the response code that goes into brackets if not empty."""

    text: bytes
    code: bytes = b""

    def __bytes__(self) -> bytes:
        return b"[%b] %b" % (self.code, self.text) if self.code else self.text


class Context:
    """One connection. ``notifications`` is given to it by the session."""

    notifications: Notifications

    def __init__(
        self,
        services: Services,
        wire: Wire,
        log: Log,
        source: Input,
        notify: Callable[[], None],
        logged_in: Callable[[], None],
        shut_out: Callable[[], None],
    ) -> None:
        self.services = services
        self.wire = wire
        self.log = log
        self.input = source
        self.notify = notify  # for the mailbox to call when there may be something to tell
        self.logged_in = logged_in  # to be called after a login
        self.shut_out = shut_out  # for the mailbox to call when the user may not read it any more
        self.state = State.NOT_AUTHENTICATED
        self.user: User | None = None
        self.handle: Handle | None = None
        self.binaries: Binaries | None = None  # of the selected mailbox, once something was asked of them
        self.offer: MessageLiteral | None = None  # the message of the APPEND that runs
        self.failed_logins = 0
        self.ending = ""  # why the connection is to end with BYE after the tagged reply
        self.compressing = False  # COMPRESS was answered
        self.handshaking = False  # STARTTLS was answered, TLS is not on yet
        self.enabled: frozenset[str] = frozenset()  # what the client said it understands (capabilities.ENABLING)
        self.dialect = Dialect()  # how its commands are spelled, and our answers; follows from what is enabled
        self.idling = False  # IDLE runs: changes are told at once
        self.midway = False  # a response was begun and is sent in pieces
        self.spoke = 0.0  # when something was sent last, seconds since the epoch
        self.selected: Selected | None = None  # what NOTIFY wants of the selected mailbox; None: it was never said
        self.unfetched: list[int] = []  # UIDs of new messages of which something is to be told beyond EXISTS
        self._own_uids: set[int] = set()  # new messages that this session has put there itself
        self._out: list[bytes] = []
        self._octets = 0
        self._slice_began = 0.0

    # -- facts ---------------------------------------------------------------------------------------------------

    @property
    def link(self) -> Link:
        """What a login needs to know of the connection."""
        return link_of(self.wire, SERVICE, self.services.trust_same_host)

    @property
    def capabilities(self) -> bytes:
        """What may be used now."""
        if self.state is not State.NOT_AUTHENTICATED:
            return capabilities(self.state)
        directory, link = self.services.directory, self.link
        password, methods = directory.clear_text_allowed(link), directory.methods(link)
        return capabilities(self.state, tls=self.wire.can_start_tls, password=password, methods=methods)

    @property
    def tells_uids(self) -> bool:
        """Whether FETCH responses have the UID also when nobody asked for it (RFC 7162 3.2.4, RFC 9051 7.5.2)."""
        return QRESYNC in self.enabled or self.dialect.revision2

    @property
    def account(self) -> User:
        """Who is logged in."""
        assert self.user is not None, "the command table lets nobody come here before login"
        return self.user

    @property
    def mailbox(self) -> Handle:
        """What is selected."""
        assert self.handle is not None, "the command table lets nobody come here without a mailbox"
        return self.handle

    # -- output --------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Add to the output."""
        self._out.append(data)
        self._octets += len(data) + PIECE

    def flush(self) -> None:
        """Hand the output to the wire. What is too much at once (no reply should be) ends the connection."""
        if self._octets > self.services.limits.output_hard:
            self.log.write(PROBLEM, f"a reply of {self._octets} octets is too much; disconnected")
            self._out.clear()
            self._octets = 0
            self.wire.abort()
        elif self._out:
            data = b"".join(self._out) if len(self._out) > 1 else self._out[0]
            self._out.clear()
            self._octets = 0
            self.spoke = self.services.runtime.clock.seconds()
            self.wire.write(data)

    def withhold(self) -> bool:
        """Throw away what was not handed to the wire. Whether nothing else may be said: a response was begun, or the
        wire itself still has something to send."""
        self._out.clear()
        self._octets = 0
        return self.midway or self.wire.unsent

    @property
    def may_interrupt(self) -> bool:
        """Whether something can be said beside the running command: between responses, to a client that reads and
        is not waited for (but in IDLE it waits for us)."""
        return not (self.midway or self.wire.full or self.wire.closed or (self.input.awaited and not self.idling))

    @property
    def unsent(self) -> int:
        """About how many octets wait to be sent."""
        return self._octets

    @property
    def crowded(self) -> bool:
        """Whether there is a batch to send, or the client does not read what was sent."""
        return self._octets >= BATCH or self.wire.full

    async def room(self) -> None:
        """Wait until there is room for more output, and let others have their turn.

        Raises Disconnected when nobody is there any more to read it.
        """
        if self.crowded:
            self.flush()
            if self.wire.full:
                await self.wire.drained()
                self._slice_began = self.services.runtime.clock.seconds()
        if self.wire.closed:
            raise Disconnected
        await self.breathe()

    async def breathe(self) -> None:
        """Let other sessions have their turn when this one has computed for a while."""
        clock = self.services.runtime.clock
        now = clock.seconds()
        if now - self._slice_began > SLICE:
            turn: Deferred[None] = Deferred()
            clock.callLater(0, turn.callback, None)
            await turn
            self._slice_began = clock.seconds()

    def begin_slice(self) -> None:
        """A command begins to compute."""
        self._slice_began = self.services.runtime.clock.seconds()

    # -- the selected mailbox ------------------------------------------------------------------------------------

    def tell_changes(self, *, expunge: bool, whole: bool = False) -> bool:
        """Say what other sessions did, as far as NOTIFY wants it or, with ``whole``, all of it; True when the mailbox
        is gone and the connection must end."""
        handle, wanted = self.handle, self.selected
        if handle is None:
            return False
        if self.silent and not whole:
            return handle.gone
        before = handle.exists
        updates = handle.changes(expunge=expunge)
        if updates is QUIET:
            return False
        if wanted is not None and not whole:
            updates = self._wanted(wanted, handle, updates, before)
        enabled = self.enabled
        with_uids = self.tells_uids or wanted is not None  # RFC 5465 5.1
        told = tell(handle, updates, condstore=CONDSTORE in enabled, qresync=QRESYNC in enabled, with_uids=with_uids)
        if told:
            self.send(told)
        return updates.gone

    @property
    def silent(self) -> bool:
        """Whether NOTIFY wants nothing of the selected mailbox; what this session removes is told all the same."""
        return self.selected is not None and not self.selected.events

    def _wanted(self, wanted: Selected, handle: Handle, updates: Updates, before: int) -> Updates:
        """What NOTIFY wants of it. ``before``: how many messages the session knew of. Of new ones something is to be
        fetched, but not of those that the session has put there itself (RFC 5465 5.2)."""
        if wanted.items and updates.exists is not None and not updates.gone:
            first = before - len(updates.expunged) + 1
            new = handle.select(NumberSet(((first, updates.exists),)), by_uid=False).uids
            self.unfetched.extend(uid for uid in new if uid not in self._own_uids)
            self._own_uids.clear()
        return updates if wanted.events & FLAG_CHANGE else replace(updates, flags=NOTHING)

    async def has_put(self, name: str, uids: Sequence[int]) -> None:
        """This session has put messages into a mailbox, maybe the selected one."""
        wanted, handle = self.selected, self.handle
        if wanted is None or not wanted.items or handle is None or not uids:
            return
        try:
            if await self.account.has_open_as(name):
                self._own_uids.update(uids)
        except MailError as problem:  # the messages are there: at worst they are told of as if others had put them
            self.log.write(LOW, f"looking for {name!r} again: {problem}")

    def enable(self, word: str) -> None:
        """Switch an extension on, with all that it includes (capabilities.ENABLING).

        A client that begins to work with MODSEQs in a mailbox that is open is told where it stands.
        """
        new = ENABLING[word] - self.enabled
        self.enabled |= new
        self.dialect = dialect_of(self.enabled)
        if CONDSTORE in new and self.handle is not None:
            self.send(highest_line(self.handle.highest_modseq, b"Highest"))

    def tell_held_back(self) -> None:
        """The command told MODSEQs, maybe, while messages that went before cannot be told of: a client that goes now
        and comes back must ask from before that moment (RFC 7162 section 6: this wins over any MODSEQ it saw)."""
        if QRESYNC in self.enabled and self.handle is not None and not self.handle.gone and self.handle.held_back:
            self.send(highest_line(self.handle.highest_modseq, b"More is to be told"))

    async def unselect(self) -> None:
        """Leave the selected mailbox; its failure to close cleanly is the log's business, not the client's."""
        handle, self.handle = self.handle, None
        self.unfetched.clear()
        self._own_uids.clear()
        if handle is not None:
            told_flags = self.selected is None or bool(self.selected.events & FLAG_CHANGE)
            self.account.about_to_leave(handle, told_flags=told_flags)
        self.binaries = None
        if self.state is State.SELECTED:
            self.state = State.AUTHENTICATED
        if handle is not None:
            try:
                await handle.close()
            except MailError as problem:
                self.log.write(LOW, f"closing the mailbox: {problem}")

    async def release(self) -> None:
        """Give back the mailbox and the account: the connection is over."""
        await self.unselect()
        user, self.user = self.user, None
        if user is not None:
            await user.close()
