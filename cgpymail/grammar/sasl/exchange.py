"""One SASL exchange in the base64 lines of IMAP and POP, without I/O."""

from __future__ import annotations

import binascii

from cgpymail.grammar.sasl.mechanism import Cancelled, Malformed, Situation, Step
from cgpymail.grammar.sasl.registry import Offer


class Exchange:
    """Puts base64, the limit and the cancellation of the line protocols around a mechanism.

    ``first`` begins, and ``feed`` takes each further line of the client. Both give the next challenge, in base64, or
    what the directory is to do. ``limit``: octets of one line (Limits.sasl_line).
    """

    def __init__(self, offer: Offer, situation: Situation, limit: int) -> None:
        self._mechanism = offer.begin(situation)
        self._limit = limit

    def first(self, initial: bytes | None) -> Step:
        """``initial``: the initial response of SASL-IR (RFC 4959), None if none came; ``=`` stands for an empty one.

        Raises Malformed.
        """
        if initial is None:
            return encode(self._mechanism.start())
        return self._step(b"" if initial == b"=" else initial)

    def feed(self, line: bytes) -> Step:
        """The client's line without its CRLF. Raises Cancelled, Malformed."""
        check_cancelled(line)
        return self._step(line)

    def _step(self, line: bytes) -> Step:
        if len(line) > self._limit:
            raise Malformed("The response is too long")
        outcome = self._mechanism.step(_decode(line))
        return encode(outcome) if isinstance(outcome, bytes) else outcome


def check_cancelled(line: bytes) -> None:
    """Raise Cancelled for the line with which a client gives up."""
    if line == b"*":
        raise Cancelled("The authentication was cancelled")


def encode(challenge: bytes) -> bytes:
    """As a line."""
    return binascii.b2a_base64(challenge, newline=False)


def _decode(line: bytes) -> bytes:
    try:
        return binascii.a2b_base64(line, strict_mode=True) if line else b""
    except binascii.Error:
        raise Malformed("The response is not base64") from None
