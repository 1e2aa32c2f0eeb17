"""What lies in an .mdir, by its file names alone. Blocking, for a worker thread."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cgpymail.model.flags import EXPUNGED
from cgpymail.runtime.files import Files
from cgpymail.stores.mdir.filenames import ASIDE, NEW, NOTE, MessageName, parse, parse_attributes


@dataclass(slots=True)
class Listing:
    """``messages``: file names by UID. ``repeated``: names whose UID another file has too (the first in the order of
    names keeps it). ``gone``: expunged ones; ``left``: temporary names of a former process; ``strays``: what is not
    ours."""

    messages: dict[int, str] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    attributes: list[int] = field(default_factory=list)
    gone: list[tuple[str, MessageName]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


def read_listing(files: Files, path: str) -> Listing:
    """Look through a mailbox's directory. Raises OSError.

    Of each file only its name is kept, and taken apart again when it is wanted: what ten thousand objects leave behind
    in the heap when they go would be more than all columns of the mailbox.
    """
    listing = Listing()
    names: list[str] = []
    for entry in files.entries(path):
        if entry.name in (NOTE, ASIDE):
            continue
        if not entry.is_file(follow_symlinks=False):
            listing.strays.append(entry.name)
        elif entry.name.startswith(NEW):
            listing.left.append(entry.name)
        else:
            names.append(entry.name)
    names.sort()
    for file in names:
        _sort_in(listing, file)
    return listing


def _sort_in(listing: Listing, file: str) -> None:
    name = parse(file)
    if name is None:
        origuid = parse_attributes(file)
        if origuid:
            listing.attributes.append(origuid)
        else:
            listing.strays.append(file)
    elif name.mask & EXPUNGED and file.startswith("."):
        listing.gone.append((file, name))
    elif name.uid in listing.messages:
        listing.repeated.append(file)
    else:
        listing.messages[name.uid] = file


def message_name(file: str) -> MessageName:
    """The facts in a file name that is among the ``messages`` or ``repeated``."""
    name = parse(file)
    assert name is not None, "only names of messages are listed as such"
    return name


def fingerprint(files: Files, path: str) -> bytes:
    """20 octets that change when a file comes, goes or changes its name, whoever did it."""
    names = sorted(entry.name for entry in files.entries(path) if not entry.name.startswith("."))
    digest = hashlib.blake2b("\0".join(names).encode("utf-8", "surrogateescape"), digest_size=16).digest()
    return len(names).to_bytes(4, "big") + digest
