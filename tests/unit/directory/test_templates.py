"""The account template as it is read, and what new accounts take from it (spec 6.3, 7.1.6, 11.1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgpymail.directory.templates import MOST, Template, read_template
from cgpymail.model.mailbox import PlannedMailbox
from cgpymail.runtime.files import Files
from tests.support.results import result
from tests.unit.directory.ground import MAIN, Ground

TEMPLATE = "Accounts/Settings/Template.settings"
EXAMPLE = Path(__file__).parents[3] / "etc" / "Template.settings"


def _read(folder: Path, text: str) -> Template:
    (folder / "Template.settings").write_text(text)
    return read_template(Files(), str(folder))


def test_the_example(tmp_path: Path) -> None:
    """The one in etc is understood."""
    template = _read(tmp_path, EXAMPLE.read_text())
    assert template.mailboxes == [
        PlannedMailbox("Sent Items/Archive"),
        PlannedMailbox("Calendar", "IPF.Appointment", locked=True),
        PlannedMailbox("Contacts", "IPF.Contact", locked=True),
    ]
    assert template.subscription == ["INBOX", "Sent Items", "Calendar", "~public/news/company"]
    assert template.settings == {"MaxMailboxes": "500", "IMAPSeesNonMail": "NO"}
    assert template.preferences == {"TrashBox": "Trash", "ArchiveBox": ""}
    assert template.problems == []


def test_no_template(tmp_path: Path) -> None:
    """Most domains have none."""
    assert read_template(Files(), str(tmp_path)) == Template()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not a dictionary", "the file cannot be used"),
        ("{ Colour=red; }", "Colour means nothing here"),
        ("{ Mailboxes=(Work,#3); }", "Mailboxes: 3: write a name"),
        ("{ Mailboxes=(Work,{Class=IPF.Task;}); }", "Mailboxes: None: write a name"),
        ("{ Mailboxes=(Work,inbox); }", "Mailboxes: inbox: every account has it"),
        ("{ Mailboxes=(Work,Work); }", "Mailboxes: Work: it is there twice"),
        ('{ Mailboxes=(Work,"~boss/x"); }', "Mailboxes: ~boss/x: A component"),
        ('{ Mailboxes=(Work,{Name=X; Class=" x";}); }', "Mailboxes: X: A class is"),
        ("{ Mailboxes=(Work,{Name=X; Class=(a);}); }", "Mailboxes: X: Class is not text"),
        ("{ Mailboxes=(Work,{Name=X; Locked=maybe;}); }", "Mailboxes: X: "),
        ("{ Mailboxes={Name=Work; Lock=YES;}; }", "Mailboxes: Work: Lock means nothing here"),
        ('{ Mailboxes=Work; Subscription=(INBOX,"",#3); }', "Subscription: 3: this is not a name"),
        ("{ Mailboxes=Work; Settings=(a); }", "Settings: write {KEY=VALUE; ...}"),
        ("{ Mailboxes=Work; Settings={PASSWORD=x; RealName=x;}; }", "Settings: PASSWORD is not taken from a template"),
        ("{ Mailboxes=Work; Preferences=a; }", "Preferences: write {KEY=VALUE; ...}"),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, text: str, problem: str) -> None:
    """It is left out and told; the rest holds."""
    template = _read(tmp_path, text)
    assert any(problem in each for each in template.problems), template.problems
    assert template.mailboxes == ([PlannedMailbox("Work")] if "Mailboxes" in text else [])
    assert template.subscription == (["INBOX"] if "Subscription" in text else [])
    assert template.settings == ({"RealName": "x"} if "RealName" in text else {})


def test_very_long_lists(tmp_path: Path) -> None:
    """A template has an end."""
    template = _read(tmp_path, "{ Subscription=(" + ",".join(f"N{number}" for number in range(MOST + 1)) + "); }")
    assert len(template.subscription) == MOST
    assert template.problems == [f"Subscription: only the first {MOST} are taken"]


def test_what_a_new_account_has(ground: Ground) -> None:
    """Settings before those of the template are the account's own; what is to be made is noted until it is there."""
    ground.write(TEMPLATE, EXAMPLE.read_text().replace("IMAPSeesNonMail", "DefaultMailboxType"))
    record = ground.do(ground.directory.create("john", MAIN, format="TextMailbox"))
    assert [record.setting(key, "") for key in ("MaxMailboxes", "DefaultMailboxType")] == ["500", "TextMailbox"]
    assert [record.preference(key) for key in ("TrashBox", "ArchiveBox", "SentBox")] == ["Trash", "", "Sent Items"]
    assert record.subscription()[-1] == "~public/news/company"
    ground.start()
    record = ground.record()
    assert [each.name for each in record.to_make()] == ["Sent Items/Archive", "Calendar", "Contacts"]
    result(record.made_all())
    assert result(record.made_all()) is None
    ground.start()
    assert ground.record().to_make() is None


def test_a_single_mailbox_account(ground: Ground) -> None:
    """It gets settings and subscription, and nothing to make."""
    ground.write(TEMPLATE, EXAMPLE.read_text())
    record = ground.do(ground.directory.create("mary", MAIN, single=True))
    assert record.setting("MaxMailboxes", "") == "500" and record.subscription()[0] == "INBOX"
    assert record.to_make() is None
    assert record.preference("ArchiveBox") == "Archive"


def test_it_holds_as_it_is_at_that_moment(ground: Ground) -> None:
    """No restart is needed; one that cannot be used keeps nobody from an account, and the log has it."""
    ground.write(TEMPLATE, "{ Settings={RealName=One;}; }")
    assert ground.create("one").setting("RealName", "") == "One"
    ground.write(TEMPLATE, "{ Settings={RealName=Two;}; ")
    assert ground.create("two").setting("RealName", "") == ""
    assert any("account template of example.org: the file cannot be used" in line for line in ground.lines)


def test_how_passwords_are_kept(ground: Ground) -> None:
    """The template's setting holds for the first password, too."""
    ground.write(TEMPLATE, "{ Settings={PasswordEncryption=clear;}; }")
    assert ground.create(password="secret").own_setting("Password") == "secret"


def test_a_damaged_note(ground: Ground) -> None:
    """What cannot be understood of what is to be made is not made."""
    record = ground.create(password="")
    path = Path(record.path) / "account.info"
    path.write_text('{ "#ToMake" = ( {Name=Work; Class=(x);}, Play ); }')
    ground.start()
    assert ground.record().to_make() == [PlannedMailbox("Play")]
