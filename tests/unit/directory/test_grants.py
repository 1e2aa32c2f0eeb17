"""The grants index on disk: small files that can be made again (spec 14.5.6)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import LimitExceeded, StorageFailed
from cgpymail.manager.acls import set_acl
from cgpymail.manager.grants import announced, grantees
from cgpymail.manager.manager import MailboxManager
from cgpymail.model.identity import AccountName, Grantee
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.tree import DiskTree
from tests.support.crashfiles import KEPT, Kept
from tests.support.results import result
from tests.unit.directory.ground import JOHN, MAIN, Ground, SlowPool, cut

BOSS, ANNA = AccountName("boss", MAIN), AccountName("anna", "other.net")
MARY, STAFF = Grantee("mary", MAIN), Grantee("staff", MAIN, group=True)


def owners(ground: Ground, grantee: Grantee) -> list[AccountName]:
    """Who shares with that one."""
    return result(ground.directory.grants.owners(grantee))


def add(ground: Ground, owner: AccountName, *grantees: Grantee) -> None:
    """Announce a grant."""
    result(ground.directory.grants.add(owner, grantees))


def test_hints_last(ground: Ground) -> None:
    """They are there for the next process; the grantee need not exist, nor his domain be ours."""
    add(ground, BOSS, MARY, STAFF)
    add(ground, ANNA, STAFF, Grantee("fern", "other.net"))
    for _ in range(2):
        assert owners(ground, MARY) == [BOSS]
        assert sorted(owners(ground, STAFF)) == [ANNA, BOSS]
        assert owners(ground, Grantee("staff", MAIN)) == []
        assert ground.directory.grants.groups() == [STAFF]
        ground.start()


@pytest.mark.parametrize("name", ["../x", ".x", "x/y", "", "a" * 70, "X", "x\0", "#x"])
def test_names_that_nobody_can_have(ground: Ground, name: str) -> None:
    """They never become names of files."""
    before = sorted(ground.path.rglob("*"))
    for grantee in (Grantee(name, MAIN), Grantee("mary", name)):
        add(ground, BOSS, grantee)
        assert owners(ground, grantee) == []
    assert sorted(ground.path.rglob("*")) == before


def test_too_many_accounts_share_with_one(tmp_path: Path) -> None:
    """One more is refused, and none of those that are there goes; the same one again is none more."""
    ground = Ground(tmp_path, limits=replace(DEFAULTS, sharing_accounts=2))
    add(ground, BOSS, MARY)
    add(ground, ANNA, MARY)
    with pytest.raises(LimitExceeded):
        add(ground, JOHN, MARY)
    add(ground, BOSS, MARY)
    assert owners(ground, MARY) == [BOSS, ANNA]


def test_drop(ground: Ground) -> None:
    """A hint goes, unless something was added since somebody looked, or is about to be."""
    grants = ground.directory.grants
    add(ground, BOSS, MARY)
    before = grants.mark()
    add(ground, ANNA, MARY)
    grants.drop(BOSS, MARY, before)
    assert owners(ground, MARY) == [BOSS, ANNA]
    with grants.holding(BOSS):
        grants.drop(BOSS, MARY, grants.mark())
    assert owners(ground, MARY) == [BOSS, ANNA]
    grants.drop(BOSS, MARY, grants.mark())
    ground.start()
    assert owners(ground, MARY) == [ANNA]


def test_what_is_known_is_not_written_again(ground: Ground) -> None:
    """But who comes while it is being written waits until it is on disk, and after a failure it is written again."""
    add(ground, ANNA, MARY)
    slow = SlowPool()
    ground.pools(sync=slow)
    grants = ground.directory.grants
    assert grants.add(ANNA, [MARY]).called
    first = grants.add(BOSS, [MARY])
    slow.step()  # the folder is looked for
    second = grants.add(BOSS, [MARY])
    assert not first.called and not second.called
    place = ground.path / ".grants" / "accounts" / MAIN
    place.rename(place.with_name("away"))
    slow.step()
    assert isinstance(failure(first), StorageFailed)
    slow.step()
    assert isinstance(failure(second), StorageFailed)
    place.with_name("away").rename(place)
    third = grants.add(BOSS, [MARY])
    while slow.waiting:
        slow.step()
    assert third.called
    ground.start()
    assert owners(ground, MARY) == [ANNA, BOSS]


def failure(done: Deferred[None]) -> Any:
    """What it failed with."""
    outcome: list[Any] = []
    done.addErrback(outcome.append)
    return outcome[0].value


def test_a_damaged_file_is_left_alone(ground: Ground) -> None:
    """Nobody is found by it, and nobody is added to it: it says so in the log, and can be removed and made again."""
    file = ground.write(f".grants/accounts/{MAIN}/mary", "{ this is not")
    assert owners(ground, MARY) == []
    with pytest.raises(StorageFailed):
        add(ground, BOSS, MARY)
    assert file.read_text() == "{ this is not"
    assert any("mary" in line for line in ground.lines)


def test_files_are_not_kept_in_memory_for_ever(tmp_path: Path) -> None:
    """As many as accounts."""
    ground = Ground(tmp_path, limits=replace(DEFAULTS, account_cache=3))
    for number in range(10):
        add(ground, BOSS, Grantee(f"a{number}", MAIN))
    assert len(ground.directory.grants._read) == 3
    assert all(owners(ground, Grantee(f"a{number}", MAIN)) == [BOSS] for number in range(10))


# -- the order of the writes


def manager(ground: Ground) -> MailboxManager:
    """Over the same files."""
    formats = {extension: format.name for extension, format in FORMATS.items()}
    tree: Any = lambda record: DiskTree(ground.runtime, record.path, FORMATS)  # noqa: E731
    return MailboxManager(ground.runtime, ground.directory, tree, ground.limits, formats)


def granted(ground: Ground, owner: AccountName) -> set[Grantee]:
    """Those to whom the access list of the INBOX grants something, as it is on disk."""
    record = ground.record(owner)
    return set() if record is None else grantees(record.access("INBOX"))


def share(ground: Ground) -> None:
    """john shares his INBOX with mary and a group."""
    account = ground.do(manager(ground)._accounts.find(JOHN))
    ground.do(set_acl(account, "INBOX", {"mary": "lr", "#staff": "lr", "anyone": "l"}))


def rename(ground: Ground) -> None:
    """john is called jack now."""

    async def work() -> None:
        new = AccountName("jack", MAIN)
        async with announced(ground.directory.grants, await ground.directory.need(JOHN), new):
            await ground.directory.rename(JOHN, new)

    ground.do(work())


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("change", [share, rename])
def test_power_cut(tmp_path: Path, kept: Kept, change: Any) -> None:
    """Wherever it comes, whatever is granted is in the index too; when it was done it is there."""

    def furnish(ground: Ground) -> None:
        ground.create(password="")
        ground.do(manager(ground)._accounts.find(JOHN))
        if change is rename:
            share(ground)

    def check(ground: Ground, done: bool) -> None:
        found = [(name, granted(ground, name)) for name in (JOHN, AccountName("jack", MAIN))]
        assert all(name in owners(ground, grantee) for name, all_of_it in found for grantee in all_of_it)
        assert not done or found[change is rename][1] == {MARY, STAFF}

    cut(tmp_path, kept, furnish, change, check)
