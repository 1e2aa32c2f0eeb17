"""Whom the server believes besides those who know a password: certificates, and tokens that others have given out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from twisted.internet.defer import Deferred

from cgpymail.model.identity import CertificateNames

EMAIL = "email"
COMMON_NAME = "cn"
FIELDS = (EMAIL, COMMON_NAME)


class TokenCheck(Protocol):
    """Knows what a bearer token is worth."""

    def check(self, token: str) -> Deferred[str]:
        """The name or address of the account that it stands for.

        Fails with AuthenticationFailed, and with Busy when nobody can tell at the moment. Bounded in time.
        """


@dataclass(frozen=True, slots=True)
class Trust:
    """``certificate_field``: which field of a client's certificate names the account (one of FIELDS), empty if no
    certificate counts; ``tokens``: None if no token does."""

    certificate_field: str = ""
    tokens: TokenCheck | None = None

    def named(self, certificate: CertificateNames | None) -> str:
        """The account that a certificate names. Empty unless it names just one: nobody is to guess which is meant."""
        if certificate is None or not self.certificate_field:
            return ""
        by_email = self.certificate_field == EMAIL
        names = set(certificate.emails if by_email else certificate.common)
        name = names.pop() if len(names) == 1 else ""
        return name if "@" in name or not by_email else ""


NOBODY = Trust()
