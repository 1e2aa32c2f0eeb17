"""THE table from errors to POP3's words (response codes of RFC 2449 section 8 and RFC 3206)."""

from __future__ import annotations

from cgpymail.errors import MailError
from cgpymail.grammar.pop3 import err

_CODES = {
    "authentication": "AUTH",
    "privacy": "SYS/PERM",
    "disabled": "SYS/PERM",
    "storage": "SYS/TEMP",
    "storage-full": "SYS/TEMP",
    "busy": "SYS/TEMP",
    "login-delay": "LOGIN-DELAY",
    "not-accepted-now": "SYS/TEMP",
}


def refusal(error: MailError) -> bytes:
    """The line for an operation that could not be done."""
    return err(error.public, _CODES.get(error.code, ""))


def no_room(seconds: int) -> bytes:
    """The greeting of a client that finds no free channel (spec 8.8); it may come back after so many seconds."""
    return err(f"Too many connections, try again in {seconds} seconds", "SYS/TEMP")


def broken(reference: str) -> bytes:
    """The line for an error of ours; the log has the rest under the reference."""
    return err(f"Internal error, reference {reference}", "SYS/TEMP")
