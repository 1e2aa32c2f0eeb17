"""The base subject of a message (RFC 5256 2.1): what is left of a Subject without the marks of replies and forwards.

The steps of the RFC are taken with two cursors that only move towards each other, so that the cost is linear in the
length of the subject, whatever is piled up in it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BLANKS = re.compile(r"[ \t\r\n]+")
_BLOB = r"\[[^\[\]]*+\] *+"
_BLOBS = re.compile(rf"(?:{_BLOB})++")
_MARK = re.compile(rf"(?:re|fwd?) *+(?:{_BLOB})?+:", re.IGNORECASE | re.ASCII)  # subj-refwd
_TRAILER = "(fwd)"
_FORWARD = "[fwd:"


class BaseSubject(NamedTuple):
    """``text``: as written. ``reply``: whether the mark of a reply or a forward was taken off."""

    text: str
    reply: bool


def base_subject(subject: str) -> BaseSubject:
    """Of a Subject that is unfolded and decoded already."""
    text = _BLANKS.sub(" ", subject)
    start, end, reply = 0, len(text), False
    while True:
        end, marked = _without_trailers(text, start, end)
        reply = reply or marked
        start, marked = _without_leaders(text, start, end)
        reply = reply or marked
        if not (text[start : start + len(_FORWARD)].lower() == _FORWARD and text.endswith("]", start, end)):
            return BaseSubject(text[start:end], reply)
        start, end, reply = start + len(_FORWARD), end - 1, True


def _without_trailers(text: str, start: int, end: int) -> tuple[int, bool]:
    """The new end (step 2), and whether there was a mark."""
    marked = False
    while True:
        while end > start and text[end - 1] == " ":
            end -= 1
        first = end - len(_TRAILER)
        if first < start or text[first:end].lower() != _TRAILER:
            return end, marked
        end, marked = first, True


def _without_leaders(text: str, start: int, end: int) -> tuple[int, bool]:
    """The new start (steps 3 to 5), and whether there was a mark.

    What stands in brackets goes with the mark behind it, or alone as long as something else is left.
    """
    marked = False
    while True:
        while start < end and text[start] == " ":
            start += 1
        blobs = _BLOBS.match(text, start, end)
        after = blobs.end() if blobs else start
        mark = _MARK.match(text, after, end)
        if mark is None:
            return (after if after < end else _last_blob(text, start, end)), marked
        start, marked = mark.end(), True


def _last_blob(text: str, start: int, end: int) -> int:
    """Where the last of several brackets begins that are all there is; ``start`` if there are none."""
    return max(start, text.rfind("[", start, end))
