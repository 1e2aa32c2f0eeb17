"""What the server says it can do: THE capability table (RFC 3501 7.2.1), from which every CAPABILITY answer is made.

A row is added together with what it promises: a test sees to it that the module is there and that golden transcripts
name the capability in their header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cgpymail.grammar.imap.dialect import Dialect
from cgpymail.imap.state import AFTER_LOGIN, ANY, BEFORE_LOGIN, State


@dataclass(frozen=True, slots=True)
class Capability:
    """One word of the answer. ``module``: where the behaviour is, below ``cgpymail/``. ``states``: when the word is
    said at all; ``when``: the condition of the link it needs.

    ``when`` is empty, ``tls`` (STARTTLS is possible), ``password`` (a password may be sent over this link),
    ``no-password`` (it may not, spec section 9.1.6) or ``method`` (a SASL mechanism may be used over this link).
    """

    name: str
    rfc: int
    module: str
    states: frozenset[State] = ANY
    when: str = ""


TABLE = (
    Capability("IMAP4rev1", 3501, "imap/session.py"),
    Capability("IMAP4rev2", 9051, "imap/capabilities.py"),
    Capability("LITERAL+", 7888, "grammar/imap/scanner.py"),
    Capability("ID", 2971, "imap/commands/always.py"),
    Capability("SASL-IR", 4959, "imap/commands/authenticate.py", BEFORE_LOGIN),
    Capability("STARTTLS", 3501, "imap/commands/authenticate.py", BEFORE_LOGIN, "tls"),
    Capability("LOGINDISABLED", 3501, "imap/commands/authenticate.py", BEFORE_LOGIN, "no-password"),
    Capability("AUTH=PLAIN", 4616, "grammar/sasl/plain.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=LOGIN", 3501, "grammar/sasl/plain.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=SCRAM-SHA-256-PLUS", 7677, "grammar/sasl/scram.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=SCRAM-SHA-256", 7677, "grammar/sasl/scram.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=SCRAM-SHA-1-PLUS", 5802, "grammar/sasl/scram.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=SCRAM-SHA-1", 5802, "grammar/sasl/scram.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=CRAM-MD5", 2195, "grammar/sasl/crammd5.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=EXTERNAL", 4422, "grammar/sasl/external.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=OAUTHBEARER", 7628, "grammar/sasl/oauth.py", BEFORE_LOGIN, "method"),
    Capability("AUTH=XOAUTH2", 7628, "grammar/sasl/oauth.py", BEFORE_LOGIN, "method"),
    Capability("ENABLE", 5161, "imap/commands/enable.py", AFTER_LOGIN),
    Capability("NOTIFY", 5465, "imap/notifications.py", AFTER_LOGIN),
    Capability("IDLE", 2177, "imap/commands/idle.py", AFTER_LOGIN),
    Capability("NAMESPACE", 2342, "imap/commands/mailboxes.py", AFTER_LOGIN),
    Capability("ACL", 4314, "imap/commands/acl.py", AFTER_LOGIN),
    Capability("RIGHTS=kxte", 4314, "grammar/imap/rightsletters.py", AFTER_LOGIN),
    Capability("CHILDREN", 3348, "manager/listing.py", AFTER_LOGIN),
    Capability("LIST-EXTENDED", 5258, "manager/choosing.py", AFTER_LOGIN),
    Capability("LIST-STATUS", 5819, "imap/commands/listing.py", AFTER_LOGIN),
    Capability("LIST-MYRIGHTS", 8440, "imap/commands/listing.py", AFTER_LOGIN),
    Capability("METADATA", 5464, "manager/annotating.py", AFTER_LOGIN),
    Capability("LIST-METADATA", 9590, "imap/commands/listing.py", AFTER_LOGIN),
    Capability("STATUS=SIZE", 8438, "grammar/imap/responses.py", AFTER_LOGIN),
    Capability("APPENDLIMIT", 7889, "manager/user.py", AFTER_LOGIN),
    Capability("SPECIAL-USE", 6154, "manager/choosing.py", AFTER_LOGIN),
    Capability("CREATE-SPECIAL-USE", 6154, "manager/uses.py", AFTER_LOGIN),
    Capability("X-CGPY-NONMAIL", 5161, "manager/choosing.py", AFTER_LOGIN),  # ours: LIST shows calendars (spec 14.5.3)
    Capability("BINARY", 3516, "imap/binary.py", AFTER_LOGIN),
    Capability("MULTIAPPEND", 3502, "imap/intake.py", AFTER_LOGIN),
    Capability("REPLACE", 8508, "imap/commands/append.py", AFTER_LOGIN),
    Capability("OBJECTID", 8474, "manager/objectids.py", AFTER_LOGIN),
    Capability("SAVEDATE", 8514, "stores/commit.py", AFTER_LOGIN),
    Capability("PREVIEW", 8970, "imap/preview.py", AFTER_LOGIN),
    Capability("COMPRESS=DEFLATE", 4978, "runtime/deflate.py", AFTER_LOGIN),
    Capability("UIDPLUS", 4315, "grammar/imap/responses.py", AFTER_LOGIN),
    Capability("MOVE", 6851, "imap/commands/copy.py", AFTER_LOGIN),
    Capability("UNSELECT", 3691, "imap/commands/select.py", AFTER_LOGIN),
    Capability("INPROGRESS", 9585, "imap/running.py", AFTER_LOGIN),
    Capability("UTF8=ACCEPT", 9755, "grammar/imap/dialect.py", AFTER_LOGIN),
    Capability("CONDSTORE", 7162, "imap/condstore.py", AFTER_LOGIN),
    Capability("QRESYNC", 7162, "manager/resyncing.py", AFTER_LOGIN),
    Capability("ESEARCH", 4731, "imap/commands/search.py", AFTER_LOGIN),
    Capability("SORT", 5256, "imap/commands/sort.py", AFTER_LOGIN),
    Capability("SORT=DISPLAY", 5957, "manager/sorting.py", AFTER_LOGIN),
    Capability("ESORT", 5267, "imap/commands/sort.py", AFTER_LOGIN),
    Capability("THREAD=ORDEREDSUBJECT", 5256, "manager/threads.py", AFTER_LOGIN),
    Capability("THREAD=REFERENCES", 5256, "manager/threads.py", AFTER_LOGIN),
    Capability("THREAD=REFS", 5256, "manager/threads.py", AFTER_LOGIN),  # draft-ietf-morg-inthread-01, beyond the RFC
    Capability("PARTIAL", 9394, "model/paging.py", AFTER_LOGIN),
    Capability("WITHIN", 5032, "manager/search.py", AFTER_LOGIN),
    Capability("SEARCHRES", 5182, "imap/selection.py", AFTER_LOGIN),
)

SPELLINGS: Mapping[str, bytes] = {row.name.upper(): row.name.encode("ascii") for row in TABLE}
"""Each name in capitals, as a client's words are compared, and as it is said."""

MECHANISM = "AUTH="  # before the name of a SASL mechanism

UTF8, REVISION2, NON_MAIL = "UTF8=ACCEPT", "IMAP4REV2", "X-CGPY-NONMAIL"
METADATA = "METADATA"

ENABLING: Mapping[str, frozenset[str]] = {
    "CONDSTORE": frozenset({"CONDSTORE"}),
    "QRESYNC": frozenset({"QRESYNC", "CONDSTORE"}),
    UTF8: frozenset({UTF8}),
    REVISION2: frozenset({REVISION2}),
    NON_MAIL: frozenset({NON_MAIL}),
    METADATA: frozenset({METADATA}),
}
"""What a client can switch on by ENABLE (RFC 5161): the word, in capitals, and all that it stands for."""


def dialect_of(enabled: frozenset[str]) -> Dialect:
    """What a client speaks that has enabled these words."""
    revision2 = REVISION2 in enabled
    return Dialect(utf8=revision2 or UTF8 in enabled, charset=UTF8 not in enabled, revision2=revision2)


@lru_cache(maxsize=64)
def capabilities(
    state: State, *, tls: bool = False, password: bool = False, methods: frozenset[str] = frozenset()
) -> bytes:
    """The words after ``CAPABILITY``. ``tls``: STARTTLS is possible; ``password``: clear-text logins are; ``methods``:
    the SASL mechanisms that are."""
    conditions = {"", "password" if password else "no-password"} | ({"tls"} if tls else set())
    said = (row for row in TABLE if state in row.states)
    return b" ".join(
        row.name.encode()
        for row in said
        if (row.name.removeprefix(MECHANISM) in methods if row.when == "method" else row.when in conditions)
    )
