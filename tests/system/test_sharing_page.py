"""docs/sharing.md does what it says: its commands are executed, and the keys for mutt are pressed, in its order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.daemon import ROOT, Daemon
from tests.support.terminal import Terminal

pytestmark = pytest.mark.programs("curl", "mutt", "tmux")
PAGE = ROOT / "docs" / "sharing.md"
END = "== end of this command =="
KEYS = "| keys | the screen shows |"
PASSWORDS = {"BOSS": "secret of the boss", "ASSISTANT": "secret of the assistant"}


@dataclass(frozen=True)
class Step:
    """``console``: a command, and the lines that it prints. ``muttrc``: a file's lines. ``keys``: keys, and what is to
    be seen then."""

    kind: str
    text: str
    expected: str = ""


def read(page: str) -> list[Step]:
    """What the page says is to be done, in order."""
    steps: list[Step] = []
    inside = ""
    for line in page.splitlines():
        if line.startswith("```"):
            inside = "" if inside else line[3:]
            assert inside in ("", "console", "muttrc"), f"nobody executes {line}"
            if inside == "muttrc":
                steps.append(Step(inside, ""))
        elif inside == "console" and line.startswith("$ "):
            steps.append(Step(inside, line[2:]))
        elif inside == "console":
            steps[-1] = Step(inside, steps[-1].text, steps[-1].expected + line + "\n")
        elif inside == "muttrc":
            steps[-1] = Step(inside, steps[-1].text + line + "\n")
        elif line == KEYS:
            inside = "keys"
        elif inside == "keys" and not line:
            inside = ""
        elif inside == "keys" and not line.startswith("|---"):
            pressed, seen = line.strip("|").split("|")
            steps.append(Step(inside, " ".join(re.findall("`([^`]*)`", pressed)), seen.strip().strip("`")))
    return steps


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, daemon: Daemon, folder: Path) -> None:
        self._folder = folder
        self._daemon = daemon
        programs = folder / "bin"
        programs.mkdir()
        python = f"PYTHONPATH={ROOT} exec {sys.executable}"
        _script(programs / "cgpymail", f'{python} -m cgpymail.tool --config {daemon.config} "$@"')
        _script(programs / "mutt", "exec /usr/bin/mutt -n -e 'set ssl_starttls=no' -e 'set ssl_force_tls=no' \"$@\"")
        (folder / ".curlrc").write_text("max-time = 60\n")
        self._environment = os.environ | PASSWORDS | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "SERVER": f"imap://127.0.0.1:{daemon.imap}",
            "LANG": "C.UTF-8",
        }  # fmt: skip
        self.terminal = Terminal(folder / "tmux")
        pipe = subprocess.PIPE
        self.shell = subprocess.Popen(
            ["bash"], stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, cwd=folder, env=self._environment, text=True
        )

    def do(self, step: Step) -> None:
        """One step; fails if the page is not right."""
        if step.kind == "muttrc":
            (self._folder / "assistant.muttrc").write_text(step.text)
        elif step.kind == "keys":
            if step.text:
                self.terminal.keys(*step.text.split(" "))
            self.terminal.see(step.expected)
        elif step.text.startswith("mutt "):
            names = ("PATH", "HOME", "SERVER", "LANG", *PASSWORDS)
            settings = " ".join(f"{name}={shlex.quote(self._environment[name])}" for name in names)
            self.terminal.start(f"cd {self._folder}; export {settings}; TERM=screen {step.text}")
        elif step.text.startswith("cgpymail "):
            assert self._daemon.command(*shlex.split(step.text)[1:]) == step.expected, step.text
        else:
            assert self._executed(step.text) == step.expected, step.text

    def _executed(self, command: str) -> str:
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        self.shell.stdin.write(f"{command}\necho '{END}'\n")
        self.shell.stdin.flush()
        said = ""
        for line in self.shell.stdout:
            if line.strip() == END:
                break
            said += line
        return said


def _script(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """With a running server on which there is nobody yet."""
    (tmp_path / "server").mkdir()
    with Daemon(tmp_path / "server") as daemon:
        made = Reader(daemon, tmp_path)
        yield made
        made.terminal.kill()
        made.shell.communicate()


def test_the_page_is_true(reader: Reader) -> None:
    """Whoever follows it sees what it says."""
    steps = read(PAGE.read_text())
    assert {step.kind for step in steps} == {"console", "muttrc", "keys"}
    for step in steps:
        reader.do(step)
