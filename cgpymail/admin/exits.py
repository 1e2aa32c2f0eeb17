"""How the commands end: the exit codes of sysexits.h, which mail systems understand (Postfix pipe(8))."""

from __future__ import annotations

from collections.abc import Iterable

from cgpymail.errors import MailError

OK = 0
USAGE = 64
DATA = 65
NO_USER = 67
UNAVAILABLE = 69
SOFTWARE = 70
CANNOT_CREATE = 73
TRY_AGAIN = 75
NOT_PERMITTED = 77
CONFIG = 78

_CODES = {
    "no-account": NO_USER,
    "no-mailbox": NO_USER,
    "illegal-name": USAGE,
    "account-exists": CANNOT_CREATE,
    "settings": DATA,
    "too-large": DATA,
    "over-quota": TRY_AGAIN,
    "limit": TRY_AGAIN,
}


def of_error(error: MailError) -> int:
    """The exit code for an error."""
    return _CODES.get(error.code, TRY_AGAIN if error.temporary else UNAVAILABLE)


def of_status(code: int, enhanced: str) -> int:
    """The exit code for an LMTP reply: its number and enhanced status (RFC 3463), maybe empty."""
    if 200 <= code < 300:
        return OK
    if 400 <= code < 500:
        return TRY_AGAIN
    if enhanced.startswith("5.1."):
        return NO_USER
    return DATA if enhanced == "5.3.4" else UNAVAILABLE


def together(codes: Iterable[int]) -> int:
    """One code for several recipients: success only if all succeeded; "try again" before any final refusal."""
    found = set(codes) - {OK}
    if TRY_AGAIN in found:
        return TRY_AGAIN
    return min(found, default=OK)
