"""Message attributes and the mailbox note, as the dictionaries that lie in every format (spec 14.1.3, 14.1.4).

``{Keywords=(Later,"$work");}`` belongs to one message, ``{UIDValidity=0000000077;UIDNext=0000000005;}`` to the mailbox.
The note has a fixed width, so that it can be written over in place.
"""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.grammar import settings
from cgpymail.model.keywords import MAX_KEYWORDS
from cgpymail.stores.mailfile import Note

KEYWORDS = "Keywords"
UIDVALIDITY = "UIDValidity"
UIDNEXT = "UIDNext"
NOTE_WIDTH = len(b"{UIDValidity=0000000077;UIDNext=0000000005;}")
MAX_UID = (1 << 32) - 1


def write_keywords(names: Sequence[str]) -> bytes:
    """The attribute dictionary of a message."""
    return settings.write({KEYWORDS: list(names)})


def read_keywords(data: bytes) -> tuple[str, ...] | None:
    """The keywords of a message, None if ``data`` is not an attribute dictionary. At most 64."""
    names = _dictionary(data).get(KEYWORDS)
    if not isinstance(names, list):
        return None
    return tuple(name for name in names if isinstance(name, str) and name)[:MAX_KEYWORDS]


def write_note(note: Note) -> bytes:
    """The mailbox note, NOTE_WIDTH octets."""
    return b"{%s=%010d;%s=%010d;}" % (UIDVALIDITY.encode(), note.uidvalidity, UIDNEXT.encode(), note.uidnext)


def read_note(data: bytes) -> Note | None:
    """The mailbox note, None if ``data`` is not one that makes sense."""
    found = _dictionary(data)
    numbers = [_number(found.get(key)) for key in (UIDVALIDITY, UIDNEXT)]
    return Note(numbers[0], numbers[1]) if 0 not in numbers else None


def _number(value: settings.Value) -> int:
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or len(value) > 10:
        return 0
    number = int(value)
    return number if number <= MAX_UID else 0


def _dictionary(data: bytes) -> dict[str, settings.Value]:
    try:
        found = settings.read(data)
    except settings.SettingsError:
        return {}
    return found if isinstance(found, dict) else {}
