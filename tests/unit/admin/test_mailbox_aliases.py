"""``cgpymail mailbox alias`` and ``mailbox subscription`` (spec 7.1, 7.2)."""

from cgpymail.admin import exits


def test_aliases(tool):
    """Made, shown, changed and removed, with a warning where nothing is seen yet; kept with the account."""
    tool.create("john")
    tool.create("boss")
    assert tool("mailbox", "alias", "set", "john", "chief", "~boss/") == 0
    assert (tool.out, tool.err) == ("chief leads to ~boss\n", "")
    assert tool("mailbox", "alias", "set", "john", "Verkäufe", "~boss@example.org/Work") == 0
    assert tool.err == "cgpymail: warning: ~boss@example.org/Work is not there, or may not be seen yet\n"
    tool("mailbox", "create", "boss", "Work")
    tool("mailbox", "acl", "set", "boss", "Work", "john=l")
    assert tool("mailbox", "alias", "set", "john", "Verkäufe", "~boss/Work") == 0
    assert tool.err == ""
    assert tool("mailbox", "alias", "show", "john") == 0
    assert tool.out == "chief\t~boss\nVerkäufe\t~boss/Work\n"
    assert tool("mailbox", "alias", "remove", "john", "chief") == 0
    assert tool("mailbox", "alias", "remove", "john", "chief") == exits.NO_USER
    tool("mailbox", "alias", "show", "john")
    assert tool.out == "Verkäufe\t~boss/Work\n"


def test_what_cannot_be_an_alias(tool):
    """One line says why, and nothing changes; an alias keeps its name from mailboxes."""
    tool.create("john")
    tool.create("boss")
    (tool.base / "Accounts" / "Settings" / "Aliases.data").write_text("{ jack=john; }")
    for alias, target, reason in (
        ("a/b", "~boss", "cannot have / in it"),
        ("INBOX", "~boss", "has a mailbox of this name"),
        ("Trash", "~boss", "has a mailbox of this name"),
        ("$Sent$", "~boss", "reserved"),
        ("one", "~JACK@example.org/INBOX", "cannot lead into the own account"),
        ("one", "/home/boss", "leads to another account"),
        ("one", "~nobody", "account that is not there"),
    ):
        assert tool("mailbox", "alias", "set", "john", alias, target) not in (exits.OK, exits.SOFTWARE)
        assert reason in tool.err and tool.err.count("\n") == 1, tool.err
    assert tool("mailbox", "alias", "set", "nobody", "one", "~boss") == exits.NO_USER
    tool("mailbox", "alias", "show", "john")
    assert tool.out == ""
    tool("mailbox", "alias", "set", "john", "one", "~boss")
    assert tool("mailbox", "create", "john", "one") == exits.UNAVAILABLE


def test_subscription(tool):
    """Names are put on the list and taken off as they are, whether there are such mailboxes or not."""
    tool.create("john")
    names = ("INBOX", "Nowhere/yet", "~sales/processed")
    assert tool("mailbox", "subscription", "add", "john", *names, "inbox") == 0
    assert tool.out == "3 names are subscribed\n"
    assert tool("mailbox", "subscription", "remove", "john", "Nowhere/yet", "other") == 0
    tool("mailbox", "subscription", "show", "john")
    assert tool.out == "INBOX\n~sales/processed\n"
    assert tool("mailbox", "subscription", "add", "john", "a\nb") == exits.USAGE
    assert tool("mailbox", "subscription", "show", "nobody") == exits.NO_USER
