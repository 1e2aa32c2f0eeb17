"""The sessions that there are now, for administrators: to be looked at (spec 14.5.10) and ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cgpymail.model.identity import AccountName

if TYPE_CHECKING:
    from cgpymail.runtime.listening import ModuleFactory
    from cgpymail.runtime.wire import Connection


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a session tells of itself: who is logged in (None: nobody yet), and the mailbox that is selected."""

    account: AccountName | None = None
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """One connection with its session. ``id``: as in the log (``IMAP-000017``). ``since``: seconds since the epoch."""

    id: str
    account: AccountName | None
    peer: str
    since: float
    mailbox: str
    encrypted: bool

    @property
    def protocol(self) -> str:
        """The tag of its module."""
        return self.id.partition("-")[0]


class Sessions:
    """All sessions of the modules that listen. Without ``attach`` there are none."""

    def __init__(self) -> None:
        self._modules: Callable[[], Iterable[ModuleFactory]] = tuple

    def attach(self, modules: Callable[[], Iterable[ModuleFactory]]) -> None:
        """Where the sessions are from now on; asked at each use."""
        self._modules = modules

    def all(self) -> list[LiveSession]:
        """The oldest first."""
        found = [facts for facts, _ in self._live()]
        return sorted(found, key=lambda session: (session.since, session.id))

    def kill(self, id: str, reason: str) -> bool:
        """End one with the last words of its protocol; False if there is none of that id (in any case of letters)."""
        return bool(self._kill(lambda session: session.id == id.upper(), reason))

    def kill_account(self, account: AccountName, reason: str) -> list[str]:
        """End all sessions in which this account is logged in; gives their ids."""
        return self._kill(lambda session: session.account == account, reason)

    def _kill(self, meant: Callable[[LiveSession], bool], reason: str) -> list[str]:
        found = [(facts.id, connection) for facts, connection in self._live() if meant(facts)]
        for _, connection in found:
            connection.kill(reason)
        return [id for id, _ in found]

    def _live(self) -> list[tuple[LiveSession, Connection]]:
        live = []
        for module in self._modules():
            for connection in module.connections:
                facts = connection.facts()
                if facts is not None:
                    live.append((facts, connection))
        return live
