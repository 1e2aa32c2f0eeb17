"""What the server says it can do: one table (RFC 3501 7.2.1), from which every CAPABILITY answer is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cgpymail.imap.state import AFTER_LOGIN, ANY, BEFORE_LOGIN, State


@dataclass(frozen=True, slots=True)
class Capability:
    """One word of the answer. ``states``: when it is said at all; ``when``: the condition of the link it needs.

    ``when`` is empty, ``tls`` (STARTTLS is possible), ``password`` (a password may be sent over this link) or
    ``no-password`` (it may not, spec section 9.1.6).
    """

    name: str
    rfc: int
    states: frozenset[State] = ANY
    when: str = ""


TABLE = (
    Capability("IMAP4rev1", 3501),
    Capability("LITERAL+", 7888),
    Capability("ID", 2971),
    Capability("SASL-IR", 4959, BEFORE_LOGIN),
    Capability("STARTTLS", 3501, BEFORE_LOGIN, "tls"),
    Capability("LOGINDISABLED", 3501, BEFORE_LOGIN, "no-password"),
    Capability("AUTH=PLAIN", 4616, BEFORE_LOGIN, "password"),
    Capability("AUTH=LOGIN", 3501, BEFORE_LOGIN, "password"),
    Capability("IDLE", 2177, AFTER_LOGIN),
    Capability("NAMESPACE", 2342, AFTER_LOGIN),
    Capability("CHILDREN", 3348, AFTER_LOGIN),
    Capability("SPECIAL-USE", 6154, AFTER_LOGIN),
    Capability("UIDPLUS", 4315, AFTER_LOGIN),
    Capability("MOVE", 6851, AFTER_LOGIN),
    Capability("UNSELECT", 3691, AFTER_LOGIN),
)


@lru_cache(maxsize=32)
def capabilities(state: State, *, tls: bool, password: bool) -> bytes:
    """The words after ``CAPABILITY``. ``tls``: STARTTLS is possible; ``password``: clear-text logins are."""
    conditions = {"", "password" if password else "no-password"} | ({"tls"} if tls else set())
    return b" ".join(row.name.encode() for row in TABLE if state in row.states and row.when in conditions)
