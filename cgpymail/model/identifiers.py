"""Identifiers of access control lists (spec 3.3; RFC 4314 section 2): one spelling for each, whoever typed it.

``john``, ``john@example.org``, ``#group``, ``anyone``, ``anyone@`` (the owner's domain), ``anyone@example.org``; with a
``-`` before it, what is taken away. Nobody is asked whether there is such an account or group: an access list must not
tell who exists, and may name somebody who comes later.
"""

from __future__ import annotations

import re

from cgpymail.errors import IllegalName

ANYONE = "anyone"
GROUP = "#"
NEGATIVE = "-"
MAX_LOCAL = 64  # octets, as for accounts (directory/naming.py)
_LOCAL = re.compile(r"[^\x00-\x20\x7f-\xa0@%#+\"\\/,;:<>()\[\]{}*]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MAX_DOMAIN = 253


def canonical(text: str, domain: str) -> str:
    """The spelling under which an element is kept in a list of an owner in ``domain``: lower case, and without the
    domain where it is the owner's own. Raises IllegalName for what can be no identifier."""
    sign, rest = (NEGATIVE, text[1:]) if text.startswith(NEGATIVE) else ("", text)
    mark, rest = (GROUP, rest[1:]) if rest.startswith(GROUP) else ("", rest)
    local, at, place = _split(rest.lower())
    at = at and "@"
    if not _LOCAL.fullmatch(local) or local.startswith(NEGATIVE) or not local.isprintable():
        raise IllegalName("Illegal identifier")
    if len(local.encode("utf-8", "replace")) > MAX_LOCAL:
        raise IllegalName("The identifier is too long")
    place = _domain(place) if place else ""
    if local == ANYONE and not mark:
        end = at + ("" if place == domain else place)
    else:
        end = f"@{place}" if place not in ("", domain) else ""
    return sign + mark + local + end


def spelled_out(identifier: str, domain: str) -> str:
    """An element of a list of an owner in ``domain`` so that it means the same in any domain; as it is otherwise."""
    sign, rest = (NEGATIVE, identifier[1:]) if identifier.startswith(NEGATIVE) else ("", identifier)
    local, at, place = _split(rest)
    if place or (local.lower() == ANYONE and not at):
        return identifier
    return f"{sign}{local}@{domain}"


def means(kept: str, meant: str, domain: str) -> bool:
    """Whether an element of a list of an owner in ``domain`` is the one that is ``meant`` (canonical): others than we
    may have written it in another spelling, and ``spelled_out`` gives whole names."""
    if kept == meant:
        return True
    try:
        return canonical(kept, domain) == meant
    except IllegalName:
        return False


def is_account(identifier: str, name: str) -> bool:
    """Whether a canonical identifier is the owner, whose name this is, or his negative."""
    return identifier.removeprefix(NEGATIVE) == name


def _split(text: str) -> tuple[str, str, str]:
    """Logins may have a ``%`` for the ``@`` (spec 8.14), and so may identifiers."""
    return text.partition("@" if "@" in text else "%")


def _domain(text: str) -> str:
    place = text.removesuffix(".")
    if not place.isascii():
        try:
            place = place[:_MAX_DOMAIN].encode("idna").decode("ascii")
        except UnicodeError:
            raise IllegalName("Illegal identifier") from None
    if len(place) > _MAX_DOMAIN or not all(_LABEL.fullmatch(label) for label in place.split(".")):
        raise IllegalName("Illegal identifier")
    return place
