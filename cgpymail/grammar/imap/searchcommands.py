"""SEARCH as a value, and what its answer is to say (RFC 3501 6.4.4, RFC 4731).

Texts in the search program are decoded from the client's charset already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cgpymail.grammar.imap.commands import Command
from cgpymail.model.search import SearchKey


@dataclass(frozen=True, slots=True)
class Returns:
    """The result options of a search (RFC 4731 3.1). ``RETURN ()`` is ``all``."""

    min: bool = False
    max: bool = False
    all: bool = False
    count: bool = False


@dataclass(frozen=True, slots=True)
class Search(Command):
    """SEARCH and UID SEARCH; ``returns``: None for an answer as RFC 3501 has it."""

    name: ClassVar[str] = "SEARCH"

    key: SearchKey
    uid: bool
    returns: Returns | None = None
