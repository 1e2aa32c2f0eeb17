"""The manual page knows every command and option, and no other."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from cgpymail.admin import exits
from cgpymail.admin.commands import COMMANDS
from cgpymail.admin.options import parser
from cgpymail.admin.settings import BOXES, OBEYED

PAGE = Path(__file__).parents[3] / "docs" / "man" / "cgpymail.1"
TEXT = re.sub(r"\\f.", "", PAGE.read_text()).replace("\\-", "-").replace('"', "")


def leaves(command: argparse.ArgumentParser, words: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with all its words."""
    below = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words, command
    for action in below:
        for word, child in action.choices.items():
            yield from leaves(child, f"{words} {word}".strip())


def test_every_command() -> None:
    """Each has its place, and there is none that the server does not know."""
    known = {words for words, _ in leaves(parser())}
    assert known == set(COMMANDS) | {"check-config", "deliver"}
    described = re.findall(r"^\.TP\n\.[BIR]+ ([a-z](?:[a-z-]+ ?)+)", TEXT, re.M)
    assert {words for words in known if not any(line.startswith(words) for line in described)} == set()
    assert {line for line in described if not any(line.startswith(words) for words in known)} == set()


def test_every_option() -> None:
    """Each option stands somewhere, and none that there is not."""
    options = {
        option for _, command in leaves(parser()) for action in command._actions for option in action.option_strings
    }
    assert {option for option in options - {"-h"} if option not in TEXT} == set()
    assert set(re.findall(r"--[a-z][a-z-]+", TEXT)) <= options


def test_every_name_and_code() -> None:
    """Settings that are obeyed, special mailboxes, exit codes."""
    assert [name for name in [*OBEYED, *BOXES] if name not in TEXT] == []
    codes = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert {int(code) for code in re.findall(r"^\.B (\d+)$", TEXT, re.M)} == codes


def test_no_password_on_the_command_line() -> None:
    """No option takes one."""
    for _, command in leaves(parser()):
        for action in command._actions:
            assert action.nargs == 0 or "password" not in action.dest
