"""An access control list taken apart for decisions, which are made at every command: whom each element means, and what
it is worth. Made once per list; whoever keeps it makes it anew when the list changes.

Elements are of spec 3.3: ``name``, ``name@domain``, ``#group``, ``#group@domain``, ``anyone``, ``anyone@`` and
``anyone@domain``; without a domain (or with an empty one) they mean the owner's. With ``-`` before it, an element takes
rights away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cgpymail.model import rights
from cgpymail.model.identifiers import ANYONE, GROUP, NEGATIVE
from cgpymail.model.identity import AccountName

Masks = tuple[int, int]  # rights that are granted, and that are taken away
NOTHING: Masks = (rights.NONE, rights.NONE)


@dataclass(frozen=True, slots=True)
class Acl:
    """By whom the elements mean. Groups are named without their sign."""

    accounts: Mapping[AccountName, Masks]
    groups: Mapping[tuple[str, str], Masks]
    domains: Mapping[str, Masks]
    everybody: Masks = NOTHING


EMPTY = Acl({}, {}, {})


def letters(value: Any) -> int:
    """What an element of a mailbox's list is worth; what is not text is as if absent."""
    return rights.parse(value) if isinstance(value, str) else rights.NONE


def size(elements: Mapping[str, Any]) -> int:
    """Octets of identifiers and letters."""
    return sum(len(f"{identifier}{letters}".encode("utf-8", "replace")) for identifier, letters in elements.items())


def take_apart(elements: Any, domain: str, worth: Callable[[Any], int] = letters) -> Acl:
    """From a list as account.info has it (identifier -> value) of an owner in ``domain``. What is no list grants
    nothing; elements of which nothing can be made are as if absent."""
    if not isinstance(elements, Mapping) or not elements:
        return EMPTY
    accounts: dict[AccountName, Masks] = {}
    groups: dict[tuple[str, str], Masks] = {}
    domains: dict[str, Masks] = {}
    everybody: dict[None, Masks] = {}
    for identifier, value in elements.items():
        mask = worth(value) if isinstance(identifier, str) else rights.NONE
        if not mask:
            continue
        local, at, place = identifier.removeprefix(NEGATIVE).lower().partition("@")
        place = place or domain
        masks = (rights.NONE, mask) if identifier.startswith(NEGATIVE) else (mask, rights.NONE)
        if local.startswith(GROUP):
            _unite(groups, (local.removeprefix(GROUP), place), masks)
        elif local != ANYONE:
            _unite(accounts, AccountName(local, place), masks)
        elif at:
            _unite(domains, place, masks)
        else:
            _unite(everybody, None, masks)
    return Acl(accounts, groups, domains, everybody.get(None, NOTHING))


def _unite(table: dict[Any, Masks], key: Any, masks: Masks) -> None:
    """Elements may mean the same in different spellings."""
    before = table.get(key, NOTHING)
    table[key] = (before[0] | masks[0], before[1] | masks[1])
