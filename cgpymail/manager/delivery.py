"""Mail that comes in: one message into the mailboxes of many recipients, one outcome for each (LMTP, cgpymail deliver).

Addresses: ``account`` and ``account@domain`` go to INBOX; ``box#account`` names a mailbox directly (spec 8.13) and is
refused if there is none; ``account+box`` names one and falls back to INBOX. Mail is put in without rights being asked:
whoever may send to the account may send to its mailboxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore
from twisted.python.failure import Failure

from cgpymail.errors import MailError, NoSuchAccount, NoSuchMailbox, StorageFailed
from cgpymail.interfaces import IContent, IDirectory
from cgpymail.manager.account import Account
from cgpymail.manager.accounts import Accounts
from cgpymail.manager.namespace import Place, expand, look_up
from cgpymail.model import names
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.runtime import Runtime

DIRECT, DETAIL = "#", "+"
PARALLEL = 32  # recipients of one message that are served at the same time


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where an accepted address leads. ``falls_back``: INBOX will do if the mailbox is not there any more."""

    address: str
    account: AccountName
    mailbox: str = names.INBOX
    falls_back: bool = False


class Delivery:
    """One per process. A recipient's rules will have their say here, between the message and ``_store``."""

    def __init__(self, runtime: Runtime, directory: IDirectory, accounts: Accounts) -> None:
        self._runtime = runtime
        self._directory = directory
        self._accounts = accounts
        self._log = runtime.logs.module("MAILBOX")

    async def recipient(self, address: str, size: int = 0) -> Recipient:
        """Who an address without brackets and quotes is; ``size``: announced octets, 0 unknown.

        Raises NoSuchAccount, NoSuchMailbox, MessageTooLarge, OverQuota, StorageFailed.
        """
        recipient, account = await self._find(address)
        account.check_size(size)
        return recipient

    async def _find(self, address: str) -> tuple[Recipient, Account]:
        local, at, domain = address.rpartition("@")
        if not at:
            local, domain = address, ""
        box, direct, owner = local.rpartition(DIRECT)
        if direct:
            account = await self._account(owner, domain)
            if account is None:
                raise NoSuchAccount
            return Recipient(address, account.name, await self._mailbox(account, box)), account
        account = await self._account(local, domain)
        if account is not None:
            return Recipient(address, account.name), account
        owner, detail, box = local.partition(DETAIL)
        account = await self._account(owner, domain) if detail else None
        if account is None:
            raise NoSuchAccount
        return Recipient(address, account.name, await self._mailbox(account, box, names.INBOX), True), account

    async def _account(self, local: str, domain: str) -> Account | None:
        typed = f"{local}@{domain}" if domain else local
        routed: AccountName | None = self._directory.route(typed, "") if local else None
        return await self._accounts.find(routed) if routed else None

    async def _mailbox(self, account: Account, box: str, otherwise: str = "") -> str:
        """The canonical name of a mailbox that can hold messages, else ``otherwise``; raises if that is empty."""
        try:
            place = Place(account, expand(account, box))
            entry = look_up(place)
            if entry is None:
                await account.refresh()
                entry = look_up(place)
        except NoSuchMailbox:
            entry = None
        if entry is not None and entry.format:
            return entry.name
        if otherwise:
            return otherwise
        raise NoSuchMailbox

    async def deliver(
        self, recipients: Sequence[Recipient], content: IContent, return_path: bytes
    ) -> list[MailError | None]:
        """Store the message for each recipient; one outcome for each, in order, None for success (it is on disk).

        What fails for one recipient does not touch the others. The caller releases ``content``.
        """
        message = NewMessage(content, self._runtime.now(), return_path=return_path)
        slots = DeferredSemaphore(PARALLEL)
        outcomes = await DeferredList([slots.run(self._deliver_one, each, message) for each in recipients])
        return [outcome for _, outcome in outcomes]

    def _deliver_one(self, recipient: Recipient, message: NewMessage) -> Deferred[MailError | None]:
        stored: Deferred[None] = Deferred.fromCoroutine(self._store(recipient, message))
        return stored.addErrback(self._outcome)

    def _outcome(self, failure: Failure) -> MailError:
        if isinstance(failure.value, MailError):
            return failure.value
        reference = self._log.failure("while a message was being delivered", failure)
        return StorageFailed(detail=f"internal error, reference {reference}")

    async def _store(self, recipient: Recipient, message: NewMessage) -> None:
        account = await self._accounts.find(recipient.account)
        if account is None:
            raise NoSuchAccount
        account.check_size(message.content.size)
        name = await self._mailbox(account, recipient.mailbox, names.INBOX if recipient.falls_back else "")
        mailbox = await account.open(name)
        try:
            await mailbox.append([message])
        finally:
            account.close(mailbox)
