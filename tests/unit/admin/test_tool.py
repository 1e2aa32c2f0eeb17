"""The ``cgpymail`` command line: configuration and the loop under it."""

import pytest
from twisted.internet.defer import Deferred

from cgpymail.admin import exits
from cgpymail.admin.loop import CommandLoop
from cgpymail.admin.options import parser
from cgpymail.demodata import self_signed
from cgpymail.tool import run

GOOD = '[server]\nbase = "mail"\ndomain = "example.org"\n[[imap.listeners]]\nport = 1143\n'


def test_check_config(tmp_path, capsys):
    """A good file is said to be good."""
    place = tmp_path / "c.toml"
    place.write_text(GOOD)
    assert run(["--config", str(place), "check-config"]) == 0
    assert "no errors" in capsys.readouterr().out


def test_check_config_tells_all(tmp_path, capsys):
    """Every error is told at once, with its line and what to do."""
    place = tmp_path / "c.toml"
    place.write_text(GOOD.replace("1143", "99999").replace("domain", "domian"))
    assert run(["--config", str(place), "check-config"]) == exits.CONFIG
    complaint = capsys.readouterr().err
    assert "line 3: server.domian" in complaint
    assert "line 5: imap.listeners.0.port" in complaint


TLS = '[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n'


@pytest.mark.parametrize("broken", ["", "cert.pem", "key.pem"])
def test_check_config_tries_the_certificate(tmp_path, capsys, broken):
    """A certificate that the daemon could not use is found before it is started; other commands do not need it."""
    key, certificate = self_signed()
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "cert.pem").write_bytes(certificate)
    if broken:
        (tmp_path / broken).write_bytes(b"nonsense\n")
    place = tmp_path / "c.toml"
    place.write_text(GOOD + TLS)
    assert run(["--config", str(place), "check-config"]) == (exits.CONFIG if broken else 0)
    complaint = capsys.readouterr().err
    assert ("tls: certificate or key cannot be used" in complaint) == bool(broken)
    assert run(["--config", str(place), "account", "list"]) == 0


def test_check_config_names_a_key_that_is_not_there_or_another(tmp_path, capsys):
    """Which file, and what to do."""
    _, certificate = self_signed()
    (tmp_path / "cert.pem").write_bytes(certificate)
    place = tmp_path / "c.toml"
    place.write_text(GOOD + TLS)
    assert run(["--config", str(place), "check-config"]) == exits.CONFIG
    assert f"{tmp_path}/key.pem: No such file or directory; correct the path" in capsys.readouterr().err
    (tmp_path / "key.pem").write_bytes(self_signed()[0])
    assert run(["--config", str(place), "check-config"]) == exits.CONFIG
    assert "the key is that of the first certificate" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_no_config(tmp_path, capsys, content):
    """A file that is not there, or no text, is named with the remedy."""
    place = tmp_path / "c.toml"
    if content is not None:
        place.write_bytes(content)
    assert run(["--config", str(place), "account", "list"]) == exits.CONFIG
    assert str(place) in capsys.readouterr().err


def test_config_for_accounts(tmp_path, capsys):
    """The configured base directory is used, beside the file when it is relative."""
    place = tmp_path / "c.toml"
    place.write_text(GOOD)
    assert run(["--config", str(place), "account", "list"]) == 0
    assert (tmp_path / "mail" / "Accounts").is_dir()


def test_loop_sleeps(monkeypatch):
    """What waits for time is slept through, in order."""
    slept = []
    monkeypatch.setattr("cgpymail.admin.loop.time.sleep", slept.append)
    loop = CommandLoop(print)

    async def work():
        for delay in (2, 0, 3):
            done = Deferred()
            loop.runtime.clock.callLater(delay, done.callback, None)
            await done
        return "end"

    assert loop.run(work()) == "end"
    assert [round(each) for each in slept] == [2, 3]


def test_loop_fails():
    """An error comes out as it is; waiting for nothing is an error too."""
    loop = CommandLoop(print)

    async def work():
        raise ValueError("x")

    async def hang():
        await Deferred()

    with pytest.raises(ValueError, match="x"):
        loop.run(work())
    with pytest.raises(RuntimeError, match="cannot happen"):
        loop.run(hang())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "x.toml", "check-config"],
        ["check-config", "--config", "x.toml"],
        ["account", "list", "--config", "x.toml"],
        ["--config", "x.toml", "account", "create", "john"],
        ["deliver", "--config", "x.toml", "john"],
    ],
)
def test_general_options_may_stand_anywhere(arguments: list[str]) -> None:
    """Before the command or behind it, as README and habit have it."""
    assert parser().parse_args(arguments).config == "x.toml"
