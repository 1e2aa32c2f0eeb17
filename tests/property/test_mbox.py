"""The .mbox format under whatever mail there is, and whatever somebody made of its file."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from cgpymail.errors import MailError
from cgpymail.model import flags
from cgpymail.model.mailbox import MailboxHints
from cgpymail.runtime.files import Files
from cgpymail.stores.mbox import fromline, scanner
from cgpymail.stores.mbox.scanner import Debris, Scanner
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.support.results import result

OWN = b"From <a@b>(%s-%010d-%010d) Thu Jan  1 00:00:00 2015\n"
NOTED = re.compile(rb"(?<={UIDValidity=)[0-9]{10};UIDNext=[0-9]{10}(?=;})")  # brought up to date in place
BSD = b"From joe@example.org Thu Jan  1 00:00:00 2015\n"
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

parts = st.sampled_from(
    [
        b"\r\n",
        b"\r\n",
        b"From ",
        b"From",
        b">From x\r\n",
        b">",
        b"F",
        b"a",
        b"Subject: x\r\n",
        b"\r",
        b"\0",
        b"\xff\r\n",
        BSD.replace(b"\n", b"\r\n"),
        OWN.replace(b"\n", b"\r\n") % (b"SF", 3, 3),
        b"x" * 5000 + b"\r\n",
        b"From " * 40_000,
    ]
)
messages = st.lists(parts, max_size=12).map(b"".join)
letters = st.text("SAFDTRNHVMJ123QXIEzZ_", max_size=26).map(str.encode)
numbers = st.sampled_from([0, 1, 2, 3, 5, 7, (1 << 32) - 2, (1 << 32) - 1, 9_999_999_999])
own_lines = st.builds(lambda field, uid, origuid: OWN % (field, uid, origuid), letters, numbers, numbers)
notes = st.sampled_from(
    [
        b"{UIDValidity=0000000077;UIDNext=0000000009;}",
        b"{UIDValidity=0000000077;UIDNext=0000000002;}",
        b"{UIDValidity=0000000078;UIDNext=4294967295;}",
        b"{UIDValidity=9999999999;UIDNext=9999999999;}",
        b'{Keywords=("later","$work");}',
        b"{Keywords=(((((((((((((((((((((",
        b"nonsense",
    ]
)
attributes = st.builds(
    lambda origuid, text: OWN % (b"I" + b"_" * 23, 0, origuid) + b"X-CGPY-Attributes: " + text + b"\n\n\n",
    numbers,
    notes,
)
scraps = st.sampled_from(
    [
        b"\n",
        b"\n",
        b"\n\n",
        b"text\n",
        b"From here\n",
        b"From ",
        b"From",
        b"\0" * 600,
        b"\r\n",
        b"a\r\n\r\nb\r\n",
        b">From x\n",
        b"z" * 9000 + b"\n",
        b"From <" + b"q" * 5000 + b">(S-1-1) Thu Jan  1 00:00:00 2015\n",
        BSD,
        BSD[:-1] + b"\r\n",
    ]
)
garbage = st.lists(own_lines | attributes | scraps | scraps, max_size=14).map(b"".join)


@contextmanager
def mailbox() -> Iterator[Box]:
    """An empty .mbox, gone afterwards."""
    path = pathlib.Path(tempfile.mkdtemp())
    box = Box(lambda runtime, root: DiskTree(runtime, str(root)), "mbox", path)
    try:
        yield box
    finally:
        box.files.end_process()
        shutil.rmtree(path)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power."""
    monkeypatch.setattr(os, "fdatasync", lambda fd: None)
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def wire(data: bytes) -> bytes:
    """What intake makes of a message."""
    data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return data if not data or data.endswith(b"\n") else data + b"\r\n"


def shown(box: Box) -> list[tuple[int, bytes, int]]:
    """UID, bytes and flags of every message."""
    return [(uid, box.body(uid), box.row(uid).flags) for uid in box.uids]


@given(st.lists(st.tuples(messages, st.integers(0, flags.ALL_FLAGS)), min_size=1, max_size=6), st.booleans())
@QUICK
def test_what_was_written_is_found_again(written: list[tuple[bytes, int]], compact: bool) -> None:
    """Bytes, UIDs, flags and keywords come back from the mail file alone."""
    with mailbox() as box:
        for number, (data, mask) in enumerate(written):
            box.append(data, flags=mask & ~flags.RECENT, keywords=["odd"] if number % 2 else [])
        if compact:
            box.expunge(box.uids[0])
            result(box.store.compact())
        before = shown(box)
        assert [body for _, body, _ in before] == [wire(data) for data, _ in written][compact:]
        marked = [uid for uid in box.uids if box.keywords_of(uid)]
        for way in ("no-index", "kill", "close"):
            box.reopen(way)
            assert shown(box) == before
            assert [uid for uid in box.uids if box.keywords_of(uid) == {"odd"}] == marked


@given(garbage, st.booleans())
@example(b"", False)
@example(b"\n\n\n", False)
@example(BSD, False)
@example(BSD + BSD + BSD, True)
@example(BSD + b"\n" + BSD + b"\n" + BSD, True)
@QUICK
def test_whatever_is_in_the_file(data: bytes, known: bool) -> None:
    """A file of anything: refused and left as it is, or opened; then nothing in it is lost, also by a compaction."""
    with mailbox() as box:
        mail = box.path / "box.mbox"
        result(box.store.close())
        if not known:
            box.lose_index()
            box.hints = MailboxHints()
        mail.write_bytes(data)
        try:
            box.open()
        except MailError:
            assert mail.read_bytes() == data
            return
        after = NOTED.sub(b"", mail.read_bytes())
        kept = [NOTED.sub(b"", entry.read_bytes()) for entry in sorted(box.path.glob(".box.mbox.aside-*"))]
        data = NOTED.sub(b"", data)
        assert after.startswith(data) or any(after.startswith(data[: len(data) - len(end)]) for end in kept)
        before = shown(box)
        if box.store.uidnext > (1 << 32) - 5:
            return
        box.append(b"one more\r\n")
        box.expunge(box.uids[0])
        result(box.store.compact())
        expected = [body for _, body, _ in [*before, (0, b"one more\r\n", 0)]][1:]
        for way in ("kill", "close", "no-index"):
            box.reopen(way)
            assert sorted(body for _, body, _ in shown(box)) == sorted(expected)


def naive(data: bytes) -> list[tuple[str, int, int, int]]:
    """The rules of the scanner, without windows: kind, first byte, first byte behind the From-line, end."""

    def line(place: int) -> int:
        """Where the line behind a From-line begins, 0 if there is none."""
        end = data.find(b"\n", place)
        good = 0 <= end - place <= fromline.MAX_LINE and fromline.read(data[place:end]) is not None
        return end + 1 if good else 0

    def border(place: int) -> int:
        while (place := data.find(b"\n\nFrom ", place)) >= 0:
            if line(place + 2):
                return place + 2
            place += 1
        return 0

    found: list[tuple[str, int, int, int]] = []
    place = 0
    while place < len(data):
        if data[place : place + 1] == b"\n":
            place += 1
            continue
        start = line(place)
        if not start:
            end = border(place) or len(data)
            found.append(("debris", place, place, end))
        else:
            following = border(start - 1)
            end = following - 1 if following else len(data) - (data[start - 1 :].endswith(b"\n\n"))
            end = max(end, start)
            found.append(("message", place, start, end))
            end += data[end : end + 1] == b"\n"
        place = end
    return found


@given(garbage, st.sampled_from([fromline.MAX_LINE + 1, 5000, 8192]))
@QUICK
def test_scanner_and_naive_reader_agree(data: bytes, window: int) -> None:
    """Windows of any size: the same messages."""
    usual = scanner.WINDOW
    scanner.WINDOW = window
    files = Files()
    with tempfile.NamedTemporaryFile() as source:
        source.write(data)
        source.flush()
        found = []
        try:
            for item in Scanner(files, source.fileno(), 0, len(data), lambda uid: None).run():
                if isinstance(item, Debris):
                    found.append(("debris", item.offset, item.offset, item.end))
                else:
                    start = item.offset + item.head
                    found.append(("message", item.offset, start, start + item.meter.length))
        finally:
            scanner.WINDOW = usual
    assert found == naive(data)


@given(
    st.lists(st.sampled_from(["append", "flag", "expunge", "keyword", "checkpoint", "compact", "reopen"]), max_size=10),
    st.lists(
        st.tuples(st.sampled_from(["bdx", "log", "mbox"]), st.floats(0, 1, exclude_max=True), st.integers(1, 255)),
        unique_by=lambda flip: flip[0],
    ),
)
@QUICK
def test_flipped_bits(steps: list[str], flips: list[tuple[str, float, int]]) -> None:
    """It opens or is refused clearly. Where only the index is damaged, every acknowledged message is there, once."""
    with mailbox() as box:
        box.append(b"first\r\n", b"second\r\n")
        for number, step in enumerate(steps):
            take(box, step, number)
        expected = sorted(body for _, body, _ in shown(box))
        box.files.end_process()
        damaged = {damage(box, *flip) for flip in flips}
        try:
            box.reopen("kill")
            found = sorted(body for _, body, _ in shown(box))
        except MailError:
            assert "mbox" in damaged
            return
        if "mbox" not in damaged:
            assert [body for body in expected if body not in found] == []
            assert len(set(found)) == len(found)
        box.append(b"later\r\n")


def take(box: Box, step: str, number: int) -> None:
    """One step of a mailbox's life."""
    if step == "append":
        box.append(b"message %d\r\n" % number)
    elif step == "flag" and box.uids:
        box.set(box.uids[-1], flags.SEEN)
    elif step == "keyword" and box.uids:
        box.set(box.uids[0], 0, box.store.define_keyword(f"word{number}"))
    elif step == "expunge" and box.uids:
        box.expunge(box.uids[0])
    elif step in ("checkpoint", "compact"):
        result(getattr(box.store, step)())
    elif step == "reopen":
        box.reopen("close")


def damage(box: Box, extension: str, where: float, bits: int) -> str:
    """Flip bits of one byte of a file, in the part of it that was written."""
    pattern = {"bdx": "box.bdx", "log": "box.log.*", "mbox": "box.mbox"}[extension]
    for path in sorted(box.path.glob(pattern))[-1:]:
        data = bytearray(path.read_bytes())
        used = len(bytes(data).rstrip(b"\0"))
        if used:
            data[int(where * used)] ^= bits
            path.write_bytes(bytes(data))
        return extension
    return ""
