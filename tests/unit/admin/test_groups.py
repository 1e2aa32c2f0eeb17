"""``cgpymail group``, ``administrator`` and ``account acl`` (spec 3.2, 3.3, 3.5)."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.model.identity import AccountName
from tests.unit.admin.office import Office


def share(office, acl):
    """Give john's INBOX an access list before anybody looks."""
    office.create("mary")
    mary = office.imap("mary", mailbox="")
    record = office.do(lambda: office.server.directory.find(_name("john")))
    office.do(lambda: record.update_mailboxes({"INBOX": {"Access": acl}}))
    return mary


def _name(name):
    return AccountName(name, "example.org")


def test_groups_come_and_go(tool):
    """Made, filled, shown and removed while no server runs."""
    for name in ("john", "mary"):
        tool.create(name)
    assert tool("group", "create", "Staff") == 0
    assert tool.out == "created #staff@example.org\n"
    tool("group", "create", "#all")
    assert tool("group", "add", "staff", "John", "mary@example.org") == 0
    assert tool.out == "added john, mary to #staff@example.org\n"
    assert tool("group", "add", "all@example.org", "#staff") == 0
    assert tool("group", "list") == tool("group", "list", "example.org") == 0
    assert tool.out == "#all@example.org\n#staff@example.org\n"
    assert tool("group", "members", "staff") == 0
    assert tool.out == "john\nmary\n"
    assert tool("group", "remove", "staff", "John", "peter") == exits.UNAVAILABLE
    assert (tool.out, tool.err) == (
        "removed john from #staff@example.org\n",
        "cgpymail: peter is not in #staff@example.org\n",
    )
    assert tool("group", "delete", "staff") == 0
    assert tool.out == "removed #staff@example.org\n"
    tool("group", "members", "all")
    assert tool.out == ""


def test_members_are_there_and_groups_too(tool):
    """A slip of the pen makes nobody a member, now or later."""
    tool.create("john")
    tool("group", "create", "staff")
    for words, code in (
        (("add", "staff", "john", "nobody"), exits.NO_USER),
        (("add", "staff", "john", "#none"), exits.NO_USER),
        (("add", "staff", "john@elsewhere.net"), exits.NO_USER),
        (("add", "none", "john"), exits.NO_USER),
        (("add", "staff", "a b"), exits.USAGE),
        (("create", "staff"), exits.CANNOT_CREATE),
        (("create", "staff@elsewhere.net"), exits.NO_USER),
        (("create", "a/b"), exits.USAGE),
        (("delete", "none"), exits.NO_USER),
        (("list", "elsewhere.net"), exits.NO_USER),
    ):
        assert tool("group", *words) == code, words
        assert tool.err.count("\n") == 1 and not tool.out
    tool("group", "members", "staff")
    assert tool.out == ""


def test_membership_is_felt_at_once(office):
    """Who becomes a member can open what the group may read; who is taken out loses it, in the session that has it
    open (spec 14.3.1e)."""
    mary = share(office, {"#staff": "lr"})
    assert "NO" in mary.ask("3 SELECT ~john/INBOX")
    office("group create", name="staff")
    office("group add", name="staff", members=("mary",))
    assert "3 OK" in mary.ask("3 SELECT ~john/INBOX")
    assert "+ " in mary.ask("4 IDLE")
    office("group remove", name="staff", members=("mary",))
    assert "* BYE" in mary.hear()


def test_a_renamed_account_stays_a_member(office):
    """And one that is removed makes room for nobody."""
    share(office, {"#staff": "lr"}).ask("9 LOGOUT")
    office("group create", name="staff")
    office("group add", name="staff", members=("mary",))
    assert office("account rename", name="mary", new="anna")[0] == 0
    assert office("group members", name="staff") == (0, ["anna"], [])
    assert "3 OK" in office.imap("anna", mailbox="").ask("3 SELECT ~john/INBOX")
    office("account delete", name="anna")
    office.create("anna")
    assert "3 NO" in office.imap("anna", mailbox="").ask("3 SELECT ~john/INBOX")


def test_administrators(tool):
    """Rights are given, shown and taken; those that mean nothing here are kept with a warning."""
    for name in ("john", "mary"):
        tool.create(name)
    assert tool("administrator", "set", "john", "all users", "CanPostAlerts") == 0
    assert tool.out == "john@example.org has All Users, CanPostAlerts\n"
    assert tool.err == "cgpymail: warning: CanPostAlerts means nothing to this server; it is kept all the same\n"
    tool("administrator", "set", "mary", "canviewmailboxes")
    assert tool("administrator", "show") == 0
    assert tool.out == "john@example.org: All Users, CanPostAlerts\nmary@example.org: CanViewMailboxes\n"
    assert tool("administrator", "show", "mary") == 0
    assert tool.out == "CanViewMailboxes\n"
    assert tool("administrator", "unset", "john", "AllUsers", "canpostalerts") == 0
    assert tool("administrator", "show", "john") == exits.UNAVAILABLE
    assert tool("administrator", "set", "nobody", "Master") == exits.NO_USER
    assert tool("administrator", "set", "john", "x" * 65) == exits.DATA
    assert tool("administrator", "set", "john", "") == exits.DATA


def test_an_administrator_is_one_at_once(office):
    """Every right on every mailbox, until it is taken away (spec 3.2)."""
    mary = share(office, {"-anyone": "lr"})
    assert "3 NO" in mary.ask("3 SELECT ~john/INBOX")
    for right in ("All Users", "Master", "CanViewMailboxes"):
        office("administrator set", name="mary", rights=(right,))
        assert "4 OK [READ-WRITE]" in mary.ask("4 SELECT ~john/INBOX")
        assert "5 OK" in mary.ask("5 CREATE ~john/Made")
        assert "6 OK" in mary.ask("6 DELETE ~john/Made") and "7 OK" in mary.ask("7 UNSELECT")
        office("administrator unset", name="mary", rights=(right,))
        assert "8 NO" in mary.ask("8 SELECT ~john/INBOX")
    office("administrator set", name="mary", rights=("Master",))
    assert "4 OK" in mary.ask("4 SELECT ~john/INBOX")
    office("administrator unset", name="mary", rights=("Master",))
    assert "* BYE" in mary.hear() + mary.ask("5 NOOP")


def test_rights_on_the_account(tool):
    """Set, changed by signs, and taken away (spec 3.5)."""
    tool.create("john")
    assert (
        tool("account", "acl", "set", "john", "Mary@Example.org=createmailboxes", "#staff=CreateMailboxes,Other") == 0
    )
    assert tool.out == "changed the access list of john@example.org\n"
    assert tool.err == "cgpymail: warning: Other means nothing to this server; it is kept all the same\n"
    assert tool("account", "acl", "show", "john") == 0
    assert tool.out == "mary=CreateMailboxes\n#staff=CreateMailboxes,Other\n"
    tool(
        "account", "acl", "set", "john", "#staff=-other", "mary=+More", "anyone@=CreateMailboxes", "x=-CreateMailboxes"
    )
    assert tool("account", "acl", "set", "john", "--", "-mary=CreateMailboxes") == 0
    tool("account", "acl", "show", "john")
    lines = {"#staff=CreateMailboxes", "mary=CreateMailboxes,More", "anyone@=CreateMailboxes", "-mary=CreateMailboxes"}
    assert set(tool.out.splitlines()) == lines
    assert tool("account", "acl", "set", "john", "#staff=", "mary=", "anyone@=", "--", "-mary=-CreateMailboxes") == 0
    tool("account", "acl", "show", "john")
    assert tool.out == ""
    for words, code in (
        (("john", "mary"), exits.USAGE),
        (("john", "a b=CreateMailboxes"), exits.USAGE),
        (("john", f"mary={'x' * 101}"), exits.DATA),
        (("nobody", "mary=CreateMailboxes"), exits.NO_USER),
    ):
        assert tool("account", "acl", "set", *words) == code, words


def test_mailboxes_at_the_top_of_an_account(office):
    """CreateMailboxes lets others make them; they get no rights on what they made (spec 3.4.3, 14.2.9)."""
    mary = share(office, {})
    assert "3 NO" in mary.ask("3 CREATE ~john/New")
    office("account acl set", name="john", values=("mary=CreateMailboxes",))
    assert "4 OK" in mary.ask("4 CREATE ~john/New")
    assert "5 NO" in mary.ask("5 SELECT ~john/New") and "6 NO" in mary.ask("6 CREATE ~john/New/below")
    assert "New" in office.imap().ask('7 LIST "" New')
    office("account acl set", name="john", values=("mary=",))
    assert "8 NO" in mary.ask("8 CREATE ~john/Newer")


def test_rights_on_an_account_that_has_moved(tmp_path):
    """Its access list says with whole names what it said before; who is taken off it is off it (spec 3.5)."""
    (tmp_path / "base/Domains/far.org").mkdir(parents=True)
    office = Office(tmp_path)
    office("account acl set", name="john", values=("mary=CreateMailboxes", "#staff=CreateMailboxes"))
    office("account rename", name="john", new="john@far.org")
    office("account rename", name="john@far.org", new="john@example.org")
    assert office("account acl set", name="john", values=("mary=", "#staff=+Other"))[0] == 0
    assert office("account acl show", name="john")[1] == ["#staff=CreateMailboxes,Other"]


def test_an_access_list_of_an_account_is_bounded(tmp_path):
    """As those of mailboxes are."""
    office = Office(tmp_path, acl_elements=2)
    assert office("account acl set", name="john", values=("a=X", "b=X"))[0] == 0
    assert office("account acl set", name="john", values=("c=X",))[0] == exits.TRY_AGAIN
    assert office("account acl set", name="john", values=("c=X", "a="))[0] == 0
