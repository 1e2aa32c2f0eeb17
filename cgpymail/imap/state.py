"""The states of an IMAP connection (RFC 3501 section 3)."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """What a connection has reached; decides which commands it may give and what it can be offered."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"


BEFORE_LOGIN = frozenset({State.NOT_AUTHENTICATED})
AFTER_LOGIN = frozenset({State.AUTHENTICATED, State.SELECTED})
ANY = BEFORE_LOGIN | AFTER_LOGIN
WITH_MAILBOX = frozenset({State.SELECTED})
