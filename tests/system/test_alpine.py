"""alpine through a terminal: it opens an INBOX over IMAP, reads, deletes, expunges and saves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import clients
from tests.support.daemon import Daemon
from tests.support.terminal import Terminal

pytestmark = pytest.mark.programs("alpine", "tmux")
KINDS = ["keep", "remove", "keep", "read"]


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
    terminal.start(f"TERM=screen HOME={folder} alpine -p {config} -i; sleep 1")
    try:
        yield terminal
    finally:
        terminal.kill()


def test_read_delete_and_save(daemon: Daemon, tmp_path: Path) -> None:
    """Another session that stays open sees each step, and the saved copy."""
    mail = [b"Message-ID: <%s.%d@x>\r\nFrom: s@example.net\r\nSubject: %s this\r\n\r\nthe body of %d\r\n"
            % (kind.encode(), place, kind.encode(), place) for place, kind in enumerate(KINDS)]  # fmt: skip
    clients.deliver(daemon, mail)
    with clients.imap(daemon) as watcher, alpine(daemon, tmp_path) as terminal:
        terminal.see("ENTER PASSWORD")
        terminal.text(daemon.passwords["john"])
        terminal.keys("Enter")
        terminal.see("read this")
        terminal.keys("j", "4", "Enter", "Enter")
        terminal.see("the body of 3")
        terminal.keys("s")
        terminal.see("SAVE")
        terminal.keys("C-u")
        terminal.text("Kept")
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
