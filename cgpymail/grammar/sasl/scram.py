"""SCRAM-SHA-1, SCRAM-SHA-256 and their -PLUS forms (RFC 5802, RFC 7677): the password is never sent nor stored.

The client names the account and gives a nonce; the server adds its own, with salt and iterations; the client proves
that it has the password, over all that was said and, in the -PLUS forms, over what identifies the TLS connection
below. At last the server proves that it knows the account.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from cgpymail.grammar.sasl import scramkeys
from cgpymail.grammar.sasl.gs2 import Header, read_header, read_name
from cgpymail.grammar.sasl.mechanism import Claim, Lookup, Malformed, Situation, Step
from cgpymail.model.identity import ScramCredentials, ScramVerifier

# An unknown mandatory extension, m=, is refused: it matches neither (RFC 5802 section 5.1).
_FIRST = re.compile(rb"n=(?P<name>[^,]+),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\x00]+)*")
_FINAL = re.compile(
    rb"(?P<message>c=(?P<bound>[A-Za-z0-9+/=]+),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\x00]+)*?)"
    rb",p=(?P<proof>[A-Za-z0-9+/=]+)"
)


@dataclass(frozen=True, slots=True)
class _Opened:
    """The first half is over."""

    header: Header
    login: str
    first: bytes  # client-first-message-bare
    answer: bytes  # server-first-message
    nonce: bytes
    verifier: ScramVerifier


class Scram:
    """One exchange of ``method``; ``plus``: the client has chosen the form with channel binding."""

    def __init__(self, situation: Situation, method: str, plus: bool) -> None:
        self._method = method
        self._plus = plus
        self._bindings = situation.tls.bindings if situation.tls is not None else {}
        self._token = situation.token.encode("ascii")
        self._opened: _Opened | None = None

    def start(self) -> bytes:
        """The client speaks first."""
        return b""

    def step(self, response: bytes) -> Step:
        """A question to the directory, then the claim."""
        return self._first(response) if self._opened is None else self._final(self._opened, response)

    def _first(self, message: bytes) -> Lookup:
        header, bare = read_header(message)
        self._check_flag(header)
        found = _FIRST.fullmatch(bare)
        if found is None:
            raise Malformed("Not a first message of SCRAM")
        login, nonce = read_name(found["name"]), found["nonce"] + self._token

        def answer(verifier: ScramVerifier) -> bytes:
            salt = binascii.b2a_base64(verifier.salt, newline=False)
            text = b"r=%b,s=%b,i=%d" % (nonce, salt, verifier.iterations)
            self._opened = _Opened(header, login, bare, text, nonce, verifier)
            return text

        return Lookup(login, self._method, answer)

    def _check_flag(self, header: Header) -> None:
        """RFC 5802 section 6: -PLUS and the flag go together, and ``y`` means that somebody has hidden our -PLUS."""
        if header.bound != self._plus:
            raise Malformed("Channel binding and mechanism do not go together")
        if header.bound and header.binding not in self._bindings:
            raise Malformed("This channel binding is not supported")
        if header.binding == "y" and self._bindings:
            raise Malformed("The server does support channel binding")

    def _final(self, opened: _Opened, message: bytes) -> Claim:
        found = _FINAL.fullmatch(message)
        if found is None:
            raise Malformed("Not a final message of SCRAM")
        if found["nonce"] != opened.nonce:
            raise Malformed("The nonce is another one")
        header = opened.header
        expected = header.raw + (self._bindings[header.binding] if header.bound else b"")
        if _decode(found["bound"]) != expected:
            raise Malformed("The channel binding is another one")
        spoken = b",".join((opened.first, opened.answer, found["message"]))
        own = scramkeys.signature(self._method, opened.verifier, spoken)
        credentials = ScramCredentials(opened.login, self._method, spoken, _decode(found["proof"]), header.authzid)
        return Claim(credentials, granted=b"v=" + binascii.b2a_base64(own, newline=False))


def _decode(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise Malformed("Not base64 where it should be") from None
