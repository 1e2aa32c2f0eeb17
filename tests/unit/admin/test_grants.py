"""The index of grants follows accounts, and can be made again (spec 14.5.6)."""

from __future__ import annotations

from pathlib import Path

from cgpymail.admin import exits
from tests.unit.admin.office import Office


def shared(office: Office, name: str = "mary", domain: str = "") -> list[str]:
    """The accounts that are listed for somebody."""
    client = office.imap(f"{name}@{domain}" if domain else name, mailbox="")
    lines = client.ask('2 LIST "" "~%"').splitlines()
    client.ask("3 LOGOUT")
    return [line.rpartition(" ")[2] for line in lines if line.startswith("*")]


def share(office: Office) -> None:
    """john shares with mary, who is not there yet."""
    assert "3 OK" in office.imap().ask("3 SETACL INBOX mary lr")


def test_who_comes_later_finds_it(office: Office) -> None:
    """A grant to an account that was made after it."""
    share(office)
    office.create("mary")
    assert shared(office) == ["~john"]


def test_an_owner_who_is_renamed(office: Office) -> None:
    """Found under the new name, not under the old one, and not at all when the account is gone."""
    share(office)
    for name in ("mary", "anna"):
        office.create(name)
    assert "3 NO" in office.imap("mary").ask("3 STATUS ~jack/INBOX (MESSAGES)")  # nobody is called so, yet
    office("account rename", name="john", new="jack")
    assert shared(office) == ["~jack"]
    office("account rename", name="anna", new="john")
    assert shared(office) == ["~jack"]
    office("account delete", name="jack")
    assert shared(office) == []


def test_an_owner_who_moves_to_another_domain(tmp_path: Path) -> None:
    """Found with the domain; the grant is for the same mary as before, not for her namesake there."""
    (tmp_path / "base" / "Domains" / "other.net" / "Settings").mkdir(parents=True)
    office = Office(tmp_path)
    share(office)
    office.create("mary")
    assert office("account create", name="mary@other.net", password="secret")[0] == 0
    assert office("account rename", name="john", new="john@other.net")[0] == 0
    assert shared(office) == ["~john@other.net"]
    assert shared(office, "mary", "other.net") == []


def test_a_grantee_who_is_renamed(office: Office) -> None:
    """Access lists name him as he was called: who has that name now is meant."""
    share(office)
    office.create("mary")
    office("account rename", name="mary", new="anna")
    assert shared(office, "anna") == []
    office.create("mary")
    assert shared(office) == ["~john"]


def test_lists_that_came_with_files(office: Office) -> None:
    """The command finds them; an account that cannot be read is told of, and the others are looked at."""
    share(office)
    office.create("mary")
    (Path(office.base) / ".grants" / "accounts" / "example.org" / "mary").unlink()
    office.server.directory.grants._read.clear()
    assert shared(office) == []
    assert office("account grants rebuild", only="") == (0, ["2 accounts looked at"], [])
    assert shared(office) == ["~john"]
    assert office("account grants rebuild", only="example.net")[0] == exits.NO_USER
    broken = Path(office.base) / "Accounts" / "anna.macnt"
    broken.mkdir()
    (broken / "account.settings").write_text("{ this is not")
    code, said, complaints = office("account grants rebuild", only="example.org")
    assert code == exits.TRY_AGAIN and said == ["2 accounts looked at"] and complaints[0].startswith("anna@example.org")
