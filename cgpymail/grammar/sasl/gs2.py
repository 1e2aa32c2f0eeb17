"""The GS2 header (RFC 5801 section 4) of SCRAM and OAUTHBEARER: channel binding and authorization identity.

Both come as ``n,,`` or ``p=tls-exporter,a=boss,``; in names ``=2C`` stands for a comma and ``=3D`` for ``=``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cgpymail.grammar.sasl.mechanism import Malformed, name_in

_HEADER = re.compile(rb"(?:(?P<flag>[ny])|p=(?P<binding>[A-Za-z0-9.-]+)),(?:a=(?P<authzid>[^,]+))?,")
_NAME = re.compile(rb"(?:[^=,\x00]|=2C|=3D)+")


@dataclass(frozen=True, slots=True)
class Header:
    """``binding``: ``n`` (the client has none), ``y`` (it has, and thinks that the server has not), or the name of the
    binding that it uses. ``raw``: the header itself, which SCRAM's client repeats."""

    binding: str
    authzid: str
    raw: bytes

    @property
    def bound(self) -> bool:
        """Whether the client uses a channel binding."""
        return self.binding not in ("n", "y")


def read_header(message: bytes) -> tuple[Header, bytes]:
    """The header at the beginning of a message, and the rest. Raises Malformed."""
    found = _HEADER.match(message)
    if found is None:
        raise Malformed("The message does not begin with a GS2 header")
    flag, binding, authzid = found["flag"], found["binding"], found["authzid"]
    header = Header((flag or binding).decode("ascii"), read_name(authzid) if authzid else "", found[0])
    return header, message[found.end() :]


def read_name(raw: bytes) -> str:
    """A name with its escapes undone, prepared. Raises Malformed."""
    if not _NAME.fullmatch(raw):
        raise Malformed("A name has characters that must be escaped")
    return name_in(raw.replace(b"=2C", b",").replace(b"=3D", b"="))
