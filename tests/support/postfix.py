"""A real Postfix in a folder of its own, which delivers by LMTP on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.daemon import free_ports

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
alias_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
lmtp_destination_concurrency_limit = 4
default_destination_recipient_limit = 50
"""
MASTER = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Start, hand messages over, wait until all are delivered, stop."""

    def __init__(self, lmtp: int) -> None:
        # Not below pytest's folder, which only its owner may enter: Postfix's programs run as another user.
        self._temporary = tempfile.TemporaryDirectory(prefix="cgpymail-postfix-", ignore_cleanup_errors=True)
        self.folder = folder = Path(self._temporary.name)
        folder.chmod(0o755)
        (self.port,) = free_ports(1)
        for part in ("queue", "data"):
            (folder / part).mkdir(parents=True)
        (folder / "main.cf").write_text(MAIN.format(folder=folder, lmtp=lmtp))
        (folder / "master.cf").write_text(MASTER.format(port=f"127.0.0.1:{self.port}"))
        shutil.copy("/etc/postfix/dynamicmaps.cf", folder) if Path("/etc/postfix/dynamicmaps.cf").exists() else None
        owner = pwd.getpwnam("postfix")
        os.chown(folder / "data", owner.pw_uid, owner.pw_gid)

    def _postfix(self, *arguments: str) -> None:
        done = subprocess.run(
            ["/usr/sbin/postfix", "-c", str(self.folder), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (done, self.log())

    def __enter__(self) -> Postfix:
        self._postfix("start")
        end = time.monotonic() + 30
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
                    assert sock.recv(100).startswith(b"220 ")
                return self
            except OSError:
                assert time.monotonic() < end, self.log()
                time.sleep(0.1)

    def __exit__(self, *error: Any) -> None:
        self._postfix("stop")
        self._temporary.cleanup()

    def log(self) -> str:
        """What Postfix said."""
        path = self.folder / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def send(self, messages: Iterable[bytes], *recipients: str) -> None:
        """Hand messages over by SMTP; Postfix queues them."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            for message in messages:
                assert client.sendmail("sender@example.net", recipients, message) == {}

    def waiting(self) -> int:
        """How many messages are in the queue."""
        done = subprocess.run(
            ["/usr/sbin/postqueue", "-c", str(self.folder), "-j"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return len(done.stdout.splitlines())

    def wait(self, seconds: float = 60) -> None:
        """Until the queue is empty."""
        end = time.monotonic() + seconds
        while self.waiting():
            assert time.monotonic() < end, self.log()[-4000:]
            time.sleep(0.2)
