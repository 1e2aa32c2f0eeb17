"""Logging in (spec sections 9.1.6, 11.3, 11.4)."""

import hashlib
from dataclasses import replace

import pytest

from cgpymail.directory.login import LOOKUP_TIME
from cgpymail.errors import AuthenticationFailed, BadSettings, Busy, PrivacyRequired, ServiceDisabled, StorageFailed
from cgpymail.model.identity import AccountName, ApopCredentials, PlainCredentials
from cgpymail.runtime.limits import DEFAULTS
from tests.support.results import result
from tests.unit.directory.ground import CLEAR, JOHN, MAIN, SECURE, Ground, SlowPool

GOOD = PlainCredentials("john", b"secret")
WRONG = PlainCredentials("john", b"wrong")
SETTINGS = "Accounts/Settings/Domain.settings"


def login(ground, credentials=GOOD, link=SECURE):
    """The outcome, after the time that every refusal takes."""
    asked = ground.directory.login(credentials, link)
    ground.clock.advance(LOOKUP_TIME)
    return result(asked)


@pytest.fixture
def john(ground, cheap):
    """His account, and hashes that cost nothing."""
    return ground.create()


@pytest.mark.parametrize("name", ["john", "John@example.org", "john%example.org"])
def test_login(ground, john, name):
    """The right password lets in, however the name is written."""
    assert login(ground, PlainCredentials(name, b"secret")) == JOHN


def test_real_hash(ground):
    """The whole way with a real argon2 hash."""
    ground.create()
    assert login(ground) == JOHN
    with pytest.raises(AuthenticationFailed):
        login(ground, WRONG)


@pytest.mark.parametrize("name", ["john", "nobody", "", "../john", "x" * 500, "john@elsewhere.net"])
def test_refused(ground, john, cheap, name):
    """A wrong password and an unknown name get the same answer for the same work."""
    with pytest.raises(AuthenticationFailed) as caught:
        login(ground, PlainCredentials(name, b"wrong"))
    assert caught.value.public == AuthenticationFailed.text
    assert len(cheap) == 1


def test_log_has_no_secrets(ground, john):
    """The log names accounts that exist, and never what was typed as a name by mistake."""
    for credentials in (WRONG, PlainCredentials("my-password", b"x")):
        with pytest.raises(AuthenticationFailed):
            login(ground, credentials)
    text = "\n".join(ground.lines)
    assert "john@example.org" in text
    assert "wrong" not in text
    assert "my-password" not in text


def test_no_password(ground, cheap):
    """An account without password exists and nobody can log in."""
    ground.create(password="")
    with pytest.raises(AuthenticationFailed):
        login(ground, PlainCredentials("john", b""))


def test_verified_password_is_not_hashed_again(ground, john, cheap):
    """A client that comes back at once costs no hash; after a while it does."""
    for _ in range(5):
        login(ground)
    assert len(cheap) == 1
    ground.clock.advance(DEFAULTS.login_cache)
    login(ground)
    assert len(cheap) == 2


def test_every_password_is_hashed_where_nothing_is_to_be_remembered(tmp_path, cheap):
    """``login_cache = 0`` turns it off."""
    ground = Ground(tmp_path, limits=replace(DEFAULTS, login_cache=0))
    ground.create()
    for _ in range(3):
        login(ground)
    assert len(cheap) == 3


def test_password_change(ground, john):
    """After a change the old password is refused at once, and the new one is taken, after a restart too."""
    login(ground)
    ground.do(ground.directory.set_password(JOHN, "other"))
    with pytest.raises(AuthenticationFailed):
        login(ground)
    assert login(ground, PlainCredentials("john", b"other")) == JOHN
    ground.start()
    assert login(ground, PlainCredentials("john", b"other")) == JOHN


def test_password_removed(ground, john):
    """A removed password lets nobody in."""
    login(ground)
    ground.do(ground.directory.remove_password(JOHN))
    with pytest.raises(AuthenticationFailed):
        login(ground)


def test_bad_new_password(ground, john):
    """A password that is refused leaves the old one."""
    with pytest.raises(BadSettings):
        ground.do(ground.directory.set_password(JOHN, "a\nb"))
    assert login(ground) == JOHN


def apop(password, login="john"):
    """What a client sends."""
    return ApopCredentials(login, b"<1@x>", hashlib.md5(b"<1@x>" + password).hexdigest())


def test_apop(ground, cheap):
    """APOP works in clear links, with a recoverable password only."""
    ground.create(encryption="clear")
    ground.create("jane")
    assert login(ground, apop(b"secret"), CLEAR) == JOHN
    for wrong in (apop(b"wrong"), apop(b"secret", "jane"), apop(b"secret", "nobody"), apop(b"", "nobody")):
        with pytest.raises(AuthenticationFailed):
            login(ground, wrong, CLEAR)


def test_encryption_by_domain(ground, cheap):
    """PasswordEncryption of the domain holds for its accounts, and a change of password keeps to it."""
    ground.write(SETTINGS, "{ PasswordEncryption=clear; }")
    ground.start()
    ground.create()
    assert login(ground, apop(b"secret")) == JOHN
    ground.do(ground.directory.set_password(JOHN, "other"))
    assert login(ground, apop(b"other")) == JOHN


@pytest.mark.parametrize("authzid", ["john", "JOHN@example.org", ""])
def test_own_identity(ground, john, authzid):
    """An authorization identity may be the account itself."""
    assert login(ground, replace(GOOD, authzid=authzid)) == JOHN


@pytest.mark.parametrize("authzid", ["jane", "nobody", "john@elsewhere.net", "/"])
def test_other_identity(ground, john, authzid):
    """Nobody acts for another."""
    ground.create("jane")
    with pytest.raises(AuthenticationFailed):
        login(ground, replace(GOOD, authzid=authzid))


def test_clrtxt_off(ground, cheap):
    """With CLRTXT off, clear passwords are refused on open links before anything is looked at, for any name."""
    ground.write(SETTINGS, "{ AUTHMethods=(#3,APOP,PLAIN,LOGIN); }")
    ground.start()
    ground.create(encryption="clear")
    assert not ground.directory.clear_text_allowed(CLEAR)
    assert ground.directory.clear_text_allowed(SECURE)
    for credentials in (GOOD, WRONG, PlainCredentials("nobody", b"x")):
        with pytest.raises(PrivacyRequired):
            login(ground, credentials, CLEAR)
    assert cheap == []
    assert login(ground) == JOHN
    assert login(ground, apop(b"secret"), CLEAR) == JOHN


@pytest.mark.parametrize("methods", ["All", "(CLRTXT)", "(2,CLRTXT,PLAIN)", "clrtxt"])
def test_clrtxt_on(ground, john, methods):
    """All, and any list with CLRTXT, allow clear passwords on open links."""
    ground.write(SETTINGS, f"{{ AUTHMethods={methods}; }}")
    ground.start()
    assert ground.directory.clear_text_allowed(CLEAR)
    assert login(ground, GOOD, CLEAR) == JOHN


def test_clrtxt_of_another_domain(ground, cheap):
    """The account's own domain has the last word, after the password (spec 9.1.6)."""
    ground.write("Domains/client2.com/Settings/Domain.settings", "{ AUTHMethods=None; }")
    ground.start()
    ground.create(domain="client2.com")
    there = PlainCredentials("john@client2.com", b"secret")
    assert ground.directory.clear_text_allowed(CLEAR)
    with pytest.raises(PrivacyRequired):
        login(ground, there, CLEAR)
    with pytest.raises(AuthenticationFailed):
        login(ground, replace(there, password=b"wrong"), CLEAR)
    assert login(ground, there) == AccountName("john", "client2.com")


def test_require_apop(ground, john):
    """ "Secure Method Required": clear passwords over TLS only; who has not the password learns nothing of it."""
    result(john.set_settings({"RequireAPOP": "YES"}))
    assert login(ground) == JOHN
    with pytest.raises(PrivacyRequired):
        login(ground, GOOD, CLEAR)
    with pytest.raises(AuthenticationFailed):
        login(ground, WRONG, CLEAR)


@pytest.mark.parametrize(
    ("modes", "imap", "pop"), [("All", True, True), ("None", False, False), ("(9,Mail,POP)", False, True)]
)
@pytest.mark.parametrize("where", ["account", "domain"])
def test_access_modes(ground, cheap, modes, imap, pop, where):
    """AccessModes and DomainAccessModes switch protocols off; only who has the password is told."""
    if where == "domain":
        ground.write(SETTINGS, f"{{ DomainAccessModes={modes}; }}")
        ground.start()
    record = ground.create()
    if where == "account":
        result(record.set_settings({"AccessModes": ["9", "Mail", "POP"] if "POP" in modes else modes}))
    for service, allowed in (("IMAP", imap), ("POP", pop)):
        link = replace(SECURE, service=service)
        with pytest.raises(AuthenticationFailed):
            login(ground, WRONG, link)
        if allowed:
            assert login(ground, GOOD, link) == JOHN
        else:
            with pytest.raises(ServiceDisabled):
                login(ground, GOOD, link)


def test_own_password_off(ground, john):
    """UseAppPassword=NO: the password kept here does not count."""
    result(john.set_settings({"UseAppPassword": "NO"}))
    with pytest.raises(AuthenticationFailed):
        login(ground)


def test_damaged_account(ground, john):
    """Settings that cannot be read are a temporary failure: the client keeps its password."""
    ground.write("Accounts/john.macnt/account.settings", "{")
    ground.start()
    with pytest.raises(StorageFailed):
        login(ground)


def test_damaged_domain(ground, john):
    """When nobody knows what the domain allows, nothing is allowed for the time being."""
    ground.write(SETTINGS, "{ AUTHMethods=")
    ground.start()
    assert not ground.directory.clear_text_allowed(CLEAR)
    with pytest.raises(StorageFailed):
        login(ground)


def test_domain_by_local_address(ground, cheap):
    """A name without domain is looked for in the domain that the client connected to (spec 8.15)."""
    ground.write("Domains/client2.com/Settings/Domain.settings", "{ IPAddresses=(#I[192.0.2.7]); }")
    ground.start()
    ground.create(domain="client2.com")
    assert login(ground, GOOD, replace(SECURE, local="192.0.2.7")).domain == "client2.com"
    assert ground.directory.route("john", "") == AccountName("john", MAIN)


def test_two_hashes_at_a_time(tmp_path, cheap):
    """Hashes are computed two at a time; the others wait in line, and a line too long is refused."""
    ground = Ground(tmp_path, limits=replace(DEFAULTS, login_queue=3))
    ground.create()
    pool = SlowPool()
    ground.pools(hash=pool)
    outcomes = []
    for number in range(8):
        link = replace(SECURE, peer=f"198.51.100.{number}")
        ground.directory.login(GOOD, link).addBoth(outcomes.append)
        assert len(pool.waiting) <= 2
    assert [type(each.value) for each in outcomes] == [Busy] * 3
    while pool.waiting:
        pool.step()
        assert len(pool.waiting) <= 2
    assert outcomes[3:] == [JOHN] * 5
