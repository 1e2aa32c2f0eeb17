"""The ``cgpymail`` tool and the daemon: the running one is asked, else the base directory is taken; never both."""

from __future__ import annotations

import contextlib
import imaplib
import io
import os
import poplib
import re
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cgpymail.admin import exits
from cgpymail.grammar.control import Request, write_request
from cgpymail.tool import run
from tests.support import clients
from tests.support.daemon import Daemon

NOBODY = 65534  # a user id that is neither root's nor ours
COMMANDS: Sequence[tuple[str, ...]] = (
    ("account", "create", "anna", "--no-password"),
    ("account", "create", "anna", "--no-password"),
    ("account", "create", "a/b", "--no-password"),
    ("account", "list"),
    ("account", "list", "elsewhere.net"),
    ("account", "settings", "set", "anna", "RealName=Änna B", "MaxMailboxes=20", "Odd=1"),
    ("account", "settings", "set", "anna", "MaxMailboxes=x"),
    ("account", "settings", "set", "anna", "Password=x"),
    ("account", "settings", "show", "anna"),
    ("account", "settings", "unset", "anna", "Odd"),
    ("account", "preferences", "set", "anna", "TrashBox=Müll"),
    ("account", "preferences", "show", "anna"),
    ("mailbox", "create", "anna", "Arbeit/Größe"),
    ("mailbox", "rename", "anna", "Arbeit", "Work"),
    ("mailbox", "delete", "anna", "Junk", "--yes"),
    ("mailbox", "delete", "anna", "INBOX", "--yes"),
    ("mailbox", "list", "anna"),
    ("mailbox", "list", "nobody"),
    ("sessions", "list"),
    ("sessions", "kill", "IMAP-000999"),
    ("account", "rename", "anna", "hanna"),
    ("account", "rename", "anna", "x"),
    ("account", "delete", "hanna", "--yes"),
    ("account", "delete", "hanna", "--yes"),
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with john; requests may take two seconds to come."""
    made = Daemon(tmp_path_factory.mktemp("control"), limits={"control_time": 2, "control_request": 10_000})
    made.create("john")
    with made:
        yield made


def control(daemon: Daemon) -> str:
    """Its socket."""
    return str(daemon.base / ".control")


def outcome(daemon: Daemon, *words: str) -> tuple[int, str, str]:
    """Exit code, output and complaints of the tool, in a process of its own."""
    done = daemon.tool(*words, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def here(daemon: Daemon, *words: str) -> tuple[int, str, str]:
    """The same in this process, which is quicker."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["--config", str(daemon.config), *words])
    return code, out.getvalue(), err.getvalue()


def test_the_same_output_both_ways(running: Daemon, tmp_path: Path) -> None:
    """Whether the server runs or not, a command says the same and ends with the same code."""
    stopped = Daemon(tmp_path)
    stopped.create("john")
    told = [here(running, *words) for words in COMMANDS]
    assert told == [here(stopped, *words) for words in COMMANDS]
    assert {code for code, _, _ in told} == {
        exits.OK, exits.CANNOT_CREATE, exits.USAGE, exits.NO_USER, exits.DATA, exits.UNAVAILABLE,
    }  # fmt: skip
    assert not control_exists(stopped)


def control_exists(daemon: Daemon) -> bool:
    """Whether there is a socket."""
    return os.path.exists(control(daemon))


def test_passwords(running: Daemon) -> None:
    """A generated password works at once; a changed one too, and the old one no more; nothing of it is in the log."""
    _, said, _ = outcome(running, "account", "create", "paul", "--generate")
    generated = re.search(r"^password (\S+)$", said, re.M)
    assert generated
    with imaplib.IMAP4("127.0.0.1", running.imap) as client:
        client.login("paul", generated[1])
        running.tool("account", "password", "paul", "--password-stdin", data=b"quite another\n")
        assert client.noop()[0] == "OK"
    pop = poplib.POP3("127.0.0.1", running.pop)
    pop.user("paul")
    with pytest.raises(poplib.error_proto):
        pop.pass_(generated[1])
    pop.user("paul")
    assert pop.pass_("quite another").startswith(b"+OK")
    pop.quit()
    assert generated[1] not in running.log_text() and "quite another" not in running.log_text()


def test_open_sessions_feel_it(running: Daemon) -> None:
    """A killed session, and those of an account that is renamed and removed, hear why."""
    running.create("mary")
    with clients.imap(running, "mary") as first, clients.imap(running, "mary") as second:
        listed = here(running, "sessions", "list")[1].splitlines()
        mine = [line.split("  ") for line in listed if "mary@example.org" in line]
        assert len(mine) == 2 and mine[0][1] == "IMAP" and mine[0][-2:] == ["clear", "INBOX"]
        assert here(running, "sessions", "kill", mine[0][0]) == (0, f"ended {mine[0][0]}\n", "")
        assert first.readline() == b"* BYE The session was ended by the administrator\r\n"
        assert here(running, "account", "rename", "mary", "maria")[0] == 0
        assert second.readline() == b"* BYE The account has another name now\r\n"
    running.passwords["maria"] = running.passwords["mary"]
    with clients.imap(running, "maria") as third:
        assert third.append("INBOX", "", None, b"Subject: x\r\n\r\n")[0] == "OK"
        assert here(running, "account", "delete", "maria", "--yes")[0] == 0
        assert b"* BYE The account was removed\r\n" in [third.readline() for _ in range(3)]
    assert not (running.base / "Accounts" / "maria.macnt").exists()


def test_many_tools_at_once(running: Daemon) -> None:
    """All of them are served, and of those who want the same only one gets it."""
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda name: outcome(running, "account", "create", name, "--no-password")[0],
                              ["p1", "p2", "same", "same", "same", "p3"]))  # fmt: skip
    assert sorted(codes) == [0, 0, 0, 0, exits.CANNOT_CREATE, exits.CANNOT_CREATE]
    assert {"p1", "p2", "p3", "same"} <= {
        name.partition("@")[0] for name in outcome(running, "account", "list")[1].split()
    }


def speak(daemon: Daemon, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What the daemon answers to raw bytes; it hangs up by itself."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(20)
        link.connect(control(daemon))
        try:
            for piece in pieces:
                link.sendall(piece)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        while piece := link.recv(65536):
            answer += piece
        return answer


def test_bounded_input(running: Daemon) -> None:
    """Garbage, a request without end, and one that comes by drops: each is refused, and the next is served."""
    request = write_request(Request("account list", {}, str(running.base)))
    assert b'"exit": 64' in speak(running, b"EHLO there\r\n")
    assert b'"exit": 64' in speak(running, b"x" * 20_000)
    began = time.monotonic()
    assert b'"exit": 75' in speak(running, *(request[place : place + 1] for place in range(20)), pause=0.2)
    assert 1 < time.monotonic() - began < 15
    assert b'"exit": 0' in speak(running, request)


def test_the_socket_is_for_its_owner(running: Daemon) -> None:
    """Nobody else may even connect."""
    assert os.stat(control(running)).st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_is_refused(running: Daemon) -> None:
    """Even if the file system let him in: the kernel says who he is, and the daemon hangs up without listening."""
    before = running.base.stat().st_mode
    os.chmod(running.base, 0o711)
    os.chmod(control(running), 0o666)
    try:
        answer = ask_as_nobody(running)
    finally:
        os.chmod(control(running), 0o600)
        os.chmod(running.base, before)
    assert b'"exit": 77' in answer
    assert f"user {NOBODY} refused" in running.log_text()
    assert "john@example.org" in here(running, "account", "list")[1]


def ask_as_nobody(daemon: Daemon) -> bytes:
    """What a process of another user hears to a request that would be served."""
    request = write_request(Request("account delete", {"name": "john"}, str(daemon.base)))
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.chdir(daemon.base)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(20)
                link.connect(".control")
                with contextlib.suppress(OSError):
                    link.sendall(request)
                os.write(writing, link.recv(65536))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as heard:
        answer = heard.read()
    os.waitpid(child, 0)
    return answer


def test_reload(running: Daemon) -> None:
    """A wrong configuration is told with line and remedy, and nothing changes; a right one holds."""
    text = running.config.read_text()
    running.config.write_text(text.replace("[limits]", "[limits]\nliens = 5"))
    try:
        other = Daemon(running.folder / "other")  # the tool reads a file of its own: the server's is wrong
        other.config.write_text(text.replace('base = "base"', f'base = "{running.base}"'))
        code, _, complaint = here(other, "reload")
        assert code == exits.CONFIG and "limits.liens" in complaint and "unknown key" in complaint
    finally:
        running.config.write_text(text)
    assert here(running, "reload") == (0, "the configuration was read again\n", "")


def test_a_killed_daemon_leaves_no_trouble(tmp_path: Path) -> None:
    """With a dead socket in its place the tool works alone, and the next daemon takes the place over; a daemon that
    stops leaves none."""
    daemon = Daemon(tmp_path)
    daemon.create("john")
    daemon.start()
    daemon.kill()
    assert control_exists(daemon)
    assert here(daemon, "account", "create", "mary", "--no-password")[0] == 0
    assert here(daemon, "reload") == (exits.UNAVAILABLE, "", "cgpymail: the server is not running\n")
    daemon.start()
    assert here(daemon, "account", "list") == (0, "john@example.org\nmary@example.org\n", "")
    daemon.stop()
    assert not control_exists(daemon)


def test_starting_and_stopping_under_commands(tmp_path: Path) -> None:
    """However tool and daemon meet, one of them has the mail: a command is done, or told to be tried again."""
    daemon = Daemon(tmp_path)
    daemon.create("john")
    with ThreadPoolExecutor(3) as pool:
        made = [
            pool.submit(outcome, daemon, "account", "create", f"n{number}", "--no-password") for number in range(12)
        ]
        start_patiently(daemon)
        daemon.stop(signal.SIGTERM)
    results = [each.result() for each in made]
    assert {code for code, _, _ in results} <= {exits.OK, exits.TRY_AGAIN}
    assert all("try again" in told or "has not told the end" in told for code, _, told in results if code != exits.OK)
    done = {f"n{number}@example.org" for number, (code, _, _) in enumerate(results) if code == exits.OK}
    listed = set(here(daemon, "account", "list")[1].split()) - {"john@example.org"}
    unsure = {f"n{number}@example.org" for number, (_, _, told) in enumerate(results) if "has not told the end" in told}
    assert done and done <= listed <= done | unsure
    assert "Traceback" not in daemon.log_text()


def start_patiently(daemon: Daemon) -> None:
    """As a service manager does: a daemon that meets the tool at work says so, and is started again."""
    for _ in range(20):
        try:
            daemon.start()
        except AssertionError:
            assert "is in use by another process" in daemon.log_text()
            time.sleep(0.3)
        else:
            return
    raise AssertionError("the daemon never started")
