"""mbsync, two ways, over nested mailboxes with blanks and letters beyond ASCII in their names."""

from __future__ import annotations

import mailbox
import subprocess
from pathlib import Path

import pytest

from cgpymail.model.names import encode
from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon

pytestmark = pytest.mark.programs("mbsync")
SAMPLE = [message for message, _ in messages(42, seed=7)]
NAMES = [
    "INBOX",
    "Projects",
    "Projects/Year 2026",
    "Projects/Year 2026/Entwürfe & Pläne",
    "日本語/東京",
    "INBOX/sub box",
]

CONFIG = """
IMAPAccount here
Host localhost
Port {port}
User john
Pass "{password}"
SSLType IMAPS
CertificateFile {certificate}
AuthMechs LOGIN
Timeout 60

IMAPStore far
Account here

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
Sync All
SyncState *
"""


@pytest.fixture(scope="module")
def folder(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local mail store, and a server that has mail in every mailbox."""
    folder = tmp_path_factory.mktemp("mbsync")
    (folder / "mail").mkdir()
    certificate = daemon.folder / "cert.pem"
    password = daemon.passwords["john"]
    config = CONFIG.format(port=daemon.imaps, password=password, folder=folder, certificate=certificate)
    (folder / "mbsyncrc").write_text(config)
    with clients.imap(daemon) as client:
        for place, name in enumerate(NAMES):
            wire = f'"{encode(name).decode()}"'
            if name != "INBOX":
                assert client.create(wire)[0] == "OK"
            for message in SAMPLE[place * 7 : place * 7 + 7]:
                assert client.append(wire, "", None, message)[0] == "OK"
    return folder


def sync(folder: Path) -> None:
    """One run; it must not complain."""
    command = ["mbsync", "--config", str(folder / "mbsyncrc"), "--all", "--quiet"]
    done = subprocess.run(command, capture_output=True, check=False, env={"HOME": str(folder)}, timeout=120)
    assert (done.returncode, done.stderr) == (0, b""), done


def local(folder: Path, name: str, *, create: bool = False) -> mailbox.Maildir:
    """The local copy of a mailbox; this version of mbsync keeps names as they are on the wire."""
    return mailbox.Maildir(folder / "mail" / encode(name).decode(), create=create)


def remote_ids(daemon: Daemon, name: str) -> list[str]:
    """Message-IDs on the server."""
    with clients.imap(daemon, mailbox=encode(name).decode()) as client:
        return clients.message_ids(clients.fetch_all(client).values())


def local_ids(folder: Path, name: str) -> list[str]:
    """Message-IDs in the local copy."""
    return clients.message_ids(message.as_bytes() for message in local(folder, name))


def test_everything_comes_down(daemon: Daemon, folder: Path) -> None:
    """Every mailbox with every message."""
    sync(folder)
    for name in NAMES:
        assert local_ids(folder, name) == remote_ids(daemon, name)
        assert len(local(folder, name)) == 7


def test_changes_of_both_sides_meet(daemon: Daemon, folder: Path) -> None:
    """Flags and removals of either side show on the other, new messages of both are in both, nothing is doubled."""
    sync(folder)
    box = local(folder, "Projects")
    first, second = sorted(box.keys())[:2]
    message = box[first]
    message.set_flags("SF")
    box[first] = message
    flagged = str(message["Message-ID"])
    removed = str(box[second]["Message-ID"])
    box.remove(second)
    box.add(b"Message-ID: <local@here>\n\nadded here\n")
    with clients.imap(daemon, mailbox="Projects") as client:
        client.append("Projects", "", None, b"Message-ID: <far@there>\r\n\r\nadded there\r\n")
    sync(folder)
    ids = remote_ids(daemon, "Projects")
    assert ids == local_ids(folder, "Projects")
    assert {"<local@here>", "<far@there>"} <= set(ids)
    assert removed not in ids and len(ids) == len(set(ids)) == 8
    with clients.imap(daemon, mailbox="Projects") as client:
        status, found = client.search(None, "HEADER", "Message-ID", flagged, "SEEN", "FLAGGED")
        assert status == "OK" and len(found[0].split()) == 1


def test_a_mailbox_made_here_appears_there(daemon: Daemon, folder: Path) -> None:
    """Create works both ways."""
    sync(folder)
    made = local(folder, "Neu für dich", create=True)
    made.add(b"Message-ID: <new@here>\n\ntext\n")
    sync(folder)
    assert remote_ids(daemon, "Neu für dich") == ["<new@here>"]


def test_what_another_shares(daemon: Daemon, folder: Path, tmp_path: Path) -> None:
    """With the prefix of an account as the path, what is shared there comes down, and flags go up."""
    daemon.command("mailbox", "create", "mary", "Shared")
    daemon.command("mailbox", "create", "mary", "Private")
    daemon.command("mailbox", "acl", "set", "mary", "Shared", "john=lrsw")
    clients.deliver(daemon, SAMPLE[:3], "Shared#mary@example.org")
    (tmp_path / "mail").mkdir()
    config = (folder / "mbsyncrc").read_text().replace(f"{folder}/mail", f"{tmp_path}/mail")
    far = config.replace("IMAPStore far\nAccount here\n", "IMAPStore far\nAccount here\nPath ~mary/\n")
    (tmp_path / "mbsyncrc").write_text(far)
    sync(tmp_path)
    assert [path.name for path in (tmp_path / "mail").iterdir()] == ["Shared"]
    box = local(tmp_path, "Shared")
    assert len(box) == 3
    for key, message in box.items():
        message.set_flags("SF")
        box[key] = message
    sync(tmp_path)
    with clients.imap(daemon, "mary", "Shared") as client:
        assert client.search(None, "SEEN", "FLAGGED") == ("OK", [b"1 2 3"])
