"""mutt and mailx read a .mbox of ours from the disk, after compaction: every message, unaltered but for quoting."""

from __future__ import annotations

import mailbox
import os
import pathlib
import pty
import re
import subprocess
from collections.abc import Iterator

import pytest

from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import HEADER
from tests.support.results import result

BODIES = [
    b"one\r\ntwo\r\n",
    b"\r\n\r\ndouble blank\r\n",
    b"text\r\n\r\nFrom here on\r\n\r\n>From there\r\n",
    b"\xe4\xf6\xfc 8 bit\r\n",
    b"x" * 5_000 + b"\r\n",
    b"last\r\n",
]


@pytest.fixture
def spool(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A compacted and closed .mbox with these bodies, and some between them that were expunged."""
    box = Box(lambda runtime, path: DiskTree(runtime, str(path)), "mbox", tmp_path)
    for body in BODIES:
        box.append(HEADER + body, keywords=("Later",))
        box.expunge(*box.append(HEADER + b"expunged\r\n"))
    result(box.store.compact())
    result(box.store.close())
    box.files.end_process()
    yield box.path / "box.mbox"


def quoted(body: bytes) -> bytes:
    """As it lies on disk (spec 4.6)."""
    disk = b"\n" + body.replace(b"\r\n", b"\n")
    return (re.sub(rb"(?<=\n\n)(>*From)", rb">\1", disk) if b"\n\nFrom" in disk else disk)[1:]


def bodies_in(path: pathlib.Path) -> list[bytes]:
    """What a program copied, without our invisible messages, whatever header fields it added."""
    reader = mailbox.mbox(str(path), create=False)
    found = [
        reader.get_bytes(key).partition(b"\n\n")[2].rstrip(b"\n")
        for key in reader.iterkeys()
        if "X-CGPY-Attributes" not in reader.get_message(key)
    ]
    reader.close()
    return found


def expected() -> list[bytes]:
    """All bodies, as far as a reader that knows nothing of our lengths can tell."""
    return [quoted(body).rstrip(b"\n") for body in BODIES]


@pytest.mark.system
@pytest.mark.programs("bsd-mailx")
def test_mailx(spool: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """mailx copies every message out of the mailbox; the mailbox is as it was."""
    before = spool.read_bytes()
    copied = tmp_path / "copied"
    subprocess.run(
        ["bsd-mailx", "-n", "-f", str(spool)],
        input=f"copy * {copied}\nexit\n".encode(),
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        timeout=60,
    )
    assert bodies_in(copied) == expected()
    assert spool.read_bytes() == before


@pytest.mark.system
@pytest.mark.programs("mutt")
def test_mutt(spool: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """mutt lists and copies every message; the mailbox is as it was."""
    before = spool.read_bytes()
    copied = tmp_path / "copied"
    config = tmp_path / "muttrc"
    config.write_text(
        "set mbox_type=mbox\nset confirmappend=no\nset confirmcreate=no\nset quit=yes\nset delete=no\n"
        f'set folder="{tmp_path}"\nset sleep_time=0\nset wait_key=no\nset crypt_use_gpgme=no\nset beep=no\n'
    )
    keys = f"<tag-pattern>~A<enter><tag-prefix><copy-message><kill-line>{copied}<enter><exit>"
    _in_terminal(["mutt", "-n", "-R", "-F", str(config), "-e", f'push "{keys}"', "-f", str(spool)], tmp_path)
    assert bodies_in(copied) == expected()
    assert spool.read_bytes() == before


def _in_terminal(command: list[str], home: pathlib.Path) -> None:
    """Run a program that insists on a terminal, to its end."""
    leader, follower = pty.openpty()
    environment = {"TERM": "vt100", "HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    with subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env=environment, start_new_session=True
    ) as process:
        os.close(follower)
        try:
            while os.read(leader, 65536):
                pass
        except OSError:  # the other side was closed: the program has ended
            pass
        finally:
            process.wait(timeout=60)
            os.close(leader)
