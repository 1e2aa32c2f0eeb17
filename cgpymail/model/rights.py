"""Access right letters (manual, Mailboxes, "Mailbox Access Rights"; spec section 3.1) as a bit mask."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LETTERS = "lrswipcda"  # RFC 2086 order, the one used in account.info (spec section 11.1.4)

LOOKUP, READ, SEEN, WRITE, INSERT, POST, CREATE, DELETE, ADMIN = (1 << place for place in range(9))
ALL = (1 << 9) - 1
NONE = 0

# Rights on an account itself have names (spec section 3.5.1); this one is the only that means something here.
CREATE_MAILBOXES = "CreateMailboxes"

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


class Change(Enum):
    """What is to be done with the rights of one element (RFC 4314 3.1): the sign before the letters."""

    REPLACE = ""
    ADD = "+"
    REMOVE = "-"


@dataclass(frozen=True, slots=True)
class RightsChange:
    """A mask, and what is to be done with it."""

    kind: Change
    mask: int

    def of(self, held: int) -> int:
        """What becomes of these rights."""
        if self.kind is Change.REPLACE:
            return self.mask
        return held | self.mask if self.kind is Change.ADD else held & ~self.mask


@dataclass(frozen=True, slots=True)
class Held:
    """What a user may do with a mailbox. ``deletes``: also remove it, for which rights on it alone are not enough
    (spec 14.2.1)."""

    mask: int
    deletes: bool


class Grantable(Enum):
    """Which rights an access list can give to an identifier (RFC 4314 3.7; spec 14.2.6, 14.2.7)."""

    EACH = "each, or none"
    ALWAYS = "all, whatever the list says"  # the owner's
    NEVER = "none"  # what takes from the owner
