"""A transcript file as values; the language is described in README.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from cgpymail.runtime.options import PopOptions

FORMATS = ("mbox", "mdir", "memory")
WORLDS = ("memory", "sockets")
_KEYS = (
    "title|spec|capabilities|privacy|formats|worlds|mailbox|limit|client|pop|accounts|single|setting|group|"
    "administrator"
)
_HEADER = re.compile(rf"({_KEYS})(?: ([^:]+))?: (.*)")
_TALK = re.compile(r"([A-Z])(:|\+|\||&|<<|<|~|!)(?: (.*))?$")
_ACT = re.compile(r"([A-Z]) (closed|opens|drops|tls|deflate)$")
_WORLDLY = re.compile(r"(?:(time|slow) (\d+(?:\.\d+)?)|(tool) (.+))$")
_ANNOUNCEMENT = re.compile(r"\{(\+?)\}$")
_NAMED = ("mailbox", "limit", "client", "pop", "setting", "group", "administrator")
_KINDS = {
    ":": "send",
    "+": "queue",
    "|": "content",
    "&": "go on",
    "<": "hear",
    "<<": "skip",
    "~": "any order",
    "!": "never",
}


class ScriptError(Exception):
    """A transcript that cannot be understood."""


@dataclass(frozen=True, slots=True)
class ClientLine:
    """Who a client is: protocol, account (empty: not logged in), mailbox (empty: none selected)."""

    protocol: str
    account: str = ""
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Fixture:
    """What a mailbox has before the clients connect. ``recent``: nobody has selected it yet."""

    count: int
    recent: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``kind``: one of the values of _KINDS, an action's word, ``time``, ``slow`` or ``tool``."""

    line: int
    client: str
    kind: str
    text: str = ""


@dataclass(slots=True)
class Script:
    """A whole transcript."""

    title: str = ""
    spec: str = ""
    capabilities: tuple[str, ...] = ()
    private: bool = False
    formats: tuple[str, ...] = FORMATS
    worlds: tuple[str, ...] = WORLDS
    mailboxes: dict[str, Fixture] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    pop: PopOptions = field(default_factory=PopOptions)
    accounts: tuple[str, ...] = ()
    single: tuple[str, ...] = ()  # of these, single-mailbox accounts
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)  # commands of the tool before anybody connects
    clients: dict[str, ClientLine] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @property
    def late_clients(self) -> set[str]:
        """Those that do not connect at the start."""
        return {step.client for step in self.steps if step.kind == "opens"}


def parse(text: str) -> Script:
    """Raises ScriptError, with the number of the line."""
    script = Script()
    lines = list(enumerate(text.splitlines(), 1))
    for place, (number, line) in enumerate(lines):
        if not line.strip():
            _read_steps(script, lines[place:])
            break
        if not line.startswith("#"):
            _read_header(script, number, line)
    _check(script)
    return script


def _read_header(script: Script, number: int, line: str) -> None:
    found = _HEADER.match(line)
    if found is None:
        raise ScriptError(f"line {number}: not a header line: {line}")
    key, name, value = found.groups()
    if (name is None) == (key in _NAMED):
        raise ScriptError(f"line {number}: {key} {'needs' if name is None else 'takes no'} name")
    if key in ("title", "spec"):
        setattr(script, key, value)
    elif key == "capabilities":
        script.capabilities = tuple(value.split())
    elif key == "privacy":
        if value != "required":
            raise ScriptError(f"line {number}: unknown privacy: {value}")
        script.private, script.worlds = True, ("memory",)
    elif key in ("formats", "worlds"):
        words = tuple(value.split())
        if not words or set(words) - set(FORMATS if key == "formats" else WORLDS):
            raise ScriptError(f"line {number}: unknown {key}: {value}")
        setattr(script, key, words)
    elif key == "pop":
        chosen = {name: int(value) if value.isdecimal() else tuple(value.split())}
        script.pop, script.worlds = replace(script.pop, **chosen), ("memory",)
    elif key == "accounts":
        script.accounts += tuple(value.split())
    elif key == "single":
        script.single = tuple(value.split())
        script.accounts += script.single
    elif key == "setting":
        account, _, setting = name.partition(" ")
        script.settings.setdefault(account, {})[setting] = value
    elif key == "group":
        script.tools += [f"group create {name}", f"group add {name} {value}"]
    elif key == "administrator":
        script.tools.append(f"administrator set {name} {value}")
    elif key == "client":
        script.clients[name] = _client(number, value)
    elif key == "mailbox":
        count, _, word = value.partition(" ")
        script.mailboxes[name] = Fixture(int(count), recent=word == "recent")
    else:
        script.limits[name] = int(value)


def _client(number: int, value: str) -> ClientLine:
    words = value.split(maxsplit=2)
    if words[0] not in ("imap", "pop", "lmtp"):
        raise ScriptError(f"line {number}: unknown protocol {words[0]}")
    return ClientLine(*words)


def _read_steps(script: Script, lines: list[tuple[int, str]]) -> None:
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        if talk := _TALK.match(line):
            step = Step(number, talk[1], _KINDS[talk[2]], talk[3] or "")
            script.steps.append(
                step if step.kind != "content" else Step(number, talk[1], "content", step.text + "\r\n")
            )
        elif act := _ACT.match(line):
            script.steps.append(Step(number, act[1], act[2]))
        elif worldly := _WORLDLY.match(line):
            script.steps.append(Step(number, "", worldly[1] or worldly[3], worldly[2] or worldly[4]))
        else:
            raise ScriptError(f"line {number}: not a step: {line}")
    script.steps = _with_literals(_with_joined_contents(script.steps))


def _with_joined_contents(steps: list[Step]) -> list[Step]:
    """Neighbouring lines of content of one client become one step."""
    joined: list[Step] = []
    for step in steps:
        last = joined[-1] if joined else None
        if last and step.kind == last.kind == "content" and step.client == last.client:
            joined[-1] = replace(last, text=last.text + step.text)
        else:
            joined.append(step)
    return joined


def _with_literals(steps: list[Step]) -> list[Step]:
    """Fill the size of the content that follows into commands that end in an empty announcement."""
    announced: dict[str, int] = {}  # by client, the place of the command that waits for its literal
    filled: list[Step] = []
    last: dict[str, int] = {}  # by client, the place of its last literal
    for step in steps:
        if step.kind == "go on":
            step = replace(step, kind="send")
            place = last[step.client]
            filled[place] = replace(filled[place], text=filled[place].text.removesuffix("\r\n"))
        if step.kind == "send" and _ANNOUNCEMENT.search(step.text):
            announced[step.client] = len(filled)
        elif step.kind == "content" and step.client in announced:
            place = announced.pop(step.client)
            size = len(step.text.encode())
            command = _ANNOUNCEMENT.sub(lambda found, size=size: f"{{{size}{found[1]}}}", filled[place].text)
            filled[place] = replace(filled[place], text=command)
            step = replace(step, text=step.text + "\r\n")
            last[step.client] = len(filled)
        filled.append(step)
    if announced:
        raise ScriptError("a literal is announced and its content is missing")
    return filled


def _check(script: Script) -> None:
    if not script.title or not script.spec or not script.steps:
        raise ScriptError("a transcript needs a title, a spec section and steps")
    for step in script.steps:
        if step.client and step.client not in script.clients:
            raise ScriptError(f"line {step.line}: there is no client {step.client}")
    if script.limits or any(step.kind in ("time", "slow") for step in script.steps):
        script.worlds = ("memory",)
