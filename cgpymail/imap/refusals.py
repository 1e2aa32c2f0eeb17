"""How an error is said on the wire: one table from MailError.code to response code and text (RFC 3501 7.1, RFC 5530).

Nothing but the public text of an error ever reaches a client; what is not a MailError is a bug, which the client hears
of as [SERVERBUG] with the number under which the log has it.
"""

from __future__ import annotations

from collections.abc import Mapping

from cgpymail.errors import AuthenticationFailed, MailError, NoSuchMailbox
from cgpymail.grammar.imap.metadataresponses import TOO_MANY
from cgpymail.grammar.imap.responses import text

CODES: Mapping[str, bytes] = {
    "failed": b"",
    "no-mailbox": b"NONEXISTENT",
    "not-selectable": b"CANNOT",
    "exists": b"ALREADYEXISTS",
    "illegal-name": b"CANNOT",
    "not-permitted": b"NOPERM",
    "cannot": b"CANNOT",
    "has-children": b"HASCHILDREN",  # RFC 9051 6.3.5
    "use": b"USEATTR",  # RFC 6154
    "limit": b"LIMIT",
    "too-many-annotations": TOO_MANY,
    "over-quota": b"OVERQUOTA",
    "too-large": b"TOOBIG",  # RFC 4469; RFC 7889
    "storage": b"UNAVAILABLE",
    "storage-full": b"UNAVAILABLE",
    "message-gone": b"EXPUNGEISSUED",
    "expunge-issued": b"EXPUNGEISSUED",
    "unknown-encoding": b"UNKNOWN-CTE",  # RFC 3516
    "mailbox-gone": b"NONEXISTENT",
    "compressed": b"COMPRESSIONACTIVE",  # RFC 4978
    "read-only": b"NOPERM",
    "bad-charset": b"BADCHARSET (US-ASCII UTF-8)",
    "authentication": b"AUTHENTICATIONFAILED",
    "privacy": b"PRIVACYREQUIRED",
    "disabled": b"CONTACTADMIN",
    "no-account": b"NONEXISTENT",
    "account-exists": b"ALREADYEXISTS",
    "settings": b"UNAVAILABLE",
    "busy": b"INUSE",
}

# A mailbox that one puts messages into: the client may create it and try again (RFC 3501 6.3.11, 6.4.7; RFC 6851).
_CREATABLE = frozenset({"no-mailbox", "not-selectable"})
_INTO_MAILBOX = frozenset({"APPEND", "COPY", "MOVE", "REPLACE"})
_LOGIN = frozenset({"LOGIN", "AUTHENTICATE"})
# A mailbox of nobody looks like a missing mailbox of somebody, and a login of nobody like a wrong password.
_UNKNOWN = frozenset({"no-account"})


def refusal(error: MailError, command: str) -> bytes:
    """What follows ``NO``: response code in brackets, if there is one, and text. ``command``: the command's name."""
    code, words = error.code, error.public
    if code in _UNKNOWN:
        stand_in: MailError = AuthenticationFailed() if command in _LOGIN else NoSuchMailbox()
        code, words = stand_in.code, stand_in.public
    word = CODES.get(code, b"")
    if code in _CREATABLE and command in _INTO_MAILBOX:
        word = b"TRYCREATE"
    return coded(word, words)


def bug(reference: str) -> bytes:
    """What follows ``NO`` when something went wrong that should not; the log has the rest under ``reference``."""
    return coded(b"SERVERBUG", f"Internal error; the server log has it as {reference}")


def no_room(seconds: int) -> bytes:
    """The greeting of a client that finds no free channel (spec 8.8); it may come back after so many seconds."""
    return b"* BYE %b\r\n" % coded(b"UNAVAILABLE", f"Too many connections, try again in {seconds} seconds")


def coded(word: bytes, words: str) -> bytes:
    """``[word] words``, or just the words; always printable ASCII, never empty (RFC 3501: resp-text)."""
    return b"[%b] %b" % (word, text(words)) if word else text(words)
