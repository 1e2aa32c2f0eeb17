"""What a session may change in its mailbox, and when it is told that this is otherwise now (RFC 4314 5.2)."""

from __future__ import annotations

import pytest

from cgpymail.errors import NotPermitted, ReadOnly
from cgpymail.manager.access import Standing
from cgpymail.manager.handle import Handle
from cgpymail.model import rights
from tests.support.sharing import Shared


class Granted:
    """A user whose rights the test changes."""

    def __init__(self, letters: str) -> None:
        self.shared = Shared()
        self.shared.fill(2)
        self.letters = letters

    def __call__(self) -> Standing:
        return Standing(rights.parse(self.letters), 0)

    def open(self, *, read_only: bool = False) -> Handle:
        """His session."""
        return self.shared.handle(self, read_only=read_only)

    def change(self, letters: str) -> None:
        """SETACL."""
        self.letters = letters
        self.shared.box.rights_changed()


def news(handle: Handle) -> tuple[bool, bool | None]:
    """Whether PERMANENTFLAGS is told, and what of READ-ONLY."""
    updates = handle.changes(expunge=True)
    return updates.flag_names_changed, updates.read_only


@pytest.mark.parametrize(
    ("letters", "read_only"),
    [("lr", True), ("lrpca", True), ("lri", False), ("lrs", False), ("lrw", False), ("rd", False)],
)
def test_read_only_is_who_can_change_nothing(letters: str, read_only: bool) -> None:
    """One of s, w, i and d is enough."""
    granted = Granted(letters)
    assert granted.open().read_only is read_only
    assert granted.open(read_only=True).read_only


def test_a_session_is_told_once_what_it_may_do_now() -> None:
    """Each time something becomes different for it, and never else."""
    granted = Granted("lr")
    handle = granted.open()
    for letters, told in (
        ("lra", (False, None)),
        ("lrs", (True, False)),
        ("lrs", (False, None)),
        ("lrsi", (False, None)),
        ("lrd", (True, None)),
        ("lri", (True, None)),
        ("lr", (True, True)),
    ):
        granted.change(letters)
        assert news(handle) == told
        assert news(handle) == (False, None)


def test_what_came_and_went_in_between_is_not_told() -> None:
    """Two changes that undo each other are none."""
    granted = Granted("lr")
    handle = granted.open()
    granted.change("lrw")
    granted.change("lr")
    assert news(handle) == (False, None)


def test_an_examined_mailbox_stays_so() -> None:
    """Rights that come later change nothing about it; what cannot be done says why."""
    granted = Granted("lr")
    handle = granted.open(read_only=True)
    granted.change("lrswd")
    assert news(handle) == (False, None)
    assert handle.permanent_flags() == []
    with pytest.raises(ReadOnly):
        handle.store_flags([1], "add", ["\\Seen"])


def test_rights_that_come_later_can_be_used() -> None:
    """In the session that was opened without them."""
    granted = Granted("lr")
    handle = granted.open()
    with pytest.raises(NotPermitted):
        handle.store_flags([1], "add", ["\\Seen"])
    granted.change("lrs")
    assert handle.store_flags([1], "add", ["\\Seen"]) == [1]
    assert handle.permanent_flags() == ["\\Seen"]
