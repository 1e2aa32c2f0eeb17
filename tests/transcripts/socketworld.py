"""Transcripts over real sockets, against a daemon of its own."""

from __future__ import annotations

import shutil
import socket
import ssl
import zlib
from pathlib import Path
from typing import Any

from cgpymail.directory.places import SETTINGS, AccountPlace
from cgpymail.grammar.settings import Document
from tests.support.daemon import Daemon
from tests.support.nursery import Nursery
from tests.transcripts.runner import ACCOUNTS, FURTHER, TYPES
from tests.transcripts.script import Script

PATIENCE = 60.0  # seconds to wait for something that is expected; disks of busy machines can be that slow
QUIET = 0.15  # seconds of silence that count as nothing more


class SocketLink:
    """A blocking client."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._ended = False
        self._deflater: Any = None
        self._inflater: Any = None

    def send(self, data: bytes) -> None:
        """All of it."""
        if self._deflater is not None:
            data = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self._socket.sendall(data)

    def receive(self, patient: bool) -> bytes:
        """What comes next; b"" after the time is over, or at the end."""
        if self._ended:
            return b""
        self._socket.settimeout(PATIENCE if patient else QUIET)
        try:
            data = self._socket.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return b""
        except ConnectionError:
            data = b""
        self._ended = not data
        return self._inflater.decompress(data) if self._inflater is not None else data

    @property
    def closed(self) -> bool:
        """Whether the server closed it."""
        return self._ended

    def drop(self) -> None:
        """Close it."""
        self._socket.close()
        self._ended = True

    def handshake(self) -> None:
        """TLS, certificate not looked at."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._socket.settimeout(PATIENCE)
        self._socket = context.wrap_socket(self._socket)

    def deflate(self) -> None:
        """Raw deflate both ways."""
        self._deflater = zlib.compressobj(wbits=-15)
        self._inflater = zlib.decompressobj(wbits=-15)


class Accounts:
    """The accounts of one format, made once: making them takes longer than most transcripts."""

    def __init__(self, format: str, folder: Path) -> None:
        daemon = Daemon(folder)
        settings = daemon.base / "Accounts" / "Settings"
        settings.mkdir(parents=True)
        (settings / "Domain.settings").write_text(f"{{DefaultMailboxType = {TYPES[format]};}}\n")
        daemon.create(*ACCOUNTS, *FURTHER)
        self.passwords = daemon.passwords
        self._base = daemon.base

    def copy(self, base: Path, script: Script) -> None:
        """The same accounts, as far as a transcript wants them, in another base directory."""
        wanted = set(script.accounts) - set(script.single)
        unwanted = [f"{name}.macnt" for name in FURTHER if name not in wanted]
        shutil.copytree(self._base, base, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*unwanted))


class SocketWorld:
    """A daemon of its own for every transcript, so that each begins with the same accounts."""

    def __init__(self, accounts: Accounts, folder: Path, script: Script, nursery: Nursery) -> None:
        self._daemon = Daemon(folder, nursery=nursery)
        self._passwords = accounts.passwords
        accounts.copy(self._daemon.base, script)
        self._daemon.create(*script.single, single=True)
        for name, settings in script.settings.items():
            place = AccountPlace(str(self._daemon.base / "Accounts"), name, name in script.single)
            file = Path(place.file(SETTINGS))
            document = Document(file.read_bytes())
            for key, value in settings.items():
                document.set(key, value)
            file.write_bytes(document.render())
        self._daemon.start()

    def password(self, account: str) -> str:
        """As the daemon's support made it."""
        return self._passwords[account]

    def connect(self, protocol: str) -> SocketLink:
        """A connection in clear."""
        return SocketLink(getattr(self._daemon, protocol))

    def advance(self, seconds: float) -> None:
        """Time is not ours here."""
        raise AssertionError("a transcript with time steps runs in memory only")

    def slow_down(self, seconds: float) -> None:
        """Nor is the disk."""
        raise AssertionError("a transcript with a slow disk runs in memory only")

    def tool(self, *words: str) -> None:
        """Ask the running daemon."""
        self._daemon.command(*words)

    def close(self) -> None:
        """Stop the daemon."""
        self._daemon.stop()
