"""What a session changes, by its rights, and what of it the others hear."""

from __future__ import annotations

import pytest

from cgpymail.errors import CannotDo, LimitExceeded, NotPermitted, ReadOnly, StorageFailed
from cgpymail.manager.access import Standing
from cgpymail.model import flags, rights
from cgpymail.model.uidset import UidSet
from tests.support.sharing import Shared, listed, message, run


def with_rights(letters: str) -> Standing:
    """A foreign user in IMAP."""
    return Standing(rights.parse(letters), flags.SERVICE | flags.HIDDEN)


def names(shared: Shared, uid: int) -> set[str]:
    """Flags and keywords as they are stored."""
    row = shared.box.row(uid)
    assert row is not None
    return {*flags.to_imap(row.flags), *shared.box.store.keywords.names(row.keywords)}


@pytest.mark.parametrize(
    ("action", "given", "after"),
    [
        ("set", ["\\Answered", "later"], {"\\Answered", "later"}),
        ("add", ["\\Answered", "later"], {"\\Seen", "\\Answered", "work", "later"}),
        ("remove", ["\\Seen", "other"], {"work"}),
        ("set", [], set()),
        ("add", [], {"\\Seen", "work"}),
        ("remove", ["WORK"], {"\\Seen"}),
        ("add", ["$label1", "JUNK"], {"\\Seen", "work", "$Label1", "Junk"}),
        ("add", ["NotJunk", "$Junk"], {"\\Seen", "work", "NotJunk", "$Junk"}),
        ("set", ["\\Recent", "\\Seen"], {"\\Seen"}),
    ],
)
def test_store(action: str, given: list[str], after: set[str]) -> None:
    """Names match whatever their case; NotJunk and $Junk are keywords of clients (spec 2.8)."""
    shared = Shared()
    run(shared.box.append([message(seen=flags.SEEN, keywords=["work"])]))
    handle = shared.handle()
    assert handle.store_flags([1], action, given) == [1]  # type: ignore[arg-type]
    assert names(shared, 1) == after


def test_replacing_keeps_flags_without_imap_name() -> None:
    """STORE FLAGS () by the owner does not unhide a message (spec 2.8)."""
    shared = Shared()
    shared.fill(1)
    shared.set_flags(1, flags.HIDDEN | flags.SEEN)
    shared.handle().store_flags([1], "set", ["\\Flagged"])
    row = shared.box.row(1)
    assert row is not None
    assert row.flags == flags.HIDDEN | flags.FLAGGED


@pytest.mark.parametrize(
    ("letters", "action", "given", "after"),
    [
        ("lrs", "add", ["\\Seen"], {"\\Draft", "kept", "\\Seen"}),
        ("lrs", "add", ["\\Seen", "\\Flagged", "new"], {"\\Draft", "kept", "\\Seen"}),
        ("lrs", "set", ["\\Seen"], {"\\Draft", "kept", "\\Seen"}),
        ("lrd", "set", ["\\Deleted"], {"\\Draft", "kept", "\\Deleted"}),
        ("lrw", "set", ["\\Seen", "\\Flagged"], {"\\Flagged"}),
        ("lrw", "remove", ["kept"], {"\\Draft"}),
        ("lrs", "add", ["\\Flagged"], None),
        ("lrs", "set", ["\\Flagged"], {"\\Draft", "kept"}),
        ("lrs", "add", ["new"], None),
        ("lrw", "add", ["\\Seen"], None),
        ("lrw", "remove", ["\\Deleted"], None),
        ("lri", "add", [], None),
    ],
)
def test_store_within_rights(letters: str, action: str, given: list[str], after: set[str] | None) -> None:
    """s for Seen, d for Deleted, w for the rest (spec 2.9); what is not covered is left alone (RFC 4314 section 4)."""
    shared = Shared()
    run(shared.box.append([message(seen=flags.DRAFT, keywords=["kept"])]))
    handle = shared.handle(with_rights(letters))
    if after is None:
        with pytest.raises(NotPermitted):
            handle.store_flags([1], action, given)  # type: ignore[arg-type]
        after = {"\\Draft", "kept"}
    else:
        handle.store_flags([1], action, given)  # type: ignore[arg-type]
    assert names(shared, 1) == after


def test_store_on_an_expunged_message_is_silently_ignored() -> None:
    """RFC 2180; the others are still changed."""
    shared = Shared()
    shared.fill(3)
    handle, other = shared.handle(), shared.handle()
    run(other.remove([2]))
    assert handle.store_flags([1, 2, 3], "add", ["\\Seen"]) == [1, 3]


def test_store_without_effect_is_answered_and_told_to_nobody() -> None:
    """Nothing changed."""
    shared = Shared()
    shared.fill(1, seen=flags.SEEN)
    handle, other = shared.handle(), shared.handle()
    before = shared.box.store.modseq
    assert handle.store_flags([1], "add", ["\\Seen"]) == [1]
    assert shared.box.store.modseq == before
    assert list(other.changes(expunge=True).flags.uids) == []


def test_an_unknown_system_flag_is_refused() -> None:
    """Names with a backslash are not for clients to invent."""
    shared = Shared()
    shared.fill(1)
    with pytest.raises(CannotDo):
        shared.handle().store_flags([1], "add", ["\\Important"])


def test_a_keyword_is_announced_to_the_others() -> None:
    """FLAGS is sent again before a FETCH that has the new name."""
    shared = Shared()
    shared.fill(1)
    handle, other = shared.handle(), shared.handle()
    handle.store_flags([1], "add", ["Work"])
    told = other.changes(expunge=False)
    assert told.flag_names_changed
    assert other.flags([1]) == [("Work",)]
    assert "Work" in other.flag_names()
    assert not other.changes(expunge=False).flag_names_changed
    other.store_flags([1], "remove", ["wORK"])
    assert handle.flags([1]) == [("\\Recent",)]


def test_an_appended_keyword_is_announced_too() -> None:
    """APPEND can define one."""
    shared = Shared()
    handle = shared.handle()
    run(shared.box.append([message(keywords=["fresh"])]))
    assert handle.changes(expunge=False).flag_names_changed


def test_at_the_cap_no_keyword_is_offered_or_taken() -> None:
    """64 a mailbox, LIMIT beyond (spec 2.4); known ones still work, and none of several is defined in part."""
    shared = Shared()
    shared.fill(1)
    handle = shared.handle()
    handle.store_flags([1], "add", [f"k{number}" for number in range(63)])
    assert "\\*" in handle.permanent_flags()
    with pytest.raises(LimitExceeded):
        handle.store_flags([1], "add", ["one", "two"])
    handle.store_flags([1], "add", ["one"])
    assert "\\*" not in handle.permanent_flags()
    with pytest.raises(LimitExceeded):
        handle.store_flags([1], "add", ["two"])
    handle.store_flags([1], "remove", ["K5", "unknown"])
    assert "k5" not in names(shared, 1)


def test_a_keyword_too_long_is_refused() -> None:
    """64 octets at most."""
    shared = Shared()
    shared.fill(1)
    with pytest.raises(LimitExceeded):
        shared.handle().store_flags([1], "add", ["k" * 65])


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("lr", []),
        ("lrs", ["\\Seen"]),
        ("lrsd", ["\\Seen", "\\Deleted"]),
        ("lri", []),
    ],
)
def test_permanent_flags_by_rights(letters: str, expected: list[str]) -> None:
    """What the user may not change is not offered."""
    assert Shared().handle(with_rights(letters)).permanent_flags() == expected


def test_permanent_flags_of_the_owner() -> None:
    """All, the keywords, and that there is room for more; none at all under EXAMINE."""
    shared = Shared()
    shared.fill(1)
    shared.handle().store_flags([1], "add", ["work"])
    offered = shared.handle().permanent_flags()
    assert {"\\Seen", "\\Deleted", "Junk", "$Label3", "work", "\\*"} <= set(offered)
    assert "\\Recent" not in offered
    assert shared.handle(read_only=True).permanent_flags() == []


def test_a_user_without_rights_to_change_has_it_read_only() -> None:
    """SELECT answers [READ-ONLY]."""
    shared = Shared()
    assert shared.handle(with_rights("lr")).read_only
    assert not shared.handle(with_rights("lrs")).read_only
    assert not shared.handle(with_rights("lri")).read_only


def test_reading_sets_seen_and_the_others_hear_of_it() -> None:
    """POP RETR, IMAP FETCH BODY[] (spec 2.2)."""
    shared = Shared()
    shared.fill(2)
    imap, pop = shared.handle(), shared.handle(claims_recent=False)
    assert pop.mark_seen([1]) == [1]
    assert pop.mark_seen([1]) == []
    assert list(imap.changes(expunge=False).flags.seqs) == [1]


@pytest.mark.parametrize("letters", ["lr", "lrwd"])
def test_reading_without_right_s_does_not_set_seen(letters: str) -> None:
    """Spec 3.1: silently."""
    shared = Shared()
    shared.fill(1)
    assert shared.handle(with_rights(letters)).mark_seen([1]) == []
    assert names(shared, 1) == set()


def test_reading_under_examine_does_not_set_seen() -> None:
    """RFC 3501 6.3.2."""
    shared = Shared()
    shared.fill(1)
    assert shared.handle(read_only=True).mark_seen([1]) == []


def test_reading_goes_on_when_seen_cannot_be_written() -> None:
    """A full disk does not keep anybody from his mail."""
    shared = Shared()
    shared.fill(1)
    handle = shared.handle()

    def refuse(updates: object) -> None:
        raise StorageFailed

    shared.box.store.set_flags = refuse
    assert handle.mark_seen([1]) == []


def test_expunge_removes_what_is_deleted_and_seen_by_the_session() -> None:
    """Hidden and Service messages stay (spec 2.8), and those this session was not told of."""
    shared = Shared()
    shared.fill(3, seen=flags.DELETED)
    shared.set_flags(2, flags.DELETED | flags.HIDDEN)
    shared.set_flags(3, flags.DELETED | flags.SERVICE)
    foreign = shared.handle(with_rights("lrd"))
    shared.fill(1, seen=flags.DELETED)
    assert run(foreign.expunge()) == [1]
    assert list(shared.box.store.columns.uid) == [2, 3, 4]


def test_uid_expunge_removes_only_those_named() -> None:
    """RFC 4315 section 2.1."""
    shared = Shared()
    shared.fill(3, seen=flags.DELETED)
    handle = shared.handle()
    shared.set_flags(3, 0)
    assert run(handle.expunge(UidSet(((2, 3),)))) == [2]
    assert handle.changes(expunge=True).expunged == [2]


def test_two_sessions_expunge_the_same_messages() -> None:
    """The second finds nothing left, and both hear of it once."""
    shared = Shared()
    shared.fill(2, seen=flags.DELETED)
    one, other = shared.handle(), shared.handle()
    assert run(one.expunge()) == [1, 2]
    assert run(other.expunge()) == []
    assert one.changes(expunge=True).expunged == [1, 1]
    assert other.changes(expunge=True).expunged == [1, 1]


def test_pop_quit_removes_whatever_the_flags() -> None:
    """POP marks are not the Deleted flag (spec 14.4.9); what is gone already is passed over."""
    shared = Shared()
    shared.fill(3, seen=flags.DELETED)
    pop, imap = shared.handle(claims_recent=False), shared.handle()
    run(imap.remove([2]))
    assert run(pop.remove([1, 2])) == [1]
    assert list(shared.box.store.columns.uid) == [3]


def test_a_pop_quit_does_not_remove_what_is_hidden_from_it() -> None:
    """Spec 2.8."""
    shared = Shared()
    shared.fill(2)
    pop = shared.handle(with_rights("lrd"))
    shared.set_flags(1, flags.HIDDEN)
    assert run(pop.remove([1, 2])) == [2]


def test_without_right_a_any_more_hidden_messages_are_left_alone() -> None:
    """As soon as it is withdrawn, also in the session that has seen them; it hears that they went (spec 2.8)."""
    shared = Shared()
    shared.fill(4, seen=flags.DELETED)
    shared.set_flags(2, flags.DELETED | flags.HIDDEN)
    held = [Standing(rights.parse("lrswda"), flags.SERVICE)]
    handle = shared.handle(lambda: held[0])
    held[0] = with_rights("lrswd")
    assert handle.store_flags([1, 2], "add", ["\\Flagged"]) == [1]
    assert run(handle.remove([2])) == []
    assert run(handle.expunge()) == [1, 3, 4]
    assert handle.changes(expunge=True).expunged == [1, 1, 1, 1]
    assert list(shared.box.store.columns.uid) == [2]
    held[0] = Standing(rights.parse("lra"), flags.SERVICE)
    shared.fill(1)
    assert handle.changes(expunge=True).exists == 1  # the hidden one is shown with the next SELECT
    run(handle.close())
    assert listed(shared.handle(lambda: held[0])) == [2, 5]


@pytest.mark.parametrize("letters", ["lr", "lrsw"])
def test_removing_needs_right_d(letters: str) -> None:
    """For EXPUNGE, POP QUIT and MOVE."""
    shared = Shared()
    shared.fill(1, seen=flags.DELETED)
    handle = shared.handle(with_rights(letters + "i"))
    for attempt in (lambda: handle.expunge(), lambda: handle.remove([1]), lambda: handle.move([1], "Other")):
        with pytest.raises(NotPermitted):
            run(attempt())
    assert listed(shared.handle()) == [1]


def test_examine_changes_nothing() -> None:
    """Every command that would is refused."""
    shared = Shared()
    shared.fill(1, seen=flags.DELETED)
    handle = shared.handle(read_only=True)
    with pytest.raises(ReadOnly):
        handle.store_flags([1], "add", ["\\Seen"])
    for attempt in (lambda: handle.expunge(), lambda: handle.remove([1]), lambda: handle.move([1], "Other")):
        with pytest.raises(ReadOnly):
            run(attempt())
    assert run(handle.copy([1], "Other")).copied == [1]


def test_a_right_withdrawn_is_withdrawn_from_open_sessions() -> None:
    """Asked at use, not at SELECT."""
    shared = Shared()
    shared.fill(1)
    current = [with_rights("lrw")]
    handle = shared.handle(lambda: current[0])
    handle.store_flags([1], "add", ["\\Flagged"])
    current[0] = with_rights("lr")
    with pytest.raises(NotPermitted):
        handle.store_flags([1], "add", ["\\Answered"])
