"""The LMTP grammar (RFC 2033, RFC 5321 section 4.1): a line to a command, and replies with enhanced status codes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

VERBS = frozenset({"LHLO", "HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "HELP", "BDAT"})
MAX_ADDRESS = 1000  # octets; RFC 5321 asks for 256, UTF-8 and long box names want more
# <path>: an optional source route (ignored, RFC 5321 4.1.1.3), a local part plain or quoted, an optional domain.
_PATH = re.compile(
    rb"<(?:@[^>:\s]*:)?(?P<address>(?:\"(?:[^\"\\\r\n]|\\.)*\"|[^\s<>\"\\]+?)(?:@[^\s<>@]+)?)?>(?: +(?P<rest>.*))?"
)


class BadCommand(Exception):
    """The line is no command; ``reply`` is the whole answer."""

    def __init__(self, code: int, status: str, text: str) -> None:
        self.reply = reply(code, status, text)
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Command:
    """A verb in upper case and the rest of its line."""

    verb: str
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Path:
    """An address without brackets (empty: the null sender), and the ESMTP parameters behind it.

    ``address`` is without the quotes of a quoted local part, ``written`` with them, as it may stand in a header.
    """

    address: str
    written: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse(line: bytes) -> Command:
    """A command line without CRLF. Raises BadCommand."""
    word, _, rest = line.partition(b" ")
    verb = word.decode("ascii", "replace").upper()
    if verb not in VERBS:
        raise BadCommand(500, "5.5.2", "Unknown command")
    return Command(verb, rest.strip())


def parse_path(rest: bytes, keyword: bytes) -> Path:
    """``FROM:<address> parameters`` or ``TO:<address> parameters``. Raises BadCommand."""
    word, colon, path = rest.partition(b":")
    if word.strip().upper() != keyword or not colon:
        raise BadCommand(501, "5.5.4", f"{keyword.decode()}:<address> expected")
    found = _PATH.fullmatch(path.strip())
    if found is None or len(path) > MAX_ADDRESS:
        raise BadCommand(501, "5.1.7" if keyword == b"FROM" else "5.1.3", "Malformed address")
    try:
        address = (found["address"] or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise BadCommand(501, "5.6.7", "The address is not UTF-8") from None
    if any(ord(char) < 32 or ord(char) == 127 for char in address):
        raise BadCommand(501, "5.1.3", "Control characters in the address")
    return Path(_unquote(address), address, _parameters(found["rest"] or b""))


def _unquote(address: str) -> str:
    """Without the quotes of a quoted local part; what they protected stays as it is."""
    if not address.startswith('"'):
        return address
    end = re.match(r'"((?:[^"\\]|\\.)*)"', address)
    assert end is not None
    return re.sub(r"\\(.)", r"\1", end.group(1)) + address[end.end() :]


def _parameters(rest: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in rest.split():
        name, _, value = word.partition(b"=")
        found[name.decode("ascii", "replace").upper()] = value.decode("ascii", "replace")
    return found


def reply(code: int, status: str, text: str) -> bytes:
    """One reply line; ``status`` is the enhanced code (RFC 2034), empty for the replies that have none."""
    return f"{code} {status} {text}".replace("  ", " ").encode("utf-8") + b"\r\n"


def multi_reply(code: int, lines: list[str]) -> bytes:
    """A reply of several lines, as LHLO has it."""
    last = len(lines) - 1
    return "".join(f"{code}{' ' if place == last else '-'}{line}\r\n" for place, line in enumerate(lines)).encode()
