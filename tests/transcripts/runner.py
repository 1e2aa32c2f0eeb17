"""Plays a transcript against a world."""

from __future__ import annotations

import shlex
from itertools import groupby

from tests.transcripts.listening import Listener, World
from tests.transcripts.matching import Variables
from tests.transcripts.script import ClientLine, Script, Step

ACCOUNTS = ("john", "mary")
FURTHER = ("boss", "anna", "peter", "public")  # only in transcripts that ask for them
TYPES = {"mbox": "TextMailbox", "mdir": "MailDirMailbox"}  # setting DefaultMailboxType, by format


class TranscriptFailed(AssertionError):
    """The server said something else."""


class Client:
    """One client: its listener, what it is about to send, and what it must not hear."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.queue = ""
        self.never: list[str] = []
        self.heard: list[str] = []

    def send(self, text: str) -> None:
        """Send text with everything that was queued."""
        data, self.queue = self.queue + text, ""
        self.listener.link.send(data.encode())


class Runner:
    """One run of one script."""

    def __init__(self, script: Script, world: World) -> None:
        self._script = script
        self._world = world
        self._variables = Variables({f"{name}password": world.password(name) for name in (*ACCOUNTS, *script.accounts)})
        self._clients: dict[str, Client] = {}

    def run(self) -> None:
        """Raises TranscriptFailed at the first step that goes wrong, and when something is left unread at the end."""
        self._fill_mailboxes()
        for command in self._script.tools:
            self._world.tool(*shlex.split(command))
        late = self._script.late_clients
        for name in self._script.clients:
            if name not in late:
                self._open(name)
        for key, steps in groupby(self._script.steps, _group):
            self._do_group(key, list(steps))
        for name, client in self._clients.items():
            self._expect_silence(self._script.steps[-1], name, client, "...")

    # -- beginning -----------------------------------------------------------------------------------------------

    def _fill_mailboxes(self) -> None:
        if not self._script.mailboxes:
            return
        client = self._enter(ClientLine("imap", "john"))
        for name, fixture in self._script.mailboxes.items():
            if name.upper() != "INBOX":
                _ask(client, f'x CREATE "{name}"')
            for number in range(1, fixture.count + 1):
                message = f"Subject: message {number}\r\n\r\nText {number}.\r\n"
                _ask(client, f'x APPEND "{name}" {{{len(message)}+}}\r\n{message}')
            if not fixture.recent:
                _ask(client, f'x SELECT "{name}"')
                _ask(client, "x UNSELECT")
        _ask(client, "x LOGOUT")

    def _open(self, name: str) -> None:
        self._clients[name] = self._enter(self._script.clients[name])

    def _enter(self, who: ClientLine) -> Client:
        client = Client(Listener(self._world.connect(who.protocol), literals=who.protocol == "imap"))
        if who.protocol == "imap" and who.account:
            client.listener.line()
            _ask(client, f'x LOGIN {who.account} "{self._world.password(who.account)}"')
            if who.mailbox:
                _ask(client, f'x SELECT "{who.mailbox}"')
        elif who.protocol == "pop" and who.account:
            for word in ("", f"USER {who.account}", f"PASS {self._world.password(who.account)}"):
                _say(client, word, "+OK")
        elif who.protocol == "lmtp" and who.account:
            _say(client, "", "220 ")
            _say(client, "LHLO client.example", "250 ")
        return client

    # -- steps ---------------------------------------------------------------------------------------------------

    def _do_group(self, key: tuple[str, str, int], steps: list[Step]) -> None:
        kind, name = key[:2]
        if kind == "time":
            self._world.advance(float(steps[0].text))
            return
        if kind == "slow":
            self._world.slow_down(float(steps[0].text))
            return
        if kind == "tool":
            self._world.tool(*shlex.split(steps[0].text))
            return
        if kind == "opens":
            self._open(name)
            return
        if name not in self._clients:
            raise TranscriptFailed(f"line {steps[0].line}: {name} is not connected yet")
        client = self._clients[name]
        if kind == "any order":
            self._hear_any_order(client, steps)
        else:
            self._do(kind, client, steps[0])

    def _do(self, kind: str, client: Client, step: Step) -> None:
        if kind == "send":
            client.never.clear()
            client.send(self._variables.fill(step.text) + "\r\n")
        elif kind == "queue":
            client.queue += self._variables.fill(step.text) + "\r\n"
        elif kind == "content":
            client.send(step.text)
        elif kind == "hear":
            line = self._line(client, step)
            if not self._variables.match(step.text, line):
                raise self._failed(step, client, f"heard {line!r}")
        elif kind == "skip":
            self._skip_to(client, step)
        elif kind == "never":
            client.never.append(step.text)
            self._expect_silence(step, step.client, client, step.text)
        elif kind == "closed":
            self._expect_closed(step, client)
        elif kind == "drops":
            client.listener.link.drop()
        elif kind == "tls":
            client.listener.link.handshake()
        elif kind == "deflate":
            client.listener.link.deflate()

    def _hear_any_order(self, client: Client, steps: list[Step]) -> None:
        waiting = list(steps)
        while waiting:
            line = self._line(client, waiting[0])
            match = next((step for step in waiting if self._variables.match(step.text, line)), None)
            if match is None:
                raise self._failed(waiting[0], client, f"heard {line!r}")
            waiting.remove(match)

    def _skip_to(self, client: Client, step: Step) -> None:
        while not self._variables.match(step.text, line := self._line(client, step)):
            if any(self._variables.match(pattern, line) for pattern in client.never):
                raise self._failed(step, client, f"heard {line!r}, which was not to be")

    def _line(self, client: Client, step: Step) -> str:
        line = client.listener.line()
        if line is None:
            raise self._failed(step, client, "heard nothing")
        client.heard.append(line)
        return line

    def _expect_silence(self, step: Step, name: str, client: Client, pattern: str) -> None:
        for line in client.listener.pending():
            if self._variables.match(pattern, line):
                raise self._failed(step, client, f"{name} heard {line!r}")

    def _expect_closed(self, step: Step, client: Client) -> None:
        line = client.listener.line()
        if line is not None:
            raise self._failed(step, client, f"heard {line!r}")
        if not client.listener.link.closed:
            raise self._failed(step, client, "the connection is open")

    def _failed(self, step: Step, client: Client, what: str) -> TranscriptFailed:
        before = "\n".join(f"    {line}" for line in client.heard[-6:])
        wanted = f"{step.client} {step.kind} {self._variables.fill(step.text)!r}"
        return TranscriptFailed(f"{self._script.title}\nline {step.line}: {wanted}: {what}\nbefore that:\n{before}")


def _group(step: Step) -> tuple[str, str, int]:
    """Neighbouring steps that belong together have the same key."""
    return step.kind, step.client, 0 if step.kind == "any order" else step.line


def _ask(client: Client, command: str) -> None:
    """Send an IMAP command with tag x and read up to its OK."""
    client.send(command + "\r\n")
    while not (line := client.listener.line() or "").startswith("x "):
        if not line:
            raise TranscriptFailed(f"no answer to {command.partition(chr(13))[0]}")
    if not line.startswith("x OK"):
        raise TranscriptFailed(f"{command.partition(chr(13))[0]}: {line}")


def _say(client: Client, command: str, wanted: str) -> None:
    """Send a line of POP or LMTP (nothing if empty) and read up to the good reply."""
    if command:
        client.send(command + "\r\n")
    while not (line := client.listener.line() or "").startswith(wanted):
        if not line.startswith(wanted[:-1]) or not line:
            raise TranscriptFailed(f"{command or 'connecting'}: {line}")
