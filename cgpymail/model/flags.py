"""THE flag table (manual, Mailboxes, "Message Flags"; spec sections 2, 4.6, 14.1.1, 14.1.3).

A set of flags is an ``int`` bit mask, so that a column of them is an array. The bits of a mask are the order of the
table, which is also the order of the letters on disk; never reorder it, only append. Flag *names* belong to
messages as clients see them; *marks* (quoted, expunged, invisible) are facts about how a message is stored and
never leave the stores.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flag:
    """One row of the table. ``imap`` and ``negative`` are empty where the manual gives none."""

    name: str
    imap: str
    negative: str
    letter: str
    bit: int


_ROWS = (
    ("Seen", "\\Seen", "Unseen", "S"),
    ("Answered", "\\Answered", "Unanswered", "A"),
    ("Flagged", "\\Flagged", "Unflagged", "F"),
    ("Deleted", "\\Deleted", "Undeleted", "D"),
    ("Draft", "\\Draft", "Undraft", "T"),
    ("Redirected", "$Forwarded", "NotRedirected", "R"),
    ("MDNSent", "$MDNSent", "NoMDNSent", "N"),
    ("Hidden", "", "", "H"),
    ("Service", "", "", "V"),
    ("Media", "$Media", "NotMedia", "M"),
    ("Junk", "Junk", "NotJunk", "J"),
    ("Label1", "$Label1", "NotLabel1", "1"),
    ("Label2", "$Label2", "NotLabel2", "2"),
    ("Label3", "$Label3", "NotLabel3", "3"),
    ("Recent", "\\Recent", "", "E"),
)

FLAGS: tuple[Flag, ...] = tuple(Flag(*row, bit=1 << place) for place, row in enumerate(_ROWS))
BY_NAME: dict[str, Flag] = {flag.name: flag for flag in FLAGS}

SEEN, ANSWERED, FLAGGED, DELETED, DRAFT, REDIRECTED, MDN_SENT, HIDDEN, SERVICE = (flag.bit for flag in FLAGS[:9])
RECENT = BY_NAME["Recent"].bit

# Storage marks: letters in a From-line comment or file name that are not flags of the message.
QUOTED = 1 << 16  # Q: lines beginning with From were quoted by us and are unquoted on reading
EXPUNGED = 1 << 17  # X: removed; the bytes wait for compaction
INVISIBLE = 1 << 18  # I: carries attributes of the mailbox or of another message
MARKS: dict[str, int] = {"Q": QUOTED, "X": EXPUNGED, "I": INVISIBLE}

ALL_FLAGS = sum(flag.bit for flag in FLAGS)
# What IMAP clients can see and set: everything with an IMAP name but \Recent, which is a UID high-water mark.
IMAP_FLAGS = sum(flag.bit for flag in FLAGS if flag.imap) & ~RECENT

_BY_IMAP = {flag.imap.lower(): flag.bit for flag in FLAGS if flag.imap and flag.bit != RECENT}
_IMAP_ORDER = tuple((flag.bit, flag.imap) for flag in FLAGS if flag.imap and flag.bit != RECENT)
_LETTER_ORDER = tuple((flag.bit, flag.letter) for flag in FLAGS if flag.bit != RECENT) + tuple(
    (bit, letter) for letter, bit in MARKS.items()
)
_ALL_LETTERS = {flag.letter: flag.bit for flag in FLAGS} | MARKS


def from_imap(name: str) -> int:
    """The bit of a flag by its IMAP name, case ignored; 0 when it is not built in (then it is a keyword)."""
    return _BY_IMAP.get(name.lower(), 0)


def to_imap(mask: int) -> list[str]:
    """The IMAP names of the flags in ``mask``, in table order; flags without one and ``\\Recent`` are left out."""
    return [name for bit, name in _IMAP_ORDER if mask & bit]


def to_letters(mask: int) -> str:
    """The letters on disk of flags and marks in ``mask``, in the fixed order of spec 14.1.1; E is never written."""
    return "".join(letter for bit, letter in _LETTER_ORDER if mask & bit)


def from_letters(letters: Iterable[str]) -> tuple[int, str]:
    """Mask of the known letters and, in order, the unknown ones (kept on rewrite); ``_`` is padding."""
    mask, unknown = 0, ""
    for letter in letters:
        bit = _ALL_LETTERS.get(letter, 0)
        if bit:
            mask |= bit
        elif letter != "_":
            unknown += letter
    return mask, unknown


def by_name(name: str) -> tuple[int, bool]:
    """Bit and whether it is to be set, for a flag name or negative name (``Unseen`` gives Seen, False).

    Raises KeyError for a name that the table does not have. ``Read``/``Unread`` are synonyms of Seen.
    """
    return _NAMED[name.lower()]


_NAMED: dict[str, tuple[int, bool]] = {flag.name.lower(): (flag.bit, True) for flag in FLAGS}
_NAMED.update({flag.negative.lower(): (flag.bit, False) for flag in FLAGS if flag.negative})
_NAMED.update({"read": (SEEN, True), "unread": (SEEN, False)})
