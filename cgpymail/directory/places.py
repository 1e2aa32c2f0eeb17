"""Where the files of an account lie, by its kind (spec sections 1.2, 11.1); everything here follows from names.

A multi-mailbox account is the directory ``name.macnt``. A single-mailbox account has no directory of its own: its INBOX
is the mail file ``name.mbox`` or ``name.mdir`` in the directory of the domain, or in a folder ``*.sub`` below it, and
beside it lie ``name.settings``, ``name.info``, ``name.prefs`` (the manual names no place for the preferences of such an
account), and what the stores put beside a mail file. ``name.settings`` is what makes the account exist.

In a directory that many accounts share, a file belongs to exactly one of them: the account's name ends where one of
these endings begins, and no account's name ends with one of the endings that hold data (naming.py). So ``mary.x.mbox``
is of ``mary.x``, whatever ``mary`` has. Half-done files bear a leading dot and, but for those of an ``.mdir`` that is
being made, one more ending.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cgpymail.model.companions import ENDINGS

MULTI = ".macnt"
FOLDER = ".sub"
SETTINGS, PREFERENCES, INFO, ANNOTATIONS = ".settings", ".prefs", ".info", ".annotations"
DATA = (SETTINGS, PREFERENCES, INFO, ANNOTATIONS)
MAIL_FILES = (".mbox", ".mdir")
GRAVE = ".deleted-"  # what is on its way out; goes when the name is used again, if a crash left it
MOVING = ".moved-"  # the settings of a single-mailbox account while its other files get their new names


@dataclass(frozen=True, slots=True)
class AccountPlace:
    """Where one account lies. ``folder``: the directory of its domain, or one of the ``.sub`` folders below it."""

    folder: str
    name: str
    single: bool

    @property
    def root(self) -> str:
        """For the tree: the account's directory, or for ``single`` the path of its files without their endings."""
        return f"{self.folder}/{self.name}{'' if self.single else MULTI}"

    @property
    def proof(self) -> str:
        """The path that makes the account exist."""
        return self.root + SETTINGS if self.single else self.root

    def file(self, ending: str) -> str:
        """One of its files: SETTINGS, PREFERENCES, INFO or ANNOTATIONS."""
        return self.root + ending if self.single else f"{self.root}/account{ending}"

    def renamed(self, name: str, folder: str) -> AccountPlace:
        """An account of the same kind elsewhere."""
        return AccountPlace(folder, name, self.single)

    @staticmethod
    def of(proof: str) -> AccountPlace:
        """The account that this path makes exist."""
        folder, _, file = proof.rpartition("/")
        name, _, ending = file.rpartition(".")
        return AccountPlace(folder, name, "." + ending == SETTINGS)


class Belonging:
    """Which files of a shared directory are those of the single-mailbox account ``name``."""

    def __init__(self, name: str) -> None:
        escaped = re.escape(name)
        mail = "|".join(map(re.escape, MAIL_FILES))
        data = rf"{escaped}(?:{'|'.join(map(re.escape, DATA))}|{mail}|{ENDINGS})"
        self._whole = re.compile(rf"(){data}(?:\.damaged-[0-9]+)?")
        self._half_done = re.compile(rf"(\.){data}\.(?:new|damaged|aside-[0-9]+)|(\.new-){escaped}(?:{mail})")
        self._length = len(name)

    def __contains__(self, file: str) -> bool:
        return self._match(file) is not None

    def buried(self, file: str) -> bool:
        """Whether it is one of them that was on its way out."""
        return file.startswith(GRAVE) and file.removeprefix(GRAVE) in self

    def renamed(self, file: str, name: str) -> str:
        """What one of them is called when the account is called ``name``."""
        found = self._match(file)
        if found is None:
            return file
        before: str = found[found.lastindex or 1]
        return before + name + file[len(before) + self._length :]

    def _match(self, file: str) -> re.Match[str] | None:
        return self._whole.fullmatch(file) or self._half_done.fullmatch(file)
