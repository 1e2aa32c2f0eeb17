"""The words of the ``cgpymail`` command line.

A command that works on the server's data says here what it is called (``verb``, see commands.py), which of its words
it sends (``sends``), whether it needs a password (``asks_password``), and what it warns of (``warning``).
"""

from __future__ import annotations

import argparse
from typing import Any

DEFAULT_CONFIG = "/etc/cgpymail.toml"
NAME = "name or name@domain"


def parser() -> argparse.ArgumentParser:
    """What ``cgpymail --help`` shows. The general options may stand before or behind the command."""
    top = argparse.ArgumentParser(
        prog="cgpymail",
        description="Administration of the cgpymail mail server: asks the running server, or works on its base "
        "directory while it is stopped.",
    )
    _general(top, default="")
    behind = argparse.ArgumentParser(add_help=False)
    _general(behind, default=argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _account(_Family(commands, "account", "accounts, their passwords, settings and preferences", behind))
    _mailbox(_Family(commands, "mailbox", "the mailboxes of an account", behind))
    _template(_Family(commands, "template", "what new accounts begin with", behind))
    _group(_Family(commands, "group", "groups of accounts, for access lists", behind))
    _administrator(_Family(commands, "administrator", "who may see and do more than others", behind))
    _sessions(_Family(commands, "sessions", "who is connected now", behind))
    reload = commands.add_parser("reload", parents=[behind], help="have the server read its configuration again")
    reload.set_defaults(verb="reload", sends=())
    commands.add_parser(
        "check-config", help="tell everything that is wrong with the configuration file", parents=[behind]
    )
    _deliver(commands.add_parser("deliver", help="deliver the message on standard input", parents=[behind]))
    return top


def _general(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument("--config", default=default, metavar="FILE", help=f"configuration file ({DEFAULT_CONFIG})")
    command.add_argument("--base", default=default, metavar="DIR", help="base directory, instead of the configured one")
    command.add_argument("--domain", default=default, metavar="NAME", help="main domain, instead of the configured one")


class _Family:
    """The commands that begin with the same words, the last of which is ``word``."""

    def __init__(self, commands: Any, word: str, help: str, behind: argparse.ArgumentParser, before: str = "") -> None:
        self._words = f"{before}{word} "
        self._behind = behind
        self._actions = commands.add_parser(word, help=help).add_subparsers(required=True, metavar="ACTION")

    def action(self, word: str, help: str, *sends: str, **defaults: object) -> argparse.ArgumentParser:
        """One command, still without its words."""
        made: argparse.ArgumentParser = self._actions.add_parser(word, parents=[self._behind], help=help)
        made.set_defaults(verb=f"{self._words}{word}", sends=sends, **defaults)
        return made

    def below(self, word: str, help: str) -> _Family:
        """Commands that begin with one word more."""
        return _Family(self._actions, word, help, self._behind, self._words)


def _account(family: _Family) -> None:
    words = ("name", "recoverable", "single", "format")
    create = family.action("create", "make an account with its mailboxes", *words, asks_password=True)
    create.add_argument("name", help=NAME)
    create.add_argument("--single", action="store_true", help="a single-mailbox account: INBOX and nothing else")
    create.add_argument(
        "--format",
        default="",
        metavar="TYPE",
        help="how its mail is kept, TextMailbox or MailDirMailbox, instead of the domain's default",
    )
    _password(create)
    listing = family.action("list", "show the accounts, one a line", "only")
    listing.add_argument("only", nargs="?", default="", metavar="domain", help="one domain only")
    rename = family.action("rename", "give an account another name; its sessions end", "name", "new")
    rename.add_argument("name", help=NAME)
    rename.add_argument("new", help="the new name, or name@domain to move it into another domain")
    warning = "Remove {name} with ALL its mail?"
    delete = family.action("delete", "remove an account with ALL its mail; its sessions end", "name", warning=warning)
    delete.add_argument("name", help=NAME)
    delete.add_argument("--yes", action="store_true", help="do not ask")
    password = family.action("password", "set another password", "name", "recoverable", asks_password=True)
    password.add_argument("name", help=NAME)
    _password(password)
    grants = family.below("grants", "what accounts find that others share with them")
    rebuild = grants.action("rebuild", "look through all access control lists, after a migration for instance", "only")
    rebuild.add_argument("only", nargs="?", default="", metavar="domain", help="of the accounts of one domain only")
    _values(family.below("settings", "what is set for an account"), "setting")
    _values(family.below("preferences", "special mailboxes and other preferences of an account"), "preference")
    acl = family.below("acl", "rights of others on an account itself")
    acl.action("show", "show them, one IDENTIFIER=RIGHTS a line", "name").add_argument("name", help=NAME)
    change = acl.action("set", "set, add or remove rights of others", "name", "values")
    change.add_argument("name", help=NAME)
    rights = "such as mary=CreateMailboxes; =+RIGHT adds, =-RIGHT removes; with nothing behind = the element goes"
    change.add_argument("values", nargs="+", metavar="IDENTIFIER=RIGHTS", help=rights)


def _password(command: argparse.ArgumentParser) -> None:
    way = command.add_mutually_exclusive_group()
    way.add_argument("--password-stdin", action="store_true", help="read the password from the first line of input")
    way.add_argument("--generate", action="store_true", help="choose a random password and print it")
    way.add_argument("--no-password", action="store_true", help="nobody can log in")
    command.add_argument(
        "--recoverable",
        action="store_true",
        help="keep the password itself, which APOP and CRAM-MD5 need, instead of a hash",
    )


def _values(family: _Family, what: str) -> None:
    show = family.action("show", f"show {what}s, one KEY=VALUE a line", "name", "keys")
    show.add_argument("name", help=NAME)
    show.add_argument("keys", nargs="*", metavar="KEY", help=f"this {what} only, or its default")
    change = family.action("set", f"set {what}s", "name", "values")
    change.add_argument("name", help=NAME)
    change.add_argument("values", nargs="+", metavar="KEY=VALUE", help='such as RealName="John Smith"')
    unset = family.action("unset", f"take {what}s away, so that their defaults hold", "name", "keys")
    unset.add_argument("name", help=NAME)
    unset.add_argument("keys", nargs="+", metavar="KEY")


def _mailbox(family: _Family) -> None:
    listing = family.action("list", "show the mailboxes, one a line", "account", "long")
    listing.add_argument("account", help=NAME)
    listing.add_argument("--long", action="store_true", help="with class, and what is locked")
    create = family.action("create", "make a mailbox", "account", "mailbox", "mailbox_class")
    create.add_argument("account", help=NAME)
    create.add_argument("mailbox", help="its name; name/ only for what is to lie below it; name.mdir in that format")
    create.add_argument("--class", dest="mailbox_class", default="", help="what it is meant for, such as IPF.Contact")
    words = ("account", "mailbox", "new", "alone")
    rename = family.action("rename", "give a mailbox another name; sessions in it follow", *words)
    rename.add_argument("account", help=NAME)
    rename.add_argument("mailbox")
    rename.add_argument("new")
    rename.add_argument("--alone", action="store_true", help="what lies below it stays where it is")
    warning = "Remove mailbox {mailbox} of {account} with all its mail?"
    ends = "remove a mailbox; sessions in it end"
    delete = family.action("delete", ends, "account", "mailbox", "children", warning=warning)
    delete.add_argument("account", help=NAME)
    delete.add_argument("mailbox")
    delete.add_argument("--children", action="store_true", help="with everything that lies below it")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    _attributes(family)
    _own_seen(family)
    _aliases(family.below("alias", "names in an account that lead to mailboxes of others"))
    _subscription(family.below("subscription", "the names that the user's programs show"))
    acl = family.below("acl", "who else may do what with a mailbox")
    show = acl.action("show", "show the access list, one IDENTIFIER=RIGHTS a line", "account", "mailbox")
    change = acl.action("set", "grant rights, or take them away", "account", "mailbox", "values")
    for action in (show, change):
        action.add_argument("account", help=NAME)
        action.add_argument("mailbox")
    rights = "such as mary=lrs; =+w adds, =-d removes; with nothing behind = the element goes"
    change.add_argument("values", nargs="+", metavar="IDENTIFIER=RIGHTS", help=rights)


def _attributes(family: _Family) -> None:
    one = ("account", "mailbox")
    classes = family.below("class", "what a mailbox is meant for")
    actions = [
        classes.action("show", "show the class; nothing for mail", *one),
        classes.action("set", "set the class", *one, "mailbox_class"),
        family.action("lock", "let nobody remove or rename a mailbox by itself", *one),
        family.action("unlock", "let it be removed and renamed again", *one),
        family.action("hide", "hide messages from all but the owner and holders of right a", *one, "uids", "service"),
        family.action("unhide", "let all see them again who may read the mailbox", *one, "uids", "service"),
    ]
    for action in actions:
        action.add_argument("account", help=NAME)
        action.add_argument("mailbox")
    actions[1].add_argument("mailbox_class", nargs="?", default="", metavar="CLASS", help="none: it is for mail")
    for action in actions[4:]:
        action.add_argument("uids", nargs="+", metavar="UID", help="such as 17, 20:25 or 1:*")
        action.add_argument("--service", action="store_true", help="from all mail clients (the flag Service)")


def _own_seen(family: _Family) -> None:
    words = ("account", "mailbox", "state")
    change = family.action("own-seen", "give every user of a mailbox a Seen of his own, or one to all", *words)
    change.add_argument("account", help=NAME)
    change.add_argument("mailbox")
    change.add_argument("state", choices=("on", "off"), help="off: what each has read is forgotten")


def _aliases(family: _Family) -> None:
    show = family.action("show", "show them, one a line: alias, tab, target", "account")
    change = family.action("set", "make an alias, or give it another target", "account", "mailbox", "target")
    remove = family.action("remove", "remove an alias, not what it leads to", "account", "mailbox")
    for action in (show, change, remove):
        action.add_argument("account", help=NAME)
    for action in (change, remove):
        action.add_argument("mailbox", metavar="ALIAS", help="a name without /")
    change.add_argument("target", metavar="TARGET", help="'~account/mailbox' or '~account', in quotes for the shell")


def _subscription(family: _Family) -> None:
    show = family.action("show", "show them, one a line", "account")
    add = family.action("add", "subscribe to names, there or not", "account", "names")
    remove = family.action("remove", "take names off the list", "account", "names")
    for action in (show, add, remove):
        action.add_argument("account", help=NAME)
    for action in (add, remove):
        action.add_argument("names", nargs="+", metavar="NAME", help="such as Work or '~boss/Pending'")


def _template(family: _Family) -> None:
    show = family.action("show", "show a domain's account template, and what of it cannot be used", "only")
    show.add_argument("only", nargs="?", default="", metavar="domain", help="instead of the main one")


def _group(family: _Family) -> None:
    name = "name or name@domain"
    family.action("create", "make a group", "name").add_argument("name", help=name)
    family.action("delete", "remove a group", "name").add_argument("name", help=name)
    listing = family.action("list", "show the groups, one a line", "only")
    listing.add_argument("only", nargs="?", default="", metavar="domain", help="one domain only")
    family.action("members", "show the members of a group, one a line", "name").add_argument("name", help=name)
    for word, help in (("add", "add members to a group"), ("remove", "take members out of a group")):
        change = family.action(word, help, "name", "members")
        change.add_argument("name", help=name)
        change.add_argument("members", nargs="+", metavar="MEMBER", help="name, name@domain, #group or #group@domain")


def _administrator(family: _Family) -> None:
    show = family.action("show", "show administrators, or the rights of one", "name")
    show.add_argument("name", nargs="?", default="", help=NAME)
    for word, help in (("set", "give an account rights"), ("unset", "take rights from an account")):
        change = family.action(word, help, "name", "rights")
        change.add_argument("name", help=NAME)
        change.add_argument("rights", nargs="+", metavar="RIGHT", help="'All Users', Master or CanViewMailboxes")


def _sessions(family: _Family) -> None:
    family.action("list", "show the sessions, one a line")
    kill = family.action("kill", "end sessions", "ids", "account")
    kill.add_argument("ids", nargs="*", metavar="ID", help="as 'sessions list' shows it")
    kill.add_argument("--account", default="", metavar="NAME", help="all sessions of that account")


def _deliver(deliver: argparse.ArgumentParser) -> None:
    deliver.add_argument("recipients", nargs="+", metavar="ADDRESS", help="name, name@domain, box#name, name+box")
    deliver.add_argument("-f", "--from", dest="sender", default=None, metavar="ADDRESS", help="envelope sender")
    deliver.add_argument("--lmtp", default="", metavar="HOST:PORT", help="LMTP server, or the path of its socket")
