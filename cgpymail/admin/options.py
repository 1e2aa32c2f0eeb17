"""The words of the ``cgpymail`` command line."""

from __future__ import annotations

import argparse

DEFAULT_CONFIG = "/etc/cgpymail.toml"


def parser() -> argparse.ArgumentParser:
    """What ``cgpymail --help`` shows. The general options may stand before or behind the command."""
    top = argparse.ArgumentParser(prog="cgpymail", description="Administration of the cgpymail mail server.")
    _general(top, default="")
    behind = argparse.ArgumentParser(add_help=False)
    _general(behind, default=argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _account(
        commands.add_parser("account", help="create, list, delete accounts, set passwords; the server is stopped"),
        behind,
    )
    commands.add_parser(
        "check-config", help="tell everything that is wrong with the configuration file", parents=[behind]
    )
    _deliver(commands.add_parser("deliver", help="deliver the message on standard input", parents=[behind]))
    return top


def _general(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument("--config", default=default, metavar="FILE", help=f"configuration file ({DEFAULT_CONFIG})")
    command.add_argument("--base", default=default, metavar="DIR", help="base directory, instead of the configured one")
    command.add_argument("--domain", default=default, metavar="NAME", help="main domain, instead of the configured one")


def _account(account: argparse.ArgumentParser, behind: argparse.ArgumentParser) -> None:
    actions = account.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", parents=[behind], help="make an account with its mailboxes")
    create.add_argument("name", help="name or name@domain")
    _password(create)
    password = actions.add_parser("password", parents=[behind], help="set another password")
    password.add_argument("name", help="name or name@domain")
    _password(password)
    listing = actions.add_parser("list", parents=[behind], help="show the accounts, one a line")
    listing.add_argument("only", nargs="?", default="", metavar="domain", help="one domain only")
    delete = actions.add_parser("delete", parents=[behind], help="remove an account with ALL its mail")
    delete.add_argument("name", help="name or name@domain")
    delete.add_argument("--yes", action="store_true", help="do not ask")


def _password(command: argparse.ArgumentParser) -> None:
    way = command.add_mutually_exclusive_group()
    way.add_argument("--password-stdin", action="store_true", help="read the password from the first line of input")
    way.add_argument("--generate", action="store_true", help="choose a random password and print it")
    way.add_argument("--no-password", action="store_true", help="nobody can log in")
    way.add_argument("--password", metavar="TEXT", help="the password in clear: every user of this host may see it")
    command.add_argument(
        "--recoverable", action="store_true", help="keep the password itself, which APOP needs, instead of a hash"
    )


def _deliver(deliver: argparse.ArgumentParser) -> None:
    deliver.add_argument("recipients", nargs="+", metavar="ADDRESS", help="name, name@domain, box#name, name+box")
    deliver.add_argument("-f", "--from", dest="sender", default=None, metavar="ADDRESS", help="envelope sender")
    deliver.add_argument("--lmtp", default="", metavar="HOST:PORT", help="LMTP server, or the path of its socket")
