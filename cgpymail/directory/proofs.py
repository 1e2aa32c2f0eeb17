"""What somebody's proof is worth, method by method (spec section 11.4); that all are slowed down alike is for login.py.

Every judgement of one method costs the same, whether the account exists or not: it is made over what is stored, or
over something that nobody has.
"""

from __future__ import annotations

from typing import Any

from cgpymail.directory import passwords, verifiers
from cgpymail.directory.record import AccountRecord
from cgpymail.directory.turns import Turns
from cgpymail.errors import BadSettings
from cgpymail.grammar import words
from cgpymail.grammar.sasl import scramkeys
from cgpymail.model.identity import (
    ApopCredentials,
    CramCredentials,
    Credentials,
    PlainCredentials,
    ScramCredentials,
    ScramVerifier,
)
from cgpymail.runtime.runtime import Runtime

PASSWORD = "Password"  # noqa: S105
OWN_PASSWORD = "UseAppPassword"  # noqa: S105
CERTIFICATE = "UseCertificateAuth"


class Judge:
    """``secret`` is what salts for unknown names are made with: always the same one for a base directory."""

    def __init__(self, runtime: Runtime, hashing: Turns, secret: bytes) -> None:
        self._runtime = runtime
        self._hashing = hashing
        self.secret = secret

    async def right(self, credentials: Credentials, record: AccountRecord | None, key: str, favoured: bool) -> bool:
        """Whether the proof is right. ``record`` None: there is no such account; ``key``: the name that was meant."""
        stored = password_of(record)
        if isinstance(credentials, ApopCredentials):
            return passwords.verify_apop(stored, credentials.stamp, credentials.digest)
        if isinstance(credentials, CramCredentials):
            return passwords.verify_cram(stored, credentials.challenge, credentials.digest)
        if isinstance(credentials, ScramCredentials):
            verifier, real = self._verifier(record, key, credentials.method)
            proven = scramkeys.proves(credentials.method, verifier, credentials.message, credentials.proof)
            return proven and real
        if isinstance(credentials, PlainCredentials):
            await self._hashing.enter(favoured)
            try:
                return await self._runtime.pools.hash.run(passwords.verify, stored, credentials.password)
            finally:
                self._hashing.leave()
        return record is not None and flag(record, CERTIFICATE, False)  # TLS has verified the certificate

    def verifier(self, record: AccountRecord | None, key: str, method: str) -> ScramVerifier:
        """What a SCRAM exchange goes on with, whoever it is."""
        return self._verifier(record, key, method)[0]

    def _verifier(self, record: AccountRecord | None, key: str, method: str) -> tuple[ScramVerifier, bool]:
        made_up = verifiers.fake(self.secret, key, method)
        password = password_of(record)
        kept = record.own_setting(verifiers.KEY) if record is not None else None
        found = verifiers.stored(kept, password, method)
        return (made_up, False) if found is None else (found, True)


def password_of(record: AccountRecord | None) -> Any:
    """The password as it is stored; None if there is none that counts."""
    if record is None or not flag(record, OWN_PASSWORD, True):
        return None
    return record.own_setting(PASSWORD)


def flag(record: AccountRecord, key: str, default: bool) -> bool:
    """A YES/NO setting; nonsense in it counts as the careful answer to a question of safety: NO to what lets somebody
    in, YES to what keeps him out."""
    try:
        return words.flag(record.setting(key, "YES" if default else "NO"))
    except BadSettings:
        return key not in (OWN_PASSWORD, CERTIFICATE)
