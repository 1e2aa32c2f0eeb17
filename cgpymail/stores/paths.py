"""How mailbox names become file names, and back. The only place that does (architecture, section 7).

A component of a name is one file name in modified UTF-7 (spec 14.1.11); a directory entity ``a`` is the directory
``a.folder`` beside ``a.mbox`` or ``a.mdir`` (spec 14.1.9). Beside the mail file lie its snapshot ``a.bdx`` and its
journals ``a.log.<generation>`` (model/companions.py). Names with a leading dot are ours and half-done: nobody takes
them for mailboxes.
"""

from __future__ import annotations

from dataclasses import dataclass

from cgpymail.errors import IllegalName
from cgpymail.model import names

FOLDER = ".folder"
DOOMED = ".deleted-"  # a mailbox on its way out: whatever bears this prefix may be removed at any time


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name lives: ``directory`` holds its files, ``stem`` is what their names begin with."""

    directory: str
    stem: str

    def file(self, extension: str) -> str:
        """Path of the mail file in the format of that extension."""
        return f"{self.directory}/{self.stem}.{extension}"

    @property
    def folder(self) -> str:
        """Path of the directory entity."""
        return f"{self.directory}/{self.stem}{FOLDER}"


def place(root: str, name: str) -> Place:
    """Where ``name`` lives under ``root``; never outside of it. Raises IllegalName for what cannot be a name."""
    names.check_new(name)
    *above, last = (names.encode(component).decode("ascii") for component in name.split(names.SEPARATOR))
    return Place("/".join([root, *(part + FOLDER for part in above)]), last)


def component(stem: str, above: str) -> str:
    """The mailbox name of a stem found in the directory of ``above`` (empty: the account's own directory).

    Raises IllegalName for a file name that no mailbox of ours has: not decodable, not canonical, not permitted.
    """
    try:
        text = names.decode(stem.encode("ascii"))
    except UnicodeError as problem:
        raise IllegalName("The file name is not modified UTF-7") from problem
    name = above + names.SEPARATOR + text if above else text
    names.check_new(name)
    if names.canonical(name) != name or names.SEPARATOR in text:
        raise IllegalName("The file name is not how this mailbox would be spelled")
    return name
