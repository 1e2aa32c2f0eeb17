"""Messages of one conversation: what THREAD gives (RFC 5256)."""

from __future__ import annotations

from enum import Enum


class ThreadBy(Enum):
    """How threads are found; the value is the name on the wire."""

    ORDEREDSUBJECT = "ORDEREDSUBJECT"
    REFERENCES = "REFERENCES"
    REFS = "REFS"


class Node:
    """A message by its UID, and the answers to it. 0: one that is not there, with several answers; only at the top."""

    __slots__ = ("children", "uid")

    def __init__(self, uid: int) -> None:
        self.uid = uid
        self.children: list[Node] = []
