"""The server side of SASL (RFC 4422) as small state machines without I/O, for IMAP AUTHENTICATE and POP AUTH alike.

A mechanism takes the client's responses one after the other and answers each with the next challenge (bytes) or with
the finished Credentials, which the directory checks. ``Exchange`` puts base64, the limit and the cancellation of the
line protocols around it. A further mechanism is one class and one line in MECHANISMS.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cgpymail.model.identity import Credentials, PlainCredentials


class SaslError(Exception):
    """The exchange failed before any password could be checked; the text is safe to show to the client."""


class Cancelled(SaslError):
    """The client sent ``*`` (RFC 3501 6.2.2, RFC 5034 section 4)."""


class Malformed(SaslError):
    """Not base64, too long, or not what the mechanism wants."""


class Mechanism(Protocol):
    """One authentication under way."""

    def start(self) -> bytes:
        """The first challenge; empty where the client speaks first. Called unless an initial response came."""

    def step(self, response: bytes) -> bytes | Credentials:
        """The next challenge, or the outcome. Raises Malformed."""


class Plain:
    """PLAIN (RFC 4616): ``[authzid] NUL authcid NUL passwd`` in one response."""

    def start(self) -> bytes:
        """The client speaks first."""
        return b""

    def step(self, response: bytes) -> bytes | Credentials:
        """Credentials."""
        parts = response.split(b"\0")
        if len(parts) != 3:
            raise Malformed("PLAIN wants an authorization identity, a name and a password")
        authzid, login, password = parts
        return PlainCredentials(_text(login), password, _text(authzid) if authzid else "")


class Login:
    """LOGIN (draft-murchison-sasl-login): name and password, each asked for; an initial response is the name."""

    def __init__(self) -> None:
        self._login = ""

    def start(self) -> bytes:
        """Ask for the name."""
        return b"Username:"

    def step(self, response: bytes) -> bytes | Credentials:
        """Ask for the password, then Credentials."""
        if not self._login:
            self._login = _text(response)
            return b"Password:"
        return PlainCredentials(self._login, response)


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("A name must be in UTF-8") from None
    if not text or "\0" in text:
        raise Malformed("A name is missing")
    return text


@dataclass(frozen=True, slots=True)
class Offer:
    """A mechanism as the servers announce it; ``clear`` ones send the password itself (spec section 9.1.6)."""

    name: str
    clear: bool
    begin: Callable[[], Mechanism]


MECHANISMS: dict[str, Offer] = {
    offer.name: offer
    for offer in (
        Offer("PLAIN", True, Plain),
        Offer("LOGIN", True, Login),
    )
}


class Exchange:
    """One SASL exchange in the base64 lines of IMAP and POP.

    ``first`` gives the first line to send after ``+ ``, or takes the initial response of SASL-IR (RFC 4959); ``feed``
    takes each further line of the client. Both give the next challenge, in base64, or the Credentials. ``limit``:
    octets of one line (Limits.sasl_line).
    """

    def __init__(self, offer: Offer, limit: int) -> None:
        self._mechanism = offer.begin()
        self._limit = limit

    def first(self, initial: bytes | None) -> bytes | Credentials:
        """``initial``: None if none came; ``=`` stands for an empty one. Raises Malformed."""
        if initial is None:
            return _encode(self._mechanism.start())
        return self._step(b"" if initial == b"=" else initial)

    def feed(self, line: bytes) -> bytes | Credentials:
        """The client's line without its CRLF. Raises Cancelled, Malformed."""
        if line == b"*":
            raise Cancelled("The authentication was cancelled")
        return self._step(line)

    def _step(self, line: bytes) -> bytes | Credentials:
        if len(line) > self._limit:
            raise Malformed("The response is too long")
        outcome = self._mechanism.step(_decode(line))
        return _encode(outcome) if isinstance(outcome, bytes) else outcome


def _decode(line: bytes) -> bytes:
    try:
        return binascii.a2b_base64(line, strict_mode=True) if line else b""
    except binascii.Error:
        raise Malformed("The response is not base64") from None


def _encode(challenge: bytes) -> bytes:
    return binascii.b2a_base64(challenge, newline=False)
