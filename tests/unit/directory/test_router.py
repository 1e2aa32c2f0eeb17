"""From what is typed to the account (spec sections 8.14, 11.3)."""

import pytest

from cgpymail.model.identity import AccountName
from tests.unit.directory.ground import JOHN, MAIN

OTHER = "client2.com"


@pytest.fixture
def route(ground):
    """Two domains with aliases."""
    ground.write("Accounts/Settings/Aliases.data", "{ j.smith=john; far=info@client2.com; loop=loop2; loop2=loop; }")
    ground.write(f"Domains/{OTHER}/Settings/Aliases.data", '{ sales=info; "b/d"=x; odd=(a,b); }')
    ground.start()
    return ground.directory.route


@pytest.mark.parametrize(
    "typed",
    ["john", "JOHN", "john@example.org", "John@Example.Org", "john%example.org", '"john"@example.org', "j.smith"],
)
def test_main_domain(route, typed):
    """Every way to write a name leads to the one account."""
    assert route(typed, "") == JOHN


@pytest.mark.parametrize("typed", ["info@client2.com", "info%client2.com", "SALES@client2.com", "far", "info"])
def test_further_domain(route, typed):
    """A domain in the name, an alias, or the domain of the link lead to a further domain."""
    assert route(typed, OTHER if typed == "info" else "") == AccountName("info", OTHER)


@pytest.mark.parametrize(
    "typed",
    [
        *("", "@", "john@", "@example.org", "john@elsewhere.net", "../etc", "a@b@example.org", "john@example.org/.."),
        *("loop", "x" * 400, "jo\0hn", "john\n", "b/d@client2.com"),
    ],
)
def test_nowhere(route, typed):
    """What is not ours, or no name at all, leads nowhere; a loop of aliases ends."""
    assert route(typed, "") is None


@pytest.mark.parametrize("typed", ["postmaster", "Postmaster", "postmaster@example.org", "postmaster@client2.com"])
def test_postmaster(route, typed):
    """Mail to postmaster has somewhere to go in every domain (RFC 5321 4.5.1)."""
    assert route(typed, "") == AccountName("postmaster", MAIN)


def test_own_postmaster(ground, route):
    """A domain that has its own postmaster keeps his mail."""
    ground.create("postmaster", domain=OTHER)
    assert ground.directory.route("postmaster@client2.com", "") == AccountName("postmaster", OTHER)
    assert ground.directory.route("postmaster", OTHER) == AccountName("postmaster", MAIN)
