"""ACL, LISTRIGHTS and MYRIGHTS as IMAP writes them (RFC 4314 3.6 to 3.8): whole lines with CRLF."""

from __future__ import annotations

from collections.abc import Mapping

from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.grammar.imap.rightsletters import ALL_LETTERS, OPTIONAL, element_letters, held_letters
from cgpymail.grammar.imap.writing import astring, mailbox, unicode_string
from cgpymail.model.rights import Grantable, Held


def acl_line(name: str, elements: Mapping[str, int], dialect: Dialect = PLAIN) -> bytes:
    """ACL; ``elements``: identifier -> mask."""
    words = [b"* ACL", mailbox(name, dialect)]
    for identifier, mask in elements.items():
        words += [unicode_string(identifier, dialect), element_letters(mask)]
    return b" ".join(words) + b"\r\n"


def listrights_line(name: str, identifier: str, grantable: Grantable, dialect: Dialect = PLAIN) -> bytes:
    """LISTRIGHTS: what is granted in any case, then what can be granted."""
    words = [b"* LISTRIGHTS", mailbox(name, dialect), unicode_string(identifier, dialect)]
    words.append(ALL_LETTERS if grantable is Grantable.ALWAYS else b'""')
    words += OPTIONAL if grantable is Grantable.EACH else ()
    return b" ".join(words) + b"\r\n"


def myrights_line(name: str, held: Held, dialect: Dialect = PLAIN) -> bytes:
    """MYRIGHTS."""
    return b"* MYRIGHTS %b %b\r\n" % (mailbox(name, dialect), astring(held_letters(held)))
