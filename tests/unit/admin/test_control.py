"""The daemon's side of the control socket: who may ask, what is understood, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cgpymail.admin import control, exits
from cgpymail.grammar.control import Request, write_request
from tests.support.results import result
from tests.unit.admin.office import Asking, Link, Office
from tests.unit.directory.ground import SlowPool


def test_a_command_is_done_and_answered(office: Office) -> None:
    """Output, exit code, and the end of the connection."""
    asking = office.begin("account list")
    assert asking.answer() == (0, ["john@example.org"], [])
    assert asking.wire.closed


def test_what_goes_wrong_is_told(office: Office) -> None:
    """The same words and exit codes as of the tool alone."""
    assert office("account create", name="john") == (exits.CANNOT_CREATE, [], ["The account exists already"])
    assert office("account list", only="x.net") == (exits.NO_USER, [], ["There is no domain x.net"])
    assert office("account delete") == (exits.USAGE, [], ["name: a text is needed"])
    assert office("account explode") == (exits.USAGE, [], ["there is no such command"])


def test_the_log_says_who_did_what_and_no_password(office: Office) -> None:
    """Every command, with the user and the account, at a level that is kept by default."""
    office("account password", name="john", password="quite secret")
    office("account settings set", name="john", values=("RealName=confidential",))
    log = "\n".join(office.lines)
    assert "2 SYSTEM-000001 user 0: account password john" in log
    assert "quite secret" not in log and "confidential" not in log


@pytest.mark.parametrize("data", [b"\n", b"GET / HTTP/1.0\r\n\r\n", b"\0" * 100 + b"\n", b"[" * 60_000 + b"\n"])
def test_garbage(office: Office, data: bytes) -> None:
    """What is no request is refused, and the connection ends."""
    asking = Asking(office)
    asking.send(data)
    code, _, complaints = asking.answer()
    assert code == exits.USAGE and len(complaints) == 1 and asking.wire.closed


def test_a_request_without_end(tmp_path: Path) -> None:
    """Megabytes are not kept: beyond the limit the connection ends."""
    office = Office(tmp_path, control_request=1000)
    asking = Asking(office)
    for _ in range(1000):
        asking.send(b"x" * 1000)
    assert asking.answer()[0] == exits.USAGE and asking.wire.closed


def test_a_slow_writer(tmp_path: Path) -> None:
    """A byte now and then does not keep a connection: the whole request has to come in time."""
    office = Office(tmp_path, control_time=10)
    asking = Asking(office)
    line = write_request(Request("account list", {}, office.base))
    for place in range(9):
        asking.send(line[place : place + 1])
        office.clock.advance(1)
    assert not asking.wire.closed
    office.clock.advance(1)
    assert asking.answer()[0] == exits.TRY_AGAIN and asking.wire.closed


def test_another_base_directory(office: Office) -> None:
    """A tool that means other mail is told so, and nothing is done."""
    for base, domain in (("/elsewhere", ""), (office.base, "x.net")):
        asking = Asking(office)
        asking.send(write_request(Request("account delete", {"name": "john"}, base, domain)))
        code, _, complaints = asking.answer()
        assert code == exits.CONFIG and f"not {base}" in complaints[0] and domain in complaints[0]
    assert office("account list")[1] == ["john@example.org"]


def test_another_version_of_the_tool(office: Office) -> None:
    """Told in words."""
    asking = Asking(office)
    asking.send(json.dumps({"version": 99, "verb": "", "arguments": {}}).encode() + b"\n")
    assert "use its own cgpymail tool" in asking.answer()[2][0]


def test_a_tool_that_hangs_up(office: Office) -> None:
    """What has begun is done to its end; what has not is not."""
    slow = SlowPool()
    pools, office.runtime.pools.sync = office.runtime.pools, slow
    pools.sync = slow
    asking = office.begin("account create", name="mary")
    asking.wire.drop()
    while slow.waiting:
        slow.step()
    assert office("account list")[1] == ["john@example.org", "mary@example.org"]
    unfinished = Asking(office)
    unfinished.send(write_request(Request("account delete", {"name": "mary"}, office.base))[:-1])
    unfinished.wire.drop()
    assert office("account list")[1] == ["john@example.org", "mary@example.org"]


def test_a_bug_is_not_shown(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The administrator gets the reference under which the log has the rest."""

    async def broken(*_: object) -> None:
        raise RuntimeError("inner secret")

    monkeypatch.setattr(type(office.server), "delete_account", broken)
    code, _, complaints = office("account delete", name="john")
    assert code == exits.SOFTWARE and "inner secret" not in complaints[0]
    reference = complaints[0].rsplit(" ", 1)[1]
    assert any(reference in line and "inner secret" in line for line in office.lines)


def test_stopping_waits_for_commands(office: Office) -> None:
    """The server goes when nothing is under way; who has not asked yet is told to try again."""
    slow = SlowPool()
    office.runtime.pools.sync = slow
    link = dial(office)
    working = office.begin("account create", name="mary")
    stopped: list[object] = []
    office.control.stop().addCallback(stopped.append)
    assert b'"exit": 75' in link.value() and not stopped
    while slow.waiting:
        slow.step()
    assert stopped and working.answer()[0] == 0
    assert result(office.control.stop()) is None
    assert b'"exit": 75' in dial(office).value()


def dial(office: Office) -> Link:
    """A connection through the factory, as Twisted makes it."""
    link = Link()
    protocol: Any = office.control.buildProtocol(None)
    link.protocol = protocol
    link.getHandle = lambda: None  # type: ignore[attr-defined]
    protocol.makeConnection(link)
    return link


@pytest.fixture(autouse=True)
def user(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Who is at the other end of a connection through the factory."""
    who = [0]
    monkeypatch.setattr(control, "peer_user", lambda handle: who[0])
    return who


def test_root_and_the_own_user_are_let_in(office: Office, user: list[int]) -> None:
    """Both are asked what they want."""
    for number in (0, os.geteuid()):
        user[0] = number
        link = dial(office)
        link.protocol.dataReceived(write_request(Request("account list", {}, office.base)))
        assert b"john@example.org" in link.value()


def test_others_are_refused(office: Office, user: list[int]) -> None:
    """In words, without being asked, and the log says who it was."""
    user[0] = os.geteuid() + 1
    link = dial(office)
    link.protocol.dataReceived(write_request(Request("account list", {}, office.base)))
    assert b'"exit": 77' in link.value() and link.ended and b"john" not in link.value()
    assert any(f"user {user[0]} refused" in line for line in office.lines)


def test_connections_are_limited(tmp_path: Path, user: list[int]) -> None:
    """Beyond the limit one line, and room again when one leaves."""
    office = Office(tmp_path, control_connections=2)
    first, _ = dial(office), dial(office)
    assert b'"exit": 75' in dial(office).value()
    first.protocol.connectionLost()
    assert dial(office).value() == b""


def test_reload(office: Office) -> None:
    """The server is told; what is wrong with the configuration comes back."""
    assert office("reload") == (0, ["the configuration was read again"], [])
    office.problems = ["line 3: x", "line 4: y"]
    assert office("reload") == (exits.CONFIG, [], ["line 3: x", "line 4: y"])
