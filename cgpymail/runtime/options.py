"""What the configuration says about single modules, for their sessions; a session keeps what it began with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImapOptions:
    """The manual's settings of the IMAP module. ``running_every``: seconds; "Send 'Running' every", 0 = never.
    ``running_idle``: the same for a client in IDLE, which is woken by it. ``running_text``: what is said then,
    printable ASCII (spec 14.5.4)."""

    running_every: int = 15
    running_idle: int = 120
    running_text: str = "Still running"


@dataclass(frozen=True, slots=True)
class PopOptions:
    """``login_delay``: seconds between two logins to a mailbox of an account without a setting of its own; 0 = none.

    Messages that XTND XMIT brings go to ``submit_program`` (its path and first arguments) or to ``submit_address``
    (``smtp:host:port``, ``lmtp:host:port`` or ``lmtp:/path``); both empty: there is no XTND XMIT.
    """

    login_delay: int = 0
    submit_program: tuple[str, ...] = ()
    submit_address: str = ""

    @property
    def submits(self) -> bool:
        """Whether there is XTND XMIT."""
        return bool(self.submit_program or self.submit_address)
