"""Opening and reading without waiting for the disk (runtime/opening.py, stores/mdir/content.py)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cgpymail.runtime import opening
from cgpymail.runtime.files import Files


def test_a_file_in_memory_is_opened_at_once(tmp_path: Path) -> None:
    """Where the system can tell; it was written just now, so its name and its bytes are cached."""
    path = tmp_path / "message"
    path.write_bytes(b"hello")
    fd = Files().open_now(str(path))
    if fd is None:
        assert not opening._possible  # an older system: then every file is opened on a thread
        return
    try:
        assert os.read(fd, 10) == b"hello" and not os.get_inheritable(fd)
    finally:
        os.close(fd)


def test_what_is_not_there_or_is_a_link_is_an_error_or_unknown(tmp_path: Path) -> None:
    """As with ``open_read``: symbolic links are not followed."""
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name, problem in (("link", errno.ELOOP), ("missing", errno.ENOENT)):
        try:
            assert Files().open_now(str(tmp_path / name)) is None
        except OSError as error:
            assert error.errno == problem


@pytest.mark.parametrize("answer", [errno.ENOSYS, errno.EPERM])
def test_a_system_without_the_call_is_asked_once(answer: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From then on every file is opened on a thread."""
    asked: list[int] = []

    def refuse(number: int, *arguments: object) -> int:
        asked.append(number)
        return -1

    monkeypatch.setattr(opening, "_possible", True)
    monkeypatch.setattr(opening, "_syscall", refuse)
    monkeypatch.setattr(opening.ctypes, "get_errno", lambda: answer)
    assert [Files().open_now(str(tmp_path)) for _ in range(3)] == [None] * 3
    assert asked == [opening.OPENAT2]


def test_a_name_that_is_not_cached_is_left_to_a_thread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """EAGAIN says so, and the next file is tried again."""
    monkeypatch.setattr(opening, "_possible", True)
    monkeypatch.setattr(opening, "_syscall", lambda *arguments: -1)
    monkeypatch.setattr(opening.ctypes, "get_errno", lambda: errno.EAGAIN)
    assert Files().open_now(str(tmp_path)) is None
    assert opening._possible
