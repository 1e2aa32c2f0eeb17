"""Accounts made from a template (spec 6.3): with the tool, and whenever the power is cut or the disk is full."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.admin import exits
from cgpymail.assembly import assemble
from cgpymail.config import Settings
from cgpymail.errors import StorageFailed
from cgpymail.model.identity import AccountName
from cgpymail.runtime.files import Files
from tests.support.crashfiles import KEPT, CrashFiles, Kept, PowerCut
from tests.support.results import result
from tests.support.runtime import memory_runtime

TEMPLATE = """{
 Mailboxes = ( "Sent Items/Old", {Name=Calendar; Class="IPF.Appointment"; Locked=YES;}, {Name=Trash; Locked=YES;} );
 Subscription = ( INBOX, "~public/news" );
 Settings = { IMAPSeesNonMail=YES; };
 Preferences = { SentBox=Sent; ArchiveBox=""; };
}"""
LISTED = [
    "Calendar  class=IPF.Appointment  locked", "Drafts", "INBOX", "Junk", "Sent", "Sent Items/", "Sent Items/Old",
    "Trash  locked",
]  # fmt: skip
MARY = AccountName("mary", "example.org")


def write(base: Path, text: str) -> None:
    """The main domain's template."""
    folder = base / "Accounts" / "Settings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Template.settings").write_text(text)


def test_a_new_account(tool: Any) -> None:
    """It has everything that the template says, before anybody logs in."""
    write(tool.base, TEMPLATE)
    tool.create("mary")
    tool("mailbox", "list", "mary", "--long")
    assert tool.out.splitlines() == LISTED
    tool("mailbox", "subscription", "show", "mary")
    assert tool.out.splitlines() == ["INBOX", "~public/news"]
    tool("account", "settings", "show", "mary", "IMAPSeesNonMail")
    assert tool.out == "IMAPSeesNonMail=YES\n"
    assert "ToMake" not in (tool.base / "Accounts" / "mary.macnt" / "account.info").read_text()
    assert tool("mailbox", "delete", "mary", "Drafts", "--yes") == 0
    tool("mailbox", "list", "mary")
    assert "Drafts" not in tool.out.split()


def test_what_cannot_be_made(tool: Any) -> None:
    """The account is made without it, and the person at the terminal is told what of the template is wrong."""
    write(tool.base, '{ Mailboxes=(One, Two, "a/~b"); Settings={MaxMailboxes=#7;}; }')
    assert tool("account", "create", "mary", "--no-password") == 0
    assert "warning: account template: Mailboxes: a/~b: A component of a mailbox name cannot begin with ~" in tool.err
    tool("mailbox", "list", "mary")
    assert tool.out.split() == ["Archive", "Drafts", "INBOX", "Junk", "One", "Sent", "Items", "Trash"]


def test_show(tool: Any) -> None:
    """The template as it is understood, and by the exit code whether all of it is."""
    assert (tool("template", "show"), tool.out) == (0, "")
    write(tool.base, TEMPLATE)
    assert (tool("template", "show", "example.org"), tool.err) == (0, "")
    assert tool.out.splitlines() == [
        "mailbox Sent Items/Old",
        "mailbox Calendar  class=IPF.Appointment  locked",
        "mailbox Trash  locked",
        "subscribed INBOX",
        'subscribed ~public/news',
        "setting IMAPSeesNonMail=YES",
        "preference SentBox=Sent",
        'preference ArchiveBox=""',
    ]  # fmt: skip
    write(tool.base, '{ Boxes=a; Settings={IMAPSeesNonMail=3; X=y; Rules=();}; Preferences={SentBox="a//b"; Y=z;}; }')
    assert tool("template", "show") == exits.DATA
    assert [line.removeprefix("cgpymail: ") for line in tool.err.splitlines()] == [
        "Boxes means nothing here",
        "Settings: IMAPSeesNonMail: this value is not understood; write YES or NO",
        "Settings: X means nothing to this server",
        "Preferences: SentBox: this is not the name of a mailbox",
        "Preferences: Y means nothing to this server",
    ]
    assert tool("template", "show", "nowhere.org") == exits.NO_USER


def server(base: Path, files: Files) -> Any:
    """A server over the base directory."""
    return assemble(Settings(str(base), "example.org", "mail.example.org"), memory_runtime(files))


def do(work: Any) -> Any:
    """The outcome of a coroutine that does not have to wait."""
    return result(Deferred.fromCoroutine(work))


async def listed(at: Any) -> list[str]:
    """The mailboxes of mary as the tool shows them; with the account made, if there is none."""
    if await at.directory.find(MARY) is None:
        await at.create_account("mary")
    door = await at.services.manager.administrate(MARY)
    shown = []
    for name in await door.mailboxes():
        mailbox_class, locked = await door.attributes(name)
        shown.append("  ".join([name] + [f"class={mailbox_class}"] * bool(mailbox_class) + ["locked"] * locked))
    return shown


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut(tmp_path: Path, kept: Kept) -> None:
    """Wherever the power is cut, the account has all its mailboxes, with classes and locks, when it is next used; or
    there is none, and it can be made."""
    steps, done, halfway = KEPT.index(kept), False, 0  # a third of all places each
    while not done:
        base = tmp_path / f"base-{steps}"
        write(base, TEMPLATE)
        files = CrashFiles(str(tmp_path / f"attic-{steps}"))
        at = server(base, files)
        files.settle()
        files.limit = files.operations + steps
        try:
            do(at.create_account("mary"))
        except PowerCut:
            pass
        done = not files.off
        files.restart(kept)
        info = base / "Accounts" / "mary.macnt" / "account.info"
        halfway += info.exists() and "ToMake" in info.read_text()
        again = server(base, files)
        assert do(listed(again)) == LISTED, steps
        assert result(again.directory.find(MARY)).subscription() == ["INBOX", "~public/news"]
        assert "ToMake" not in info.read_text()
        files.end_process()
        steps += 3
    assert halfway > 5


class FullDisk(Files):
    """No file can be made once a mailbox of that name is to be made, as long as ``full``."""

    full = False

    def create(self, path: str, mode: int = 0o600) -> int:
        if self.full and "Drafts" in path:
            raise OSError(errno.ENOSPC, "no space left")
        return super().create(path, mode)


def test_a_full_disk(tmp_path: Path) -> None:
    """The person who makes the account is told; what is missing is made when the account is next used."""
    write(tmp_path, TEMPLATE)
    files = FullDisk()
    at = server(tmp_path, files)
    files.full = True
    with pytest.raises(StorageFailed):
        do(at.create_account("mary"))
    files.full = False
    assert do(listed(at)) == LISTED
    do(at.stop())
