"""Responses as IMAP writes them (RFC 3501 section 7), except bodies and structures (fetchdata.py): finished bytes.

Functions whose name ends in ``_line`` give whole lines with CRLF; ``_code`` gives the inside of the brackets of a
status response.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.grammar.imap.writing import mailbox, nstring, string
from cgpymail.model.mailbox import ListedMailbox, MailboxStatus
from cgpymail.model.names import SEPARATOR
from cgpymail.model.names import encode as mailbox_octets

_SEPARATOR = string(SEPARATOR.encode("ascii"))
STATUS_FIELDS = {
    "MESSAGES": "messages",
    "RECENT": "recent",
    "UIDNEXT": "uidnext",
    "UIDVALIDITY": "uidvalidity",
    "UNSEEN": "unseen",
    "SIZE": "size",
    "DELETED": "deleted",
    "APPENDLIMIT": "append_limit",
    "HIGHESTMODSEQ": "highest_modseq",
    "MAILBOXID": "mailbox_id",
}
"""The items of STATUS, each with the field of MailboxStatus that answers it (RFC 9051 6.3.11, RFC 7889, RFC 8474)."""

Namespaces = Iterable[tuple[str, str]]


# -- status responses ------------------------------------------------------------------------------------------------


def text(words: str) -> bytes:
    """Human-readable text of a response: printable ASCII, whatever came in."""
    if words.isascii() and words.isprintable():
        return words.encode("ascii") or b"."
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in words).encode("ascii")


def status_line(tag: bytes, kind: bytes, words: str, code: bytes = b"") -> bytes:
    """``tag OK [code] text``; ``kind`` is OK, NO, BAD, BYE or PREAUTH, ``tag`` is ``*`` for an untagged one."""
    if code:
        return b"%b %b [%b] %b\r\n" % (tag, kind, code, text(words))
    return b"%b %b %b\r\n" % (tag, kind, text(words))


def continue_line(words: str = "Go ahead") -> bytes:
    """``+ text``: the client may send the literal, or go on."""
    return b"+ %b\r\n" % text(words)


def challenge_line(base64: bytes) -> bytes:
    """``+ base64`` of an AUTHENTICATE exchange; the space is there also before nothing."""
    return b"+ %b\r\n" % base64


def appenduid_code(uidvalidity: int, uids: Sequence[int]) -> bytes:
    """APPENDUID (RFC 4315)."""
    return b"APPENDUID %d %b" % (uidvalidity, uid_list(uids))


def copyuid_code(uidvalidity: int, source: Sequence[int], copied: Sequence[int]) -> bytes:
    """COPYUID (RFC 4315); the two lists are parallel."""
    return b"COPYUID %d %b %b" % (uidvalidity, uid_list(source), uid_list(copied))


def uid_list(uids: Sequence[int]) -> bytes:
    """UIDs in the given order, ascending runs as ranges."""
    parts: list[bytes] = []
    first = last = 0
    for uid in uids:
        if last and uid == last + 1:
            last = uid
            continue
        if last:
            parts.append(_run(first, last))
        first = last = uid
    if last:
        parts.append(_run(first, last))
    return b",".join(parts)


def _run(first: int, last: int) -> bytes:
    return b"%d" % first if first == last else b"%d:%d" % (first, last)


# -- server and mailbox data -----------------------------------------------------------------------------------------


def flags_line(names: Iterable[str]) -> bytes:
    """FLAGS."""
    return b"* FLAGS (%b)\r\n" % " ".join(names).encode("ascii")


def list_line(kind: bytes, entry: ListedMailbox, dialect: Dialect = PLAIN) -> bytes:
    """LIST or LSUB (``kind``), with the extended data of RFC 5258 if there are any."""
    attributes = " ".join(entry.attributes).encode("ascii")
    extended = b" (%b)" % _extended(entry, dialect) if entry.child_info or entry.old_name else b""
    return b"* %b (%b) %b %b%b\r\n" % (kind, attributes, _SEPARATOR, mailbox(entry.name, dialect), extended)


def _extended(entry: ListedMailbox, dialect: Dialect) -> bytes:
    """CHILDINFO, whose criteria are quoted like its name, and OLDNAME (RFC 5258 section 6, RFC 9051 6.3.9.7)."""
    items: list[bytes] = []
    if entry.child_info:
        criteria = [string(word.encode("ascii")) for word in entry.child_info]
        items.append(b'"CHILDINFO" (%b)' % b" ".join(criteria))
    if entry.old_name:
        items.append(b'"OLDNAME" (%b)' % mailbox(entry.old_name, dialect))
    return b" ".join(items)


def separator_line(kind: bytes, root: str, dialect: Dialect = PLAIN) -> bytes:
    """The answer to LIST with an empty pattern: the separator, and the root of the reference (RFC 3501 6.3.8)."""
    return b"* %b (\\Noselect) %b %b\r\n" % (kind, _SEPARATOR, mailbox(root, dialect) if root else b'""')


def status_data_line(name: str, items: Sequence[str], status: MailboxStatus, dialect: Dialect = PLAIN) -> bytes:
    """STATUS, the items in the order in which the client asked for them, each once."""
    pairs = [b"%b %b" % (item.encode("ascii"), _status_value(item, status)) for item in dict.fromkeys(items)]
    return b"* STATUS %b (%b)\r\n" % (mailbox(name, dialect), b" ".join(pairs))


def _status_value(item: str, status: MailboxStatus) -> bytes:
    value: int | str = getattr(status, STATUS_FIELDS[item])
    return b"%d" % value if isinstance(value, int) else b"(%b)" % value.encode("ascii")


def mailboxid_code(object_id: str) -> bytes:
    """MAILBOXID (RFC 8474); nothing for a name that has none."""
    return b"MAILBOXID (%b)" % object_id.encode("ascii") if object_id else b""


def namespace_line(personal: Namespaces, others: Namespaces, shared: Namespaces) -> bytes:
    """NAMESPACE (RFC 2342)."""
    return b"* NAMESPACE %b %b %b\r\n" % (_namespaces(personal), _namespaces(others), _namespaces(shared))


def _namespaces(pairs: Namespaces) -> bytes:
    spaces = [b"(%b %b)" % (string(mailbox_octets(prefix)), string(mark.encode("ascii"))) for prefix, mark in pairs]
    return b"(%b)" % b"".join(spaces) if spaces else b"NIL"


def id_line(fields: Sequence[tuple[str, str | None]]) -> bytes:
    """ID (RFC 2971)."""
    if not fields:
        return b"* ID NIL\r\n"
    words: list[bytes] = []
    for name, value in fields:
        words += (string(name.encode()), nstring(None if value is None else value.encode()))
    return b"* ID (%b)\r\n" % b" ".join(words)


# -- numbers ---------------------------------------------------------------------------------------------------------


def exists_line(count: int) -> bytes:
    """EXISTS."""
    return b"* %d EXISTS\r\n" % count


def recent_line(count: int) -> bytes:
    """RECENT."""
    return b"* %d RECENT\r\n" % count


def expunge_line(seq: int) -> bytes:
    """EXPUNGE."""
    return b"* %d EXPUNGE\r\n" % seq
