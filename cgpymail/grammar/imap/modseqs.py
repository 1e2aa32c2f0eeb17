"""What RFC 7162 adds to responses: MODSEQ, HIGHESTMODSEQ, MODIFIED, VANISHED; finished bytes."""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.grammar.imap.responses import uid_list
from cgpymail.model.uidset import UidSet

RANGES = 400  # in one VANISHED line: some eight thousand octets at most


def modseq_item(modseq: int) -> bytes:
    """MODSEQ of a FETCH response."""
    return b"MODSEQ (%d)" % modseq


def highest_code(modseq: int) -> bytes:
    """HIGHESTMODSEQ as a response code."""
    return b"HIGHESTMODSEQ %d" % modseq


def highest_line(modseq: int, words: bytes) -> bytes:
    """HIGHESTMODSEQ in an untagged OK."""
    return b"* OK [HIGHESTMODSEQ %d] %b\r\n" % (modseq, words)


def modified_code(numbers: Sequence[int]) -> bytes:
    """MODIFIED: the messages, by number or UID, that a conditional STORE did not change."""
    return b"MODIFIED " + uid_list(numbers)


def vanished_lines(uids: UidSet, *, earlier: bool) -> bytes:
    """VANISHED, in as many lines as it takes; ``earlier``: the numbering does not change by it."""
    mark = b"* VANISHED (EARLIER) " if earlier else b"* VANISHED "
    parts = [UidSet(uids.ranges[start : start + RANGES]) for start in range(0, len(uids.ranges), RANGES)]
    return b"".join([b"%b%b\r\n" % (mark, bytes(part)) for part in parts])
