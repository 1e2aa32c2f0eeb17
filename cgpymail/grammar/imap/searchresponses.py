"""What searches are answered with (RFC 3501 7.2.5, RFC 4731 3.1): whole lines with CRLF, each built at once."""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.grammar.imap.responses import uid_list
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.writing import string


def search_line(numbers: Sequence[int]) -> bytes:
    """SEARCH; an empty answer has no space at its end."""
    return b"* SEARCH" + "".join([f" {number}" for number in numbers]).encode("ascii") + b"\r\n"


def esearch_line(tag: bytes, returns: Returns, numbers: Sequence[int], *, uid: bool) -> bytes:
    """ESEARCH for the command ``tag``: what ``returns`` asks of ``numbers``, in their order.

    MIN is the first of them, MAX the last. When there are none, MIN, MAX and ALL are not said (RFC 4731 3.1).
    """
    words = [b"* ESEARCH (TAG %b)" % string(tag)]
    if uid:
        words.append(b"UID")
    if returns.min and numbers:
        words.append(b"MIN %d" % numbers[0])
    if returns.max and numbers:
        words.append(b"MAX %d" % numbers[-1])
    if returns.count:
        words.append(b"COUNT %d" % len(numbers))
    if returns.all and numbers:
        words.append(b"ALL " + uid_list(numbers))
    return b" ".join(words) + b"\r\n"
