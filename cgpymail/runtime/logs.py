"""The server log: one line per record, marked with the module's tag and the session's number.

Levels as the manual has them (IMAP Module, "Configuring the IMAP module"; seed 004), each including those before it:
1 failures, 2 major (message transfer), 3 problems (non-fatal errors), 4 low-level (protocol), 5 all info (link).
Never a password and never message content: low-level records show commands with their secrets taken out, and never
literals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from twisted.python.failure import Failure

CRASH, MAJOR, PROBLEM, LOW, ALL = range(1, 6)
LEVEL_NAMES = {1: "failures", 2: "major", 3: "problems", 4: "low-level", 5: "all"}
MAX_LINE = 2000


def printable(text: str) -> str:
    """One line of at most MAX_LINE characters without control characters, whatever a client sent."""
    clean = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return clean if len(clean) <= MAX_LINE else clean[:MAX_LINE] + "..."


@dataclass(slots=True)
class Log:
    """The log of one module (``IMAP``) or, with ``numbered``, of one of its sessions (``IMAP-000017``)."""

    emit: Callable[[str], None]
    tag: str
    levels: dict[str, int]
    name: str = ""

    def numbered(self, number: int) -> Log:
        """The same log for one session."""
        return Log(self.emit, self.tag, self.levels, f"{self.tag}-{number:06d}")

    def shows(self, level: int) -> bool:
        """Whether records of that level are kept; ask before building costly ones."""
        return level <= self.levels.get(self.tag, PROBLEM)

    def write(self, level: int, text: str) -> None:
        """One record."""
        if self.shows(level):
            self.emit(f"{level} {self.name or self.tag} {printable(text)}")

    def failure(self, text: str, failure: Failure | None = None) -> str:
        """A bug or a broken disk: the record with its traceback; returns a reference for the client's answer.

        Without ``failure``, the exception that is being handled.
        """
        if failure is None:
            failure = Failure()  # type: ignore[no-untyped-call]
        reference = f"{id(failure) & 0xFFFFFF:06X}"
        self.emit(f"1 {self.name or self.tag} {printable(text)} [ref {reference}]\n{failure.getTraceback()}")
        return reference


@dataclass(slots=True)
class Logs:
    """Where module logs come from; ``levels`` by tag."""

    emit: Callable[[str], None]
    levels: dict[str, int] = field(default_factory=dict)

    def set_levels(self, levels: Mapping[str, int]) -> None:
        """Other levels from now on, for every log that was made here."""
        self.levels.clear()
        self.levels.update(levels)

    def module(self, tag: str) -> Log:
        """The log of a module: IMAP, POP, LMTP, MAILBOX, ACCOUNT, SYSTEM."""
        return Log(self.emit, tag, self.levels)
