"""How passwords are kept and checked."""

import hmac
from dataclasses import replace

import argon2
import pytest

from cgpymail.directory import passwords
from cgpymail.directory.passwords import VerifiedLogins, recover, store, verify, verify_apop, verify_cram
from cgpymail.errors import BadSettings
from cgpymail.runtime.limits import DEFAULTS
from tests.unit.directory.ground import JOHN

SALT = b"0123456789abcdef"


def test_argon2():
    """A password is kept as an argon2id hash of the cost that was measured, and is known again."""
    stored = store("pässword", "", SALT)
    found = argon2.extract_parameters(stored)
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19 * 1024, 2, 1)
    assert found.type == argon2.Type.ID
    assert verify(stored, "pässword".encode())
    assert not verify(stored, b"password")
    assert recover(stored) is None


@pytest.mark.parametrize("password", ["secret", "$argon2id$x", "{PLAIN}x", "{SSHA}x", "ü"])
def test_clear(password):
    """A recoverable password is kept as it is, whatever it looks like."""
    stored = store(password, "Clear", SALT)
    assert recover(stored) == password.encode()
    assert verify(stored, password.encode())
    assert not verify(stored, password.encode() + b"x")


def test_clear_is_plain_in_the_file():
    """A clear password of a hand-written file works."""
    assert store("secret", "clear", SALT) == "secret"


@pytest.mark.parametrize(
    "stored", [None, "", "\x02crypt", "{SSHA}abc", "$1$abc$def", "{PLAIN}", "$argon2id$broken", ["a"], 5]
)
@pytest.mark.parametrize("password", [b"", b"secret", b"{SSHA}abc", b"\x02crypt", b"x" * 5000])
def test_nothing_fits(cheap, stored, password):
    """Without a password, or with one in a form we do not know, nobody gets in; one hash is computed all the same."""
    assert not verify(stored, password)
    assert len(cheap) == 1


@pytest.mark.parametrize("stored", [None, "secret", "$argon2secret", "\x02crypt"])
@pytest.mark.parametrize("password", [b"secret", b"wrong"])
def test_one_hash_always(cheap, stored, password):
    """Whatever is stored, a check costs one hash: time does not tell whether the account exists."""
    verify(stored, password)
    assert len(cheap) == 1


def test_nobody_is_a_real_hash():
    """The hash that is computed for an account that is not there costs what a real one does."""
    fake, real = (argon2.extract_parameters(each) for each in (passwords._NOBODY, store("x", "", SALT)))
    costs = ("type", "version", "memory_cost", "time_cost", "parallelism", "hash_len")
    assert [getattr(fake, cost) for cost in costs] == [getattr(real, cost) for cost in costs]
    assert not passwords._verify_hash(passwords._NOBODY, b"x")


def test_hostile_hash():
    """A hash in the file that asks for all memory is not computed."""
    assert not verify(
        "$argon2id$v=19$m=4194304,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", b"x"
    )


@pytest.mark.parametrize("password", ["", "x" * 1025, "ü" * 513, "a\tb", "a\0"])
def test_refused(password):
    """What could not be typed in again is refused when it is set."""
    with pytest.raises(BadSettings):
        store(password, "", SALT)


def test_apop():
    """The example of RFC 1939, section 7."""
    stamp = b"<1896.697170952@dbc.mtview.ca.us>"
    assert verify_apop("tanstaaf", stamp, "c4c9334bac560ecc979e58001b3e22fb")
    assert verify_apop("tanstaaf", stamp, "C4C9334BAC560ECC979E58001B3E22FB")
    assert not verify_apop("tanstaaf", stamp, "c4c9334bac560ecc979e58001b3e22fc")
    assert not verify_apop("tanstaaf", stamp, "ü")


def test_apop_needs_the_password():
    """APOP never succeeds where the password is not kept: not even with the MD5 of the stamp alone."""
    import hashlib

    digest = hashlib.md5(b"<x>").hexdigest()
    assert not verify_apop(None, b"<x>", digest)
    assert not verify_apop(store("a", "", SALT), b"<x>", digest)


def test_cache():
    """A verified password is known for a while: just this one, for this account, as long as it is stored."""
    cache = VerifiedLogins(b"key", replace(DEFAULTS, login_cache=100, login_states=2))
    cache.remember(JOHN, "stored", b"secret", 1000)
    assert cache.knows(JOHN, "stored", b"secret", 1099)
    assert not cache.knows(JOHN, "stored", b"secret", 1100)
    assert not cache.knows(JOHN, "stored", b"other", 1000)
    assert not cache.knows(JOHN, "changed", b"secret", 1000)
    assert not cache.knows(replace(JOHN, name="jane"), "stored", b"secret", 1000)
    cache.forget(JOHN)
    assert not cache.knows(JOHN, "stored", b"secret", 1000)


def test_cache_is_bounded():
    """The oldest goes."""
    cache = VerifiedLogins(b"key", replace(DEFAULTS, login_cache=100, login_states=2))
    names = [replace(JOHN, name=f"n{number}") for number in range(3)]
    for name in names:
        cache.remember(name, "s", b"p", 0)
    assert [cache.knows(name, "s", b"p", 0) for name in names] == [False, True, True]


@pytest.mark.parametrize("encryption", ["", "clear"])
def test_composed_and_decomposed(encryption):
    """A keyboard that composes characters in another way types the same password (RFC 4013)."""
    stored = store("pa\u00e4s", encryption, SALT)
    assert verify(stored, "paa\u0308s".encode())
    assert not verify(stored, b"paas")


def test_what_cannot_be_prepared_is_taken_as_it_is():
    """Private characters, and octets that are not UTF-8."""
    stored = store("a\ue000", "clear", SALT)
    assert verify(stored, "a\ue000".encode())
    assert not verify(stored, b"a\xee")


def test_cram_md5():
    """The example of RFC 2195, section 2; never without a password that is kept."""
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert verify_cram("tanstaaftanstaaf", challenge, "b913a602c7eda7a495b4e6e7334d3890")
    assert verify_cram("tanstaaftanstaaf", challenge, "B913A602C7EDA7A495B4E6E7334D3890")
    assert not verify_cram("tanstaaf", challenge, "b913a602c7eda7a495b4e6e7334d3890")
    empty = hmac.new(b"", challenge, "md5").hexdigest()
    assert not verify_cram(None, challenge, empty)
    assert not verify_cram(store("a", "", SALT), challenge, empty)
