"""The arguments of the commands on access control lists (RFC 4314 section 7).

An identifier is UTF-8 whatever the client has enabled, and one that cannot be prepared (SASLprep, RFC 4013) or is
nothing then makes the command ill-formed (section 3).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cgpymail.grammar.imap import aclcommands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.rightsletters import read_change
from cgpymail.grammar.imap.tokens import Reader, Words
from cgpymail.grammar.saslprep import Prohibited, saslprep

_WORD = 1_000  # octets of an identifier or of rights


def _set_acl(tag: bytes, words: Words) -> Command:
    mailbox, identifier = _named(words)
    words.need(b" ")
    return aclcommands.SetAcl(tag, mailbox, identifier, read_change(_text(words, "Rights")))


def _one_identifier(kind: Callable[[bytes, str, str], Command], tag: bytes, words: Words) -> Command:
    return kind(tag, *_named(words))


def _one_mailbox(kind: Callable[[bytes, str], Command], tag: bytes, words: Words) -> Command:
    words.need(b" ")
    return kind(tag, words.mailbox())


def _named(words: Words) -> tuple[str, str]:
    """A mailbox and an identifier."""
    words.need(b" ")
    mailbox = words.mailbox()
    words.need(b" ")
    identifier = _text(words, "An identifier")
    try:
        prepared = saslprep(identifier)
    except Prohibited:
        raise CommandError("The identifier has characters that it cannot have") from None
    if not prepared:
        raise CommandError("An identifier expected")
    return mailbox, identifier


def _text(words: Words, what: str) -> str:
    octets = words.astring(what)
    if len(octets) > _WORD:
        raise CommandError(f"{what} expected, but not as long as this")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise CommandError("Ill-formed UTF-8") from None


READERS: dict[bytes, Reader] = {
    b"SETACL": _set_acl,
    b"DELETEACL": partial(_one_identifier, aclcommands.DeleteAcl),
    b"GETACL": partial(_one_mailbox, aclcommands.GetAcl),
    b"LISTRIGHTS": partial(_one_identifier, aclcommands.ListRights),
    b"MYRIGHTS": partial(_one_mailbox, aclcommands.MyRights),
}
