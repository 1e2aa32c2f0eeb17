"""Access right letters (manual, Mailboxes, "Mailbox Access Rights"; spec section 3.1) as a bit mask."""

from __future__ import annotations

LETTERS = "lrswipcda"  # RFC 2086 order, the one used in account.info (spec section 11.1.4)

LOOKUP, READ, SEEN, WRITE, INSERT, POST, CREATE, DELETE, ADMIN = (1 << place for place in range(9))
ALL = (1 << 9) - 1
NONE = 0

_BITS = {letter: 1 << place for place, letter in enumerate(LETTERS)}


def parse(letters: str) -> int:
    """Mask of the known letters; unknown ones are ignored."""
    mask = 0
    for letter in letters:
        mask |= _BITS.get(letter, 0)
    return mask


def show(mask: int) -> str:
    """The letters of ``mask`` in RFC 2086 order."""
    return "".join(letter for letter in LETTERS if mask & _BITS[letter])
