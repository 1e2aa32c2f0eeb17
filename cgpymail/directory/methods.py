"""Which ways of logging in there are: for a link, and for an account (spec sections 9.1.6, 11.4).

The domain setting AUTHMethods lists the methods that are on; unset, or ``All``, means every one. CLRTXT is USER/PASS,
LOGIN, and the mechanisms PLAIN and LOGIN, which an encrypted link allows in any case. Before somebody has logged in,
the domain is that of the local address; after that the account's own domain has the last word.
"""

from __future__ import annotations

from cgpymail.directory.domains import Domain
from cgpymail.directory.passwords import CLEAR
from cgpymail.directory.trust import Trust
from cgpymail.grammar.sasl.registry import MECHANISMS, PLUS
from cgpymail.grammar.sasl.scramkeys import HASHES
from cgpymail.model.identity import (
    ApopCredentials,
    CramCredentials,
    Credentials,
    ExternalCredentials,
    Link,
    PlainCredentials,
)

METHODS = "AUTHMethods"
CLRTXT = "CLRTXT"
APOP = "APOP"
CRAM = "CRAM-MD5"
EXTERNAL = "EXTERNAL"
TOKENS = frozenset({"OAUTHBEARER", "XOAUTH2"})


def possible(domain: Domain, link: Link, trust: Trust) -> frozenset[str]:
    """The SASL mechanisms that may be used over a link, and APOP."""
    return frozenset(name for name in (APOP, *MECHANISMS) if _possible(name, domain, link, trust))


def _possible(name: str, domain: Domain, link: Link, trust: Trust) -> bool:
    offer = MECHANISMS.get(name)
    if offer is not None and offer.clear:
        return link.secure or clear_text(domain)
    if not enabled(domain, name):
        return False
    if name == CRAM:
        return _recoverable(domain)
    if name.endswith(PLUS):
        return link.encrypted and (link.tls is None or bool(link.tls.bindings))
    if name == EXTERNAL:
        # Whoever connects to a TLS port is greeted before the handshake has shown whether he has a certificate.
        shown = link.tls is None or link.tls.certificate is not None
        return bool(trust.certificate_field) and link.encrypted and shown
    return name not in TOKENS or (trust.tokens is not None and link.secure)


def _recoverable(domain: Domain) -> bool:
    """CRAM-MD5 can only work with passwords that are kept in clear: clients that prefer it must not be led astray."""
    named = domain.settings.get(METHODS)
    words = named if isinstance(named, list) else [named]
    clear = str(domain.settings.get("PasswordEncryption", "")).lower() == CLEAR
    return clear or any(str(word).upper() == CRAM for word in words)


def enabled(domain: Domain, method: str) -> bool:
    """Whether a method other than CLRTXT is on in a domain; the -PLUS form of a mechanism goes with the mechanism."""
    return domain.readable and allows(domain.settings.get(METHODS), method.removesuffix(PLUS))


def scram_enabled(domain: Domain) -> bool:
    """Whether a domain has use for SCRAM verifiers."""
    return any(enabled(domain, method) for method in HASHES)


def clear_text(domain: Domain) -> bool:
    """Whether the method CLRTXT is on in a domain; off when nobody can know."""
    return enabled(domain, CLRTXT)


def method_of(credentials: Credentials) -> str:
    """The method's word, as in AUTHMethods."""
    if isinstance(credentials, PlainCredentials):
        return CLRTXT
    if isinstance(credentials, ApopCredentials):
        return APOP
    if isinstance(credentials, CramCredentials):
        return CRAM
    return EXTERNAL if isinstance(credentials, ExternalCredentials) else credentials.method


def allows(setting: object, word: str) -> bool:
    """Whether a list of names, as in AccessModes and AUTHMethods, has the word: ``All`` (and unset) has every one,
    ``None`` no one; a leading number counts the names and says nothing."""
    if setting is None:
        return True
    items = setting if isinstance(setting, list) else [setting]
    listed = {str(item).lower() for item in items}
    return "all" in listed or word.lower() in listed
