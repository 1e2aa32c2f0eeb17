"""Which mechanisms there are: THE table. What of it is possible on a link, the directory decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cgpymail.grammar.sasl.crammd5 import CramMd5
from cgpymail.grammar.sasl.external import External
from cgpymail.grammar.sasl.mechanism import Mechanism, Situation
from cgpymail.grammar.sasl.oauth import OAuthBearer, XOAuth2
from cgpymail.grammar.sasl.plain import Login, Plain
from cgpymail.grammar.sasl.scram import Scram

PLUS = "-PLUS"


@dataclass(frozen=True, slots=True)
class Offer:
    """A mechanism as the servers announce it; ``clear`` ones send the password itself (spec section 9.1.6)."""

    name: str
    clear: bool
    begin: Callable[[Situation], Mechanism]


def _scram(method: str) -> tuple[Offer, Offer]:
    return (
        Offer(method + PLUS, False, partial(Scram, method=method, plus=True)),
        Offer(method, False, partial(Scram, method=method, plus=False)),
    )


MECHANISMS: dict[str, Offer] = {
    offer.name: offer
    for offer in (
        Offer("PLAIN", True, Plain),
        Offer("LOGIN", True, Login),
        *_scram("SCRAM-SHA-256"),
        *_scram("SCRAM-SHA-1"),
        Offer("CRAM-MD5", False, CramMd5),
        Offer("EXTERNAL", False, External),
        Offer("OAUTHBEARER", False, OAuthBearer),
        Offer("XOAUTH2", False, XOAuth2),
    )
}
