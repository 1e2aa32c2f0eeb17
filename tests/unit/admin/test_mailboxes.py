"""``cgpymail mailbox`` (spec 1.1, 1.6)."""

from cgpymail.admin import exits


def boxes(tool):
    """Names as listed, without the special ones."""
    tool("mailbox", "list", "john")
    return [name for name in tool.out.splitlines() if name not in ("Archive", "Drafts", "Junk", "Sent Items", "Trash")]


def test_create_list_rename_delete(tool):
    """A mailbox comes, changes its name and goes."""
    tool.create("john")
    assert tool("mailbox", "create", "john", "Work") == 0
    assert tool.out == "created Work\n"
    assert boxes(tool) == ["INBOX", "Work"]
    assert tool("mailbox", "rename", "john", "Work", "Grüße/Play") == 0
    assert boxes(tool) == ["Grüße/", "Grüße/Play", "INBOX"]
    assert tool("mailbox", "delete", "john", "Grüße/Play", "--yes") == 0
    assert boxes(tool) == ["Grüße/", "INBOX"]


def test_formats_and_directories(tool):
    """name.mbox is made in that format; name/ is for what lies below it."""
    tool.create("john")
    tool("mailbox", "create", "john", "One.mbox")
    tool("mailbox", "create", "john", "Two/")
    assert boxes(tool) == ["INBOX", "One", "Two/"]
    assert (tool.base / "Accounts" / "john.macnt" / "One.mbox").is_file()


def test_class(tool):
    """What a mailbox is meant for is kept, shown, changed and taken away (spec 6.1)."""
    tool.create("john")
    assert tool("mailbox", "create", "john", "People", "--class", "IPF.Contact") == 0
    assert "IPF.Contact" in (tool.base / "Accounts" / "john.macnt" / "account.info").read_text()
    assert tool("mailbox", "class", "set", "john", "People", "IPF.Task") == 0
    assert (tool("mailbox", "class", "show", "john", "People"), tool.out) == (0, "IPF.Task\n")
    assert tool("mailbox", "class", "set", "john", "People") == 0
    assert (tool("mailbox", "class", "show", "john", "People"), tool.out) == (0, "\n")


def test_class_of_a_special_mailbox(tool):
    """Made by its special name, it gets the class that it is expected to have, unless another is said (spec 6.2)."""
    tool.create("john")
    assert tool("mailbox", "create", "john", "$Calendar$") == 0
    assert tool("mailbox", "create", "john", "$Notes$", "--class", "IPF.Journal") == 0
    assert tool("mailbox", "list", "john", "--long") == 0
    assert {"Calendar  class=IPF.Appointment", "Notes  class=IPF.Journal", "INBOX"} <= set(tool.out.splitlines())


def test_lock(tool):
    """A locked mailbox stays, for the administrator too, until it is unlocked; with its parent it goes (spec 6.3)."""
    tool.create("john")
    tool("mailbox", "create", "john", "A/B")
    assert tool("mailbox", "lock", "john", "A/B") == 0
    tool("mailbox", "list", "john", "--long")
    assert "A/B  locked" in tool.out.splitlines()
    assert tool("mailbox", "delete", "john", "A/B", "--yes") == exits.UNAVAILABLE
    assert "locked" in tool.err
    assert tool("mailbox", "rename", "john", "A/B", "C") == exits.UNAVAILABLE
    assert tool("mailbox", "rename", "john", "A", "D") == 0
    assert tool("mailbox", "delete", "john", "D/B", "--yes") == exits.UNAVAILABLE
    assert tool("mailbox", "unlock", "john", "D/B") == 0
    assert tool("mailbox", "delete", "john", "D/B", "--yes") == 0


def test_hide(office):
    """Messages are hidden by their UIDs, from others or from all mail clients; sessions feel it at once (spec 2.8)."""
    john = office.imap()
    for number in range(1, 5):
        office.append(john, f"Subject: {number}\r\n\r\n")
    named = {"account": "john", "mailbox": "INBOX"}
    assert office("mailbox hide", **named, uids=("1", "3:4")) == (0, ["set Hidden on 3 in INBOX"], [])
    assert "4 OK" in john.ask("4 NOOP")
    assert office("mailbox hide", **named, uids=("2:*",), service=True) == (0, ["set Service on 3 in INBOX"], [])
    assert "* 1 EXISTS" in john.ask("5 SELECT INBOX")
    assert office("mailbox unhide", **named, uids=("1:*",), service=True)[0] == 0
    assert "* 4 EXISTS" in john.ask("6 SELECT INBOX")
    assert office("mailbox unhide", **named, uids=("7",))[0] == exits.UNAVAILABLE
    for wrong in ("x", "0", "1:2:3", "", "\u0663"):
        assert office("mailbox hide", **named, uids=(wrong,))[0] == exits.USAGE


def test_with_and_without_what_lies_below(tool):
    """Both forms of rename and delete (spec 1.1.1)."""
    tool.create("john")
    for name in ("A", "A/B"):
        tool("mailbox", "create", "john", name)
    tool("mailbox", "rename", "john", "A", "X", "--alone")
    assert boxes(tool) == ["A/", "A/B", "INBOX", "X"]
    tool("mailbox", "rename", "john", "A", "C")
    assert boxes(tool) == ["C/", "C/B", "INBOX", "X"]
    assert tool("mailbox", "delete", "john", "C", "--yes") == exits.UNAVAILABLE
    assert tool("mailbox", "delete", "john", "C", "--children", "--yes") == 0
    assert boxes(tool) == ["INBOX", "X"]


def test_special_names(tool):
    """$Trash$ is the mailbox that the preference names (spec 6.2)."""
    tool.create("john")
    tool("mailbox", "rename", "john", "$Trash$", "Bin")
    tool("mailbox", "list", "john")
    assert "Bin" in tool.out.splitlines() and "Trash" not in tool.out.splitlines()
    tool("account", "preferences", "show", "john", "TrashBox")
    assert tool.out == "TrashBox=Bin\n"


def test_complaints(tool):
    """What cannot be done is said in one line, with an exit code of its own."""
    tool.create("john")
    for words, code, complaint in (
        (("list", "nobody"), exits.NO_USER, "Unknown account"),
        (("create", "john", "INBOX"), exits.UNAVAILABLE, "exists already"),
        (("create", "john", "../x"), exits.USAGE, "cannot"),
        (("rename", "john", "Nothing", "x"), exits.NO_USER, "No such mailbox"),
        (("delete", "john", "INBOX", "--yes"), exits.UNAVAILABLE, "INBOX cannot be deleted"),
        (("class", "set", "john", "INBOX", "two\nlines"), exits.UNAVAILABLE, "printable text"),
        (("create", "john", "x", "--class", "x" * 101), exits.UNAVAILABLE, "too long"),
        (("lock", "john", "Nothing"), exits.NO_USER, "No such mailbox"),
    ):
        assert tool("mailbox", *words) == code, words
        assert complaint in tool.err and tool.err.count("\n") == 1


def test_delete_asks(tool, monkeypatch):
    """Mail goes only after a whole yes."""
    tool.create("john")
    asked = []
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or "y")
    assert tool("mailbox", "delete", "john", "Junk") == exits.UNAVAILABLE
    assert asked == ["Remove mailbox Junk of john with all its mail? Type yes: "]
    tool("mailbox", "list", "john")
    assert "Junk" in tool.out


def test_access_lists(tool):
    """Shown, set with and without signs, all or none; the owner's rights cannot be reduced (spec 3.3, 14.2.7)."""
    tool.create("john")
    tool("mailbox", "create", "john", "Work")
    assert tool("mailbox", "acl", "show", "john", "Work") == 0 and tool.out == ""
    assert tool("mailbox", "acl", "set", "john", "Work", "Mary@Example.org=lrs", "#team=lr", "anyone@=l") == 0
    assert tool.out == "changed the access list of Work\n"
    assert tool("mailbox", "acl", "set", "john", "Work", "--", "mary=+te", "#team=-r", "anyone@=", "-peter=l") == 0
    tool("mailbox", "acl", "show", "john", "Work")
    assert tool.out.splitlines() == ["mary=lrsd", "#team=l", "-peter=l"]
    for words, code in (
        (("mary=q",), exits.USAGE),
        (("mary",), exits.USAGE),
        (("a b=l",), exits.USAGE),
        (("new=l", "john=r"), exits.UNAVAILABLE),
    ):
        assert tool("mailbox", "acl", "set", "john", "Work", *words) == code, words
        assert tool.err.count("\n") == 1
    assert tool("mailbox", "acl", "show", "john", "Nothing") == exits.NO_USER
    tool("mailbox", "acl", "show", "john", "Work")
    assert tool.out.splitlines() == ["mary=lrsd", "#team=l", "-peter=l"]


def test_own_seen(tool):
    """Every user gets a Seen of his own, and loses it again; it is kept with the mailbox."""
    tool.create("john")
    tool("mailbox", "create", "john", "Work")
    info = tool.base / "Accounts" / "john.macnt" / "account.info"
    assert tool("mailbox", "own-seen", "john", "Work", "on") == 0
    assert "OwnSeen" in info.read_text()
    assert tool("mailbox", "rename", "john", "Work", "Desk") == 0
    assert "OwnSeen" in info.read_text()
    assert tool("mailbox", "own-seen", "john", "Desk", "off") == 0
    assert "OwnSeen" not in info.read_text()


def test_own_seen_needs_a_mailbox(tool):
    """A name that holds no messages, or that is not there, has no such option."""
    tool.create("john")
    tool("mailbox", "create", "john", "Level/")
    assert tool("mailbox", "own-seen", "john", "Level", "on") != 0
    assert tool("mailbox", "own-seen", "john", "Nowhere", "on") != 0
