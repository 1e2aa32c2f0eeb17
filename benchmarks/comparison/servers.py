"""The servers that are compared, each in a folder of its own, on a port of its own, with the same mail.

Both hash passwords alike (argon2id, 19 MiB, two passes, one lane) and sync what they acknowledge as they do by default.
Limits that a user of many sessions would meet are raised in both. Nothing else of a default is changed but what the
profile of Dovecot says: ``performance`` follows Dovecot's own manual ("Dovecot performance tuning", "Login processes:
High-performance mode", "Maildir: Optimizations", in /usr/share/doc/dovecot-core/wiki).
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from benchmarks.comparison import mail
from benchmarks.comparison.processes import Tree
from cgpymail import configfile
from cgpymail.admin.loop import CommandLoop
from cgpymail.assembly import assemble
from cgpymail.directory import passwords
from cgpymail.model.flags import ANSWERED, SEEN
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.files import Files
from cgpymail.runtime.spool import MemoryContent

ROOT = Path(__file__).parents[2]
HASHED, PLAIN = "hashed", "plain"  # the two users, by how their password is stored; each has the same INBOX
PASSWORD = "correct-horse"
EMPTY = "Empty"  # a mailbox to append to
SESSIONS = 5_000
START_TIME = 30.0
_FLAGS = {"S": SEEN, "R": ANSWERED}


class _Unsynced(Files):
    """For filling only: twenty thousand syncs take longer than the measurements."""

    def sync(self, fd: int) -> None: ...

    def sync_directory(self, path: str) -> None: ...


class Server(ABC):
    """One server, filled when it is made. ``cached``: whether it keeps its cache of logins."""

    name: str

    def __init__(self, folder: Path, messages: int) -> None:
        self.folder = folder
        self.messages = messages
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        self._fill()

    @property
    def tree(self) -> Tree:
        """Its processes."""
        assert self._process is not None
        return Tree(self._process.pid)

    def start(self, *, cached: bool = True) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._command(cached),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )
        end = time.monotonic() + START_TIME
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"{self.name} did not start:\n{self._said()}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop it, and wait. Harmless when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def restart(self, *, cached: bool = True) -> None:
        """Begin anew."""
        self.stop()
        self.start(cached=cached)

    def _said(self) -> str:
        return (self.folder / "output").read_text(errors="replace")[-4000:]

    @abstractmethod
    def _command(self, cached: bool) -> list[str]:
        """What to run."""

    @abstractmethod
    def _fill(self) -> None:
        """Make both users with their mail."""


class Cgpymail(Server):
    """This project's daemon, with INBOX in one of its formats."""

    def __init__(self, folder: Path, messages: int, format: str) -> None:
        self.name = f"cgpymail {format}"
        self._type = {".mbox": "TextMailbox", ".mdir": "MailDirMailbox"}[format]
        super().__init__(folder, messages)

    def _command(self, cached: bool) -> list[str]:
        self._configure(cached)
        run = "from twisted.scripts.twistd import run; run()"
        return [sys.executable, "-c", run, "-n", "--pidfile=", "cgpymail", "--config", f"{self.folder}/cgpymail.toml"]

    def _configure(self, cached: bool) -> None:
        limits = {"sessions_per_address": SESSIONS, "sessions_per_account": SESSIONS}
        if not cached:
            limits["login_cache"] = 0
        lines = [
            '[server]\nbase = "base"\ndomain = "example.org"\nhost = "localhost"',
            f'[imap]\nchannels = {SESSIONS}\n[[imap.listeners]]\naddress = "127.0.0.1"\nport = {self.port}',
            "[limits]",
            *(f"{name} = {value}" for name, value in limits.items()),
        ]
        (self.folder / "cgpymail.toml").write_text("\n".join(lines) + "\n")

    def _fill(self) -> None:
        self._configure(cached=True)
        settings = self.folder / "base" / "Accounts" / "Settings"
        settings.mkdir(parents=True)
        (settings / "Domain.settings").write_text(f"{{DefaultMailboxType = {self._type};}}\n")
        loop = CommandLoop(print, _Unsynced())
        server = assemble(configfile.read_settings(f"{self.folder}/cgpymail.toml"), loop.runtime)
        loop.run(self._make_accounts(server))
        loop.run(server.stop())

    async def _make_accounts(self, server: Any) -> None:
        new = []
        for number in range(1, self.messages + 1):
            flags = sum(_FLAGS[letter] for letter in mail.letters(number))
            new.append(NewMessage(MemoryContent(mail.message(number)), mail.date(number), flags))
        for name, encryption in ((HASHED, ""), (PLAIN, passwords.CLEAR)):
            await server.create_account(name, PASSWORD.encode(), encryption=encryption)
            user = await server.services.manager.connect(AccountName(name, "example.org"), "IMAP", "fill")
            await user.append("INBOX", new)
            await user.create(EMPTY)
            await user.close()


class Dovecot(Server):
    """Debian's Dovecot over Maildir. Run by root it works as the system's own does; by others, without its chroots."""

    def __init__(self, folder: Path, messages: int, profile: str) -> None:
        self.name = f"Dovecot {profile}"
        self._profile = profile
        self._root = os.geteuid() == 0
        self._owner = pwd.getpwnam("mail") if self._root else pwd.getpwuid(os.geteuid())
        super().__init__(folder, messages)

    def _command(self, cached: bool) -> list[str]:
        config = self.folder / "dovecot.conf"
        config.write_text(self._configuration(cached))
        return [dovecot_program() or "dovecot", "-F", "-c", str(config)]

    def _configuration(self, cached: bool) -> str:
        folder, owner = self.folder, self._owner
        parts = [
            f"base_dir = {folder}/run\nstate_dir = {folder}/state\nlog_path = {folder}/log",
            f"protocols = imap\nlisten = 127.0.0.1\nssl = no\nfirst_valid_uid = {min(owner.pw_uid, 500)}",
            f"mail_location = maildir:{folder}/mail/%u\nmail_max_userip_connections = {SESSIONS}",
            f"passdb {{\n driver = passwd-file\n args = {folder}/users\n}}",
            f"userdb {{\n driver = static\n args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}/mail/%u\n}}",
            f"service imap-login {{\n inet_listener imap {{\n port = {self.port}\n }}\n}}",
            f"service imap {{\n process_limit = {SESSIONS}\n}}\nservice anvil {{\n client_limit = {3 * SESSIONS}\n}}",
            f"service auth {{\n client_limit = {2 * SESSIONS}\n}}\nauth_cache_size = {'10M' if cached else 0}",
        ]
        if self._profile == "performance":
            login = f"service_count = 0\n client_limit = 1000\n process_min_avail = {os.cpu_count()}\n vsz_limit = 1G"
            parts.append(f"service imap-login {{\n {login}\n}}\nservice imap {{\n service_count = 100\n}}")
            parts.append("maildir_very_dirty_syncs = yes")
        if not self._root:
            parts.append(f"default_internal_user = {owner.pw_name}\ndefault_login_user = {owner.pw_name}")
            parts.append("default_internal_group =")
            parts.extend(f"service {name} {{\n chroot =\n}}" for name in ("anvil", "imap-login", "stats"))
        return "\n".join(parts) + "\n"

    def _fill(self) -> None:
        hashed = passwords.store(PASSWORD, "", os.urandom(passwords.SALT))
        users = f"{HASHED}:{{ARGON2ID}}{hashed}\n{PLAIN}:{{PLAIN}}{PASSWORD}\n"
        (self.folder / "users").write_text(users)
        for name in (HASHED, PLAIN):
            for part in ("cur", "new", "tmp", f".{EMPTY}/cur", f".{EMPTY}/new", f".{EMPTY}/tmp"):
                (self.folder / "mail" / name / part).mkdir(parents=True)
        for number in range(1, self.messages + 1):
            self._deliver(number)
        if self._root:
            for folder, _, files in os.walk(self.folder / "mail"):
                for name in (".", *files):
                    os.chown(f"{folder}/{name}", self._owner.pw_uid, self._owner.pw_gid)

    def _deliver(self, number: int) -> None:
        """A file for both users, named as Dovecot itself would do it, with both sizes."""
        wire = mail.message(number)
        data = wire.replace(b"\r\n", b"\n")
        moment = mail.date(number)
        name = f"{moment}.M{number}P1.bench,S={len(data)},W={len(wire)}:2,{mail.letters(number)}"
        path = self.folder / "mail" / HASHED / "cur" / name
        path.write_bytes(data)
        os.utime(path, (moment, moment))
        os.link(path, self.folder / "mail" / PLAIN / "cur" / name)


def dovecot_program() -> str | None:
    """Where Dovecot is, None if it is not there."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
