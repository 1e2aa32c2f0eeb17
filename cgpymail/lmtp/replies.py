"""THE table from errors to LMTP's words (RFC 5321 section 4.2, RFC 3463): code, enhanced status."""

from __future__ import annotations

from cgpymail.errors import MailError
from cgpymail.grammar.lmtp import reply

_WORDS = {
    "no-account": (550, "5.1.1"),
    "no-mailbox": (550, "5.1.1"),
    "illegal-name": (550, "5.1.1"),
    "not-selectable": (550, "5.2.1"),
    "not-permitted": (550, "5.7.1"),
    "over-quota": (452, "4.2.2"),
    "too-large": (552, "5.3.4"),
    "storage": (451, "4.3.0"),
    "storage-full": (452, "4.3.1"),
    "busy": (451, "4.3.2"),
    "limit": (452, "4.5.3"),
}


def refusal(error: MailError) -> bytes:
    """The reply for a recipient or a command that failed."""
    code, status = _WORDS.get(error.code, (451, "4.3.0") if error.temporary else (554, "5.0.0"))
    return reply(code, status, error.public)


def no_room(seconds: int) -> bytes:
    """The greeting of a client that finds no free channel (spec 8.8); it may come back after so many seconds."""
    return reply(421, "4.3.2", f"Too many connections, try again in {seconds} seconds")
