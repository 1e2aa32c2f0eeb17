"""alpine through a terminal: it opens an INBOX over IMAP, reads, deletes, expunges and saves."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import clients
from tests.support.daemon import Daemon

pytestmark = pytest.mark.programs("alpine", "tmux")
KINDS = ["keep", "remove", "keep", "read"]


class Terminal:
    """A program in a tmux server of its own: keys in, screen out."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def run(self, *words: str) -> str:
        """A tmux command; what it says."""
        done = subprocess.run([*self._tmux, *words], capture_output=True, check=True, timeout=30)
        return done.stdout.decode(errors="replace")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.run("send-keys", "-t", "t", *keys)

    def see(self, *texts: str) -> None:
        """Wait until one of ``texts`` is on the screen."""
        end = time.monotonic() + 30
        while not any(text in (screen := self.run("capture-pane", "-p", "-t", "t")) for text in texts):
            assert time.monotonic() < end, f"{texts} never came:\n{screen}"
            time.sleep(0.1)


@contextmanager
def alpine(daemon: Daemon, folder: Path) -> Iterator[Terminal]:
    """alpine in the INBOX of john, its folder index on the screen."""
    server = f"127.0.0.1:{daemon.imap}/user=john/notls"
    config = folder / "pinerc"
    config.write_text(
        f"user-domain=example.org\ninbox-path={{{server}}}INBOX\nfolder-collections=Mail {{{server}}}[]\n"
        "last-version-used=9.99\nfeature-list=disable-password-file-saving,expunge-without-confirm,quit-without-confirm,"
        "enable-msg-view-urls\npersonal-name=John\ndefault-saved-msg-folder=Saved\n"
    )
    terminal = Terminal(folder / "tmux")
    command = f"TERM=screen HOME={folder} alpine -p {config} -i; sleep 1"
    terminal.run("new-session", "-d", "-s", "t", "-x", "120", "-y", "40", command)
    try:
        yield terminal
    finally:
        subprocess.run([*terminal._tmux, "kill-server"], capture_output=True, check=False)


def test_read_delete_and_save(daemon: Daemon, tmp_path: Path) -> None:
    """Another session that stays open sees each step, and the saved copy."""
    mail = [b"Message-ID: <%s.%d@x>\r\nFrom: s@example.net\r\nSubject: %s this\r\n\r\nthe body of %d\r\n"
            % (kind.encode(), place, kind.encode(), place) for place, kind in enumerate(KINDS)]  # fmt: skip
    clients.deliver(daemon, mail)
    with clients.imap(daemon) as watcher, alpine(daemon, tmp_path) as terminal:
        terminal.see("ENTER PASSWORD")
        terminal.run("send-keys", "-t", "t", "-l", daemon.passwords["john"])
        terminal.keys("Enter")
        terminal.see("read this")
        terminal.keys("j", "4", "Enter", "Enter")
        terminal.see("the body of 3")
        terminal.keys("s")
        terminal.see("SAVE")
        terminal.keys("C-u")
        terminal.run("send-keys", "-t", "t", "-l", "Kept")
        terminal.keys("Enter")
        terminal.see("doesn't exist")
        terminal.keys("y")
        terminal.see("DONE]", "copied to folder")
        terminal.keys("i")
        terminal.see("remove this")
        terminal.keys("j", "2", "Enter", "d", "x")
        terminal.see("xpunged")
        terminal.keys("q")
        watcher.noop()
        left = clients.message_ids(clients.fetch_all(watcher).values())
        assert left == ["<keep.0@x>", "<keep.2@x>"]  # what was saved is expunged too
    with clients.imap(daemon, mailbox="Kept") as client:
        assert clients.message_ids(clients.fetch_all(client).values()) == ["<read.3@x>"]
