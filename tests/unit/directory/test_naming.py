"""Names that become file names (spec section 11.1)."""

import pytest

from cgpymail.directory.naming import account_name, domain_name, new_account_name
from cgpymail.errors import IllegalName


@pytest.mark.parametrize("name", ["john", "J.Smith", "a-b_c", "o'neil", "x", "1", "a=b&c"])
def test_account_names(name):
    """Ordinary names are taken, in lower case."""
    assert account_name(name) == name.lower()


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "../x", ".hidden", "a..b", "a.", "a b", "a\0", "a\n", "~a", "a@b", "a%b", "a+b", "a#b"),
        *("ü", "-x", "x" * 65, "john.macnt", "a.sub", "a.mbox", "a.settings", "A.INFO"),
    ],
)
def test_refused_account_names(name):
    """No name leads to another directory, means something else in an address, or looks like another kind of file."""
    with pytest.raises(IllegalName):
        account_name(name)


def test_nobody_can_be_called_anyone():
    """Access lists mean everybody by that; an account that has the name already keeps it."""
    assert new_account_name("Anybody") == account_name("anybody")
    assert account_name("anyone") == "anyone"
    with pytest.raises(IllegalName):
        new_account_name("Anyone")


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("Example.ORG", "example.org"), ("example.org.", "example.org"), ("bücher.example", "xn--bcher-kva.example")],
)
def test_domain_names(name, canonical):
    """A domain has one spelling."""
    assert domain_name(name) == canonical


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a..b", "-a.b", "a_b", "x" * 64, "a." * 130 + "b", "ü" * 300, "\0"]
)
def test_refused_domain_names(name):
    """Nothing but a domain name."""
    with pytest.raises(IllegalName):
        domain_name(name)
