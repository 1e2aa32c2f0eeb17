"""OAUTHBEARER (RFC 7628) and its forerunner XOAUTH2: the client shows a token that somebody else has given it.

A refusal is told in two steps: a challenge with the reason in JSON, which the client acknowledges, then the failure.
"""

from __future__ import annotations

import re

from cgpymail.grammar.sasl.gs2 import read_header
from cgpymail.grammar.sasl.mechanism import Claim, Malformed, Situation, Step, name_in
from cgpymail.model.identity import TokenCredentials

REFUSED = b'{"status":"invalid_token"}'  # RFC 7628 section 3.2.2
XREFUSED = b'{"status":"401","schemes":"bearer"}'
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 section 2.1
_PAIR = re.compile(rb"([A-Za-z]+)=([^\x01]*)")


class OAuthBearer:
    """``n,a=name,^Ahost=...^Aport=...^Aauth=Bearer token^A^A``, where ^A is the octet 1."""

    def __init__(self, situation: Situation) -> None:
        pass

    def start(self) -> bytes:
        """The client speaks first."""
        return b""

    def step(self, response: bytes) -> Step:
        """The claim."""
        header, found, rest = response.partition(b"\x01")
        if not found:
            raise Malformed("OAUTHBEARER wants a header and key=value pairs")
        gs2, empty = read_header(header)
        if gs2.binding not in ("n", "y") or empty:
            raise Malformed("OAUTHBEARER has no channel binding")
        token = _bearer(_pairs(rest))
        return Claim(TokenCredentials("OAUTHBEARER", token, authzid=gs2.authzid), refused=REFUSED)


class XOAuth2:
    """``user=name^Aauth=Bearer token^A^A`` (as several large providers have it)."""

    def __init__(self, situation: Situation) -> None:
        pass

    def start(self) -> bytes:
        """The client speaks first."""
        return b""

    def step(self, response: bytes) -> Step:
        """The claim."""
        pairs = _pairs(response)
        token = _bearer(pairs)
        user = pairs.get(b"user", b"")
        return Claim(TokenCredentials("XOAUTH2", token, authzid=name_in(user)), refused=XREFUSED)


def _pairs(data: bytes) -> dict[bytes, bytes]:
    """``key=value`` pairs, each ended by the octet 1, and one such octet at the end of all. Raises Malformed."""
    if data == b"\x01":
        return {}
    if not data.endswith(b"\x01\x01"):
        raise Malformed("The response does not end as it must")
    pairs: dict[bytes, bytes] = {}
    for item in data[:-2].split(b"\x01"):
        found = _PAIR.fullmatch(item)
        if found is None or found[1].lower() in pairs:
            raise Malformed("Not a key=value pair, or one that comes twice")
        pairs[found[1].lower()] = found[2]
    return pairs


def _bearer(pairs: dict[bytes, bytes]) -> str:
    scheme, _, token = pairs.get(b"auth", b"").partition(b" ")
    if scheme.lower() != b"bearer" or not _TOKEN.fullmatch(token):
        raise Malformed("A bearer token is missing")
    return token.decode("ascii")
