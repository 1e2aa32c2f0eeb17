"""Patterns of LIST and LSUB (RFC 3501 6.3.8): ``*`` matches anything, ``%`` anything but the separator.

A pattern comes from the client and is matched against every name of an account, so the time per name must be bounded
whatever the pattern says. No backtracking: the set of pattern positions that are still possible is one int, a bit
each, and every character of the name moves all of them at once (a bit-parallel automaton). Patterns of the usual
shapes, literal text and one wildcard at the end, do not need even that.
"""

from __future__ import annotations

from cgpymail.model.names import INBOX, SEPARATOR, canonical, inbox_start

ANYTHING, LEVEL = "*", "%"


class Pattern:
    """One pattern, compiled. Matching is exact but for the name INBOX, which matches in any case."""

    __slots__ = ("_anything", "_final", "_head", "_level", "_literal", "_places", "_tail", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._head = text.partition(ANYTHING)[0].partition(LEVEL)[0]
        tokens = _tokens(text)
        self._final = 1 << len(tokens)
        self._anything = sum(1 << place for place, token in enumerate(tokens) if token == ANYTHING)
        self._level = sum(1 << place for place, token in enumerate(tokens) if token == LEVEL)
        self._places: dict[str, int] = {}
        for place, token in enumerate(tokens):
            if token not in (ANYTHING, LEVEL):
                self._places[token] = self._places.get(token, 0) | 1 << place
        # The usual shape: text without wildcards, then at most one wildcard.
        usual = not (self._anything | self._level) & (self._final - 1 >> 1)
        self._literal = text.rstrip(ANYTHING + LEVEL) if usual else None
        self._tail = tokens[-1] if self.wild and usual else ""

    @property
    def wild(self) -> bool:
        """Whether there is a wildcard in it."""
        return bool(self._anything | self._level)

    @property
    def shows_levels(self) -> bool:
        """Whether it ends in ``%``: then levels above a name are listed even when they are no names themselves."""
        return self.text.endswith(LEVEL)

    @property
    def top(self) -> str:
        """Everything that matches is this name or lies below it; empty if that says nothing."""
        return canonical(self._head.rpartition(SEPARATOR)[0] if self.wild else self.text)

    def can_start(self, name: str) -> bool:
        """Whether ``name``, or something below it, could match by what stands before the first wildcard."""
        head = self._head
        return name.startswith(head) or (head.startswith(name) and head[len(name)] == SEPARATOR)

    def matches(self, name: str) -> bool:
        """Whether the whole name fits. INBOX, here or in another account, is compared without regard to case."""
        start = inbox_start(name)
        end = start + len(INBOX)
        folded = name.startswith(INBOX, start) and name[end : end + 1] in ("", SEPARATOR)
        if self._literal is not None and (not folded or name.startswith(self._literal[start:end], start)):
            return self._matches_simple(name, self._literal)
        return self._run(name, range(start, end if folded else start))

    def _matches_simple(self, name: str, literal: str) -> bool:
        if not self._tail:
            return name == literal
        return name.startswith(literal) and (self._tail == ANYTHING or SEPARATOR not in name[len(literal) :])

    def _run(self, name: str, folded: range) -> bool:
        wild = self._anything | self._level
        states = self._skip(1, wild)
        for place, char in enumerate(name):
            stay = states & (self._anything if char == SEPARATOR else wild)
            fits = self._places.get(char, 0)
            if place in folded:
                fits |= self._places.get(char.lower(), 0)
            states = self._skip((states & fits) << 1 | stay, wild)
            if not states:
                return False
        return bool(states & self._final)

    @staticmethod
    def _skip(states: int, wild: int) -> int:
        """A wildcard may match nothing; two never stand side by side, so one step is enough."""
        return states | (states & wild) << 1


def _tokens(text: str) -> list[str]:
    """The characters, with each run of wildcards made one: a run is ``*`` if it has one, else ``%``."""
    tokens: list[str] = []
    for char in text:
        last = tokens[-1] if tokens else ""
        if char in (ANYTHING, LEVEL) and last in (ANYTHING, LEVEL):
            tokens[-1] = ANYTHING if ANYTHING in (char, last) else LEVEL
        else:
            tokens.append(char)
    return tokens
