"""From the configuration to whom the directory believes besides those who know a password (directory/trust.py)."""

from __future__ import annotations

from typing import Any

from cgpymail.config import Settings, Tokens
from cgpymail.configfile import TokenMeans
from cgpymail.directory.tokens import SignedTokens, TokenRules
from cgpymail.directory.trust import TokenCheck, Trust
from cgpymail.runtime.runtime import Runtime


def trust_of(settings: Settings, means: TokenMeans, runtime: Runtime, net: Any) -> Trust:
    """``means``: what the files in [oauth] hold; ``net``: the reactor, for questions over HTTP."""
    field = settings.client_name if settings.client_ca else ""
    return Trust(field, _check_of(settings.oauth, means, runtime, net))


def _check_of(oauth: Tokens, means: TokenMeans, runtime: Runtime, net: Any) -> TokenCheck | None:
    rules = TokenRules(oauth.issuer, oauth.audience, oauth.claim, oauth.scope)
    if means.key is not None:
        return SignedTokens(runtime, means.key, rules)
    if not oauth.introspection:
        return None
    # Only those who use it pay for an HTTP client in memory.
    from cgpymail.directory.introspection import Introspection, http_agent

    return Introspection(runtime, http_agent(net), oauth.introspection, oauth.client, means.secret, rules)
