"""The POP3 grammar (RFC 1939 section 3, RFC 2449 section 4): a line to a command, and the replies' first lines."""

from __future__ import annotations

from dataclasses import dataclass

# Verb: how many arguments it takes at least and at most.
ARGUMENTS: dict[str, tuple[int, int]] = {
    "USER": (1, 1),
    "PASS": (1, 1),
    "APOP": (2, 2),
    "AUTH": (0, 2),
    "CAPA": (0, 0),
    "STLS": (0, 0),
    "QUIT": (0, 0),
    "STAT": (0, 0),
    "LIST": (0, 1),
    "UIDL": (0, 1),
    "RETR": (1, 1),
    "TOP": (2, 2),
    "DELE": (1, 1),
    "NOOP": (0, 0),
    "RSET": (0, 0),
    "LAST": (0, 0),
    "UTF8": (0, 0),
    "LANG": (0, 1),
    "XTND": (1, 2),
}
# The argument of these is the rest of the line, blanks included (RFC 1939 section 7, PASS).
WHOLE_LINE = frozenset({"USER", "PASS"})
MAX_NUMBER_DIGITS = 10


class BadCommand(Exception):
    """The line is no command; ``text`` says why and is safe to show."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Command:
    """A verb in upper case and its arguments."""

    verb: str
    arguments: tuple[bytes, ...] = ()


def parse(line: bytes) -> Command:
    """A command line without CRLF. Raises BadCommand."""
    word, _, rest = line.partition(b" ")
    try:
        verb = word.decode("ascii").upper()
    except UnicodeDecodeError:
        raise BadCommand("Unknown command") from None
    if verb not in ARGUMENTS:
        raise BadCommand("Unknown command")
    least, most = ARGUMENTS[verb]
    if verb in WHOLE_LINE:
        arguments: tuple[bytes, ...] = (rest,) if rest else ()
    else:
        arguments = tuple(rest.split())
    if not least <= len(arguments) <= most:
        raise BadCommand(f"Wrong number of arguments for {verb}")
    if b"\0" in line:
        raise BadCommand("NUL is not allowed in a command")
    return Command(verb, arguments)


def number(argument: bytes) -> int:
    """A message number or line count. Raises BadCommand."""
    if not argument.isdigit() or len(argument) > MAX_NUMBER_DIGITS:
        raise BadCommand("Not a number")
    return int(argument)


def ok(text: str = "") -> bytes:
    """A positive reply."""
    return f"+OK {text}".rstrip().encode("utf-8", "replace") + b"\r\n"


def err(text: str, code: str = "") -> bytes:
    """A negative reply, with an extended response code (RFC 2449 section 8, RFC 3206) if there is one."""
    return f"-ERR [{code}] {text}".encode() + b"\r\n" if code else f"-ERR {text}".encode() + b"\r\n"
