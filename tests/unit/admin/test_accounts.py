"""``cgpymail account`` on a base directory that no server uses."""

import getpass
import os
import re

import pytest

from cgpymail.admin import exits
from cgpymail.directory.directory import Directory
from cgpymail.model.identity import Link, PlainCredentials
from cgpymail.runtime.files import Files
from cgpymail.runtime.limits import DEFAULTS
from tests.support.results import result
from tests.support.runtime import memory_runtime

BOXES = ["Archive.mdir", "Drafts.mdir", "INBOX.mdir", "Junk.mdir", "Sent Items.mdir", "Trash.mdir"]


def logs_in(tool, name, password):
    """Whether the server would let him in."""
    directory = Directory(memory_runtime(), str(tool.base), "example.org", DEFAULTS)
    directory.load()
    try:
        result(directory.login(PlainCredentials(name, password.encode()), Link("IMAP", "192.0.2.1", "", True)))
    except Exception:
        return False
    return True


def test_create_and_list(tool):
    """A new account has INBOX and its five special mailboxes, and is in the list."""
    assert tool("account", "create", "John", "--password-stdin", data=b"s3cret pass\r\n") == 0
    assert tool.out == "created john@example.org\n"
    account = tool.base / "Accounts" / "john.macnt"
    assert sorted(name for name in os.listdir(account) if name.endswith(".mdir")) == BOXES
    assert logs_in(tool, "john", "s3cret pass")
    assert tool("account", "list") == 0
    assert tool.out == "john@example.org\n"


def test_generate(tool):
    """A generated password is printed and works."""
    tool("account", "create", "john", "--generate")
    password = re.search(r"^password (\S{16})$", tool.out, re.M)
    assert password
    assert logs_in(tool, "john", password[1])


def test_prompt(tool, monkeypatch):
    """On a terminal the password is asked for twice and not shown."""
    answers = iter(["one", "one", "one", "two", "", ""])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))
    assert tool("account", "create", "john") == 0
    assert logs_in(tool, "john", "one")
    for words in ("the passwords differ", "no password was given"):
        assert tool("account", "password", "john") == exits.UNAVAILABLE
        assert words in tool.err
    assert logs_in(tool, "john", "one")


def test_password(tool):
    """A password is changed, made recoverable, and taken away."""
    tool.create("john")
    settings = tool.base / "Accounts" / "john.macnt" / "account.settings"
    assert tool("account", "password", "john", "--password-stdin", data=b"first\n") == 0
    assert logs_in(tool, "john", "first")
    assert "first" not in settings.read_text()
    assert tool("account", "password", "john@example.org", "--password-stdin", "--recoverable", data=b"second\n") == 0
    assert " Password = second;" in settings.read_text()
    assert tool("account", "password", "john", "--no-password") == 0
    assert tool.out == "password of john@example.org removed\n"
    assert not logs_in(tool, "john", "second")


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("create", "john"), exits.CANNOT_CREATE, "exists"),
        (("create", "../x"), exits.USAGE, "Illegal account name"),
        (("create", "x@elsewhere.net"), exits.NO_USER, "no domain elsewhere.net"),
        (("password", "nobody"), exits.NO_USER, "Unknown account"),
        (("delete", "nobody", "--yes"), exits.NO_USER, "Unknown account"),
        (("delete", "../john", "--yes"), exits.NO_USER, "Unknown account"),
        (("list", "elsewhere.net"), exits.NO_USER, "no domain"),
    ],
)
def test_complaints(tool, words, code, complaint):
    """What cannot be done is said in one line, with an exit code of its own."""
    tool.create("john")
    extra = ("--no-password",) if words[0] in ("create", "password") else ()
    assert tool("account", *words, *extra) == code
    assert complaint in tool.err
    assert tool.err.count("\n") == 1


def test_aliases_are_not_followed(tool):
    """Deleting the name of an alias deletes nobody."""
    tool.create("john")
    (tool.base / "Accounts" / "Settings" / "Aliases.data").write_text("{ jack=john; }")
    assert tool("account", "delete", "jack", "--yes") == exits.NO_USER
    assert (tool.base / "Accounts" / "john.macnt").is_dir()


@pytest.mark.parametrize(("answer", "gone"), [("yes", True), ("y", False), ("", False)])
def test_delete_asks(tool, monkeypatch, answer, gone):
    """All mail goes only after a whole yes."""
    tool.create("john")
    monkeypatch.setattr("builtins.input", lambda prompt: answer)
    assert (tool("account", "delete", "john") == 0) is gone
    assert (tool.base / "Accounts" / "john.macnt").exists() is not gone


def test_further_domain(tool):
    """Accounts of a further domain."""
    (tool.base / "Domains" / "client2.com" / "Settings").mkdir(parents=True)
    (tool.base / "Domains" / "client2.com" / "Settings" / "Domain.settings").write_text(
        "{ DefaultMailboxType=MailDirMailbox; }"
    )
    tool.create("info@Client2.com")
    tool.create("john")
    tool("account", "list")
    assert tool.out == "john@example.org\ninfo@client2.com\n"
    tool("account", "list", "client2.com")
    assert tool.out == "info@client2.com\n"


def test_the_base_is_taken(tool):
    """While somebody has the base directory who cannot be asked, the tool says so and changes nothing."""
    files = Files()
    lock = files.lock(str(tool.base / ".lock"))
    try:
        assert tool("account", "create", "john", "--no-password") == exits.TRY_AGAIN
        assert "in use by a process that cannot be asked" in tool.err
        assert "try again" in tool.err
    finally:
        files.close(lock)
    assert not (tool.base / "Accounts" / "john.macnt").exists()
    tool.create("john")


def test_unusable_base(tool):
    """A base directory that cannot be had is named with the reason."""
    tool.base = tool.path / "absent" / "base"
    assert tool("account", "list") == exits.CANNOT_CREATE
    assert "No such file or directory" in tool.err
    tool.base = tool.path / "file"
    tool.base.write_text("")
    assert tool("account", "list") == exits.CANNOT_CREATE


def test_new_base(tool):
    """A base directory that is not there yet is made, for its owner alone."""
    tool.base = tool.path / "fresh"
    assert tool("account", "list") == 0
    assert tool.base.stat().st_mode & 0o777 == 0o700
    assert (tool.base / ".lock").stat().st_mode & 0o777 == 0o600
