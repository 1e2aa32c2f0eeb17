"""What a mechanism is: it takes the client's responses one after the other and says what has to happen next.

That is a challenge (bytes), a question to the directory (Lookup: SCRAM needs salt and iterations of the account before
it can go on), or what the client shows as proof (Claim), which the directory judges. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cgpymail.grammar.saslprep import Prohibited, saslprep
from cgpymail.model.identity import Credentials, ScramVerifier, TlsFacts


class SaslError(Exception):
    """The exchange failed before anything could be judged; the text is safe to show to the client."""


class Cancelled(SaslError):
    """The client sent ``*`` (RFC 3501 6.2.2, RFC 5034 section 4)."""


class Malformed(SaslError):
    """Not base64, too long, or not what the mechanism wants."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a mechanism is told. ``token``: fresh random text, printable and without comma; ``host``: the server's name;
    ``now``: seconds since the epoch; ``tls``: what the handshake showed, None without TLS."""

    token: str
    host: str
    now: int
    tls: TlsFacts | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The mechanism must know the verifier of the account that ``login`` names; ``found`` takes it and gives the next
    challenge. ``method``: SCRAM-SHA-1 or SCRAM-SHA-256."""

    login: str
    method: str
    found: Callable[[ScramVerifier], bytes]


@dataclass(frozen=True, slots=True)
class Claim:
    """What the client shows. A last challenge may follow the judgement, which the client only acknowledges."""

    credentials: Credentials
    granted: bytes = b""
    refused: bytes = b""


Step = bytes | Lookup | Claim


class Mechanism(Protocol):
    """One authentication under way."""

    def start(self) -> bytes:
        """The first challenge; empty where the client speaks first. Called unless an initial response came."""

    def step(self, response: bytes) -> Step:
        """What comes next. Raises Malformed."""


def name_in(raw: bytes) -> str:
    """A name as the client sent it, prepared (RFC 4013). Raises Malformed."""
    try:
        text = saslprep(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise Malformed("A name must be in UTF-8") from None
    except Prohibited:
        raise Malformed("A name has characters that are not allowed") from None
    if not text or "\0" in text:
        raise Malformed("A name is missing")
    return text
