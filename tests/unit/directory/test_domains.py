"""Domains in the base directory (spec section 11.1)."""

import pytest

from cgpymail.errors import StorageFailed
from cgpymail.model.identity import AccountName
from tests.support.results import result
from tests.unit.directory.ground import MAIN


def test_main_directory_is_made(ground):
    """A new base directory gets its Accounts directory, for its owner alone."""
    assert (ground.path / "Accounts").stat().st_mode & 0o777 == 0o700


def test_stray_directories(ground):
    """What is no domain is left alone and named in the log."""
    ground.write("Domains/not a domain/x", "")
    ground.write("Domains/file", "")
    ground.start()
    assert [domain.name for domain in ground.directory.domains.all()] == [MAIN]
    assert sum("not the directory of a further domain" in line for line in ground.lines) == 2


def test_local_address(ground):
    """A login without domain belongs to the domain of the address that the client connected to (spec 11.3)."""
    ground.write("Domains/client2.com/Settings/Domain.settings", '{ IPAddresses=(#I[192.0.2.7],"2001:db8::7"); }')
    ground.start()
    at = ground.directory.domains.at
    assert [at(local).name for local in ("192.0.2.7", "::ffff:192.0.2.7", "2001:DB8:0::7")] == ["client2.com"] * 3
    assert at("192.0.2.8").name == MAIN


def test_damaged_aliases(ground):
    """Aliases that cannot be read make unknown names a temporary failure: no mail is bounced for it."""
    place = ground.write("Accounts/Settings/Aliases.data", "{ a=b")
    ground.start()
    with pytest.raises(StorageFailed):
        result(ground.directory.find(AccountName("sales", MAIN)))
    assert place.read_text() == "{ a=b"
    assert any("Aliases.data" in line and "line 1, column 6" in line for line in ground.lines)
