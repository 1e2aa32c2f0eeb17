"""The tool's side of the control socket, against daemons that behave in all kinds of ways."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cgpymail.admin import controlclient
from cgpymail.admin.controlclient import Broken, Unreachable, ask
from cgpymail.grammar.control import BadRequest, Ended, Request, Said, write_reply, write_request

REQUEST = Request("account list", {}, "/b")
Serve = Callable[..., None]


@pytest.fixture
def where(tmp_path: Path) -> str:
    """The socket."""
    return str(tmp_path / "control")


@pytest.fixture
def serve(where: str) -> Iterator[Serve]:
    """Starts a daemon that reads so much of one request, says something, and hangs up."""
    threads: list[threading.Thread] = []
    listening = socket.socket(socket.AF_UNIX)

    def start(answer: bytes, reads: int = 65536) -> None:
        listening.bind(where)
        listening.listen()
        threads.append(threading.Thread(target=talk, args=(answer, reads), name="daemon"))
        threads[0].start()

    def talk(answer: bytes, reads: int) -> None:
        link, _ = listening.accept()
        with link, contextlib.suppress(BrokenPipeError):
            link.recv(reads)
            link.sendall(answer)

    yield start
    for thread in threads:
        thread.join(10)
    listening.close()


def asked(where: str, request: Request = REQUEST) -> tuple[int, list[str], list[str]]:
    """Exit code, output, complaints."""
    said: list[str] = []
    complained: list[str] = []
    return ask(where, -1, request, said.append, complained.append), said, complained


def test_an_answer(where: str, serve: Serve) -> None:
    """Both kinds of lines, and the code."""
    serve(b"".join(map(write_reply, (Said("one"), Said("oh", complaint=True), Said("zwölf"), Ended(75)))))
    assert asked(where) == (75, ["one", "zwölf"], ["oh"])


def test_a_person_who_reads_page_by_page(where: str, serve: Serve) -> None:
    """The daemon is not kept waiting meanwhile, as it would hang up: it has said all before any is shown."""
    serve(b"".join(map(write_reply, [*[Said("x" * 100)] * 20_000, Ended(0)])))
    shown: list[str] = []

    def show(text: str) -> None:
        if not shown:
            for talking in [thread for thread in threading.enumerate() if thread.name == "daemon"]:
                talking.join(10)
                assert not talking.is_alive()
        shown.append(text)

    assert ask(where, -1, REQUEST, show, show) == 0
    assert len(shown) == 20_000


def test_nobody_there(where: str) -> None:
    """No socket, or one that nobody listens on, or a path that cannot be one."""
    for _ in range(2):
        with pytest.raises(Unreachable, match=where):
            asked(where)
        with socket.socket(socket.AF_UNIX) as dead:
            if not Path(where).exists():
                dead.bind(where)
    with pytest.raises(Unreachable, match="too long"):
        asked("/" + "x" * 200)


@pytest.mark.parametrize(
    "answer", [b"", write_reply(Said("half")), b"220 hello\n", b'{"out": 1}\n', write_reply(Ended(0))[:-1]]
)
def test_a_daemon_that_does_not_tell_the_end(where: str, serve: Serve, answer: bytes) -> None:
    """It was asked, and may have done it: that is not the same as nobody there."""
    serve(answer)
    with pytest.raises(Broken):
        asked(where)


def test_a_refusal_before_the_end_of_the_request(where: str, serve: Serve) -> None:
    """The reason is heard, though the request could not be sent to its end."""
    serve(write_reply(Said("too long", complaint=True)) + write_reply(Ended(64)), reads=10)
    assert asked(where, Request("v", {"x": "y" * 5_000_000})) == (64, [], ["too long"])


def test_a_listener_of_somebody_else(where: str, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are told to root, to the own user and to the base directory's owner only."""
    serve(write_reply(Ended(0)))
    with monkeypatch.context() as patched:
        patched.setattr(controlclient, "peer_user", lambda link: 4242)
        with pytest.raises(Unreachable, match="user 4242"):
            asked(where)


def test_what_cannot_be_sent(where: str) -> None:
    """Bytes of the terminal that are no text are refused before anybody is called."""
    with pytest.raises(BadRequest):
        asked(where, Request("v", {"name": "\udcff"}))


def test_interrupted(where: str, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the waiting, not the work; the words say so."""
    serve(write_request(REQUEST))

    def interrupted(reader: object, data: bytes) -> list[object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(controlclient.ReplyReader, "feed", interrupted)
    with pytest.raises(Broken, match="it goes on"):
        asked(where)
