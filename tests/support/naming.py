"""An account with its user, for tests of what names mean; and what its LIST says, in short."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from cgpymail.manager.user import User
from cgpymail.model.mailbox import ListedMailbox
from cgpymail.runtime.limits import DEFAULTS, Limits
from cgpymail.runtime.spool import MemoryContent
from tests.support.records import MemoryRecord
from tests.support.world import World


class People:
    """john, who owns nothing but an INBOX at first, and whoever the test adds; none has special mailboxes."""

    def __init__(self, limits: Limits = DEFAULTS, **world: Any) -> None:
        self.world = World(limits=limits, **world)
        self.runtime = self.world.runtime
        self.manager = self.world.manager
        self.record = self.add("john")
        self.john = self.user()

    def add(self, name: str) -> MemoryRecord:
        """One more account."""
        record = self.world.account(name)
        record.preferences.clear()
        return record

    def user(self, name: str = "john", service: str = "IMAP") -> User:
        """One more session."""
        return self.world.user(name, service)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine that need not wait."""
        return self.world.run(work)

    def make(self, *names: str, user: User | None = None) -> None:
        """Create mailboxes."""
        for name in names:
            self.run((user or self.john).create(name))

    def grant(self, owner: str, mailbox: str, letters: str, to: str = "john") -> None:
        """Give rights on a mailbox that is there."""
        record = self.world.directory.records[self.world.directory.route(owner, "")]  # type: ignore[index]
        record.infos.setdefault(mailbox, {}).setdefault("Access", {})[to] = letters

    def listed(self, pattern: str = "*", reference: str = "", user: User | None = None) -> list[str]:
        """The names that LIST gives, in order."""
        return [each.name for each in self.list(pattern, reference, user)]

    def list(self, pattern: str = "*", reference: str = "", user: User | None = None) -> list[ListedMailbox]:
        """What LIST gives."""
        found: list[ListedMailbox] = self.run((user or self.john).list_mailboxes(reference, [pattern]))
        return found

    def attributes(self, name: str, pattern: str | None = None) -> set[str]:
        """The attributes with which LIST shows a name."""
        return {word for each in self.list(pattern or name) if each.name == name for word in each.attributes}

    def lsub(self, pattern: str, reference: str = "") -> dict[str, tuple[str, ...]]:
        """What LSUB gives: name -> attributes."""
        found = self.run(self.john.list_subscribed(reference, [pattern]))
        return {each.name: each.attributes for each in found}

    def deliver(self, *addresses: str, text: bytes = b"Subject: s\r\n\r\ntext\r\n") -> list[Any]:
        """One outcome per address, as LMTP would get it after DATA."""
        delivery = self.manager.delivery
        recipients = [self.run(delivery.recipient(address)) for address in addresses]
        outcomes: list[Any] = self.run(delivery.deliver(recipients, MemoryContent(text), b"sender@example.net"))
        return outcomes

    def count(self, name: str, user: User | None = None) -> int:
        """How many messages a mailbox has."""
        found: int = self.run((user or self.john).status(name)).messages
        return found
