"""Who may do what, by tables (spec 2.8, 2.9, 3, 14.2)."""

from __future__ import annotations

from typing import Any

import pytest

from cgpymail.manager import access
from cgpymail.model import flags, rights
from cgpymail.model.identity import AccountName
from tests.support.records import MemoryRecord
from tests.support.relations import Relations
from tests.support.runtime import memory_runtime

JOHN = AccountName("john", "example.org")
MARY = AccountName("mary", "example.org")
FAR_MARY = AccountName("mary", "example.net")


RELATIONS = Relations()
RELATIONS.groups = {"staff@example.org": {MARY}, "crew@example.net": {MARY, FAR_MARY}}


@pytest.mark.parametrize(
    ("acl", "who", "letters"),
    [
        ({"mary": "lr"}, MARY, "lr"),
        ({"MARY": "lr"}, MARY, "lr"),
        ({"mary": "lr"}, FAR_MARY, ""),  # a short name is one of the owner's domain
        ({"mary@example.net": "lr"}, FAR_MARY, "lr"),
        ({"mary@example.net": "lr"}, MARY, ""),
        ({"mary@example.org": "lr"}, MARY, "lr"),
        ({"anyone": "l"}, FAR_MARY, "l"),
        ({"anyone@": "l"}, MARY, "l"),
        ({"anyone@": "l"}, FAR_MARY, ""),
        ({"anyone@example.net": "l"}, FAR_MARY, "l"),
        ({"anyone@example.net": "l"}, MARY, ""),
        ({"#staff": "lri"}, MARY, "lri"),
        ({"#staff": "lri"}, FAR_MARY, ""),
        ({"#other": "lri"}, MARY, ""),
        ({"#crew": "lri"}, MARY, ""),  # it is a group of another domain
        ({"#crew@example.net": "lri"}, MARY, "lri"),
        ({"#Staff@Example.org": "lri"}, MARY, "lri"),
        ({"#": "lri", "#@example.net": "lri"}, MARY, ""),
        # all that match are united, then the negative ones taken away, whatever their order
        ({"anyone": "l", "mary": "r", "#staff": "s"}, MARY, "lrs"),
        ({"-mary": "s", "anyone": "lrs"}, MARY, "lr"),
        ({"anyone": "lrs", "-anyone@example.net": "rs"}, FAR_MARY, "l"),
        ({"anyone": "lrs", "-#staff": "s"}, MARY, "lr"),
        ({"-mary": "lr"}, MARY, ""),
        ({"mary": "lrswipcda"}, MARY, "lrswipcda"),
        ({"mary": "lrx9"}, MARY, "lr"),  # unknown letters are ignored
        ({"": "lr", "@example.org": "lr", "-": "lr"}, MARY, ""),
        ({"mary": 5}, MARY, ""),  # damaged settings grant nothing
        (None, MARY, ""),
        ("lr", MARY, ""),
        ({"john": "", "-john": "lrswipcda"}, MARY, ""),
    ],
)
def test_elements_that_match_are_combined(acl: Any, who: AccountName, letters: str) -> None:
    """Spec 3.3 and 14.2.3."""
    assert rights.show(access.combine(acl, who, JOHN, RELATIONS)) == letters


def record_with(infos: dict[str, dict[str, Any]]) -> MemoryRecord:
    """John's account with these mailboxes' ACLs."""
    record = MemoryRecord(memory_runtime())
    record.infos = infos
    return record


def test_the_owner_keeps_all_rights() -> None:
    """His own ACL cannot shut him out (spec 14.2.7)."""
    record = record_with({"INBOX": {"Access": {"-john": "lrswipcda"}}})
    assert access.decide(JOHN, record, "INBOX", lambda name: True, RELATIONS) == rights.ALL


@pytest.mark.parametrize(
    ("name", "there", "letters"),
    [
        ("a/b/c", {"a", "a/b", "a/b/c"}, "l"),
        ("a/b/c", {"a", "a/b"}, "lr"),
        ("a/b/c", {"a"}, "lrs"),
        ("a/b/c", set(), ""),
        ("top", {"a"}, ""),
    ],
)
def test_a_missing_mailbox_takes_the_acl_of_its_nearest_ancestor(name: str, there: set[str], letters: str) -> None:
    """Spec 14.2.8: of those that have a storage or directory entity."""
    record = record_with(
        {
            "a": {"Access": {"mary": "lrs"}},
            "a/b": {"Access": {"mary": "lr"}},
            "a/b/c": {"Access": {"mary": "l"}},
        }
    )
    assert rights.show(access.decide(MARY, record, name, there.__contains__, RELATIONS)) == letters


def test_an_existing_mailbox_without_acl_grants_nothing() -> None:
    """The ACL was copied from the parent when it was made; it is not looked for there again (spec 3.4.1)."""
    record = record_with({"a": {"Access": {"mary": "lr"}}, "a/b": {}})
    assert access.decide(MARY, record, "a/b", lambda name: True, RELATIONS) == rights.NONE


def test_no_acl_binds_administrators() -> None:
    """Those of the server everywhere, those with CanViewMailboxes in their domain, whether there is a mailbox or not,
    and at the top of the account too (spec 3.2)."""
    relations = Relations()
    relations.overseers, relations.viewers = {FAR_MARY}, {(MARY, "example.org"), (JOHN, "example.net")}
    acl = {"-anyone": "lrswipcda"}
    record = record_with({"INBOX": {"Access": acl}})
    for who in (MARY, FAR_MARY):
        assert access.combine(acl, who, JOHN, relations) == rights.ALL
        for name in ("INBOX", "INBOX/none", "none", ""):
            assert access.decide(who, record, name, record.infos.__contains__, relations) == rights.ALL
    relations.viewers = {(MARY, "example.net")}  # of another domain
    assert access.combine(acl, MARY, JOHN, relations) == rights.NONE
    assert access.decide(MARY, record, "INBOX", record.infos.__contains__, relations) == rights.NONE


@pytest.mark.parametrize(
    ("letters", "service", "hides"),
    [
        ("lr", "IMAP", flags.SERVICE | flags.HIDDEN),
        ("lra", "IMAP", flags.SERVICE),
        ("lrswipcda", "POP", flags.SERVICE),
        ("lr", "POP", flags.SERVICE | flags.HIDDEN),
        ("lra", "WEB", 0),
        ("lr", "WEB", flags.HIDDEN),
    ],
)
def test_what_is_out_of_sight(letters: str, service: str, hides: int) -> None:
    """Service for mail clients, Hidden for all but the owner and holders of right a (spec 2.8)."""
    assert access.hidden_flags(rights.parse(letters), service) == hides


def test_standing_is_rights_and_sight_together() -> None:
    """One question gives both."""
    record = record_with({"INBOX": {"Access": {"mary": "lr"}}})
    assert access.standing(MARY, record, "INBOX", "IMAP", lambda name: True, RELATIONS) == access.Standing(
        rights.READ | rights.LOOKUP, flags.SERVICE | flags.HIDDEN
    )


@pytest.mark.parametrize(
    ("letters", "allowed"),
    [
        ("lr", 0),
        ("s", flags.SEEN),
        ("d", flags.DELETED),
        ("w", flags.IMAP_FLAGS & ~flags.SEEN & ~flags.DELETED),
        ("swd", flags.IMAP_FLAGS),
    ],
)
def test_rights_over_flags(letters: str, allowed: int) -> None:
    """w covers all flags but Seen (s) and Deleted (d): spec 2.9."""
    assert access.settable_flags(rights.parse(letters)) == allowed


@pytest.mark.parametrize(
    ("acl", "letters"),
    [
        ({}, ""),  # the default (spec 14.2.9)
        ({"mary": ("CreateMailboxes",)}, "c"),
        ({"mary": ("Other", "createmailboxes")}, "c"),
        ({"mary": ("Other",)}, ""),
        ({"mary": ()}, ""),
        ({"peter": ("CreateMailboxes",)}, ""),
        ({"#staff": ("CreateMailboxes",)}, "c"),
        ({"anyone@": ("CreateMailboxes",)}, "c"),
        ({"anyone": ("CreateMailboxes",), "-mary": ("CreateMailboxes",)}, ""),
        ({"-#staff": ("CreateMailboxes",), "mary": ("CreateMailboxes",)}, ""),
        ({"anyone": ("CreateMailboxes",), "-mary": ("Other",)}, "c"),
    ],
)
def test_the_account_has_rights_of_its_own(acl: dict[str, tuple[str, ...]], letters: str) -> None:
    """Its right CreateMailboxes decides where no name above is there (spec 3.4.3, 3.5)."""
    record = record_with({"a": {"Access": {"mary": "lrc"}}, "b": {}})
    record.own_access = acl

    def above(who: AccountName, name: str) -> str:
        return rights.show(access.decide_above(who, record, name, record.infos.__contains__, RELATIONS))

    assert above(MARY, "new") == above(MARY, "a") == above(MARY, "none/new") == letters
    assert above(MARY, "a/new") == above(MARY, "a/none/new") == "lrc"
    assert above(MARY, "b/new") == ""
    assert above(JOHN, "new") == above(JOHN, "b/new") == "lrswipcda"


def test_who_is_in_a_group_that_cannot_be_read() -> None:
    """Nobody, where it would grant; everybody, where it takes away."""
    relations = Relations()
    relations.groups = {"staff@example.org": {MARY}}
    relations.unreadable = {"example.net"}
    for acl, letters in (
        ({"anyone": "lr", "-#none": "r"}, "lr"),
        ({"anyone": "lr", "-#none@example.net": "r"}, "l"),
        ({"#staff": "lr", "#none@example.net": "s"}, "lr"),
    ):
        assert rights.show(access.combine(acl, MARY, JOHN, relations)) == letters
