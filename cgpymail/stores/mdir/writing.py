"""New messages of an .mdir: written under a temporary name, synced, renamed; linked where the bytes are there already.

When one content goes to several mailboxes, the first writes a file and leaves word of it at the content, and the others
make hard links (spec 5.6). A link can fail for many reasons (other device, too many links, renamed meanwhile): then the
bytes are written again. Blocking, for a worker thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from cgpymail.interfaces import IContent
from cgpymail.runtime.files import Files
from cgpymail.runtime.spool import MemoryContent, SharedFile, SpooledContent
from cgpymail.stores.mailfile import AS_IS, Location, Outgoing, Stored
from cgpymail.stores.mdir.filenames import NEW, MessageName
from cgpymail.stores.wireform import Meter, plain_form


def facts(stored: Stored) -> MessageName:
    """The name that a message of ours has by its facts."""
    location = stored.location
    return MessageName(stored.uid, location.origuid, location.disk & (AS_IS - 1), stored.date, location.lines)


def identify(files: Files, path: str) -> tuple[int, int, int, int]:
    """What tells a file from another one that got its name or its inode. Raises OSError."""
    status = files.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(slots=True)
class _New:
    """A message that is not synced: where it lies, under which name it will, and what it was made from."""

    fd: int
    path: str
    name: str
    content: IContent


class Writing:
    """The unsynced messages of one mailbox."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._new: list[_New] = []

    def write(self, directory: str, batch: Sequence[Outgoing]) -> list[Stored]:
        """Write them all; on an error takes them all back and raises OSError."""
        before = len(self._new)
        try:
            return [self._write(directory, outgoing) for outgoing in batch]
        except BaseException:
            self._drop(before)
            raise

    def _write(self, directory: str, outgoing: Outgoing) -> Stored:
        path = f"{directory}/{NEW}{outgoing.uid}"
        shared = self._link(outgoing.content, path)
        new = _New(self._files.open_read(path) if shared else self._files.create(path), path, "", outgoing.content)
        self._new.append(new)
        if shared is None:
            shared = self._fill(new)
        name = MessageName(outgoing.uid, outgoing.uid, outgoing.flags, outgoing.date, shared.lines)
        new.name = f"{directory}/{name}"
        length = shared.identity[2]
        location = Location(0, 0, length, shared.header, shared.lines, name.stamp, outgoing.flags, outgoing.uid)
        return Stored(outgoing.uid, outgoing.date, length + shared.lines, location)

    def _link(self, content: IContent, path: str) -> SharedFile | None:
        """Twice, because the file may get its final name between look and link."""
        for _ in range(2):
            shared = cast(SharedFile | None, getattr(content, "shared_file", None))
            if shared is None:
                return None
            try:
                self._files.link(shared.path, path)
            except OSError:
                continue
            if identify(self._files, path) == shared.identity:
                return shared
            self._files.unlink(path)
        return None

    def _fill(self, new: _New) -> SharedFile:
        meter = Meter()
        for piece in plain_form(new.content, meter):
            self._files.pwrite(new.fd, piece, meter.length - len(piece))
        shared = SharedFile(new.path, identify(self._files, new.path), meter.lines, meter.header())
        _leave_word(new.content, shared)
        return shared

    def sync(self, directory: str) -> None:
        """On disk, under their names. Raises OSError; ``undo`` takes back what there is then."""
        for new in self._new:
            self._files.sync(new.fd)
        for new in self._new:
            self._files.rename(new.path, new.name)
            new.path = new.name
        self._files.sync_directory(directory)  # also of names that a killed process gave
        for new in self._new:
            self._files.close(new.fd)
            shared = getattr(new.content, "shared_file", None)
            if shared is not None and shared.path.startswith(f"{directory}/{NEW}"):
                _leave_word(new.content, replace(shared, path=new.path))
        self._new.clear()

    def undo(self) -> None:
        """Unlink what is not synced."""
        self._drop(0)

    def _drop(self, start: int) -> None:
        dropped, self._new[start:] = self._new[start:], []
        for new in dropped:
            self._files.close(new.fd)
            with contextlib.suppress(OSError):
                self._files.unlink(new.path)
            _leave_word(new.content, None)


def _leave_word(content: IContent, shared: SharedFile | None) -> None:
    if isinstance(content, MemoryContent | SpooledContent):
        content.shared_file = shared
