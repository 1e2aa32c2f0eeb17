"""One authenticated session's door to its mailboxes: every name a client says comes in here.

Names are Unicode as decoded from the wire; namespace.py finds what they mean and whether the user may do it, the
owner's Account does it, and an open mailbox is worked through a Handle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from cgpymail.errors import (
    Busy,
    MailboxGone,
    MailError,
    NoSuchMailbox,
    NotSelectable,
)
from cgpymail.manager.access import Standing, refusal, require, settable_flags
from cgpymail.manager.account import Account
from cgpymail.manager.annotating import Annotating
from cgpymail.manager.choosing import NONEXISTENT, SUBSCRIBED, Pause
from cgpymail.manager.handle import Handle, Target
from cgpymail.manager.listing import Listing, no_pause
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.namechanges import NameChanges
from cgpymail.manager.namespace import FOREIGN, NameSpace
from cgpymail.manager.objectids import mailbox_id
from cgpymail.manager.ownseen import reader_of
from cgpymail.manager.readers import Reader
from cgpymail.manager.sharing import Sharing
from cgpymail.manager.watch import Watch
from cgpymail.manager.watched import Key
from cgpymail.model import flags, names, rights
from cgpymail.model.identity import AccountName
from cgpymail.model.mailbox import PLAIN_LIST, CreatedMailbox, ListChoice, ListedMailbox, MailboxStatus
from cgpymail.model.message import NewMessage
from cgpymail.model.watching import MESSAGE_EVENTS, Interest
from cgpymail.runtime.limits import Limits

PUBLIC = "public"
Namespaces = tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]


class User:
    """Made by the manager after a login. ``service``: IMAP, POP or another module's tag; ``session``: for the log.

    Any method raises StorageFailed when the disk refuses, and NoSuchMailbox for what the user may not know of.
    """

    def __init__(self, space: NameSpace, service: str, session: str, limits: Limits, left: Callable[[], None]) -> None:
        self.account: AccountName = space.own.name
        self.service = service
        self.session = session
        self._space = space
        self._own: Account = space.own
        self._limits = limits
        self._left = left
        self._listing = Listing(space, service, limits)
        self._names = NameChanges(space, limits)
        self.sharing = Sharing(space, limits, lambda: self._watch)  # access lists
        self.annotations = Annotating(space, limits, lambda: self._watch)
        self._handles: dict[Handle, Mailbox] = {}
        self._watch: Watch | None = None
        self._closed = False

    async def close(self) -> None:
        """The session ends: its mailboxes are closed. Idempotent."""
        if self._closed:
            return
        self._closed = True
        for handle in list(self._handles):
            await handle.close()
        self.unwatch()
        self._left()

    # names

    async def namespaces(self, pause: Pause = no_pause) -> Namespaces:
        """(prefix, separator) of the personal, the other users' and the shared name spaces (spec 14.5.5): the last is
        ``~public/``, where the user sees something there now."""
        shared = await self._listing.sees_below(FOREIGN + PUBLIC, pause)
        below_public = [(f"{FOREIGN}{PUBLIC}/", names.SEPARATOR)] if shared else []
        return [("", names.SEPARATOR)], [(FOREIGN, names.SEPARATOR)], below_public

    async def list_mailboxes(
        self, reference: str, patterns: Sequence[str], choice: ListChoice = PLAIN_LIST, pause: Pause = no_pause
    ) -> list[ListedMailbox]:
        """LIST (RFC 3501 6.3.8, RFC 5258): what matches one of the patterns and is wanted by ``choice``, each once.

        ``pause`` gives others their turn while it lasts. Raises LimitExceeded.
        """
        return await self._listing.mailboxes(reference, patterns, choice, pause)

    async def list_subscribed(
        self, reference: str, patterns: Sequence[str], pause: Pause = no_pause
    ) -> list[ListedMailbox]:
        """LSUB (RFC 3501 6.3.9): subscribed names as stored. Raises LimitExceeded."""
        return await self._listing.subscribed(reference, patterns, pause)

    async def seen(self, name: str) -> str:
        """The name under which LIST shows what ``name`` leads to. Raises NoSuchMailbox."""
        place, _ = await self._space.find(name)
        return self._space.seen(name, place)

    async def create(self, name: str, uses: Sequence[str] = ()) -> CreatedMailbox:
        """See NameChanges."""
        return await self._names.create(name, self._watch, uses)

    async def delete(self, name: str) -> None:
        """See NameChanges."""
        await self._names.delete(name, self._watch)

    async def rename(self, old: str, new: str) -> None:
        """See NameChanges."""
        await self._names.rename(old, new, self._watch)

    async def subscribe(self, name: str) -> None:
        """See NameChanges."""
        await self._names.subscribe(name, self._watch)

    async def unsubscribe(self, name: str) -> None:
        """See NameChanges."""
        await self._names.unsubscribe(name, self._watch)

    # other mailboxes than the one that is open (RFC 5465)

    async def watch(self, interests: Sequence[Interest], notify: Callable[[], None], pause: Pause = no_pause) -> Watch:
        """Watch mailboxes, instead of what was watched before. ``notify``: there is something to tell. Raises Busy."""
        watch = Watch(self._space, self._own.watching, self._limits, notify, self._opened)
        await watch.observe(interests, pause)
        self.unwatch()
        if self._closed:
            watch.close()
            raise Busy("The session has ended")
        self._watch = watch
        return watch

    def _opened(self) -> dict[Key, str]:
        return {(mailbox.owner, mailbox.name): handle.name for handle, mailbox in self._handles.items()}

    def _opened_changed(self) -> None:
        if self._watch is not None:
            self._watch.opened_changed()

    def unwatch(self) -> None:
        """Watch nothing any more."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def about_to_leave(self, handle: Handle, *, told_flags: bool) -> None:
        """The session closes a mailbox. What it was not told there, it is to be told as one who watches it does hear
        it. ``told_flags``: it was told of changes of flags as well."""
        mailbox = self._handles.get(handle)
        if self._watch is None or mailbox is None or mailbox.gone:
            return
        if not told_flags or handle.behind:
            self._watch.touch((mailbox.owner, mailbox.name), MESSAGE_EVENTS)

    def has_open(self, key: Key) -> bool:
        """Whether a mailbox (by its owner and name) is open in this session."""
        return any((mailbox.owner, mailbox.name) == key for mailbox in self._handles.values())

    async def has_open_as(self, name: str) -> bool:
        """Whether the mailbox that is typed so is open in this session. Raises NoSuchMailbox, StorageFailed, Busy."""
        place, _ = await self._space.find(name)
        return self.has_open((place.account.name, place.name))

    async def described(self, name: str, old: str, pause: Pause = no_pause) -> ListedMailbox:
        """What LIST says of one name, which need not be there any more, with all that RFC 5465 5.4 and 5.5 want.

        ``old``: what it was called before, empty if it was not renamed.
        """
        choice = ListChoice(extended=True, tell_subscribed=True)
        found = await self._listing.mailboxes("", [name], choice, pause)
        for entry in found:
            if entry.name == name:
                return replace(entry, old_name=old)
        attributes = (NONEXISTENT, SUBSCRIBED) if name in self._own.record.subscription() else (NONEXISTENT,)
        return ListedMailbox(name, attributes)

    # mailboxes

    async def status(self, name: str) -> MailboxStatus:
        """The counts of a mailbox as this user sees it (RFC 3501 6.3.10). Raises NotPermitted, NotSelectable."""
        place, _ = await self._space.permitted(name, rights.READ)
        account = place.account
        largest = account.largest_message
        most = self._limits.message_size
        mailbox, reader = await self._enter(account, place.name, changing=False)
        try:
            counts = mailbox.status(self._standing(account, mailbox).hides, reader)
            limit = most if largest is None else min(most, largest)
            modseq = self._told(mailbox, counts.highest_modseq)
            object_id = await mailbox_id(account, mailbox)
            require(self._space.rights(place), rights.READ)  # still
            return replace(counts, append_limit=limit, highest_modseq=modseq, mailbox_id=object_id)
        finally:
            _leave(account, mailbox, reader)

    def _told(self, mailbox: Mailbox, modseq: int) -> int:
        """HIGHESTMODSEQ, but not above what was told to this session where it has the mailbox open."""
        mine = [handle.highest_modseq for handle, box in self._handles.items() if box is mailbox]
        return min([modseq, *mine])

    async def open(
        self,
        name: str,
        *,
        read_only: bool = False,
        knows_recent: bool = True,
        notify: Callable[[], None] | None = None,
        lost: Callable[[], None] | None = None,
    ) -> Handle:
        """Open a mailbox. ``notify`` is called when changes may be pending or the mailbox is gone, ``lost`` at once
        when the right to read it is withdrawn. ``knows_recent``: the session has heard of \\Recent.

        Raises NotPermitted, NotSelectable.
        """
        place, _ = await self._space.permitted(name, rights.READ)
        account, shown = place.account, self._space.seen(name, place)
        mailbox, reader = await self._enter(account, place.name)
        if self._closed:
            _leave(account, mailbox, reader)
            raise Busy("The session has ended")

        def closed() -> None:
            self._handles.pop(handle, None)
            self._opened_changed()
            account.close(mailbox)

        try:
            handle = Handle(
                mailbox,
                lambda: self._space.seen_now(shown, place, mailbox.name),
                lambda: self._standing(account, mailbox),
                resolve=self._target,
                own=self._own,
                reader=reader,
                read_only=read_only,
                claims_recent=self.service == "IMAP",
                knows_recent=knows_recent,
                notify=notify,
                lost=lost,
                closed=closed,
            )
        except MailboxGone:  # deleted while it was being opened
            _leave(account, mailbox, reader)
            raise NoSuchMailbox from None
        self._handles[handle] = mailbox
        self._opened_changed()
        with suppress(MailError):  # on a full disk, or when it is being removed: then nothing is said of it
            handle.mailbox_id = await mailbox_id(account, mailbox)
        if handle.gone:  # meanwhile
            await handle.close()
            raise refusal(self._space.rights(place))
        return handle

    async def _enter(self, account: Account, name: str, *, changing: bool = True) -> tuple[Mailbox, Reader | None]:
        """An open mailbox, and the user as a reader of it where everybody has a Seen of his own."""
        mailbox = await account.open(name)
        try:
            return mailbox, await reader_of(mailbox, self._space, changing=changing)
        except BaseException:
            account.close(mailbox)
            raise

    def _standing(self, account: Account, mailbox: Mailbox) -> Standing:
        return self._space.standing(account, mailbox.name, self.service)

    async def _target(self, name: str) -> Target:
        """A mailbox to put messages into. Raises NoSuchMailbox, NotPermitted, NotSelectable."""
        place, _ = await self._space.permitted(name, rights.INSERT)
        account = place.account
        mailbox, reader = await self._enter(account, place.name)
        held = self._standing(account, mailbox).rights
        target = Target(mailbox, held, no_quota, lambda: _leave(account, mailbox, reader), reader)
        try:
            require(held, rights.INSERT)  # still
        except MailError:
            target.release()
            raise
        return target

    async def append(self, name: str, messages: Sequence[NewMessage]) -> tuple[int, list[int]]:
        """Store messages, all or none; UIDVALIDITY and their UIDs, on disk. The caller releases the contents.

        Flags that the user has no right to set are left out (RFC 4314 section 4). Raises NotPermitted, NotSelectable,
        MessageTooLarge, LimitExceeded, StorageFull.
        """
        place, _ = await self._space.permitted(name, rights.INSERT)
        for message in messages:
            place.account.check_size(message.content.size)
        target = await self._target(name)
        try:
            batch = [_allowed(message, target.rights) for message in messages]
            uids = await target.append(batch)
            return target.mailbox.store.uidvalidity, uids
        finally:
            target.release()

    async def may_append(self, name: str) -> None:
        """Raise what ``append`` would raise now, before the message is there."""
        _, entry = await self._space.permitted(name, rights.INSERT)
        if not entry.format:
            raise NotSelectable


def _leave(account: Account, mailbox: Mailbox, reader: Reader | None) -> None:
    if reader is not None:
        reader.leave()
    account.close(mailbox)


def no_quota(octets: int, messages: int) -> None:
    """Accounts are limited in the size of a message, not in what they keep."""


def _allowed(message: NewMessage, held: int) -> NewMessage:
    keywords = message.keywords if held & rights.WRITE else ()
    allowed = settable_flags(held) | flags.HIDDEN | flags.SERVICE  # as for COPY; clients of IMAP cannot name those two
    return replace(message, flags=message.flags & allowed, keywords=keywords)
