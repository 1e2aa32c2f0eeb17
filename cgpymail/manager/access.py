"""THE rights decision, and what a user does not see (manual, Mailboxes, "Mailbox Access Rights"; spec 2.8, 3, 14.2).

The owner has every right and the ACL does not bind him, nor does it bind administrators (spec 3.2). For others the
ACL's elements that match are united, then the matching negative elements (``-identifier``) taken away (spec 14.2.3).
Asked at use, never remembered: a right withdrawn is withdrawn from the sessions that are open. ``relations`` (the
directory) knows groups and administrators; no function here answers without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cgpymail.errors import MailError, NoSuchMailbox, NotPermitted
from cgpymail.interfaces import IAccountRecord, IRelations
from cgpymail.model import flags, rights
from cgpymail.model.acl import NOTHING, Acl, take_apart
from cgpymail.model.identity import AccountName
from cgpymail.model.names import ancestors

MAIL_SERVICES = ("IMAP", "POP")  # their clients never see messages with Service (spec 2.8)


@dataclass(frozen=True, slots=True)
class Standing:
    """What one user may do with one mailbox (mask of model.rights), and flags whose bearers he does not see."""

    rights: int
    hides: int


def standing(
    who: AccountName,
    record: IAccountRecord,
    name: str,
    service: str,
    exists: Callable[[str], bool],
    relations: IRelations,
) -> Standing:
    """The standing of ``who``, over ``service``, in the mailbox ``name`` of the account ``record``.

    ``exists`` says whether that account has a storage or directory entity of a name; see ``decide``.
    """
    return _standing(decide(who, record, name, exists, relations), service)


@lru_cache(maxsize=1024)
def _standing(held: int, service: str) -> Standing:
    """There are few different ones, and it is asked at every command of every session."""
    return Standing(held, hidden_flags(held, service))


def hidden_flags(held: int, service: str) -> int:
    """Mask of the flags that keep a message out of sight (spec 2.8): one visibility class for each answer.

    Service is for other programs than mail clients; Hidden shows to the owner and to holders of right ``a`` only.
    """
    hides = flags.SERVICE if service in MAIL_SERVICES else 0
    return hides if held & rights.ADMIN else hides | flags.HIDDEN


def settable_flags(held: int) -> int:
    """Mask of the IMAP flags that these rights allow to change; keywords go with right ``w`` (spec 2.9)."""
    allowed = flags.SEEN if held & rights.SEEN else 0
    if held & rights.DELETE:
        allowed |= flags.DELETED
    if held & rights.WRITE:
        allowed |= flags.IMAP_FLAGS & ~flags.SEEN & ~flags.DELETED
    return allowed


def may_annotate(held: int, *, shared: bool) -> bool:
    """Whether a mailbox's annotations may be read, and private ones changed, with these rights (RFC 5464 3.3); with
    ``shared``: whether those may be changed that are for everybody (spec 3.1: "change meta-data")."""
    near = held & rights.LOOKUP and held & (rights.READ | rights.SEEN | rights.WRITE | rights.INSERT | rights.POST)
    return bool(near) and (bool(held & rights.ADMIN) or not shared)


def decide(
    who: AccountName,
    record: IAccountRecord,
    name: str,
    exists: Callable[[str], bool],
    relations: IRelations,
) -> int:
    """The rights mask. A name that does not exist takes the ACL of its nearest existing ancestor (spec 14.2.8)."""
    owner: AccountName = record.name
    if is_above_acl(who, owner, relations):
        return rights.ALL
    for place in (name, *reversed(ancestors(name))):
        if exists(place):
            return _united(record.access(place), who, relations)
    return rights.NONE


def is_above_acl(who: AccountName, owner: AccountName, relations: IRelations) -> bool:
    """Whether no ACL binds ``who`` in the mailboxes of ``owner``, nor can reduce his rights (spec 3.2, 14.2.7)."""
    return who is owner or who == owner or relations.oversees(who, owner)


def decide_above(
    who: AccountName,
    record: IAccountRecord,
    name: str,
    exists: Callable[[str], bool],
    relations: IRelations,
) -> int:
    """The rights mask on the nearest name above ``name`` that is there: ``c`` in it decides on making and removing
    mailboxes (spec 3.4, 14.2.1, 14.2.8).

    Where there is none, the account itself is above: all there is of it is ``c``, for those who have its right
    CreateMailboxes (spec 3.4.3, 14.2.9).
    """
    above = next((place for place in reversed(ancestors(name)) if exists(place)), None)
    if above is not None:
        return decide(who, record, above, exists, relations)
    owner: AccountName = record.name
    if is_above_acl(who, owner, relations):
        return rights.ALL
    return _united(take_apart(record.account_acl(), owner.domain, _creating), who, relations)


def combine(acl: Any, who: AccountName, owner: AccountName, relations: IRelations) -> int:
    """The rights mask of ``who`` where this ACL stands in an account of ``owner``, as ``decide`` gives it.

    ``acl``: identifier -> letters, as account.info has it.
    """
    if is_above_acl(who, owner, relations):
        return rights.ALL
    return _united(take_apart(acl, owner.domain), who, relations)


def _creating(value: Sequence[str]) -> int:
    """What an element of an account is worth in its mailboxes: the names of rights match whatever their case."""
    return rights.CREATE if any(word.lower() == rights.CREATE_MAILBOXES.lower() for word in value) else rights.NONE


def _united(acl: Acl, who: AccountName, relations: IRelations) -> int:
    """The union of the elements that mean ``who``, less the negative ones (spec 14.2.3).

    Where nobody can say who is in a group, what is denied to it is denied to all.
    """
    granted, withdrawn = acl.everybody
    for masks in (acl.accounts.get(who, NOTHING), acl.domains.get(who.domain, NOTHING)):
        granted |= masks[0]
        withdrawn |= masks[1]
    for (group, domain), masks in acl.groups.items():
        if relations.member(group, domain, who):
            granted |= masks[0]
            withdrawn |= masks[1]
        elif not relations.groups_known(domain):
            withdrawn |= masks[1]
    return granted & ~withdrawn


def require(held: int, needed: int) -> None:
    """Raise unless all of ``needed`` is held."""
    if held & needed != needed:
        raise refusal(held)


def refusal(held: int) -> MailError:
    """How a refusal looks to one who holds these rights (spec 14.2.5)."""
    return NotPermitted() if held & rights.LOOKUP else NoSuchMailbox()
