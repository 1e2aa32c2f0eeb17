"""Who: an account by name and domain; and what somebody shows to prove who he is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class AccountName:
    """Canonical, lower case: ``john`` in ``example.org``."""

    name: str
    domain: str

    def __str__(self) -> str:
        return f"{self.name}@{self.domain}"


@dataclass(frozen=True, slots=True, order=True)
class Grantee:
    """Whom an element of an access control list names (spec 3.3): an account, or a group; canonical, lower case."""

    name: str
    domain: str
    group: bool = False


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """Whom a client's certificate names: its mail addresses (rfc822Name, RFC 5280 4.2.1.6) and common names."""

    emails: tuple[str, ...] = ()
    common: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What the handshake of a connection showed. ``bindings``: channel bindings by name (RFC 5929, RFC 9266);
    ``certificate``: of the client's certificate, None if it has shown none that is valid."""

    bindings: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    certificate: CertificateNames | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of a connection when somebody logs in over it.

    ``service``: IMAP, POP or LMTP. ``peer`` and ``local``: addresses as text. ``secure``: TLS, or the same host.
    ``encrypted``: TLS is on; ``tls`` is None until its handshake is over.
    """

    service: str
    peer: str
    local: str
    secure: bool
    encrypted: bool = False
    tls: TlsFacts | None = None


@dataclass(frozen=True, slots=True)
class ScramVerifier:
    """What a server keeps of a password for SCRAM (RFC 5802 section 3): enough to check it, not to use it."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


@dataclass(frozen=True, slots=True)
class PlainCredentials:
    """USER/PASS, LOGIN, AUTH=LOGIN, AUTH=PLAIN. ``login`` as typed by the client; ``authzid`` empty if not given."""

    login: str
    password: bytes
    authzid: str = ""


@dataclass(frozen=True, slots=True)
class ApopCredentials:
    """APOP (RFC 1939 section 7): the greeting's time stamp with its brackets, and the client's MD5 in hex."""

    login: str
    stamp: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class CramCredentials:
    """CRAM-MD5 (RFC 2195): the challenge, and the client's HMAC-MD5 of it in hex."""

    login: str
    challenge: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class ScramCredentials:
    """SCRAM (RFC 5802): ``method`` is the mechanism without -PLUS; ``message`` the AuthMessage; ``proof`` of it."""

    login: str
    method: str
    message: bytes
    proof: bytes
    authzid: str = ""


@dataclass(frozen=True, slots=True)
class ExternalCredentials:
    """EXTERNAL (RFC 4422 appendix A): the certificate that the link has shown says who it is; ``login`` is empty."""

    login: str = ""
    authzid: str = ""


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    """OAUTHBEARER (RFC 7628) and XOAUTH2: the token says who it is; ``login`` is empty."""

    method: str
    token: str
    login: str = ""
    authzid: str = ""


Acting = PlainCredentials | ScramCredentials | ExternalCredentials | TokenCredentials
"""Those that can have an authorization identity: the account that somebody wants to act as (RFC 4422 section 3.4.1)."""

Credentials = ApopCredentials | CramCredentials | Acting
