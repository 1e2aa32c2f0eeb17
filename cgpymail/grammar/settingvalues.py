"""The types of values in settings files (spec section 11.2) that Python has no type for, and the one error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cgpymail.errors import BadSettings

MAX_DEPTH = 64
MAX_SIZE = 64 * 1024 * 1024  # octets of one file
MAX_NUMBER = 2**63 - 1


class SettingsError(BadSettings):
    """Text that is not in the settings syntax, or a value that has no form in it; ``line`` and ``column`` from 1."""

    def __init__(self, problem: str, line: int = 0, column: int = 0) -> None:
        self.problem = problem
        self.line = line
        self.column = column
        super().__init__(detail=f"line {line}, column {column}: {problem}" if line else problem)


class Null:
    """The type of NULL: a value that is there and empty, unlike None, which stands for no value."""

    def __repr__(self) -> str:
        return "NULL"


NULL: Final = Null()


@dataclass(frozen=True, slots=True)
class Address:
    """``#I[host]:port``; port 0 = none given."""

    host: str
    port: int = 0


@dataclass(frozen=True, slots=True)
class Xml:
    """One XML element as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Data of a kind that we do not know, as it was written, ``#`` included."""

    text: str


Value = Any  # str | int | datetime | bytes | Null | Address | Xml | Unknown | list[Value] | dict[str, Value]
