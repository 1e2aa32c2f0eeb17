"""A configuration takes the place of another while the server runs (cgpymail/live.py, cgpymail/doors.py)."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet.address import IPv4Address
from twisted.internet.error import CannotListenError
from twisted.internet.testing import StringTransport

from cgpymail.assembly import Server
from cgpymail.configfile import TokenMeans, read_settings, usable_certificate
from cgpymail.demodata import self_signed
from cgpymail.directory.tokens import SignedTokens
from cgpymail.directory.trust import Trust
from cgpymail.doors import Doors
from cgpymail.live import Live
from cgpymail.runtime.files import Files
from cgpymail.runtime.limits import DEFAULTS, LiveLimits
from cgpymail.runtime.wire import Connection
from tests.support.results import result
from tests.support.world import World

CONFIG = """
[server]
base = "base"
domain = "example.org"
[imap]
[[imap.listeners]]
port = 143
[pop]
[[pop.listeners]]
port = 110
"""
TLS = '\n[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n'


class Port:
    """One that is listened on."""

    def __init__(self, factory: Any) -> None:
        self.factory = factory
        self.open = True

    def stopListening(self) -> None:
        self.open = False


class Net:
    """A reactor that listens on nothing real."""

    def __init__(self) -> None:
        self.ports: dict[object, Port] = {}
        self.refused: dict[object, int] = {}

    def listenTCP(self, port: int, factory: Any, interface: str) -> Port:
        return self._listen(port, factory)

    def listenUNIX(self, path: str, factory: Any, mode: int) -> Port:
        return self._listen(path, factory)

    def _listen(self, name: object, factory: Any) -> Port:
        if name in self.refused:
            number = self.refused[name]
            raise CannotListenError("127.0.0.1", name, OSError(number, errno.errorcode[number]))  # type: ignore[no-untyped-call]
        assert name not in self.ports or not self.ports[name].open, "never bound twice"
        self.ports[name] = Port(factory)
        return self.ports[name]

    @property
    def open(self) -> set[object]:
        """Where somebody listens."""
        return {name for name, port in self.ports.items() if port.open}


class Ground:
    """A server whose configuration is in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "cgpymail.toml"
        self.net = Net()
        self.config.write_text(CONFIG)
        self.world = World(limits=LiveLimits.of(DEFAULTS))
        self.world.account()
        settings = read_settings(str(self.config))
        services = self.world.services
        assert isinstance(services.limits, LiveLimits)
        server = Server(services, self.world.directory, services.limits, 0)  # type: ignore[arg-type]
        doors = Doors(self.net, str(self.config), Files())
        assert doors.open([("imap", settings.imap.listeners[0])]) == []  # as twistd does while it has the right to
        self.live = Live(self.net, server, settings, str(self.config), doors)
        assert self.live.begin(usable_certificate(settings, str(self.config)), TokenMeans()) == []

    def certificate(self) -> None:
        """Put another one where the configuration with TLS looks for it."""
        key, certificate = self_signed()
        (self.folder / "key.pem").write_bytes(key)
        (self.folder / "cert.pem").write_bytes(certificate)

    def reload(self, text: str) -> Sequence[str]:
        """With this in the file."""
        self.config.write_text(text)
        problems: Sequence[str] = result(self.live.reload())
        return problems

    def dial(self, port: object) -> tuple[Any, StringTransport]:
        """Somebody connects."""
        address = IPv4Address("TCP", "192.0.2.7", 5)
        protocol = self.net.ports[port].factory.buildProtocol(address)
        transport: Any = StringTransport(hostAddress=address, peerAddress=address)
        transport.setTcpNoDelay = transport.abortConnection = lambda *_: None
        protocol.makeConnection(transport)
        return protocol, transport

    @property
    def log(self) -> list[str]:
        """What was said."""
        lines: list[str] = self.world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
        return lines


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """IMAP on 143, POP on 110, no TLS."""
    return Ground(tmp_path)


def test_listeners_come_and_go(ground: Ground) -> None:
    """A new port is opened, one that is gone is closed, the others are not touched; sessions go on."""
    staying, (client, heard) = ground.net.ports[143], ground.dial(110)
    heard.clear()
    text = CONFIG.replace("port = 110", "port = 1110") + '[[lmtp.listeners]]\nsocket = "/run/lmtp"\n'
    assert ground.reload(text) == []
    assert ground.net.open == {143, 1110, "/run/lmtp"}
    assert ground.net.ports[143] is staying
    client.dataReceived(b"CAPA\r\n")
    assert heard.value().startswith(b"+OK")
    assert ground.dial(1110)[1].value().startswith(b"+OK")
    assert any("POP: no longer listening on 127.0.0.1:110" in line for line in ground.log)


def test_a_port_changes_its_module_without_being_closed(ground: Ground) -> None:
    """What is wanted before and after is never given up."""
    port = ground.net.ports[143]
    assert ground.reload(CONFIG.replace("port = 143", "port = 99").replace("port = 110", "port = 143")) == []
    assert ground.net.open == {99, 143} and ground.net.ports[143] is port
    assert ground.dial(143)[1].value().startswith(b"+OK")
    assert ground.dial(99)[1].value().startswith(b"* OK")


def test_a_port_begins_with_tls_now(ground: Ground) -> None:
    """The same port, without being closed: a greeting in clear before, a handshake after."""
    ground.certificate()
    assert ground.dial(143)[1].value().startswith(b"* OK")
    assert ground.reload(CONFIG.replace("port = 143", "port = 143\ntls = true") + TLS) == []
    _, transport = ground.dial(143)
    assert not transport.value().startswith(b"* OK")


def test_a_port_that_we_have_ourselves_at_another_address(ground: Ground) -> None:
    """Nobody is told to stop another program that there is not: how to get there is said, and works."""
    wide = CONFIG.replace("port = 143", 'port = 143\naddress = "0.0.0.0"')
    ground.net.refused[143] = errno.EADDRINUSE
    (problem,) = ground.reload(wide)
    assert "this server has it at 127.0.0.1; take that listener away, reload, then add the new one" in problem
    assert ground.reload(CONFIG.replace("[[imap.listeners]]\nport = 143\n", "")) == []
    del ground.net.refused[143]
    assert ground.reload(wide) == []
    assert ground.net.open == {143, 110}


def test_one_port_that_cannot_be_had_keeps_everything_as_it_was(ground: Ground) -> None:
    """The other new port is given back, limits and levels stay, and all that is wrong is said, in the log too."""
    ground.net.refused = {995: errno.EACCES, 996: errno.EADDRINUSE}
    text = CONFIG.replace("[imap]", '[imap]\nlog_level = "all"\nchannels = 0') + "[limits]\nline = 100\n"
    text += "".join(f"[[pop.listeners]]\nport = {port}\n" for port in (994, 995, 996))
    problems = ground.reload(text)
    assert len(problems) == 2 and "995" in problems[0] and "start the server anew" in problems[0]
    assert "996" in problems[1] and "stop the program that uses it" in problems[1]
    assert ground.net.open == {143, 110}
    assert ground.world.services.limits.line == DEFAULTS.line
    assert not ground.world.runtime.logs.module("IMAP").shows(5)
    assert ground.dial(143)[1].value().startswith(b"* OK")
    assert [line for line in ground.log if line.startswith("2 SYSTEM") and "stays as it was" in line and "995" in line]
    ground.net.refused = {}
    assert ground.reload(text) == []
    assert ground.net.open == {110, 994, 995, 996}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("port = 110", 'port = "x"'), "line 10: pop.listeners.0.port"),
        (('base = "base"', 'base = "other"'), "server.base: cannot change while the server runs"),
        (('domain = "example.org"', 'domain = "example.net"\nhost = "example.org"'), "server.domain: cannot change"),
        (("[imap]", '[tls]\ncertificate = "none.pem"\nkey = "none.pem"\n[imap]'), "none.pem: No such file"),
        (("[server]", "[server"), "not TOML"),
    ],
)
def test_a_wrong_file_changes_nothing_and_says_why(ground: Ground, change: tuple[str, str], complaint: str) -> None:
    """Whatever else the file would change."""
    problems = ground.reload(CONFIG.replace(*change) + "[[pop.listeners]]\nport = 1110\n[limits]\nline = 100\n")
    assert complaint in problems[0]
    assert ground.net.open == {143, 110}
    assert ground.world.services.limits.line == DEFAULTS.line


def test_limits_and_levels_count_at_once(ground: Ground) -> None:
    """For everybody who was handed the limits; and they return when the file says so."""
    text = CONFIG.replace("[imap]", '[imap]\nlog_level = "all"') + "[limits]\nmessage_size = 1000\n"
    assert ground.reload(text) == []
    assert ground.world.services.limits == LiveLimits.of(replace(DEFAULTS, message_size=1000))
    assert ground.world.runtime.logs.module("IMAP").shows(5)
    assert ground.reload(CONFIG) == []
    assert ground.world.services.limits == LiveLimits.of(DEFAULTS)
    assert not ground.world.runtime.logs.module("IMAP").shows(5)


def test_channels(ground: Ground) -> None:
    """The newest client is refused with the time to come back; a module without channels does not listen at all."""
    first, heard = ground.dial(143)
    assert ground.reload(CONFIG.replace("[imap]", "[imap]\nchannels = 1") + "[limits]\nretry_time = 7\n") == []
    assert ground.dial(143)[1].value() == b"* BYE [UNAVAILABLE] Too many connections, try again in 7 seconds\r\n"
    assert ground.reload(CONFIG.replace("[pop]", "[pop]\nchannels = 0")) == []
    assert ground.net.open == {143}
    heard.clear()
    first.dataReceived(b"a NOOP\r\n")
    assert heard.value().startswith(b"a OK")
    assert ground.reload(CONFIG) == []
    assert ground.net.open == {143, 110}


@pytest.mark.parametrize(
    ("port", "text"),
    [
        (110, b"-ERR [SYS/TEMP] Too many connections, try again in 60 seconds\r\n"),
        (24, b"421 4.3.2 Too many connections, try again in 60 seconds\r\n"),
    ],
)
def test_each_protocol_refuses_in_its_own_words(ground: Ground, port: int, text: bytes) -> None:
    """A client that understands temporary errors comes back."""
    one = CONFIG.replace("[pop]", "[pop]\nchannels = 1") + "[lmtp]\nchannels = 1\n[[lmtp.listeners]]\nport = 24\n"
    assert ground.reload(one) == []
    ground.dial(port)
    assert ground.dial(port)[1].value() == text


def test_a_certificate_is_for_new_connections(ground: Ground) -> None:
    """STARTTLS is offered as soon as there is one; who was there before keeps what it began with."""
    old, _ = ground.dial(143)
    ground.certificate()
    assert ground.reload(CONFIG + TLS) == []
    new, _ = ground.dial(143)
    assert isinstance(new, Connection) and isinstance(old, Connection)
    assert new.can_start_tls and not old.can_start_tls
    before = new._tls
    ground.certificate()
    assert ground.reload(CONFIG + TLS) == []
    newest, _ = ground.dial(143)
    assert newest._tls is not before and new._tls is before
    (ground.folder / "key.pem").write_bytes(self_signed()[0])
    (problem,) = ground.reload(CONFIG + TLS)
    assert "certificate or key cannot be used" in problem
    assert ground.dial(143)[0]._tls is newest._tls


def test_who_is_believed_changes_at_once(ground: Ground) -> None:
    """Client certificates count from the reload on, and tokens; files that cannot be used change nothing."""
    ground.certificate()
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    (ground.folder / "ca.pem").write_bytes((ground.folder / "cert.pem").read_bytes())
    (ground.folder / "tokens.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    signed = '[oauth]\nkey = "tokens.pem"\nissuer = "x"\naudience = "y"\n'
    directory: Any = ground.world.directory
    assert directory.trust == Trust()
    assert ground.reload(CONFIG + TLS + 'client_ca = "ca.pem"\n' + signed) == []
    assert directory.trust.certificate_field == "email"
    assert isinstance(directory.trust.tokens, SignedTokens)
    (ground.folder / "tokens.pem").write_bytes(b"nonsense")
    (problem,) = ground.reload(CONFIG + TLS + signed)
    assert "oauth: the file cannot be used" in problem
    assert directory.trust.certificate_field == "email"
    assert ground.reload(CONFIG + TLS) == []
    assert directory.trust == Trust()


def test_the_name_in_greetings_is_for_new_connections(ground: Ground) -> None:
    """Another host name needs no restart."""
    assert ground.reload(CONFIG.replace("domain =", 'host = "other.example"\ndomain =')) == []
    assert b"other.example" in ground.dial(143)[1].value()


def test_nothing_is_opened_any_more_when_the_server_goes_down(ground: Ground) -> None:
    """A reload that comes late does nothing."""
    ground.world.run(ground.live.close())
    assert ground.reload(CONFIG) == ["the server is going down"]
    assert not ground.net.open
