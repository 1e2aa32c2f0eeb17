"""A SASL exchange with the directory behind it: lines of the client in, challenges or an account out.

The mechanism (grammar/sasl) is pure; what it wants to know, and what it is shown, goes to the directory from here, so
that the protocols only carry lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cgpymail.errors import AuthenticationFailed, CannotDo, PrivacyRequired
from cgpymail.grammar.sasl.exchange import Exchange, check_cancelled, encode
from cgpymail.grammar.sasl.mechanism import Claim, Lookup, Situation, Step
from cgpymail.grammar.sasl.registry import MECHANISMS
from cgpymail.interfaces import IDirectory
from cgpymail.model.identity import AccountName, Acting, Credentials, Link
from cgpymail.runtime.runtime import Runtime

TOKEN = 18  # random octets of a nonce

Naming = Callable[[str], str]
"""From a name as the client gave it to the name of the account in it (``box#account`` of POP)."""


class Dialogue:
    """One exchange. ``login``: whom it is about, as the client said; for the log, empty while it is not known."""

    def __init__(self, directory: IDirectory, exchange: Exchange, link: Link, naming: Naming = str) -> None:
        self.login = ""
        self._directory = directory
        self._exchange = exchange
        self._link = link
        self._naming = naming
        self._outcome: AccountName | AuthenticationFailed | None = None  # told after the last acknowledgement

    async def first(self, initial: bytes | None) -> bytes | AccountName:
        """The first challenge, or more if an initial response came (see Exchange.first).

        Raises SaslError, and the errors of IDirectory.login.
        """
        return await self._go(self._exchange.first(initial))

    async def feed(self, line: bytes) -> bytes | AccountName:
        """The next challenge, in base64, or who it is. Raises the same."""
        outcome = self._outcome
        if outcome is None:
            return await self._go(self._exchange.feed(line))
        if isinstance(outcome, AuthenticationFailed):
            raise outcome
        check_cancelled(line)
        return outcome

    async def _go(self, step: Step) -> bytes | AccountName:
        if isinstance(step, Lookup):
            self.login = step.login
            verifier = await self._directory.verifier(self._naming(step.login), step.method, self._link)
            return encode(step.found(verifier))
        return await self._judge(step) if isinstance(step, Claim) else step

    async def _judge(self, claim: Claim) -> bytes | AccountName:
        self.login = claim.credentials.login or _authzid(claim.credentials)
        try:
            name = await self._directory.login(self._named(claim.credentials), self._link)
        except AuthenticationFailed as error:
            if not claim.refused:
                raise
            self._outcome = error
            return encode(claim.refused)
        if not claim.granted:
            return name
        self._outcome = name
        return encode(claim.granted)

    def _named(self, credentials: Credentials) -> Credentials:
        """An authorization identity has the last word on the mailbox that a name may carry."""
        named = replace(credentials, login=self._naming(credentials.login)) if credentials.login else credentials
        if isinstance(named, Acting) and named.authzid:
            named = replace(named, authzid=self._naming(named.authzid))
        return named


def _authzid(credentials: Credentials) -> str:
    return credentials.authzid if isinstance(credentials, Acting) else ""


def begin(
    directory: IDirectory, runtime: Runtime, host: str, mechanism: str, link: Link, limit: int, naming: Naming = str
) -> Dialogue:
    """An exchange of the mechanism with that name, in capitals. ``limit``: octets of one line.

    Raises CannotDo for what is not to be had here, PrivacyRequired when TLS would help.
    """
    offer = MECHANISMS.get(mechanism)
    if offer is None or mechanism not in directory.methods(link):
        encrypted = replace(link, secure=True, encrypted=True)
        if offer is not None and mechanism in directory.methods(encrypted):
            raise PrivacyRequired
        raise CannotDo("Unsupported authentication mechanism")
    situation = Situation(runtime.random(TOKEN).hex(), host, runtime.now(), link.tls)
    return Dialogue(directory, Exchange(offer, situation, limit), link, naming)
