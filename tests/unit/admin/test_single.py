"""The tool and single-mailbox accounts (spec sections 1.2, 6.4.4)."""

from __future__ import annotations

import os
from typing import Any

import pytest

from cgpymail.admin import exits


def files(tool: Any, domain: str = "Accounts") -> list[str]:
    """What lies in a domain's directory."""
    return sorted(name for name in os.listdir(tool.base / domain) if name != "Settings")


def create(tool: Any, name: str, *words: str) -> None:
    """One that nobody can log in to."""
    tool.create(name, "--single", *words)


@pytest.mark.parametrize(
    ("words", "extension", "type"),
    [
        ((), "mdir", "MailDirMailbox"),
        (("--format", "TextMailbox"), "mbox", "TextMailbox"),
        (("--format", "MailDirMailbox"), "mdir", "MailDirMailbox"),
    ],
)
def test_the_format_is_chosen_at_creation(tool: Any, words: tuple[str, ...], extension: str, type: str) -> None:
    """As it is said, else by the domain's default; the list says what it was, and what is set later changes nothing."""
    create(tool, "Mary", *words)
    tool("account", "settings", "set", "mary", "DefaultMailboxType=TextMailbox")
    assert tool("mailbox", "list", "mary") == 0 and tool.out == "INBOX\n"
    tool.create("john")
    tool("account", "list")
    assert tool.out == f"john@example.org\nmary@example.org  (single-mailbox account, {type})\n"
    kept = ("info", extension, "prefs", "settings")
    assert files(tool) == ["john.macnt", *(f"mary.{ending}" for ending in kept)]


def test_the_format_of_other_accounts(tool: Any) -> None:
    """An account with many mailboxes gets all of them in the format that is asked for; unknown ones are refused."""
    tool.create("john", "--format", "TextMailbox")
    boxes = {name for name in os.listdir(tool.base / "Accounts/john.macnt") if name.endswith(".mbox")}
    assert {"INBOX.mbox", "Trash.mbox"} <= boxes
    assert tool("account", "create", "eve", "--no-password", "--format", "mbox") == exits.DATA
    assert "TextMailbox or MailDirMailbox" in tool.err
    assert files(tool) == ["john.macnt"]


def test_a_list_without_mail_yet(tool: Any) -> None:
    """An account whose INBOX nobody has opened since it was put there."""
    (tool.base / "Accounts/old.settings").write_text("{}")
    tool("account", "list")
    assert tool.out == "old@example.org  (single-mailbox account, no mail yet)\n"
    tool("mailbox", "list", "old")
    tool("account", "list")
    assert tool.out == "old@example.org  (single-mailbox account, MailDirMailbox)\n"


def test_one_mailbox_only(tool: Any) -> None:
    """The administrator makes no second one either, and INBOX stays."""
    create(tool, "mary")
    before = files(tool)
    for words, code in (
        (("create", "mary", "Work"), exits.UNAVAILABLE),
        (("create", "mary", "Work/"), exits.UNAVAILABLE),
        (("rename", "mary", "INBOX", "Old"), exits.UNAVAILABLE),
        (("delete", "mary", "INBOX", "--yes"), exits.UNAVAILABLE),
        (("delete", "mary", "Work", "--yes"), exits.NO_USER),
    ):
        assert tool("mailbox", *words) == code, words
        assert ("one mailbox only" in tool.err) == (words[0] in ("create", "rename"))
    assert files(tool) == before


def test_settings_and_the_rest(tool: Any) -> None:
    """Settings, preferences, the password, rights and the class of INBOX are those of any account."""
    create(tool, "mary")
    for words in (
        ("account", "settings", "set", "mary", "RealName=Mary"),
        ("account", "preferences", "set", "mary", "TrashBox=Bin"),
        ("account", "acl", "set", "mary", "boss=CreateMailboxes"),
        ("mailbox", "acl", "set", "mary", "INBOX", "boss=lr"),
        ("mailbox", "class", "set", "mary", "INBOX", "IPF.Note"),
    ):
        assert tool(*words) == 0, tool.err
    tool("account", "settings", "show", "mary", "RealName")
    assert tool.out == "RealName=Mary\n"
    tool("account", "preferences", "show", "mary", "TrashBox")
    assert tool.out == "TrashBox=Bin\n"
    tool("mailbox", "acl", "show", "mary", "INBOX")
    assert tool.out == "boss=lr\n"
    assert tool("account", "password", "mary", "--password-stdin", "--recoverable", data=b"new\n") == 0
    assert b"Password = new;" in (tool.base / "Accounts/mary.settings").read_bytes()


def test_renamed_and_removed(tool: Any) -> None:
    """It takes everything along, into another domain too, and leaves nothing behind."""
    (tool.base / "Domains/client2.com").mkdir(parents=True)
    create(tool, "mary")
    create(tool, "mary.x")
    neighbour = [name for name in files(tool) if name.startswith("mary.x.")]
    tool("mailbox", "acl", "set", "mary", "INBOX", "boss=lr")
    assert tool("account", "rename", "mary", "jane@client2.com") == 0
    assert files(tool) == neighbour
    tool("mailbox", "acl", "show", "jane@client2.com", "INBOX")
    assert tool.out == "boss@example.org=lr\n"
    assert tool("account", "delete", "jane@client2.com", "--yes") == 0
    assert files(tool, "Domains/client2.com") == []
    create(tool, "jane@client2.com")
    tool("mailbox", "acl", "show", "jane@client2.com", "INBOX")
    assert tool.out == ""
