"""Other programs read our .mbox: Python's mailbox module (mutt and mailx: tests/system/test_mbox_readers.py)."""

from __future__ import annotations

import mailbox
import pathlib
import re

import pytest

from cgpymail.model import flags
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import HEADER, PLAIN, SHAPES
from tests.support.results import result

# A line "From " after a non-empty line is not quoted (spec 4.5); some readers split a message there.
SPLIT = re.compile(rb"(?<!\n)\nFrom ")


def readable() -> dict[str, bytes]:
    """Shapes that every reader understands in the same way."""
    disk = {name: data.replace(b"\r\n", b"\n") for name, data in SHAPES.items()}
    return {name: SHAPES[name] for name, data in disk.items() if not SPLIT.search(b"\n" + data)}


def on_disk(data: bytes) -> bytes:
    """A message as spec 4.6 has it: quoted if any line calls for it, and then every line of the kind."""
    data = data.replace(b"\r\n", b"\n")
    return re.sub(rb"(?<=\n\n)(>*From)", rb">\1", data) if b"\n\nFrom" in data else data


@pytest.fixture
def box(tmp_path: pathlib.Path):
    """An empty .mbox."""
    box = Box(lambda runtime, path: _tree(runtime, path), "mbox", tmp_path)
    yield box
    box.files.end_process()


def _tree(runtime: Runtime, path: pathlib.Path) -> DiskTree:
    return DiskTree(runtime, str(path))


def read(box: Box) -> list[bytes]:
    """Messages as the module sees them, without our invisible ones."""
    reader = mailbox.mbox(str(box.path / "box.mbox"), create=False)
    found = [(reader.get_message(key), reader.get_bytes(key)) for key in reader.iterkeys()]
    reader.close()
    return [data for message, data in found if "X-CGPY-Attributes" not in message]


def test_python_shows_every_message(box: Box) -> None:
    """After compaction every message is there, unaltered but for the quoting of From."""
    shapes = readable()
    assert len(shapes) > 15
    uids = box.append(PLAIN, *shapes.values(), PLAIN, keywords=("Later",))
    box.set(uids[3], flags.SEEN | flags.FLAGGED)
    box.expunge(uids[0], uids[-1])
    result(box.store.compact())
    result(box.store.close())
    shown = read(box)
    assert len(shown) == len(shapes)
    for name, seen in zip(shapes, shown, strict=True):
        assert seen.rstrip(b"\n") == on_disk(shapes[name]).rstrip(b"\n"), name


def test_expunged_messages_are_not_shown(box: Box) -> None:
    """What was compacted away is in nobody's list."""
    datas = [HEADER + b"number %d\r\n" % number for number in range(9)]
    uids = box.append(*datas)
    box.expunge(*uids[::2])
    result(box.store.compact())
    result(box.store.close())
    assert [data.rstrip(b"\n") for data in read(box)] == [on_disk(data).rstrip(b"\n") for data in datas[1::2]]


def test_envelope_and_date_are_readable(box: Box) -> None:
    """The From-line is one that readers take apart: the module finds the message and its date in it."""
    box.append(PLAIN)
    result(box.store.close())
    reader = mailbox.mbox(str(box.path / "box.mbox"), create=False)
    lines = [message.get_from() for message in reader if "X-CGPY-Attributes" not in message]
    reader.close()
    [line] = lines
    assert line.startswith("<sender@example.org>(")
    assert line.endswith("Sun Sep 13 12:26:40 2020")
