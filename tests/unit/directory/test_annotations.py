"""account.annotations: what is noted about mailboxes (RFC 5464) survives restarts, renames of accounts, and damage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.directory.annotations import _octets, _written
from cgpymail.errors import StorageFailed
from cgpymail.grammar.settings import read, write
from cgpymail.model.identity import AccountName
from tests.support.results import result
from tests.unit.directory.ground import MAIN, SlowPool

FILE = "Accounts/john.macnt/account.annotations"


@pytest.fixture
def john(ground):
    """His record."""
    return ground.create()


def again(ground):
    """The annotations as a new process reads them."""
    ground.start()
    return result(ground.record().annotations())


def test_entries(ground, john):
    """Values are merged, removed, and come back as they were, with whose they are."""
    notes = result(john.annotations())
    result(notes.update("F1", "", {"/shared/comment": b"Two\r\nlines", "/private/a": b"\0\xff", "/private/b": b""}))
    result(notes.update("F2", "boss@example.org", {"/private/comment": "B\u00fccher".encode()}))
    result(notes.update("", "", {"/private/vendor/x/y": b"1"}))
    result(notes.update("F1", "", {"/private/a": None, "/shared/comment": b"x"}))
    for found in (notes, again(ground)):
        assert found.entries("F1") == {"/shared/comment": b"x", "/private/b": b""}
        assert found.entries("F2") == {"/private/comment": "B\u00fccher".encode()}
        assert found.entries("") == {"/private/vendor/x/y": b"1"}
        assert found.entries("F3") == {}
        assert found.owners() == {"F1": "", "F2": "boss@example.org", "": ""}


def test_nothing_is_left_of_what_is_removed(ground, john):
    """The last value takes its entry along; others are forgotten by name."""
    notes = result(john.annotations())
    for about in ("F1", "F2", "F3", ""):
        result(notes.update(about, "", {"/shared/a": b"x"}))
    result(notes.update("F1", "", {"/shared/a": None}))
    result(notes.update("F4", "", {"/shared/a": None}))
    result(notes.forget(["F2", "F5", ""]))
    assert notes.owners() == again(ground).owners() == {"F3": ""}


def test_what_others_wrote(ground, john):
    """A person may edit the file; what is no annotation is not shown, and stays until its entry is written."""
    odd = '"/shared/b"=(1,2); Later=#1; "/shared/\u00fc"=x; "/Shared/A"=x; "/odd/a"=x; "/shared/a%"=x;'
    ground.write(FILE, '{F1 = {"/shared/a"=x; Owner="boss@example.org"; ' + odd + "}; Odd = x;}")
    notes = again(ground)
    assert notes.entries("F1") == {"/shared/a": b"x"}
    assert notes.owners() == {"F1": "boss@example.org"}
    result(notes.update("F2", "", {"/shared/a": b"y"}))
    assert b"Odd = x;" in (ground.path / FILE).read_bytes()


def test_a_damaged_file_is_left_as_it_is(ground, john):
    """Nothing is read of it, nothing is lost in it, and when it is repaired it counts."""
    ground.write(FILE, "{F1 = ")
    with pytest.raises(StorageFailed):
        again(ground)
    assert (ground.path / FILE).read_bytes() == b"{F1 = "
    ground.write(FILE, "{F1 = {}; }")
    assert result(ground.record().annotations()).owners() == {"F1": ""}


def test_read_once_however_many_ask(ground, john):
    """Two who ask at the same moment get the same, which both may change."""
    slow = SlowPool()
    ground.pools(read=slow)
    first, second = john.annotations(), john.annotations()
    slow.step()
    assert result(first) is result(second) is result(john.annotations())
    assert not slow.waiting


def test_they_go_with_the_account(ground, john):
    """Through a rename; and who holds the old record writes nothing into the new place, however late he reads it."""
    notes = result(john.annotations())
    result(notes.update("F1", "", {"/shared/a": b"x"}))
    late = ground.create("late")
    ground.do(ground.directory.rename(AccountName("john", MAIN), AccountName("jack", MAIN)))
    ground.do(ground.directory.rename(AccountName("late", MAIN), AccountName("later", MAIN)))
    for stale in (notes, result(late.annotations())):
        with pytest.raises(StorageFailed):
            result(stale.update("F1", "", {"/shared/a": b"y"}))
    assert result(ground.record(AccountName("jack", MAIN)).annotations()).entries("F1") == {"/shared/a": b"x"}


def test_those_of_a_single_mailbox_account(ground):
    """They lie beside its mail file, and follow it under another name."""
    mary = ground.do(ground.directory.create("mary", MAIN, "secret", single=True))
    result(result(mary.annotations()).update("F1", "", {"/shared/a": b"x"}))
    assert (ground.path / "Accounts/mary.annotations").is_file()
    ground.do(ground.directory.rename(AccountName("mary", MAIN), AccountName("mia", MAIN)))
    assert not (ground.path / "Accounts/mary.annotations").exists()
    found = result(ground.record(AccountName("mia", MAIN)).annotations())
    assert found.entries("F1") == {"/shared/a": b"x"}


@given(st.binary(max_size=40) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=50)
def test_any_value_is_kept(value):
    """Text as text, so that a person can read it; anything else as a block of data."""
    assert _octets(read(write(_written(value)))) == value
