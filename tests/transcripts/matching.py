"""Patterns of expected lines: wildcards, words in any order, and variables bound on first sight."""

from __future__ import annotations

import re

_PIECE = re.compile(r"\.\.\.|\$[a-z][a-z0-9]*|\{[^{}]*\}")
_WORD = r'[^\s()\[\]"]+'


class Variables(dict[str, str]):
    """What the transcript has learnt so far."""

    def fill(self, text: str) -> str:
        """``text`` with every known ``$name`` replaced."""
        return re.sub(r"\$([a-z][a-z0-9]*)", lambda found: self.get(found[1], found[0]), text)

    def match(self, pattern: str, line: str) -> bool:
        """Whether ``line`` is as ``pattern`` says; new variables are bound if it is."""
        found = re.fullmatch(self._expression(pattern), line, re.DOTALL)
        if found is None:
            return False
        groups = found.groupdict()
        for name, text in groups.items():
            if name.startswith("list_"):
                wanted = self.fill(_lists(pattern)[int(name[5:])])
                if sorted(text.split()) != sorted(wanted.split()):
                    return False
        self.update({name[4:]: text for name, text in groups.items() if name.startswith("var_")})
        return True

    def _expression(self, pattern: str) -> str:
        out, place, lists = "", 0, 0
        bound: set[str] = set()
        for piece in _PIECE.finditer(pattern):
            out += re.escape(pattern[place : piece.start()])
            place = piece.end()
            word = piece[0]
            if word == "...":
                out += ".*"
            elif word.startswith("{"):
                out += rf"\((?P<list_{lists}>[^()]*)\)"
                lists += 1
            elif word[1:] in self:
                out += re.escape(self[word[1:]])
            elif word in bound:
                out += f"(?P=var_{word[1:]})"
            else:
                out += f"(?P<var_{word[1:]}>{_WORD})"
                bound.add(word)
        return out + re.escape(pattern[place:])


def _lists(pattern: str) -> list[str]:
    return [piece[0][1:-1] for piece in _PIECE.finditer(pattern) if piece[0].startswith("{")]
