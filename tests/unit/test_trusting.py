"""What the configuration says of client certificates and tokens, and what the daemon makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL

from cgpymail.config import ConfigError, Settings, Tokens, load
from cgpymail.configfile import TokenMeans, read_settings, token_means, usable_certificate
from cgpymail.demodata import self_signed
from cgpymail.directory.introspection import Introspection
from cgpymail.directory.tokens import SignedTokens
from cgpymail.trusting import trust_of
from tests.support.certificates import Authority
from tests.support.runtime import memory_runtime
from tests.unit.test_config import SAMPLE

TOP = '[server]\nbase = "mail"\ndomain = "example.org"\n[[imap.listeners]]\nport = 1143\n'
TLS = '[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\nclient_ca = "ca.pem"\n'
SIGNED = '[oauth]\nkey = "tokens.pem"\nissuer = "https://issuer.example"\naudience = "mail"\n'
ASKED = '[oauth]\nintrospection = "https://issuer.example/x"\nclient = "me"\nclient_secret = "secret"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With every file that the configurations name."""
    key, certificate = self_signed()
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    files = {
        "key.pem": key,
        "cert.pem": certificate,
        "ca.pem": Authority("one").certificate + Authority("two").certificate,
        "tokens.pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "secret": b"s3cret\n",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def settings_of(folder: Path, text: str) -> tuple[Settings, str]:
    """As read from a file."""
    path = folder / "c.toml"
    path.write_text(TOP + text)
    return read_settings(str(path)), str(path)


def test_the_sample_shows_the_defaults() -> None:
    """Without a word in the file no certificate and no token counts."""
    settings = load("cgpymail.toml", SAMPLE.read_text(), "/etc")
    assert (settings.client_ca, settings.client_name, settings.oauth) == ("", "email", Tokens())
    trust = trust_of(settings, TokenMeans(), memory_runtime(), None)
    assert (trust.certificate_field, trust.tokens) == ("", None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[tls]\nclient_ca = "ca.pem"\n', "tls.client_ca"),
        (TLS + 'client_name = "dn"\n', "tls.client_name"),
        (SIGNED + 'introspection = "https://x.example"\n', "oauth"),
        ('[oauth]\nkey = "tokens.pem"\n', "oauth.key"),
        ('[oauth]\nintrospection = "http://issuer.example/x"\n', "oauth.introspection"),
        ('[oauth]\nintrospection = "https://issuer.example/ x"\n', "oauth.introspection"),
        ('[oauth]\nintrospection = "https://issuer.example/x"\nclient = "me"\n', "oauth.client"),
        (SIGNED + 'claim = ""\n', "oauth.claim"),
        (SIGNED + "scope = 5\n", "oauth.scope"),
        ('[oauth]\nsecret = "x"\n', "oauth.secret"),
    ],
)
def test_what_cannot_be_meant(text: str, key: str) -> None:
    """Said with the key and a remedy."""
    with pytest.raises(ConfigError) as caught:
        load("c.toml", TOP + text, "/etc")
    assert [problem.key for problem in caught.value.problems] == [key]


@pytest.mark.parametrize("url", ["https://issuer.example/x", "http://127.0.0.1:8080/x", "http://[::1]:8080/x"])
def test_where_tokens_may_be_asked_about(url: str) -> None:
    """Over TLS, or on this machine."""
    text = f'[oauth]\nintrospection = "{url}"\n'
    assert load("c.toml", TOP + text, "/etc").oauth.introspection == url


def test_clients_are_asked_for_certificates(folder: Path) -> None:
    """They may have none; they are told whose count."""
    settings, path = settings_of(folder, TLS)
    made = usable_certificate(settings, path).getContext()
    assert made.get_verify_mode() == SSL.VERIFY_PEER | SSL.VERIFY_CLIENT_ONCE
    link = SSL.Connection(made)
    assert [name.CN for name in link.get_client_ca_list()] == ["one", "two"]
    plain, path = settings_of(folder, TLS.replace("client_ca", "#"))
    assert usable_certificate(plain, path).getContext().get_verify_mode() == SSL.VERIFY_NONE
    assert trust_of(settings, TokenMeans(), memory_runtime(), None).certificate_field == "email"


def test_signed_tokens(folder: Path) -> None:
    """The key is read before the daemon begins."""
    settings, path = settings_of(folder, SIGNED)
    means = token_means(settings, path)
    assert isinstance(trust_of(settings, means, memory_runtime(), None).tokens, SignedTokens)


def test_tokens_that_are_asked_about(folder: Path) -> None:
    """The secret is the file's line."""
    settings, path = settings_of(folder, ASKED)
    means = token_means(settings, path)
    assert means.secret == "s3cret"
    runtime = memory_runtime()
    assert isinstance(trust_of(settings, means, runtime, runtime.clock).tokens, Introspection)


@pytest.mark.parametrize("text", [TLS, SIGNED, ASKED])
@pytest.mark.parametrize("data", [None, b"\xff nonsense"])
def test_files_that_cannot_be_used(folder: Path, text: str, data: bytes | None) -> None:
    """Which file, and what to do about it; found before anything is changed."""
    place = folder / {TLS: "ca.pem", SIGNED: "tokens.pem", ASKED: "secret"}[text]
    place.unlink()
    if data is not None:
        place.write_bytes(data)
    settings, path = settings_of(folder, text)
    with pytest.raises(ConfigError) as caught:
        usable_certificate(settings, path)
        token_means(settings, path)
    assert ("No such file" in str(caught.value)) == (data is None)
    assert path in str(caught.value)
