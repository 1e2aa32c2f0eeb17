"""Invisible messages in a .mbox: the mailbox note, and the keywords of messages (spec sections 4.10, 14.1.3, 14.1.4).

Ordinary messages with the letter I, UID 0 and as ORIGUID the message they belong to (0: the mailbox), header only; the
dictionary is in the field X-CGPY-Attributes. Other programs show them, so they say what they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.model.flags import INVISIBLE
from cgpymail.stores.attributes import NOTE_WIDTH, read_keywords, read_note, write_keywords, write_note
from cgpymail.stores.mailfile import Attributes, Note
from cgpymail.stores.mbox import fromline

FIELD = b"X-CGPY-Attributes: "
_SUBJECT = b"Subject: attributes of this mailbox and its messages, do not delete\n"
MAX_CONTENT = 64 * 1024  # octets of an invisible message that are looked at


def note_message(note: Note, date: int) -> tuple[bytes, int]:
    """The note as it goes into the file, and where in it the dictionary begins."""
    message = _message(0, date, write_note(note))
    return message, message.index(FIELD) + len(FIELD)


def keywords_message(origuid: int, names: Sequence[str], date: int) -> bytes:
    """The keywords of a message as they go into the file."""
    return _message(origuid, date, write_keywords(names))


def _message(origuid: int, date: int, dictionary: bytes) -> bytes:
    return fromline.write(0, origuid, INVISIBLE, date) + _SUBJECT + FIELD + dictionary + b"\n\n\n"


def read(origuid: int, content: bytes) -> tuple[Note | Attributes | None, int]:
    """What an invisible message says, and where in ``content`` its dictionary begins; None if it makes no sense."""
    start = content.find(FIELD)
    if start < 0 or (start > 0 and content[start - 1 : start] != b"\n"):
        return None, 0
    start += len(FIELD)
    dictionary = content[start:].partition(b"\n\n")[0].replace(b"\n ", b" ").replace(b"\n\t", b" ")
    if origuid == 0:
        return read_note(dictionary[:NOTE_WIDTH]), start
    names = read_keywords(dictionary)
    return None if names is None else Attributes(origuid, names), start
