"""UTF8 and LANG (RFC 6856).

Messages are given as they are stored, with UTF-8 in their header fields or not, to every client. RFC 6856 would have
those with UTF-8 refused, or rewritten, for a client that did not say UTF8. But nearly all mail with such octets is old
or careless mail that clients have always been given; refused, it would stay in the mailbox for ever and stop many a
client in the middle; rewritten, it would lose its signatures and no longer have the size that LIST told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgpymail.grammar.pop3 import Command, err, ok

if TYPE_CHECKING:
    from cgpymail.pop3.session import PopSession

LANGUAGES = {"en": "English", "i-default": "Default language"}
DEFAULT = "en"


async def utf8(session: PopSession, command: Command) -> None:
    """UTF8, before the login: the client takes UTF-8 everywhere. STLS is not possible any more (section 2.1)."""
    session.utf8 = True
    session.reply(ok("UTF-8 it is"))


async def lang(session: PopSession, command: Command) -> None:
    """LANG: without argument the languages of our texts, else a choice (section 3). There is one language for now."""
    if not command.arguments:
        listed = "".join(f"{tag} {name}\r\n" for tag, name in LANGUAGES.items())
        session.reply(ok("Languages follow") + listed.encode() + b".\r\n")
        return
    tag = _chosen(command.arguments[0].decode("ascii", "replace").lower())
    session.reply(ok(f"{tag} {LANGUAGES[tag]}") if tag else err("There is no such language here"))


def _chosen(wanted: str) -> str:
    """The first language in a range (RFC 4647 section 2.1): a tag, its beginning, or ``*``; empty if there is none."""
    if wanted == "*":
        return DEFAULT
    return next((tag for tag in LANGUAGES if tag == wanted or tag.startswith(f"{wanted}-")), "")
