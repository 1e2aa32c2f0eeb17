"""The configuration file (cgpymail/config.py)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from cgpymail.config import ConfigError, load
from cgpymail.runtime.limits import DEFAULTS, Limits
from cgpymail.runtime.options import PopOptions

SAMPLE = Path(__file__).parents[2] / "etc" / "cgpymail.toml"

GOOD = """
[server]
base = "mail"
domain = "Example.org"

[[imap.listeners]]
port = 1143

[[lmtp.listeners]]
socket = "/run/x/lmtp"

[limits]
line = 1_000
"""

BAD = """[server]
base = 7
domain = "not a domain"
[imap]
log_level = "loud"
[[imap.listeners]]
port = 70000
[[imap.listeners]]
port = 1993
tls = true
[limits]
lines = 5
literal = -1
"""


def test_the_sample_is_valid() -> None:
    """The configuration that ships can be used as it is."""
    settings = load("cgpymail.toml", SAMPLE.read_text(), "/etc")
    assert settings.base == "/var/lib/cgpymail"
    assert settings.limits == DEFAULTS


def test_the_sample_names_every_limit_with_unit_and_default() -> None:
    """An administrator finds every limit in the file, with what it counts and what it is."""
    text = SAMPLE.read_text()
    limits = tomllib.loads(text)["limits"]
    assert limits == {field.name: getattr(DEFAULTS, field.name) for field in fields(Limits)}
    for field in fields(Limits):
        assert re.search(rf"^{field.name} = [\d_]+ +# (octets|seconds|count)\b", text, re.M), field.name


def test_the_control_socket() -> None:
    """In the base directory, or where it is configured."""
    assert load("f", GOOD, "/srv").control == "/srv/mail/.control"
    configured = GOOD.replace("[server]", '[server]\ncontrol = "run/control"')
    assert load("f", configured, "/srv").control == "/srv/run/control"


def test_paths_that_no_socket_can_have() -> None:
    """The system allows 107 octets; which key is too long, and what to do, is told before anything listens."""
    long = "x" * 100
    with pytest.raises(ConfigError) as caught:
        load("f", GOOD.replace('"mail"', f'"{long}"').replace("/run/x", f"/run/{long}"), "/srv")
    keys = [problem.key for problem in caught.value.problems]
    assert keys == ["server.control", "lmtp.listeners.0.socket"]
    assert "set control in [server] to a path of at most 107 octets" in str(caught.value)
    with pytest.raises(ConfigError, match="is too long for a socket; 107 octets"):
        load("f", GOOD.replace("[server]", f'[server]\ncontrol = "/{"ü" * 54}"'), "/srv")


def test_values_and_relative_paths() -> None:
    """Names are folded, relative paths lie beside the file, what is not named has its default."""
    settings = load("f", GOOD, "/srv")
    assert (settings.base, settings.domain, settings.host) == ("/srv/mail", "example.org", "example.org")
    assert settings.imap.listeners[0].port == 1143
    assert settings.imap.listeners[0].address == "127.0.0.1"
    assert settings.lmtp.listeners[0].socket == "/run/x/lmtp"
    assert settings.pop.listeners == ()
    assert settings.limits.line == 1000
    assert settings.limits.literal == DEFAULTS.literal


def test_all_errors_at_once_with_key_line_and_remedy() -> None:
    """One run of check-config is enough to mend a file."""
    with pytest.raises(ConfigError) as caught:
        load("f.toml", BAD, "/srv")
    shown = {(problem.line, problem.key) for problem in caught.value.problems}
    assert shown >= {
        (2, "server.base"),
        (3, "server.domain"),
        (5, "imap.log_level"),
        (7, "imap.listeners.0.port"),
        (10, "imap.listeners.1.tls"),
        (12, "limits.lines"),
        (13, "limits.literal"),
    }
    text = str(caught.value)
    assert text.startswith("f.toml: ")
    assert 'line 5: imap.log_level: "loud" is no log level; write one of: failures, major' in text


def test_only_what_can_be_turned_off_may_be_zero() -> None:
    """A cache of 0 seconds is none; a line of 0 octets would let nobody in."""
    assert load("f", f"{GOOD}login_cache = 0\n", "/").limits.login_cache == 0
    with pytest.raises(ConfigError, match=r"limits\.hashes: not above zero"):
        load("f", f"{GOOD}hashes = 0\n", "/")


def test_a_limit_that_would_let_nobody_in() -> None:
    """Each connection has room for its reading, as large as its output buffer."""
    with pytest.raises(ConfigError, match=r"limits\.output_buffer: too much; at most 16777216"):
        load("f", f"{GOOD}output_buffer = 16_777_217\n", "/")


@pytest.mark.parametrize("address", ["", "localhost", "mail.example.org", "a\\u0000b", "127.0.0.1:143", "[::1]"])
def test_listeners_have_ip_addresses(address: str) -> None:
    """Names are not looked up, which could take long, and mean something else tomorrow."""
    with pytest.raises(ConfigError, match=r"pop\.listeners\.0\.address: .* is no IP address"):
        load("f", GOOD + f'\n[[pop.listeners]]\nport = 1\naddress = "{address}"\n', "/")


def test_syntax_error_has_its_line() -> None:
    """A file that is not TOML is refused with the line."""
    with pytest.raises(ConfigError) as caught:
        load("f", "[server]\nbase = \n", "/")
    assert caught.value.problems[0].line == 2


def test_two_listeners_on_one_port() -> None:
    """The same port twice is found before the second bind fails."""
    text = GOOD + "\n[[pop.listeners]]\nport = 1143\n"
    with pytest.raises(ConfigError, match=r"the same address and port as imap\.listeners\.0"):
        load("f", text, "/")


def test_a_tree_of_wrong_kinds_is_refused_not_crashed() -> None:
    """Tables where values belong, and the other way round, are errors like any other."""
    with pytest.raises(ConfigError) as caught:
        load("f", 'server = 1\nimap = 2\nlmtp = {listeners = 3}\ntls = {key = "k"}\n', "/")
    assert {"server", "imap", "lmtp.listeners", "tls"} <= {problem.key for problem in caught.value.problems}


def test_settings_of_the_modules() -> None:
    """Channels, where 0 means that the module listens nowhere; what IMAP and POP have of their own."""
    own = '[imap]\nchannels = 0\nrunning_every = 0\nrunning_text = "+ [x]"\n'
    text = GOOD.replace("[[imap.listeners]]", f"{own}[[imap.listeners]]")
    text += '[pop]\nlogin_delay = 60\nsubmit_program = ["/bin/x", "-i"]\n[[pop.listeners]]\nport = 1110\n'
    settings = load("f", text, "/")
    assert settings.imap.channels == settings.imap_options.running_every == 0
    assert settings.imap_options.running_text == "+ [x]"
    assert {name for name, _ in settings.listeners()} == {"pop", "lmtp"}
    assert settings.pop.channels == 5_000
    assert settings.pop_options == PopOptions(60, ("/bin/x", "-i"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("channels = -1", "pop.channels: below zero"),
        ("channels = true", "pop.channels: True is of the wrong kind"),
        ("running_every = 5", "pop.running_every: unknown key"),
        ("login_delay = -1", "pop.login_delay: below zero"),
        ('submit_program = "/bin/x -i"', "pop.submit_program: not a list of texts"),
        ('submit_program = ["x"]', "pop.submit_program: not a whole path"),
        ('submit_address = "mail.example.org"', "pop.submit_address: "),
        ('submit_address = "smtp:mail.example.org"', "pop.submit_address: "),
        ('submit_address = "smtp:a:25"\nsubmit_program = ["/x"]', "there is a submit_program too"),
    ],
)
def test_wrong_settings_of_a_module(line: str, problem: str) -> None:
    """Each is told with its key."""
    with pytest.raises(ConfigError) as caught:
        load("f", GOOD + f"[pop]\n{line}\n", "/")
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["", " ", "[ALERT] x", "a\\r\\nb", "Größe", "x" * 201])
def test_words_that_cannot_be_said(text: str) -> None:
    """Nothing that would be no line, or mean something else in it."""
    with pytest.raises(ConfigError, match=r"imap\.running_text: cannot be said"):
        load("f", GOOD.replace("[[imap.listeners]]", f'[imap]\nrunning_text = "{text}"\n[[imap.listeners]]'), "/")
