"""The configuration file: TOML in, frozen Settings out.

All errors are reported at once, each with key, line and remedy; the same text comes from ``cgpymail check-config`` and
from a daemon that refuses to start. Unknown keys are errors, so that a misspelt limit is never silently the default.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from typing import Any

from cgpymail.runtime.limits import DEFAULTS, HIGHEST, OFF_AT_ZERO, Limits
from cgpymail.runtime.logs import LEVEL_NAMES
from cgpymail.runtime.options import ImapOptions, PopOptions
from cgpymail.runtime.unixsocket import MAX_PATH, too_long

LEVELS = {name: number for number, name in LEVEL_NAMES.items()}
MODULES = ("imap", "pop", "lmtp")
LOG_TAGS = ("system", "mailbox", "account")
MODULE_KEYS = ("log_level", "channels", "listeners")
OWN_KEYS = {  # beside MODULE_KEYS
    "imap": ("running_every", "running_idle", "running_text"),
    "pop": ("login_delay", "submit_program", "submit_address"),
}
_SUBMIT = re.compile(r"(smtp|lmtp):(/.+|[^/\s]+:[0-9]{1,5})")
CONTROL = ".control"
CLIENT_NAMES = ("email", "cn")  # fields of a client's certificate that can name the account
MAX_TEXT = 200
_SAYABLE = re.compile(rf"[!-Z\\-~][ -~]{{0,{MAX_TEXT - 1}}}")  # no response code
_SAFE_URL = re.compile(r"(https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/])[\x21-\x7e]+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a module listens: a TCP port, in TLS at once or not, or (LMTP) a UNIX socket."""

    address: str = "127.0.0.1"
    port: int = 0
    tls: bool = False
    socket: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """One of IMAP, POP, LMTP. ``channels``: connections at once; 0 = the module is off (spec 8.8)."""

    log_level: int = LEVELS["problems"]
    channels: int = 5_000
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """Which bearer tokens count: those signed with the key in the file ``key``, or those that the end point
    ``introspection`` calls active, where we are ``client`` with the secret in the file ``client_secret``. The rest is
    as in directory.tokens.TokenRules. Neither key nor end point: none."""

    key: str = ""
    introspection: str = ""
    client: str = ""
    client_secret: str = ""
    issuer: str = ""
    audience: str = ""
    claim: str = "email"
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. Paths are absolute. ``control``: the socket where the running server is administered."""

    base: str
    domain: str
    host: str
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    client_name: str = "email"
    oauth: Tokens = Tokens()
    trust_same_host: bool = True
    control: str = ""
    log_levels: tuple[tuple[str, int], ...] = ()
    imap: Module = Module()
    pop: Module = Module()
    lmtp: Module = Module()
    imap_options: ImapOptions = field(default_factory=ImapOptions)
    pop_options: PopOptions = field(default_factory=PopOptions)
    limits: Limits = DEFAULTS

    def listeners(self) -> Iterator[tuple[str, Listener]]:
        """Where to listen, with the name of the module; a module without channels listens nowhere."""
        for name in MODULES:
            module: Module = getattr(self, name)
            if module.channels:
                yield from ((name, listener) for listener in module.listeners)

    def levels(self) -> dict[str, int]:
        """Log levels by tag."""
        return dict(self.log_levels) | {name.upper(): getattr(self, name).log_level for name in MODULES}


def default_control(base: str) -> str:
    """The control socket of a base directory where none is configured."""
    return f"{base}/{CONTROL}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    key: str
    line: int
    text: str
    remedy: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.key}: {self.text}; {self.remedy}"


class ConfigError(Exception):
    """The file cannot be used; ``problems`` has everything that is wrong with it, by line."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = sorted(problems, key=lambda problem: problem.line)
        count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        super().__init__("\n".join([f"{path}: {count}", *(f"  {problem}" for problem in self.problems)]))


def load(path: str, text: str, directory: str) -> Settings:
    """The Settings in ``text``, read from ``path``; relative paths in it are below ``directory``.

    Raises ConfigError.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        found = re.search(r"at line (\d+)", str(problem))
        line = int(found.group(1)) if found else text.count("\n") + 1
        what = re.sub(r" \(at .*\)", "", str(problem))
        raise ConfigError(path, [Problem("syntax", line, f"this is not TOML: {what}", "correct the line")]) from None
    reader = _Reader(_lines(text), directory)
    settings = reader.settings(tables)
    if reader.problems:
        raise ConfigError(path, reader.problems)
    return settings


_TABLE = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\"-]+)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


def _lines(text: str) -> dict[str, int]:
    """Line numbers by dotted key; items of an array of tables are numbered: ``imap.listeners.0.port``."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _TABLE.match(line):
            table = found.group(2)
            if found.group(1) == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{counts[table]}"
            lines.setdefault(table, number)
        elif found := _KEY.match(line):
            lines.setdefault(f"{table}.{found.group(1)}" if table else found.group(1), number)
    return lines


class _Reader:
    """Turns tables into Settings and collects what is wrong."""

    def __init__(self, lines: dict[str, int], directory: str) -> None:
        self.problems: list[Problem] = []
        self._lines = lines
        self._directory = directory

    def settings(self, tables: dict[str, Any]) -> Settings:
        """Everything; a value that is wrong is replaced by its default, so that reading goes on."""
        self._known("", tables, ("server", "tls", "oauth", "log", "limits", *MODULES))
        server = self._table(tables, "server", ("base", "domain", "host", "trust_same_host", "control"))
        base = self._path(server, "server", "base", required=True)
        tls = self._table(tables, "tls", ("certificate", "key", "client_ca", "client_name"))
        log = self._table(tables, "log", LOG_TAGS)
        domain = self._host(server, "server", "domain", "")
        certificate = self._path(tls, "tls", "certificate")
        key = self._path(tls, "tls", "key")
        if bool(certificate) != bool(key):
            self._wrong("tls", "a certificate needs its key and the other way round", "give both or neither")
        client_ca = self._path(tls, "tls", "client_ca")
        if client_ca and not certificate:
            self._wrong("tls.client_ca", "client certificates need TLS", "set certificate and key in [tls]")
        modules = {name: self._module(tables, name, bool(certificate)) for name in MODULES}
        if not any(module.listeners for module in modules.values()):
            self._wrong("imap", "no module listens anywhere", "add a table [[imap.listeners]]")
        self._no_twice(modules)
        return Settings(
            base=base,
            domain=domain,
            host=self._host(server, "server", "host", domain),
            certificate=certificate,
            key=key,
            client_ca=client_ca,
            client_name=self._client_name(tls),
            oauth=self._tokens(self._table(tables, "oauth", [field.name for field in fields(Tokens)])),
            trust_same_host=bool(self._value(server, "server", "trust_same_host", bool, True)),
            log_levels=tuple((tag.upper(), self._level(log, "log", tag)) for tag in LOG_TAGS),
            control=self._socket(server, "server", "control") or self._default_control(base),
            limits=self._limits(self._table(tables, "limits", [field.name for field in fields(Limits)])),
            imap_options=self._imap_options(tables.get("imap")),
            pop_options=self._pop_options(tables.get("pop")),
            **modules,
        )

    def _client_name(self, table: dict[str, Any]) -> str:
        name = str(self._value(table, "tls", "client_name", str, CLIENT_NAMES[0]))
        if name not in CLIENT_NAMES:
            self._wrong("tls.client_name", f'"{name}" is no field', f"write one of: {', '.join(CLIENT_NAMES)}")
        return name

    def _tokens(self, table: dict[str, Any]) -> Tokens:
        where = "oauth"
        files = {name: self._path(table, where, name) for name in ("key", "client_secret")}
        texts = ("introspection", "client", "issuer", "audience", "claim", "scope")
        made = replace(
            Tokens(), **files, **{name: self._value(table, where, name, str, getattr(Tokens(), name)) for name in texts}
        )
        if made.key and made.introspection:
            self._wrong(where, "both a key and an end point", "give one of key and introspection")
        if made.key and not (made.issuer and made.audience):
            self._wrong("oauth.key", "anybody's tokens would count", "set issuer and audience too")
        if made.introspection and not _SAFE_URL.fullmatch(made.introspection):
            self._wrong("oauth.introspection", "not a safe address", "write https://..., or http://127.0.0.1...")
        if bool(made.client) != bool(made.client_secret):
            self._wrong("oauth.client", "a client needs its secret and the other way round", "give both or neither")
        if not made.claim:
            self._wrong("oauth.claim", "no claim names the account", 'write claim = "email"')
        return made

    def _module(self, tables: dict[str, Any], name: str, certified: bool) -> Module:
        table = self._table(tables, name, MODULE_KEYS + OWN_KEYS.get(name, ()))
        listeners = table.get("listeners", [])
        if not isinstance(listeners, list) or not all(isinstance(item, dict) for item in listeners):
            self._wrong(f"{name}.listeners", "not a list of tables", f"write [[{name}.listeners]]")
            listeners = []
        made = [self._listener(item, f"{name}.listeners.{place}", name) for place, item in enumerate(listeners)]
        for place, listener in enumerate(made):
            if listener.tls and not certified:
                where = f"{name}.listeners.{place}.tls"
                self._wrong(where, "TLS without a certificate", "set certificate and key in [tls]")
        return Module(
            self._level(table, name, "log_level"), self._count(table, name, "channels", Module().channels), tuple(made)
        )

    def _imap_options(self, table: Any) -> ImapOptions:
        found = table if isinstance(table, dict) else {}  # which is reported by _table
        text = self._value(found, "imap", "running_text", str, ImapOptions().running_text)
        if not _SAYABLE.fullmatch(text):
            remedy = f"write at most {MAX_TEXT} ASCII characters that do not begin with a space or a bracket"
            self._wrong("imap.running_text", "cannot be said in a response", remedy)
            text = ImapOptions().running_text
        every = self._count(found, "imap", "running_every", ImapOptions().running_every)
        idle = self._count(found, "imap", "running_idle", ImapOptions().running_idle)
        return ImapOptions(every, idle, text)

    def _pop_options(self, table: Any) -> PopOptions:
        found = table if isinstance(table, dict) else {}
        program, address = found.get("submit_program", []), self._value(found, "pop", "submit_address", str, "")
        if not isinstance(program, list) or not all(isinstance(word, str) and "\0" not in word for word in program):
            self._wrong("pop.submit_program", "not a list of texts", 'write ["/usr/sbin/sendmail", "-i"]')
            program = []
        if program and not program[0].startswith("/"):
            self._wrong("pop.submit_program", "not a whole path", 'write ["/usr/sbin/sendmail", "-i"]')
        if address and not _SUBMIT.fullmatch(address):
            remedy = 'write "smtp:host:port", "lmtp:host:port" or "lmtp:/path"'
            self._wrong("pop.submit_address", f'"{address}" is no such address', remedy)
        if program and address:
            self._wrong("pop.submit_address", "there is a submit_program too", "give one of them")
        return PopOptions(self._count(found, "pop", "login_delay", 0), tuple(program), address)

    def _listener(self, item: dict[str, Any], where: str, module: str) -> Listener:
        allowed = ("address", "port", "tls", "socket") if module == "lmtp" else ("address", "port", "tls")
        self._known(where, item, allowed)
        socket = self._socket(item, where, "socket") if "socket" in item else ""
        if socket:
            return Listener("", 0, False, socket)
        port = self._value(item, where, "port", int, 0)
        if not 1 <= port <= 65535:
            self._wrong(f"{where}.port", "not a port number", "write a number from 1 to 65535")
        return Listener(self._address(item, where), port, self._value(item, where, "tls", bool, False))

    def _address(self, item: dict[str, Any], where: str) -> str:
        address = self._value(item, where, "address", str, "127.0.0.1")
        try:
            return str(ip_address(address))  # names are not looked up: a reload would wait for that
        except ValueError:
            self._wrong(f"{where}.address", f'"{address}" is no IP address', 'write "0.0.0.0" or "::" for all')
            return ""

    def _socket(self, table: dict[str, Any], where: str, key: str) -> str:
        path = self._path(table, where, key)
        if too_long(path):
            self._wrong(f"{where}.{key}", f"{path} is too long for a socket", f"{MAX_PATH} octets are possible")
        return path

    def _default_control(self, base: str) -> str:
        path = default_control(base)
        if too_long(path):
            remedy = f"set control in [server] to a path of at most {MAX_PATH} octets"
            self._wrong("server.control", f"the default, {path}, is too long for a socket", remedy)
        return path

    def _no_twice(self, modules: dict[str, Module]) -> None:
        seen: dict[tuple[str, int, str], str] = {}
        for name, module in modules.items():
            for place, listener in enumerate(module.listeners):
                where = f"{name}.listeners.{place}"
                mark = (listener.address, listener.port, listener.socket)
                if mark in seen:
                    self._wrong(where, f"the same address and port as {seen[mark]}", "give each listener its own")
                seen.setdefault(mark, where)

    def _limits(self, table: dict[str, Any]) -> Limits:
        chosen: dict[str, int] = {}
        for name in table:
            if not hasattr(DEFAULTS, name):
                continue  # reported by _table
            value = self._value(table, "limits", name, int, getattr(DEFAULTS, name))
            if value < (0 if name in OFF_AT_ZERO else 1):
                self._wrong(f"limits.{name}", "not above zero", f"the default is {getattr(DEFAULTS, name)}")
            elif value > HIGHEST.get(name, value):
                self._wrong(f"limits.{name}", "too much", f"at most {HIGHEST[name]} is possible")
            else:
                chosen[name] = value
        return replace(DEFAULTS, **chosen)

    def _count(self, table: dict[str, Any], where: str, key: str, default: int) -> int:
        value: int = self._value(table, where, key, int, default)
        if value < 0:
            self._wrong(f"{where}.{key}", "below zero", "write 0 to switch it off")
        return max(value, 0)

    def _level(self, table: dict[str, Any], where: str, key: str) -> int:
        name = self._value(table, where, key, str, "problems")
        if name not in LEVELS:
            self._wrong(f"{where}.{key}", f'"{name}" is no log level', f"write one of: {', '.join(LEVELS)}")
        return LEVELS.get(name, LEVELS["problems"])

    def _host(self, table: dict[str, Any], where: str, key: str, default: str) -> str:
        name = str(self._value(table, where, key, str, default)).lower()
        if not _HOST.fullmatch(name) or len(name) > 253:
            self._wrong(f"{where}.{key}", "not a domain name" if name else "missing", 'write it as "example.org"')
        return name

    def _path(self, table: dict[str, Any], where: str, key: str, required: bool = False) -> str:
        value = str(self._value(table, where, key, str, ""))
        if "\0" in value:
            self._wrong(f"{where}.{key}", "a path cannot have NUL in it", "correct the path")
        if not value:
            if required:
                self._wrong(f"{where}.{key}", "missing", "name the directory that holds all mail")
            return ""
        return value if value.startswith("/") else f"{self._directory}/{value}"

    def _table(self, tables: dict[str, Any], name: str, allowed: Any) -> dict[str, Any]:
        table = tables.get(name, {})
        if not isinstance(table, dict):
            self._wrong(name, "not a table", f"write [{name}]")
            return {}
        self._known(name, table, allowed)
        return table

    def _known(self, where: str, table: dict[str, Any], allowed: Any) -> None:
        for key in table:
            if key not in allowed:
                full = f"{where}.{key}" if where else key
                self._wrong(full, "unknown key", f"known here: {', '.join(sorted(allowed))}")

    def _value(self, table: dict[str, Any], where: str, key: str, kind: type, default: Any) -> Any:
        value = table.get(key, default)
        if type(value) is not kind:
            wanted = {str: "a text in quotes", int: "a whole number", bool: "true or false"}[kind]
            self._wrong(f"{where}.{key}", f"{value!r} is of the wrong kind", f"write {wanted}")
            return default
        return value

    def _wrong(self, key: str, text: str, remedy: str) -> None:
        line = self._lines.get(key, 0) or self._lines.get(key.rpartition(".")[0], 0)
        self.problems.append(Problem(key, line, text, remedy))
