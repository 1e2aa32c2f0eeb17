"""Names of accounts and domains, checked before they become file names: no name can lead outside its directory."""

from __future__ import annotations

import re

from cgpymail.directory.places import DATA, FOLDER, MAIL_FILES, MULTI
from cgpymail.errors import IllegalName
from cgpymail.model.identifiers import ANYONE

MAX_ACCOUNT = 64  # octets
_ACCOUNT = re.compile(r"[a-z0-9_](?:[a-z0-9_.'=&-]*[a-z0-9_'=&-])?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED = (MULTI, FOLDER, *DATA, *MAIL_FILES, ".mslc")


def account_name(text: str) -> str:
    """The canonical form: lower case. Raises IllegalName.

    ``@ % + #`` have a meaning in addresses, ``/`` and a leading dot in paths, and the extensions in spec section 11.1.
    """
    name = text.lower()
    if len(name) > MAX_ACCOUNT or not _ACCOUNT.fullmatch(name) or ".." in name or name.endswith(_RESERVED):
        raise IllegalName("Illegal account name")
    return name


def new_account_name(text: str) -> str:
    """The same for an account that is to be made, or to get another name: in access lists ``anyone`` means everybody
    (spec 3.3; RFC 4314 section 2), and who shares with somebody of that name would share with all."""
    name = account_name(text)
    if name == ANYONE:
        raise IllegalName("In access lists this name means everybody")
    return name


def domain_name(text: str) -> str:
    """The canonical form: lower case, ASCII (IDNA), without final dot. Raises IllegalName."""
    name = text.lower().removesuffix(".")
    if not name.isascii():
        try:
            name = name[:255].encode("idna").decode("ascii")
        except UnicodeError:
            raise IllegalName("Illegal domain name") from None
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise IllegalName("Illegal domain name")
    return name
