"""The tool over a temporary base directory, in this process."""

import io
import sys

import pytest

from cgpymail.tool import run
from tests.unit.admin.office import Office


class Tool:
    """Runs commands as a shell would; ``out`` and ``err`` are of the last one."""

    def __init__(self, path, capsys, monkeypatch):
        self.path = path
        self.base = path / "base"
        self.out = ""
        self.err = ""
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words, data=b""):
        """The exit code."""
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        code = run(["--base", str(self.base), "--domain", "example.org", *words])
        self.out, self.err = self._capsys.readouterr()
        return code

    def create(self, name, *words):
        """An account with a password that costs nothing."""
        assert self("account", "create", name, "--no-password", *words) == 0, self.err


@pytest.fixture
def tool(tmp_path, capsys, monkeypatch):
    """A new base directory whose domain keeps mail in .mdir."""
    tool = Tool(tmp_path, capsys, monkeypatch)
    settings = tool.base / "Accounts" / "Settings"
    settings.mkdir(parents=True)
    (settings / "Domain.settings").write_text("{ DefaultMailboxType=MailDirMailbox; }")
    return tool


@pytest.fixture
def office(tmp_path):
    """A server that runs, with the account john."""
    return Office(tmp_path)
