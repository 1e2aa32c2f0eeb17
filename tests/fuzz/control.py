"""The two sides of the control socket."""

from __future__ import annotations

from cgpymail.grammar.control import (
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
from tests.fuzz.target import Target

_LIMIT = 65536


def request(data: bytes) -> None:
    """What is understood is written and read again as it was; the arguments have the types that commands ask for."""
    try:
        found = RequestReader(_LIMIT).feed(data)
    except BadRequest as problem:
        assert str(problem).isascii()
        return
    if found is not None:
        assert RequestReader(10 * _LIMIT).feed(write_request(found)) == found
        for key in found.arguments:
            for ask in (found.text, found.flag, found.texts):
                try:
                    ask(key)
                except BadRequest:
                    continue


def reply(data: bytes) -> None:
    """The same for what a daemon says."""
    try:
        found = ReplyReader().feed(data)
    except BadReply:
        return
    assert ReplyReader().feed(b"".join(map(write_reply, found))) == found


TARGETS = (
    Target(
        "control-request",
        request,
        (
            write_request(
                Request("account create", {"name": "x", "recoverable": True, "keys": ("a", "ü")}, "/b", "x.org")
            ),
            b'{"version": 2}\n',
            b'{"version":1,"base":"","domain":"","verb":"","arguments":{"a":[["x"]]}}\n',
        ),
    ),
    Target("control-reply", reply, (write_reply(Said("ü", complaint=True)) + write_reply(Ended(75)), b'{"out":1}\n')),
)
