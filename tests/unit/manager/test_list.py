"""LIST and LSUB (RFC 3501 6.3.8, 6.3.9; spec 14.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cgpymail.errors import IllegalName, LimitExceeded
from cgpymail.model.mailbox import ListedMailbox
from cgpymail.model.names import MAX_DEPTH
from cgpymail.runtime.limits import DEFAULTS
from tests.support.naming import People

TREE = ("foo", "foo/bar", "foo/bar/baz", "Sent Items", "x/y", "Entwürfe")


@pytest.fixture
def people() -> People:
    """john with a few mailboxes; x is a directory only."""
    people = People()
    people.make(*TREE)
    return people


@pytest.mark.parametrize(
    ("reference", "pattern", "names"),
    [
        ("", "*", ["INBOX", "Entwürfe", "Sent Items", "foo", "foo/bar", "foo/bar/baz", "x", "x/y"]),
        ("", "%", ["INBOX", "Entwürfe", "Sent Items", "foo", "x"]),
        ("", "foo/%", ["foo/bar"]),
        ("", "%/%", ["foo/bar", "x/y"]),
        ("", "foo*", ["foo", "foo/bar", "foo/bar/baz"]),
        ("foo/", "*", ["foo/bar", "foo/bar/baz"]),
        ("foo/", "%", ["foo/bar"]),
        ("foo", "%", ["foo"]),
        ("fo", "o", ["foo"]),
        ("", "inbox", ["INBOX"]),
        ("in", "box", ["INBOX"]),
        ("", "Sent Items", ["Sent Items"]),
        ("", "*ba%", ["foo/bar", "foo/bar/baz"]),
        ("", "nothing", []),
        ("", "foo/", []),
        ("", "~*", []),
        ("", "~%", []),
        ("", "~john%", []),
    ],
)
def test_what_is_listed(people: People, reference: str, pattern: str, names: list[str]) -> None:
    """Reference and pattern are put together; INBOX comes first, then names in order."""
    assert people.listed(pattern, reference) == names


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("INBOX", {"\\HasNoChildren"}),
        ("foo", {"\\HasChildren"}),
        ("foo/bar/baz", {"\\HasNoChildren"}),
        ("x", {"\\Noselect", "\\HasChildren"}),
    ],
)
def test_attributes(people: People, name: str, attributes: set[str]) -> None:
    """CHILDREN and \\Noselect, whether asked by name or by wildcard."""
    assert people.attributes(name) == people.attributes(name, "*") == attributes


def test_deepest_level_has_no_inferiors(people: People) -> None:
    """Nothing can be made below a name of twenty levels."""
    deep = "/".join("d" * MAX_DEPTH)
    people.make(deep)
    assert people.attributes(deep) == {"\\Noinferiors", "\\HasNoChildren"}


@pytest.mark.parametrize(
    ("reference", "root"),
    [("", ""), ("foo/", ""), ("~boss/x", "~boss/"), ("~", ""), ("~/", "~/"), ("~/boss/x", "~/boss/")],
)
def test_empty_pattern_gives_the_root(people: People, reference: str, root: str) -> None:
    """LIST "" "" tells the separator and the root of the reference, whatever exists."""
    assert people.list("", reference) == [ListedMailbox(root, ("\\Noselect",))]


def test_special_use(people: People) -> None:
    """RFC 6154 attributes come from the preferences (spec 14.5.1)."""
    people.record.preferences.update(
        {"SentBox": "Sent Items", "DraftsBox": "Entwürfe", "JunkBox": "x", "TrashBox": "-"}
    )
    assert "\\Sent" in people.attributes("Sent Items")
    assert "\\Drafts" in people.attributes("Entwürfe")
    assert people.attributes("x") == {"\\Noselect", "\\HasChildren"}


def test_special_use_is_for_own_mailboxes_only(people: People) -> None:
    """Another's Sent mailbox is not this user's."""
    people.add("boss").preferences["SentBox"] = "Sent"
    people.user("boss")
    people.grant("boss", "Sent", "l")
    assert people.list("~boss/Sent") == [ListedMailbox("~boss/Sent", ("\\HasNoChildren",))]


def test_several_patterns_list_each_name_once(people: People) -> None:
    """As LIST of several patterns wants it (RFC 5258)."""
    found = people.run(people.john.list_mailboxes("", ["foo", "f%", "x"]))
    assert [each.name for each in found] == ["foo", "x"]


@pytest.mark.parametrize("method", ["list_mailboxes", "list_subscribed"])
def test_too_many_patterns(method: str) -> None:
    """One command cannot ask for endless work."""
    people = People(limits=replace(DEFAULTS, list_patterns=2))
    with pytest.raises(LimitExceeded):
        people.run(getattr(people.john, method)("", ["a", "b", "c"]))


# -- other accounts


@pytest.mark.parametrize(
    ("reference", "pattern", "names"),
    [
        ("", "~boss/*", ["~boss/INBOX", "~boss/A/B"]),
        ("", "~boss/%", ["~boss/INBOX", "~boss/A"]),
        ("~boss/", "%", ["~boss/INBOX", "~boss/A"]),
        ("~boss/A/", "*", ["~boss/A/B"]),
        ("~", "boss/inbox", ["~boss/INBOX"]),
        ("", "~boss@example.org/inbox", ["~boss@example.org/INBOX"]),
        ("foo/", "~boss/inbox", ["~boss/INBOX"]),
        ("", "~boss", ["~boss"]),
        ("", "~bos%/*", []),
        ("", "~nobody/*", []),
        ("", "~stingy/*", []),
        ("", "~stingy", []),
    ],
)
def test_foreign_accounts(people: People, reference: str, pattern: str, names: list[str]) -> None:
    """Only where the account is named in full, and only what the user has l on (spec 7.3.7, 14.5.6)."""
    for owner in ("boss", "stingy"):
        people.add(owner)
        people.make("A/B", "A/C", user=people.user(owner))
    people.grant("boss", "A/B", "l")
    people.grant("boss", "INBOX", "lr")
    people.grant("boss", "A/C", "r")
    assert people.listed(pattern, reference) == names


def test_level_of_a_hidden_foreign_parent(people: People) -> None:
    """A parent without l shows as a level only."""
    people.add("boss")
    people.make("A/B", user=people.user("boss"))
    people.grant("boss", "A/B", "l")
    assert people.attributes("~boss/A", "~boss/%") == {"\\Noselect", "\\HasChildren"}


def test_own_account_by_name(people: People) -> None:
    """LIST "" "~john/%" lists the own mailboxes by that name."""
    assert people.listed("~john/f%") == ["~john/foo"]


def test_namespaces(people: People) -> None:
    """The shared name space is announced to whom something in ~public/ is granted now, to no one else (spec 14.5.5)."""
    john = people.john
    assert people.run(john.namespaces()) == ([("", "/")], [("~", "/")], [])
    people.world.clock.advance(60)
    people.add("public")
    people.make("news", user=people.user("public"))
    assert people.run(john.namespaces())[2] == []
    people.grant("public", "news", "l", to="anyone")
    assert people.run(john.namespaces())[2] == [("~public/", "/")]
    assert people.run(people.user("public").namespaces())[2] == []


# -- mailboxes that are not for mail


@pytest.fixture
def calendars(people: People) -> People:
    """foo is a calendar, with mailboxes below."""
    people.record.infos["foo"]["Class"] = "IPF.Appointment"
    people.record.infos["foo/bar/baz"]["Class"] = "IPF.Task"
    return people


def test_non_mail_mailboxes_are_not_listed(calendars: People) -> None:
    """Nor by wildcards; above a mail mailbox they show as not selectable (spec 14.5.3)."""
    assert calendars.listed("f*") == ["foo", "foo/bar"]
    assert calendars.attributes("foo", "*") == {"\\Noselect", "\\HasChildren"}
    assert calendars.attributes("foo/bar", "*") == {"\\HasNoChildren"}


def test_non_mail_mailbox_by_name(calendars: People) -> None:
    """Who asks for it by name gets it."""
    assert calendars.attributes("foo") == {"\\HasChildren"}


def test_non_mail_mailbox_that_is_subscribed_to(calendars: People) -> None:
    """It is listed, whatever the pattern; LSUB has it anyway; what others are above it are levels (spec 14.5.3)."""
    calendars.run(calendars.john.subscribe("foo/bar/baz"))
    assert calendars.listed("f*") == ["foo", "foo/bar", "foo/bar/baz"]
    assert calendars.attributes("foo", "f*") == {"\\Noselect", "\\HasChildren"}
    assert calendars.attributes("foo/bar/baz", "f*") == {"\\HasNoChildren"}
    assert calendars.lsub("f*") == {"foo/bar/baz": ()}


def test_non_mail_mailbox_in_the_company_of_wildcards(calendars: People) -> None:
    """The pattern that names it counts, whichever comes first."""
    for patterns in (["f*", "foo"], ["foo", "f*"]):
        found = calendars.run(calendars.john.list_mailboxes("", patterns))
        assert {each.name: each.attributes for each in found} == {
            "foo": ("\\HasChildren",),
            "foo/bar": ("\\HasNoChildren",),
        }


def test_non_mail_mailbox_of_another(calendars: People) -> None:
    """The setting of who lists counts, below foreign names and aliases too (spec 14.5.3)."""
    boss = calendars.add("boss")
    calendars.make("Plans", user=calendars.user("boss"))
    boss.infos["Plans"]["Class"] = "IPF.Appointment"
    boss.settings["IMAPSeesNonMail"] = "YES"
    calendars.grant("boss", "Plans", "lr")
    calendars.record.alias_table["chief"] = "~boss"
    assert calendars.listed("~boss/*") == calendars.listed("chief/%") == []
    assert calendars.listed("~boss/Plans") == ["~boss/Plans"]
    calendars.record.settings["IMAPSeesNonMail"] = "YES"
    assert calendars.listed("~boss/*") == ["~boss/Plans"]
    assert calendars.listed("chief/%") == ["chief/Plans"]


@pytest.mark.parametrize("mailbox_class", ["IPF.Note", "ipf.note.OutlookHomepage"])
def test_classes_for_mail(calendars: People, mailbox_class: str) -> None:
    """Programs that give every mailbox a class do not make mail disappear."""
    calendars.record.infos["foo"]["Class"] = mailbox_class
    assert calendars.attributes("foo", "*") == {"\\HasChildren"}


def test_inbox_is_always_listed(calendars: People) -> None:
    """Without it clients would not find where mail arrives."""
    calendars.record.infos["INBOX"]["Class"] = "IPF.Appointment"
    assert "INBOX" in calendars.listed("%")


def test_special_uses_are_told_by_own_names_only(people: People) -> None:
    """Not below ~self, another account or an alias (spec 14.5.1): a client finds one mailbox for each use."""
    boss = people.add("boss")
    people.make("Sent", user=people.user("boss"))
    boss.preferences["SentBox"], people.record.preferences["SentBox"] = "Sent", "foo/bar"
    people.grant("boss", "Sent", "lr")
    people.record.alias_table["chief"] = "~boss"
    told = [(each.name, each.attributes) for pattern in ("~john/*", "~boss/*", "*") for each in people.list(pattern)]
    assert [name for name, words in told if "\\Sent" in words] == ["foo/bar"]


def test_imap_sees_non_mail(calendars: People) -> None:
    """The account's setting shows all (spec 9.1.9); other services always see them."""
    assert calendars.listed("f*", user=calendars.user(service="XIMSS")) == ["foo", "foo/bar", "foo/bar/baz"]
    calendars.record.settings["IMAPSeesNonMail"] = "YES"
    assert calendars.listed("f*") == ["foo", "foo/bar", "foo/bar/baz"]


# -- subscription


def test_subscription_keeps_names_as_they_are(people: People) -> None:
    """Foreign and non-existing names stay (spec 7.1, 15.14)."""
    for name in ("~sales/processed", "nowhere", "inbox", "foo/"):
        people.run(people.john.subscribe(name))
    assert list(people.lsub("*")) == ["~sales/processed", "nowhere", "INBOX", "foo"]


@pytest.mark.parametrize("name", ["\U0001f468\u200d\U0001f469", "a\u3000b", "a\xa0b"])
def test_what_can_be_made_can_be_subscribed_to(people: People, name: str) -> None:
    """Joined emoji, and the blanks of other scripts."""
    people.make(name)
    people.run(people.john.subscribe(name))
    assert list(people.lsub("*")) == [name]


def test_subscription_survives_delete_and_rename(people: People) -> None:
    """It is only stored, never interpreted (spec 7.1.1)."""
    people.run(people.john.subscribe("foo"))
    people.run(people.john.rename("foo", "new"))
    people.run(people.john.delete("x/y"))
    assert list(people.lsub("*")) == ["foo"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", {"foo/bar": (), "~sales/processed": (), "INBOX": ()}),
        ("%", {"foo": ("\\Noselect",), "~sales": ("\\Noselect",), "INBOX": ()}),
        ("inbox", {"INBOX": ()}),
        ("foo/%", {"foo/bar": ()}),
        ("f*", {"foo/bar": ()}),
        ("foo", {}),
        ("~sales/*", {"~sales/processed": ()}),
        ("~%", {"~sales": ("\\Noselect",)}),
    ],
)
def test_lsub(people: People, pattern: str, found: dict[str, tuple[str, ...]]) -> None:
    """A level above a subscribed name is \\Noselect for % though it exists (RFC 3501 6.3.9)."""
    for name in ("foo/bar", "~sales/processed", "INBOX"):
        people.run(people.john.subscribe(name))
    assert people.lsub(pattern) == found


def test_lsub_shows_a_subscribed_parent_plainly(people: People) -> None:
    """Only levels that are not subscribed themselves are \\Noselect."""
    for name in ("foo/bar", "foo"):
        people.run(people.john.subscribe(name))
    assert people.lsub("%") == {"foo": ()}


def test_unsubscribe(people: People) -> None:
    """Twice is no error."""
    people.run(people.john.subscribe("foo"))
    people.run(people.john.subscribe("foo"))
    people.run(people.john.unsubscribe("foo"))
    people.run(people.john.unsubscribe("foo"))
    assert people.lsub("*") == {}


@pytest.mark.parametrize("name", ["", "/", "a\nb", "x" * 2000])
def test_illegal_subscription(people: People, name: str) -> None:
    """Names that cannot be mailbox names are not stored."""
    with pytest.raises(IllegalName):
        people.run(people.john.subscribe(name))


def test_subscription_limit() -> None:
    """The list does not grow without end."""
    people = People(limits=replace(DEFAULTS, subscriptions=1))
    people.run(people.john.subscribe("a"))
    people.run(people.john.subscribe("a"))
    with pytest.raises(LimitExceeded):
        people.run(people.john.subscribe("b"))


def test_long_names_fill_the_subscription_list() -> None:
    """The list is written whole with every change; other sessions wait meanwhile. It may have been written in another
    character set by hand."""
    people = People(limits=replace(DEFAULTS, subscription_size=13))
    people.record.set_subscription(["\udce4"])
    people.run(people.john.subscribe("üüü"))
    people.run(people.john.subscribe("four"))
    with pytest.raises(LimitExceeded):
        people.run(people.john.subscribe("1"))
    people.run(people.john.unsubscribe("four"))
    people.run(people.john.subscribe("1"))
