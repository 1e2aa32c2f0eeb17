"""From the words of the command line to a request: what has to be asked at the terminal is asked here, before anything
is sent, so that the server never waits for a person. Passwords come from the terminal, from standard input, or are
made here; never from the command line, where every user of the host could read them.
"""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from dataclasses import dataclass

from cgpymail.grammar.control import Argument, Request

GENERATED = 12  # random octets of a generated password
SURE = "yes"


class Cancelled(Exception):
    """The person at the terminal thought better of it; the text says what was not done."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and the password that was made up for it, to be shown when it is done (empty: none was)."""

    request: Request
    generated: str = ""


def question(options: argparse.Namespace, base: str) -> Question:
    """What to ask the server that has ``base``. Raises Cancelled, EOFError."""
    arguments: dict[str, Argument] = {}
    for key in options.sends:
        value = getattr(options, key)
        arguments[key] = tuple(value) if isinstance(value, list) else value
    if getattr(options, "asks_password", False):
        arguments["password"] = choose_password(options)
    if getattr(options, "warning", "") and not options.yes:
        _make_sure(options.warning.format(**vars(options)))
    generated = str(arguments["password"]) if getattr(options, "generate", False) else ""
    return Question(Request(options.verb, arguments, base, options.domain.lower()), generated)


def _make_sure(warning: str) -> None:
    if input(f"{warning} Type {SURE}: ") != SURE:
        raise Cancelled("nothing was removed")


def choose_password(options: argparse.Namespace) -> str:
    """From where the options say, else from the terminal, twice; empty for none. Raises Cancelled."""
    if options.no_password:
        return ""
    if options.generate:
        return secrets.token_urlsafe(GENERATED)
    if options.password_stdin:
        first = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    else:
        first = getpass.getpass("Password: ")
        if first != getpass.getpass("Again: "):
            raise Cancelled("the passwords differ; nothing was changed")
    if not first:
        raise Cancelled("no password was given; nothing was changed (--no-password if that is meant)")
    return first
