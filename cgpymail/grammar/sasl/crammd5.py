"""CRAM-MD5 (RFC 2195): the client proves that it has the password, which the server must have too."""

from __future__ import annotations

import re

from cgpymail.grammar.sasl.mechanism import Claim, Malformed, Situation, Step, name_in
from cgpymail.model.identity import CramCredentials

_DIGEST = re.compile(rb"[0-9A-Fa-f]{32}")


class CramMd5:
    """One challenge with a time stamp that never comes again, and the answer ``name digest``."""

    def __init__(self, situation: Situation) -> None:
        self._challenge = f"<{situation.token}.{situation.now}@{situation.host}>".encode()
        self._asked = False

    def start(self) -> bytes:
        """The challenge."""
        self._asked = True
        return self._challenge

    def step(self, response: bytes) -> Step:
        """The claim. The server speaks first: there is no initial response (RFC 4422 section 5.1)."""
        if not self._asked:
            raise Malformed("CRAM-MD5 has no initial response")
        name, _, digest = response.rpartition(b" ")
        if not _DIGEST.fullmatch(digest):
            raise Malformed("CRAM-MD5 wants a name and a digest")
        return Claim(CramCredentials(name_in(name), self._challenge, digest.decode("ascii")))
