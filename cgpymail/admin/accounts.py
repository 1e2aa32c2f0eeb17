"""``cgpymail account``: create, list, delete, password."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from collections.abc import Callable
from typing import Protocol

from cgpymail.admin import exits
from cgpymail.directory.directory import Directory
from cgpymail.directory.passwords import CLEAR
from cgpymail.errors import NoSuchAccount
from cgpymail.model.identity import AccountName

GENERATED = 12  # random octets of a generated password


class Server(Protocol):
    """What these commands ask of the assembled server."""

    directory: Directory

    async def create_account(self, name: str, password: bytes = b"", *, domain: str = "", encryption: str = "") -> None:
        """Make an account with its mailboxes."""

    async def delete_account(self, name: AccountName) -> None:
        """Remove one with all its mail."""


class Cancelled(Exception):
    """The person at the terminal thought better of it; the text says what was not done."""


async def run(options: argparse.Namespace, server: Server, say: Callable[[str], None]) -> int:
    """Do what the command line asks; the exit code. Raises MailError, Cancelled."""
    actions = {"create": _create, "list": _list, "delete": _delete, "password": _set_password}
    await actions[options.action](options, server, say)
    return exits.OK


async def _create(options: argparse.Namespace, server: Server, say: Callable[[str], None]) -> None:
    name, _, domain = options.name.partition("@")
    password = choose_password(options)
    encryption = CLEAR if options.recoverable else ""
    await server.create_account(name, password.encode(), domain=domain.lower(), encryption=encryption)
    say(f"created {name.lower()}@{domain.lower() or server.directory.domains.main.name}")
    if options.generate:
        say(f"password {password}")


async def _set_password(options: argparse.Namespace, server: Server, say: Callable[[str], None]) -> None:
    name = named(server.directory, options.name)
    await server.directory.need(name)
    password = choose_password(options)
    if options.no_password:
        await server.directory.remove_password(name)
    else:
        await server.directory.set_password(name, password, CLEAR if options.recoverable else "")
    say(f"password of {name} {'removed' if options.no_password else 'changed'}")
    if options.generate:
        say(f"password {password}")


async def _list(options: argparse.Namespace, server: Server, say: Callable[[str], None]) -> None:
    domains = server.directory.domains
    for domain in [domains.need(options.only.lower())] if options.only else domains.all():
        for listed in await server.directory.accounts(domain.name):
            say(f"{listed.name}@{domain.name}" + ("" if listed.served else "  (single-mailbox account, not served)"))


async def _delete(options: argparse.Namespace, server: Server, say: Callable[[str], None]) -> None:
    name = named(server.directory, options.name)
    await server.directory.need(name)
    if not options.yes and input(f"Remove {name} with ALL its mail? Type yes: ") != "yes":
        raise Cancelled("nothing was removed")
    await server.delete_account(name)
    say(f"removed {name}")


def named(directory: Directory, text: str) -> AccountName:
    """The account that a name means: aliases are not followed, so that nothing happens to another account.

    Raises NoSuchAccount.
    """
    local, _, domain = text.lower().partition("@")
    place = directory.domains.need(domain or directory.domains.main.name)
    if not local:
        raise NoSuchAccount
    return AccountName(local, place.name)


def choose_password(options: argparse.Namespace) -> str:
    """From where the options say, else from the terminal, twice. Raises Cancelled."""
    if options.no_password:
        return ""
    if options.generate:
        return secrets.token_urlsafe(GENERATED)
    if options.password is not None:
        return str(options.password)
    if options.password_stdin:
        return sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise Cancelled("the passwords differ; nothing was changed")
    if not first:
        raise Cancelled("no password was given; nothing was changed (--no-password if that is meant)")
    return first
