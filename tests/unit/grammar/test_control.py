"""What the tool and the daemon say to each other (grammar/control.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cgpymail.grammar.control import (
    MAX_REPLY_LINE,
    BadReply,
    BadRequest,
    Ended,
    ReplyReader,
    Request,
    RequestReader,
    Said,
    write_reply,
    write_request,
)

REQUEST = Request(
    "account create", {"name": "jürgen\n\0", "recoverable": True, "keys": ("a", "ß")}, "/srv/mail", "example.org"
)
GOOD: dict[str, Any] = {"version": 1, "base": "/b", "domain": "", "verb": "v", "arguments": {}}


def read(data: bytes, size: int = 1000, limit: int = 100_000) -> Request | None:
    """What a reader makes of it, in pieces of that size."""
    reader, found = RequestReader(limit), None
    for place in range(0, len(data), size):
        found = found or reader.feed(data[place : place + size])
    return found


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_requests(size: int) -> None:
    """What was asked arrives as it was asked, however it is cut; what follows it is not looked at."""
    line = write_request(REQUEST)
    assert line.count(b"\n") == 1
    assert read(line, size) == REQUEST
    assert read(line + b"garbage") == REQUEST
    assert read(line[:-1], size) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.0",
        b"\xff\xfe",
        b"[" * 60_000,
        b"1" * 60_000,
        b"null",
        b"[]",
        b"{}",
        *(
            json.dumps(GOOD | change).encode()
            for change in (
                {"version": True},
                {"version": "1"},
                {"verb": 7},
                {"base": None},
                {"domain": 7},
                {"arguments": []},
                {"arguments": {"a": 1}},
                {"arguments": {"a": None}},
                {"arguments": {"a": {}}},
                {"arguments": {"a": ["x", []]}},
                {"arguments": {"a": "\ud800"}},
                {"arguments": {"\ud800": "a"}},
                {"verb": "\ud800"},
            )
        ),
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    """Everything else is refused in words that repeat nothing of it."""
    with pytest.raises(BadRequest) as caught:
        read(data + b"\n")
    assert str(caught.value).isascii() and len(str(caught.value)) < 100


def test_another_version() -> None:
    """A tool of another version hears what to do."""
    with pytest.raises(BadRequest, match="version 1 of the control protocol"):
        read(json.dumps(GOOD | {"version": 2}).encode() + b"\n")


@pytest.mark.parametrize("data", [b"x" * 51, b"x" * 51 + b"\n"])
def test_long_requests(data: bytes) -> None:
    """Nothing is kept beyond the limit, whether the line ends or not."""
    with pytest.raises(BadRequest, match="too long"):
        read(data, limit=50)


def test_text_that_is_not_unicode() -> None:
    """What the terminal gives for bytes that are not UTF-8 is refused before it is sent."""
    with pytest.raises(BadRequest, match="UTF-8"):
        write_request(Request("v", {"name": "\udcff"}))
    with pytest.raises(BadRequest, match="UTF-8"):
        write_request(Request("v", {"keys": ("a", "\udcff")}))


def test_arguments() -> None:
    """A command gets what it asks for, or the request is refused."""
    assert (REQUEST.text("absent", "x"), REQUEST.flag("absent"), REQUEST.texts("absent")) == ("x", False, ())
    assert (REQUEST.flag("recoverable"), REQUEST.texts("keys")) == (True, ("a", "ß"))
    for wrong in (lambda: REQUEST.text("absent"), lambda: REQUEST.flag("name"), lambda: REQUEST.texts("name")):
        with pytest.raises(BadRequest):
            wrong()


@pytest.mark.parametrize("size", [1, 1000])
def test_replies(size: int) -> None:
    """Lines for both streams, and the exit code."""
    replies = [Said("gr\u00fc\u00dfe\nx"), Said("oh", complaint=True), Ended(75)]
    data = b"".join(map(write_reply, replies))
    reader, found = ReplyReader(), []
    for place in range(0, len(data), size):
        found += reader.feed(data[place : place + size])
    assert found == replies


@pytest.mark.parametrize("data", [b"220 hello\n", b"{}\n", b'{"out": 1}\n', b"[\n", b"x" * (MAX_REPLY_LINE + 1)])
def test_what_is_no_reply(data: bytes) -> None:
    """The tool does not believe everything that listens on a socket."""
    with pytest.raises(BadReply):
        ReplyReader().feed(data)
