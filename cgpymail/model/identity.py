"""Who: an account by name and domain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class AccountName:
    """Canonical, lower case: ``john`` in ``example.org``."""

    name: str
    domain: str

    def __str__(self) -> str:
        return f"{self.name}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of a connection when somebody logs in over it.

    ``service``: IMAP, POP or LMTP. ``peer`` and ``local``: addresses as text. ``secure``: TLS, or the same host.
    """

    service: str
    peer: str
    local: str
    secure: bool


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


Credentials = PlainCredentials | ApopCredentials
