"""The control protocol between the ``cgpymail`` tool and the running daemon, over a UNIX socket. Sans-IO.

One request for each connection. Every line is a JSON object, ended by LF; everything but ASCII is escaped:

    {"version": 1, "base": "/var/lib/cgpymail", "domain": "", "verb": "account list", "arguments": {"only": "x.org"}}

    {"out": "created john@example.org"}    a line for standard output
    {"err": "..."}                         a complaint
    {"exit": 0}                            the last line: the exit code

Arguments are texts, switches (true, false) and lists of texts. A daemon that does not know the version says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VERSION = 1
MAX_REPLY_LINE = 1024 * 1024  # octets
Argument = str | bool | tuple[str, ...]


class BadRequest(Exception):
    """A request that cannot be understood; the text is for the other side, and has nothing of the request in it."""


class BadReply(Exception):
    """The other side is no daemon of ours."""


@dataclass(frozen=True, slots=True)
class Request:
    """``verb``: the words of a command. ``base``: the base directory that is meant, all symbolic links resolved;
    ``domain``: the main domain that is meant, empty if it is whatever the server has."""

    verb: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    base: str = ""
    domain: str = ""

    def text(self, key: str, default: str | None = None) -> str:
        """A text. Raises BadRequest when it is missing and there is no default."""
        value = self.arguments.get(key, default)
        if not isinstance(value, str):
            raise BadRequest(f"{key}: a text is needed")
        return value

    def flag(self, key: str) -> bool:
        """A switch, off if it is not given. Raises BadRequest."""
        value = self.arguments.get(key, False)
        if not isinstance(value, bool):
            raise BadRequest(f"{key}: true or false is needed")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty if it is not given. Raises BadRequest."""
        value = self.arguments.get(key, ())
        if not isinstance(value, tuple):
            raise BadRequest(f"{key}: a list of texts is needed")
        return value


@dataclass(frozen=True, slots=True)
class Said:
    """A line for the terminal."""

    text: str
    complaint: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The command is over."""

    code: int


Reply = Said | Ended


def write_request(request: Request) -> bytes:
    """The line. Raises BadRequest for text that is not Unicode, as the terminal may give it."""
    _check_text(request.verb, request.base, request.domain)
    for key, value in request.arguments.items():
        if not isinstance(value, bool):
            _check_text(key, *([value] if isinstance(value, str) else value))
    meant = {"base": request.base, "domain": request.domain}
    return _line({"version": VERSION, **meant, "verb": request.verb, "arguments": dict(request.arguments)})


def write_reply(reply: Reply) -> bytes:
    """The line."""
    if isinstance(reply, Ended):
        return _line({"exit": reply.code})
    return _line({"err" if reply.complaint else "out": reply.text})


class RequestReader:
    """Takes what a client sends, up to ``limit`` octets, and gives its one request."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()

    def feed(self, data: bytes) -> Request | None:
        """The request when it is complete, else None. Raises BadRequest; nothing can follow then."""
        end = data.find(b"\n")
        self._data += data if end < 0 else data[:end]
        if len(self._data) > self._limit:
            self._data.clear()
            raise BadRequest("The request is too long")
        return _read_request(bytes(self._data)) if end >= 0 else None


class ReplyReader:
    """Takes what the daemon sends."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that are complete. Raises BadReply."""
        *lines, self._data = (self._data + data).split(b"\n")
        if len(self._data) > MAX_REPLY_LINE:
            raise BadReply("an endless line")
        return [_read_reply(line) for line in lines]


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data).encode("ascii") + b"\n"


def _load(line: bytes) -> Any:
    """Raises ValueError for everything that is not JSON in UTF-8, and for what is nested without end."""
    try:
        return json.loads(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _read_request(line: bytes) -> Request:
    try:
        data = _load(line)
    except ValueError:
        raise BadRequest("This is no request of the cgpymail tool") from None
    if not isinstance(data, dict) or type(data.get("version")) is not int:
        raise BadRequest("This is no request of the cgpymail tool")
    if data["version"] != VERSION:
        raise BadRequest(f"The server speaks version {VERSION} of the control protocol: use its own cgpymail tool")
    arguments = data.get("arguments")
    if not isinstance(arguments, dict):
        raise BadRequest("The request lacks a part")
    read = {_text(key): _read_argument(value) for key, value in arguments.items()}
    return Request(_text(data.get("verb")), read, _text(data.get("base")), _text(data.get("domain")))


def _read_argument(value: object) -> Argument:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return tuple(_text(item) for item in value)
    return _text(value)


def _read_reply(line: bytes) -> Reply:
    try:
        data = _load(line)
    except ValueError as problem:
        raise BadReply(str(problem)) from None
    match data:
        case {"exit": int(code)}:
            return Ended(code)
        case {"out": str(text)}:
            return Said(text)
        case {"err": str(text)}:
            return Said(text, complaint=True)
    raise BadReply("a line that is no reply")


def _check_text(*values: object) -> None:
    for value in values:
        _text(value)


def _text(value: object) -> str:
    """JSON can carry half a surrogate pair, which no file or mailbox could. Raises BadRequest."""
    if not isinstance(value, str):
        raise BadRequest("An argument is no text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise BadRequest("An argument is not UTF-8") from None
    return value
