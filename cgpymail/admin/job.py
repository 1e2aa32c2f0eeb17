"""One administrator's command at work: what it is asked, what it works on, and where it speaks.

The same commands are executed by the running daemon (control.py) and, while it is stopped, by the tool itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cgpymail.directory.directory import Directory
from cgpymail.errors import NoSuchAccount
from cgpymail.grammar.control import Request
from cgpymail.manager.services import Services
from cgpymail.model.identity import AccountName
from cgpymail.runtime.sessions import Sessions

Reload = Callable[[], Awaitable[Sequence[str]]]


class Server(Protocol):
    """What the commands ask of the assembled server."""

    services: Services
    directory: Directory
    sessions: Sessions

    async def create_account(
        self,
        name: str,
        password: bytes = b"",
        *,
        domain: str = "",
        encryption: str = "",
        format: str = "",
        single: bool = False,
    ) -> None:
        """Make an account with its mailboxes."""

    async def delete_account(self, name: AccountName) -> None:
        """Remove one with all its mail."""

    async def rename_account(self, old: AccountName, name: str, domain: str = "") -> AccountName:
        """Give one another name."""


@dataclass(frozen=True, slots=True)
class Job:
    """``say`` takes a line for standard output, ``complain`` one for standard error. ``reload`` has the server read its
    configuration again and gives what is wrong with it; None when no server runs."""

    request: Request
    server: Server
    say: Callable[[str], None]
    complain: Callable[[str], None]
    reload: Reload | None = None

    def account(self, key: str = "name") -> AccountName:
        """The account that an argument names: account aliases are not followed, so that nothing happens to another
        account than the one that was typed. Whether it exists is for the directory to say.

        Raises NoSuchAccount, BadRequest.
        """
        local, _, domain = self.request.text(key).lower().partition("@")
        place = self.server.directory.domains.need(domain or self.server.directory.domains.main.name)
        if not local:
            raise NoSuchAccount
        return AccountName(local, place.name)
