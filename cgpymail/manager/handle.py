"""One session's open mailbox, the only thing a protocol uses: right -> act -> publish.

Every method asks what the user may do at that moment (access.py), acts on the shared mailbox, and the change is then
published to every other session through the mailbox's log. Numbers are those of this session's view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from cgpymail.errors import ExpungeIssued, MailboxGone, MessageGone, NotPermitted, ReadOnly, StorageFailed
from cgpymail.manager import transfer
from cgpymail.manager.access import Standing
from cgpymail.manager.allowance import Allowance
from cgpymail.manager.flagnames import Names
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.objectids import unique_ids
from cgpymail.manager.permits import Guarded, Permit
from cgpymail.manager.readers import Reader
from cgpymail.manager.reading import read_headers, read_structure
from cgpymail.manager.recent import Recent
from cgpymail.manager.resyncing import Match, Missed, Since, missed
from cgpymail.manager.searching import Searches
from cgpymail.manager.slicing import Breathe
from cgpymail.manager.storing import StoreAction, plan
from cgpymail.manager.transfer import CopyResult, Resolve, Target
from cgpymail.manager.updates import GONE, QUIET, Updates
from cgpymail.manager.view import Selection
from cgpymail.mime.structure import Part
from cgpymail.model import flags, rights
from cgpymail.model.columns import Columns, Row
from cgpymail.model.message import FlagUpdate
from cgpymail.model.uidset import NumberSet, UidSet

if TYPE_CHECKING:
    from cgpymail.manager.account import Account

__all__ = ["QUIET", "CopyResult", "Handle", "Match", "Resolve", "Selection", "Since", "Target", "Updates"]


class Handle:
    """Made by the manager after it found that the user may read the mailbox.

    ``called`` gives its name for the user now. ``ask`` gives his standing now, and is called at every use.
    ``read_only``: the client asked for it; the property is also true while the user has no right to change anything.
    ``claims_recent``: this session takes the \\Recent messages for itself (an IMAP session that is not read-only; a POP
    session does not). ``knows_recent``: it has heard of \\Recent at all (not with IMAP4rev2, RFC 9051 appendix E.12).
    ``own``: the user's account; ``reader``: he, where everybody has a Seen of his own; left when the handle is closed.
    ``resolve`` finds targets of COPY and MOVE. ``notify``: changes may be pending, or the mailbox is gone. ``lost`` is
    called at once when the right to read it is withdrawn, ``closed`` once when the handle was closed. Raises
    MailboxGone.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        called: Callable[[], str],
        ask: Callable[[], Standing],
        *,
        resolve: Resolve,
        own: Account | None = None,
        reader: Reader | None = None,
        read_only: bool = False,
        claims_recent: bool = True,
        knows_recent: bool = True,
        notify: Callable[[], None] | None = None,
        lost: Callable[[], None] | None = None,
        closed: Callable[[], None] | None = None,
    ) -> None:
        standing = ask()
        self.mailbox_id = ""  # MAILBOXID (RFC 8474), when it is known
        self._allowance = Allowance(ask, examined=read_only)
        self._mailbox = mailbox
        self._called = called
        self._ask = ask
        self._resolve = resolve
        self._notify = notify
        self._lost = lost
        self._permit = Permit()
        self._closed = closed
        self._open = True
        self._hides = standing.hides  # the class of the view
        self.own = own
        self.reader = reader
        self._messages: Mailbox | Reader = reader or mailbox  # with the flags that this user sees
        self._picture, self._view = mailbox.enter(self, standing.hides, reader)
        self._recent = Recent(mailbox, self._view, claims=claims_recent and not self.read_only, known=knows_recent)
        self._version: object = self._messages.version
        self._names_version = mailbox.names_version
        self._ghosts_left = False
        self.progress: tuple[int, int] | None = None  # messages done and in all, of a long command that knows them
        self.searches = Searches(self, mailbox)

    async def close(self) -> None:
        """Let go of the mailbox: messages that only this session still had may be forgotten. Idempotent."""
        if self._open:
            self._open = False
            self._mailbox.leave(self, self._view, self._hides, self.reader)
            if self.reader is not None:
                self.reader.leave()
            if self._closed is not None:
                self._closed()

    def read_as(self, reader: Reader | None) -> None:
        """From now on Seen is that of ``reader``, or the common one (ownseen.py)."""
        before, self.reader = self.reader, reader
        self._messages = reader or self._mailbox
        self._picture = self._mailbox.reads_as(self._view, self._hides, before, reader)
        self._version = None  # there may be something to tell
        if before is not None:
            before.leave()

    def notice(self) -> None:
        """Changes may be pending (hub.Member)."""
        if self._open:
            self._view.follow_if_far()
            if self._notify is not None:
                self._notify()

    def rights_changed(self) -> None:
        """The user may be able to do less, or more (hub.Holder)."""
        if self._open:
            standing = self._ask()
            self._see(standing.hides)
            self._allowance.rights_changed()
            self._permit.review(standing, self._messages.row)
            if not standing.rights & rights.READ and self._lost is not None:
                self._lost()

    # -- the mailbox ---------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name under which LIST shows it to the session; the new one after a rename (spec 14.3.1e)."""
        return self._called()

    @property
    def gone(self) -> bool:
        """Whether the mailbox was deleted, or the right to read it withdrawn."""
        return self._mailbox.gone or not self._ask().rights & rights.READ

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed here now: it was opened so, or the user has no right to."""
        return self._allowance.read_only

    @property
    def uidvalidity(self) -> int:
        """UIDVALIDITY."""
        return int(self._mailbox.store.uidvalidity)

    @property
    def uidnext(self) -> int:
        """UIDNEXT."""
        return int(self._mailbox.store.uidnext)

    @property
    def highest_modseq(self) -> int:
        """HIGHESTMODSEQ, at least 1; below every change that this session has not been told (architecture, 5)."""
        highest = self._messages.modseq
        untold = self._view.oldest_untold_modseq
        return max(min(highest, untold - 1) if untold else highest, 1)

    @property
    def behind(self) -> bool:
        """Whether something changed that this session has not been told."""
        return self.highest_modseq < self._messages.modseq

    @property
    def held_back(self) -> bool:
        """Whether some message left or came that this session cannot be told of now."""
        return bool(self._view.oldest_move_modseq)

    async def missed(self, since: Since, breathe: Breathe) -> Missed:
        """What went since: see resyncing.py. Nothing that has a number here is in it."""
        return await missed(self._mailbox, self._picture, self._view, since, breathe)

    @property
    def exists(self) -> int:
        """How many messages this session knows of."""
        return self._view.exists

    @property
    def recent(self) -> int:
        """How many of them are \\Recent to it."""
        return self._recent.count

    @property
    def first_unseen(self) -> int:
        """Number of the first message without Seen when the mailbox was opened just now, 0 if there is none."""
        return self._view.seq(self._picture.first_unseen())

    def flag_names(self) -> list[str]:
        """For FLAGS: the built-in flags that IMAP knows, and the keywords."""
        return [*flags.to_imap(flags.IMAP_FLAGS), *(name for _, name in self._mailbox.store.keywords)]

    def permanent_flags(self) -> list[str]:
        """Those that this user may change for good; ``\\*`` while there is room for another keyword (spec 2.4)."""
        return self._allowance.permanent_flags(self._mailbox.store.keywords)

    # -- messages ------------------------------------------------------------------------------------------------

    def select(self, numbers: NumberSet, *, by_uid: bool) -> Selection:
        """The messages a client means. Raises ValueError for a sequence number above ``exists``, MailboxGone."""
        self._standing()
        return self._view.select(numbers, by_uid=by_uid)

    def seq(self, uid: int) -> int:
        """Sequence number, 0 if the message is not in this view."""
        return self._view.seq(uid)

    def flags(self, uids: Sequence[int]) -> list[Names]:
        """IMAP names of the flags of ascending ``uids`` of this view, ghosts too; shared tuples. Raises MessageGone."""
        return self._recent.names(self.rows(uids), self._mailbox.flag_names)

    def rows(self, uids: Sequence[int]) -> Columns:
        """A copy of the rows of ascending ``uids`` of this view, ghosts too: for many messages. Raises MessageGone."""
        return self._messages.rows(uids)

    def row(self, uid: int) -> Row:
        """A message of this view, a ghost too. Raises MessageGone."""
        row = self._messages.row(uid)
        if row is None:
            raise MessageGone
        return row

    def unique_ids(self, uids: Sequence[int]) -> list[str]:
        """What names these messages for good (POP UIDL)."""
        return unique_ids(self._mailbox, uids)

    def content(self, uid: int) -> Any:
        """The bytes (IStoredContent) of a message of this view, a ghost too; released by the caller. Raises as
        ``check_readable``, also later, when they are read."""
        self.check_readable(uid)
        return Guarded(self._mailbox.store.content(uid), self._mailbox, uid, self._ask)

    def check_readable(self, uid: int) -> None:
        """Raise MessageGone, MailboxGone, or NotPermitted if it is hidden from this user now (spec 2.8)."""
        hides = self._standing().hides
        if not self._view.has(uid):
            raise MessageGone
        if self.row(uid).flags & hides:
            raise NotPermitted

    async def structure(self, uid: int) -> Part:
        """The parsed tree with offsets. Raises what ``content`` raises, StorageFailed."""
        self.check_readable(uid)
        part = await read_structure(self._mailbox, uid)
        self.check_readable(uid)
        return part

    async def headers(self, uid: int) -> bytes:
        """The header block in wire form with its blank line, cut at ``limits.header_size``. Raises as ``structure``."""
        self.check_readable(uid)
        block = await read_headers(self._mailbox, uid)
        self.check_readable(uid)
        return block

    def cached(self, uid: int, kind: str) -> bytes | None:
        """Bytes put here before by ``cache``, of any session, if this user may read the message now."""
        if self._view.is_ghost(uid) and self.row(uid).flags & self._ask().hides:
            return None
        value: bytes | None = self._mailbox.facts.get(self._mailbox.number, uid, kind)
        return value

    def cache(self, uid: int, kind: str, value: bytes) -> None:
        """Keep finished bytes (ENVELOPE, BODYSTRUCTURE) for every session."""
        self._mailbox.facts.put(self._mailbox.number, uid, kind, value, len(value))

    def recent_uids(self) -> UidSet:
        """Ranges that hold the messages \\Recent to this session."""
        return self._recent.uids

    # -- changes by this session ---------------------------------------------------------------------------------

    def store_flags(self, uids: Sequence[int], action: StoreAction, names: Sequence[str]) -> list[int]:
        """Change flags; gives the UIDs that exist, ascending, whether changed or not. Ghosts are silently ignored.
        Raises NotPermitted, ReadOnly, LimitExceeded (keywords), CannotDo, StorageFailed, MailboxGone."""
        held = self._standing(changing=True).rights
        present = self._view.present(uids)
        changing = plan(self._mailbox, action, names, held)
        self._messages.set_flags(changing.updates(self._messages.rows(present)), self._view)
        return present

    def mark_seen(self, uids: Sequence[int]) -> list[int]:
        """These were read: set Seen; gives those that had it not. Nothing happens, silently, without right ``s``,
        when the mailbox is open for reading only, or when the disk refuses: reading goes on."""
        if self.read_only or self.gone or not self._ask().rights & rights.SEEN:
            return []
        rows = self._messages.rows(self._view.present(uids))
        columns = zip(rows.uid, rows.flags, rows.keywords, strict=True)
        unseen = ((uid, mask, keywords) for uid, mask, keywords in columns if not mask & flags.SEEN)
        updates = [FlagUpdate(uid, mask | flags.SEEN, keywords) for uid, mask, keywords in unseen]
        try:
            self._messages.set_flags(updates, self._view)
        except StorageFailed:
            return []
        return [update.uid for update in updates]

    async def expunge(self, uids: UidSet | None = None) -> list[int]:
        """Remove the messages of this view that are marked Deleted (and in ``uids``); gives those removed. Raises
        NotPermitted, ReadOnly, StorageFailed, MailboxGone."""
        self._require(rights.DELETE)
        columns = self._mailbox.store.columns
        marked = [uid for uid, mask in zip(columns.uid, columns.flags, strict=True) if mask & flags.DELETED]
        if uids is not None:
            marked = [uid for uid in marked if uid in uids]
        return await self._mailbox.expunge(self._view.present(marked))

    async def remove(self, uids: Sequence[int]) -> list[int]:
        """Remove messages of this view whatever their flags (POP QUIT); gives those removed. Raises as ``expunge``."""
        self._require(rights.DELETE)
        return await self._mailbox.expunge(self._view.present(uids))

    async def copy(self, uids: Sequence[int], target: str) -> CopyResult:
        """Copy messages, ghosts too, all or none; durable when it returns.

        Raises NoSuchMailbox, NotPermitted, OverQuota, MessageGone, StorageFailed, MailboxGone.
        """
        found = await self._resolve(target)
        try:
            return await transfer.copy_messages(self._source, uids, self._standing().hides, found)
        finally:
            found.release()

    async def move(self, uids: Sequence[int], target: str) -> CopyResult:
        """Copy messages, then remove them here. Raises as ``copy`` and ``expunge``, and ExpungeIssued for a ghost."""
        self._require(rights.DELETE)
        found = await self._resolve(target)
        try:
            hides = self._require(rights.DELETE).hides
            return await transfer.move_messages(self._source, uids, hides, found)
        finally:
            found.release()

    @property
    def _source(self) -> transfer.Source:
        return transfer.Source(self._mailbox, self._view, self._messages.row, self._permit, self._standing)

    def may_remove(self, uids: Sequence[int]) -> None:
        """Raise what ``replace`` would raise now for the only one of ``uids``, or because there is none."""
        self._require(rights.DELETE)
        if not self._view.present(uids):
            raise ExpungeIssued

    async def replace(self, uid: int, store: transfer.Storing) -> transfer.Stored:
        """Remove a message when ``store`` has put another one in its place, in whatever mailbox; what ``store`` gave.

        Raises as ``store`` and ``expunge``, and ExpungeIssued when the message is not there any more.
        """
        return await transfer.replace_message(self._mailbox, uid, lambda: self.may_remove([uid]), store)

    def _standing(self, *, changing: bool = False) -> Standing:
        """What the user may do now. Raises MailboxGone, and ReadOnly for a change in an examined mailbox."""
        standing = self._ask()
        if self._mailbox.gone or not standing.rights & rights.READ:
            raise MailboxGone
        if changing and self._allowance.examined:
            raise ReadOnly
        self._see(standing.hides)
        return standing

    def _see(self, hides: int) -> None:
        """With right ``a`` given or withdrawn, what is hidden from others joins the view, or leaves it."""
        if hides != self._hides and not self._mailbox.gone:
            self._picture = self._mailbox.sees_as(self._view, self.reader, self._hides, hides)
            self._hides, self._version = hides, None

    def _require(self, right: int) -> Standing:
        standing = self._standing(changing=True)
        if not standing.rights & right:
            raise NotPermitted
        return standing

    # -- changes by others ---------------------------------------------------------------------------------------

    def changes(self, *, expunge: bool) -> Updates:
        """What this session is to be told now; its view moves on. Without ``expunge`` messages keep their numbers.

        Its own flag changes are not among it, unless so much passed that single changes are no longer known.
        """
        standing = self._ask()
        if self._mailbox.gone or not standing.rights & rights.READ:
            return GONE
        self._see(standing.hides)
        if self._version == self._messages.version and not (expunge and self._ghosts_left):
            return QUIET
        before = self._view.top
        told = self._view.tell(expunge=expunge)
        self._version = self._messages.version
        self._ghosts_left = bool(self._view.ghosts)
        if self._view.top > before:
            self._recent.claim(before)
        before_names, self._names_version = self._names_version, self._mailbox.names_version
        new_names = self._names_version != before_names
        recent = self._recent.changed()
        news = Updates(told.expunged, told.expunged_uids, told.exists, recent, told.flags, new_names)
        return self._allowance.told(news)
