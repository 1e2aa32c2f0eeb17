"""EXTERNAL (RFC 4422 appendix A): who the client is was shown by its certificate, below this layer."""

from __future__ import annotations

from cgpymail.grammar.sasl.mechanism import Claim, Situation, Step, name_in
from cgpymail.model.identity import ExternalCredentials


class External:
    """One response: the authorization identity, or nothing."""

    def __init__(self, situation: Situation) -> None:
        pass

    def start(self) -> bytes:
        """The client speaks first."""
        return b""

    def step(self, response: bytes) -> Step:
        """The claim."""
        return Claim(ExternalCredentials(authzid=name_in(response) if response else ""))
