"""What the configuration says about single modules, for their sessions; a session keeps what it began with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImapOptions:
    """The manual's settings of the IMAP module. ``running_every``: seconds; "Send 'Running' every", 0 = never."""

    running_every: int = 15
