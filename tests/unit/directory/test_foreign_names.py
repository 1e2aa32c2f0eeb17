"""``~account/box`` with the Router in between: account aliases and domains (spec 7.3.3, 11.3)."""

from __future__ import annotations

from typing import Any

import pytest

from cgpymail.errors import NoSuchMailbox
from cgpymail.manager.acls import set_acl
from cgpymail.manager.user import User
from cgpymail.model.identity import AccountName
from tests.unit.directory.ground import JOHN, MAIN, Ground
from tests.unit.directory.test_grants import manager

FAR = "client2.com"


@pytest.fixture
def mary(ground: Ground) -> User:
    """She may read the INBOX of john, who has aliases in two domains."""
    ground.write("Accounts/Settings/Aliases.data", "{ boss=chief; chief=John%Example.org; me=mary; loop=loop; }")
    ground.write(f"Domains/{FAR}/Settings/Aliases.data", "{ sales=john@example.org; }")
    ground.start()
    for name, domain in (("john", MAIN), ("mary", MAIN), ("mary", FAR)):
        ground.create(name, password="", domain=domain)
    running = manager(ground)
    ground.do(set_acl(ground.do(running._accounts.find(JOHN)), "INBOX", {"mary": "lr"}))
    found: Any = ground.do(running.connect(AccountName("mary", MAIN), "IMAP", "test"))
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("account", ["john", "JOHN@Example.ORG", "chief", "boss", "boss%example.org", f"sales@{FAR}"])
def test_routed_to_the_account(ground: Ground, mary: User, account: str) -> None:
    """By its name, or by whatever the Router makes of another."""
    handle = ground.do(mary.open(f"~{account}/INBOX"))
    assert handle.mailbox_id == ground.record(JOHN).mailbox_info("INBOX")["MailboxID"]


@pytest.mark.parametrize("account", ["loop", "sales", f"john@{FAR}", f"mary@{FAR}", "john@nowhere.example", "@", ""])
def test_routed_to_nobody_who_grants_anything(ground: Ground, mary: User, account: str) -> None:
    """An alias of another domain, a loop, a namesake."""
    with pytest.raises(NoSuchMailbox):
        ground.do(mary.open(f"~{account}/INBOX"))


def test_an_alias_of_one_s_own(ground: Ground, mary: User) -> None:
    """Leads to the own account, with all rights."""
    ground.do(mary.create("~me/Work"))
    assert ground.do(mary.open("Work")).mailbox_id == ground.do(mary.open("~me/Work")).mailbox_id
