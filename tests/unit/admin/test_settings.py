"""``cgpymail account settings`` and ``preferences`` (spec 11.2, 6.2)."""

import pytest

from cgpymail.admin import exits


@pytest.fixture
def john(tool):
    """Says commands of one family about john."""
    tool.create("john")

    def say(*words):
        family, action, *rest = words
        return tool("account", family, action, "john", *rest)

    return say


def test_set_show_unset(tool, john):
    """A setting is set, shown in the form in which it can be typed, and taken away."""
    assert john("settings", "set", "RealName=John Smith", "MaxMailboxes=7", 'AccessModes=("IMAP", POP)') == 0
    assert tool.err == "" and tool.out == "changed RealName, MaxMailboxes, AccessModes of john@example.org\n"
    john("settings", "show")
    assert tool.out == 'RealName="John Smith"\nMaxMailboxes=7\nAccessModes=(IMAP,POP)\n'
    john("settings", "set", *tool.out.splitlines())
    john("settings", "show")
    assert tool.out == 'RealName="John Smith"\nMaxMailboxes=7\nAccessModes=(IMAP,POP)\n'
    john("settings", "unset", "RealName", "AccessModes")
    john("settings", "show")
    assert tool.out == "MaxMailboxes=7\n"


def test_defaults_of_the_domain(tool, john):
    """Asked for by name, a setting shows what holds; what nobody has set is said."""
    john("settings", "show")
    assert tool.out == ""
    assert john("settings", "show", "DefaultMailboxType") == 0
    assert tool.out == "DefaultMailboxType=MailDirMailbox\n"
    assert john("settings", "show", "RealName") == exits.UNAVAILABLE
    assert "RealName is not set" in tool.err


def test_unknown_settings(tool, john):
    """Kept, with a warning: they may mean something to others."""
    assert john("settings", "set", "RealNaem=x", "Rules=((5,x,(),()))") == 0
    assert tool.err == "cgpymail: warning: RealNaem means nothing to this server; it is kept all the same\n"
    john("settings", "show", "RealNaem")
    assert tool.out == "RealNaem=x\n"


@pytest.mark.parametrize(
    "value",
    ["MaxMailboxes=many", "MaxMessageSize=30X", "RequireAPOP=perhaps", "DefaultMailboxType=Box", "AccessModes={a=b;}",
     "RealName=(", 'RealName="x', "PasswordEncryption=a b", "AdminContact=me", "SharedComment=(x)"],
)  # fmt: skip
def test_values_that_would_not_be_understood(tool, john, value):
    """Refused before anything is written, in words that say what to write."""
    assert john("settings", "set", "MaxMailboxes=5", value) == exits.DATA
    assert value.partition("=")[0] in tool.err
    john("settings", "show")
    assert tool.out == ""


@pytest.mark.parametrize("words", ["novalue", "=x"])
def test_no_pair(tool, john, words):
    """A word that is no KEY=VALUE."""
    assert john("settings", "set", words) == exits.USAGE
    assert "KEY=VALUE" in tool.err


@pytest.mark.parametrize("key", ["Password", "password", "SCRAM"])
def test_secrets_are_not_for_this(tool, john, key):
    """A password is neither shown nor set nor removed here."""
    tool("account", "password", "john", "--password-stdin", data=b"quite secret\n")
    john("settings", "show")
    assert tool.out == ""
    assert john("settings", "show", key) == exits.UNAVAILABLE
    assert f"{key} is not shown" in tool.err and tool.out == ""
    assert john("settings", "set", f"{key}=x") == exits.USAGE
    assert john("settings", "unset", key) == exits.USAGE
    assert "account password" in tool.err


def test_preferences(tool, john):
    """Special mailboxes as they are, defaults too; a changed one is stored, and its default comes back."""
    john("preferences", "show")
    assert "TrashBox=Trash\n" in tool.out and "CalendarBox=Calendar\n" in tool.out
    assert john("preferences", "set", "TrashBox=Deleted Items", "EmptyTrash=15d", "Colour=blue") == 0
    assert "warning: Colour" in tool.err and "EmptyTrash" not in tool.err
    john("preferences", "show", "TrashBox", "EmptyTrash", "Colour")
    assert tool.out == 'TrashBox="Deleted Items"\nEmptyTrash=15d\nColour=blue\n'
    john("preferences", "unset", "TrashBox", "Colour")
    john("preferences", "show", "TrashBox", "Colour")
    assert tool.out == "TrashBox=Trash\n" and "Colour is not set" in tool.err


@pytest.mark.parametrize("value", ["TrashBox=a//b", "TrashBox=../x", "TrashBox=(a)", "TrashBox=$Sent$"])
def test_no_name_of_a_mailbox(tool, john, value):
    """A special mailbox must be one that can be made."""
    assert john("preferences", "set", value) == exits.DATA
    john("preferences", "show", "TrashBox")
    assert tool.out == "TrashBox=Trash\n"


def test_nobody(tool):
    """An account that is not there."""
    for words in (("settings", "show", "nobody"), ("preferences", "set", "nobody", "TrashBox=x")):
        assert tool("account", *words) == exits.NO_USER
