"""Answers to searches (RFC 3501 7.2.5, RFC 4731 3.1, RFC 5256 section 4): whole lines with CRLF, each built at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cgpymail.grammar.imap.responses import uid_list
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.writing import string
from cgpymail.model.threads import Node


def search_line(numbers: Sequence[int], modseq: int = 0) -> bytes:
    """SEARCH; an empty answer has no space at its end. ``modseq``: the highest of these messages, 0 if not asked for
    (RFC 7162 3.1.6)."""
    return _numbered(b"* SEARCH", numbers, modseq)


def _numbered(start: bytes, numbers: Sequence[int], modseq: int) -> bytes:
    end = b" (MODSEQ %d)\r\n" % modseq if modseq else b"\r\n"
    return start + "".join([f" {number}" for number in numbers]).encode("ascii") + end


def sort_line(numbers: Sequence[int], modseq: int = 0) -> bytes:
    """SORT, in the order of the answer; ``modseq`` as for SEARCH."""
    return _numbered(b"* SORT", numbers, modseq)


def esearch_line(tag: bytes, returns: Returns, numbers: Sequence[int], *, uid: bool, modseq: int = 0) -> bytes:
    """ESEARCH for the command ``tag``: what ``returns`` asks of ``numbers``, in their order.

    MIN is the first of them and MAX the last, also where SORT gave them their order (RFC 5267 section 3), which ALL
    keeps. When there are none, MIN, MAX and ALL are not said (RFC 4731 3.1).
    ``modseq``: the highest of what is told, 0 if not asked for (RFC 4731 3.2).
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
    if returns.partial is not None:
        words.append(b"PARTIAL (%b %b)" % (bytes(returns.partial), uid_list(returns.partial.of(numbers)) or b"NIL"))
    if returns.all and numbers:
        words.append(b"ALL " + uid_list(numbers))
    if modseq:
        words.append(b"MODSEQ %d" % modseq)
    return b" ".join(words) + b"\r\n"


def thread_line(pieces: Iterable[str]) -> bytes:
    """THREAD, from the pieces of its threads."""
    text = "".join(pieces).encode("ascii")
    return b"* THREAD %b\r\n" % text if text else b"* THREAD\r\n"


def thread_pieces(roots: Sequence[Node], numbers: Mapping[int, int] | None = None) -> Iterator[str]:
    """The threads in their parentheses, as deep as they may be, piece by piece: there may be very many. ``numbers``:
    the sequence numbers of the UIDs, if those are to be told."""
    rest: list[Node | str] = list(reversed(roots))
    while rest:
        node = rest.pop()
        if isinstance(node, str):
            yield node
            continue
        line = [node.uid] if node.uid else []
        while len(node.children) == 1:
            node = node.children[0]
            line.append(node.uid)
        space = " " if line and node.children else ""
        yield "(" + " ".join([str(numbers[uid] if numbers is not None else uid) for uid in line]) + space
        rest.append(")")
        rest.extend(reversed(node.children))
