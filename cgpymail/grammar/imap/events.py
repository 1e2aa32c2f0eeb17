"""What the scanner finds in a client's bytes, one at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandText:
    """A complete command, for reading.read_command.

    ``text``: its lines without the last line end; where a literal stood its announcement ``{n}`` and CRLF are kept,
    and the octets are in ``literals``, in order.
    """

    text: bytes
    literals: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class LineText:
    """A bare line asked for with ``next_line``, without its end: DONE, or an answer in an AUTHENTICATE exchange."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Continue:
    """The client waits for ``+`` before it sends a literal that is within the limits."""


@dataclass(frozen=True, slots=True)
class MessageLiteral:
    """An APPEND or REPLACE up to its message; the scanner stands still until ``accept`` or ``refuse`` is called.

    ``text`` and ``literals`` as in CommandText (``read_command`` gives an Append or a Replace). ``size``: octets that
    follow. ``waits``: the client waits for ``+`` after ``accept``; if False it sends the octets whatever we say.
    ``utf8``: the message is in ``UTF8 (...)`` (RFC 6855). ``more``: it follows another message of the same command
    (RFC 3502); ``text`` is then what stands between the two, for ``read_next_message``.
    """

    text: bytes
    literals: tuple[bytes, ...]
    size: int
    waits: bool
    utf8: bool = False
    more: bool = False


@dataclass(frozen=True, slots=True)
class MessageChunk:
    """The next octets of the message, as many as have come; the scanner keeps none."""

    data: bytes


@dataclass(frozen=True, slots=True)
class MessageEnd:
    """The command is complete. ``rest``: what stood behind the (last) message on its line: nothing, or ``)`` behind
    a message in ``UTF8 (...)``; everything else is ill-formed."""

    rest: bytes


@dataclass(frozen=True, slots=True)
class TooLong:
    """A line, literal or command over a limit. Answer BAD; with ``fatal`` BYE too, and close: nothing more will come.

    Unless ``fatal`` the scanner has found its way behind the command. ``tag``: empty if not known.
    """

    tag: bytes
    reason: str
    fatal: bool


Event = CommandText | LineText | Continue | MessageLiteral | MessageChunk | MessageEnd | TooLong
