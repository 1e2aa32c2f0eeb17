"""The mechanisms that send the password itself: PLAIN and LOGIN."""

from __future__ import annotations

from cgpymail.grammar.sasl.mechanism import Claim, Malformed, Situation, Step, name_in
from cgpymail.model.identity import PlainCredentials


class Plain:
    """PLAIN (RFC 4616): ``[authzid] NUL authcid NUL passwd`` in one response."""

    def __init__(self, situation: Situation) -> None:
        pass

    def start(self) -> bytes:
        """The client speaks first."""
        return b""

    def step(self, response: bytes) -> Step:
        """The claim."""
        parts = response.split(b"\0")
        if len(parts) != 3:
            raise Malformed("PLAIN wants an authorization identity, a name and a password")
        authzid, login, password = parts
        return Claim(PlainCredentials(name_in(login), password, name_in(authzid) if authzid else ""))


class Login:
    """LOGIN (draft-murchison-sasl-login): name and password, each asked for; an initial response is the name."""

    def __init__(self, situation: Situation) -> None:
        self._login = ""

    def start(self) -> bytes:
        """Ask for the name."""
        return b"Username:"

    def step(self, response: bytes) -> Step:
        """Ask for the password, then the claim."""
        if not self._login:
            self._login = name_in(response)
            return b"Password:"
        return Claim(PlainCredentials(self._login, response))
