"""The ways of logging in beside the password itself: who may use which; all are slowed down alike (spec 11.4)."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest
from scramp import ScramClient
from twisted.internet.defer import Deferred, fail, succeed

from cgpymail.directory import verifiers
from cgpymail.directory.dialogue import begin
from cgpymail.directory.login import LOOKUP_TIME
from cgpymail.directory.trust import Trust
from cgpymail.errors import AuthenticationFailed, Busy, CannotDo, PrivacyRequired, ServiceDisabled, StorageFailed
from cgpymail.grammar.sasl import scramkeys
from cgpymail.grammar.sasl.mechanism import Cancelled
from cgpymail.model.identity import (
    AccountName,
    ApopCredentials,
    CertificateNames,
    CramCredentials,
    ExternalCredentials,
    PlainCredentials,
    ScramCredentials,
    TlsFacts,
    TokenCredentials,
)
from cgpymail.runtime.limits import DEFAULTS
from tests.support.results import result
from tests.unit.directory.ground import CLEAR, JOHN, SECURE, TimedPool

SETTINGS = "Accounts/Settings/Domain.settings"
ACCESS = "Accounts/Settings/Access.settings"
TLS = replace(SECURE, encrypted=True, tls=TlsFacts({"tls-exporter": b"x"}))
SCRAM = "SCRAM-SHA-256"
BOTH = {"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "APOP"}
PLUS = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"}


class Tokens:
    """Knows one token; or nobody can tell."""

    def __init__(self, problem=None):
        self.problem = problem

    def check(self, token):
        if self.problem is not None:
            return fail(self.problem)
        return succeed("john@example.org") if token == "good" else fail(AuthenticationFailed(detail="it has expired"))


def certified(*emails, common=()):
    """A link whose client has shown a valid certificate."""
    return replace(TLS, tls=replace(TLS.tls, certificate=CertificateNames(emails, common)))


def login(ground, credentials, link=TLS):
    asked = ground.directory.login(credentials, link)
    ground.clock.advance(LOOKUP_TIME)
    return result(asked)


def refused(ground, credentials, link=TLS, error=AuthenticationFailed):
    with pytest.raises(error) as caught:
        login(ground, credentials, link)
    return caught.value


def verifier(ground, name, method=SCRAM):
    """Whatever the directory gives for a name."""
    asked = ground.directory.verifier(name, method, TLS)
    ground.clock.advance(1)
    return result(asked)


def proof(ground, name, password, method=SCRAM, authzid=""):
    """What a client that knows the password would show."""
    found = verifier(ground, name, method)
    hash_name = scramkeys.HASHES[method]
    salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), found.salt, found.iterations)
    key = hmac.digest(salted, b"Client Key", hash_name)
    signature = hmac.digest(hashlib.new(hash_name, key).digest(), b"message", hash_name)
    shown = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    return ScramCredentials(name, method, b"message", shown, authzid)


def cram(name, password):
    return CramCredentials(name, b"<1@x>", hmac.new(password, b"<1@x>", "md5").hexdigest())


@pytest.fixture
def john(ground, cheap):
    return ground.create()


def test_what_is_possible(ground, john):
    """Channel binding over TLS only; nothing that is not configured."""
    assert ground.directory.methods(CLEAR) == BOTH
    assert ground.directory.methods(SECURE) == BOTH
    assert ground.directory.methods(TLS) == BOTH | PLUS
    assert ground.directory.methods(replace(TLS, tls=None)) == BOTH | PLUS
    ground.directory.trust = Trust("email", Tokens())
    assert ground.directory.methods(CLEAR) == BOTH
    assert ground.directory.methods(TLS) == BOTH | PLUS | {"OAUTHBEARER", "XOAUTH2"}
    assert "EXTERNAL" in ground.directory.methods(certified("john@example.org"))
    assert "EXTERNAL" in ground.directory.methods(replace(TLS, tls=None))  # the handshake is still to come


@pytest.mark.parametrize(
    ("settings", "clear", "tls"),
    [
        ("AUTHMethods=None;", set(), {"PLAIN", "LOGIN"}),
        ("AUTHMethods=(#1,CRAM-MD5);", {"CRAM-MD5"}, {"CRAM-MD5", "PLAIN", "LOGIN"}),
        (
            "AUTHMethods=(CLRTXT,SCRAM-SHA-256);",
            {"PLAIN", "LOGIN", SCRAM},
            {"PLAIN", "LOGIN", SCRAM, SCRAM + "-PLUS"},
        ),
        ("AUTHMethods=(APOP,OAUTHBEARER,EXTERNAL);", {"APOP"}, {"PLAIN", "LOGIN", "APOP", "OAUTHBEARER"}),
        ("PasswordEncryption=clear;", BOTH | {"CRAM-MD5"}, BOTH | PLUS | {"CRAM-MD5", "OAUTHBEARER", "XOAUTH2"}),
    ],
)
def test_the_domain_decides(ground, settings, clear, tls):
    """AUTHMethods of the domain; CRAM-MD5 only where it can work."""
    ground.write(SETTINGS, f"{{ {settings} }}")
    ground.start()
    ground.directory.trust = Trust("email", Tokens())
    assert ground.directory.methods(CLEAR) == clear
    assert ground.directory.methods(TLS) == tls


def test_the_accounts_own_domain_has_the_last_word(ground, cheap):
    """Who has proved himself is told that the method is off."""
    ground.write("Domains/client2.com/Settings/Domain.settings", "{ AUTHMethods=(CLRTXT); }")
    ground.start()
    ground.create(domain="client2.com")
    shown = PlainCredentials("john@client2.com", b"secret")
    assert login(ground, shown) == AccountName("john", "client2.com")
    record = ground.record(AccountName("john", "client2.com"))
    made = verifiers.make("secret", record.own_setting("Password"), bytes(32))
    result(record.set_settings({verifiers.KEY: made}))
    refused(ground, proof(ground, "john@client2.com", "secret"), error=ServiceDisabled)
    refused(ground, proof(ground, "john@client2.com", "wrong"))


# -- SCRAM


@pytest.mark.parametrize("method", scramkeys.HASHES)
@pytest.mark.parametrize("encryption", ["", "clear"])
def test_scram(ground, cheap, method, encryption):
    """The verifiers are there from the first password on, after a restart too, and follow its changes."""
    ground.create(encryption=encryption)
    assert login(ground, proof(ground, "john", "secret", method)) == JOHN
    refused(ground, proof(ground, "john", "wrong", method))
    ground.do(ground.directory.set_password(JOHN, "other"))
    ground.start()
    assert login(ground, proof(ground, "John@example.org", "other", method), CLEAR) == JOHN
    refused(ground, proof(ground, "john", "secret", method))
    ground.do(ground.directory.remove_password(JOHN))
    refused(ground, proof(ground, "john", "other", method))


def test_a_password_changed_by_hand_ends_scram(ground, john):
    """Verifiers of the password before do not let anybody in."""
    result(john.set_settings({"Password": "$argon2other"}))
    refused(ground, proof(ground, "john", "secret"))
    assert login(ground, PlainCredentials("john", b"other")) == JOHN
    assert login(ground, proof(ground, "john", "other")) == JOHN


def test_verifiers_are_made_when_the_password_is_seen(ground, john):
    """An account from before gets them at its next login with the password itself."""
    result(john.set_settings({verifiers.KEY: None}))
    refused(ground, proof(ground, "john", "secret"))
    refused(ground, PlainCredentials("john", b"wrong"))
    assert john.own_setting(verifiers.KEY) is None
    login(ground, PlainCredentials("john", b"secret"))
    assert login(ground, proof(ground, "john", "secret")) == JOHN
    ground.start()
    assert login(ground, proof(ground, "john", "secret")) == JOHN


def test_no_verifiers_where_scram_is_off(ground, cheap):
    """A domain that does not want SCRAM keeps none: neither with a new password nor at a login."""
    ground.write(SETTINGS, "{ AUTHMethods=(CLRTXT,APOP); }")
    ground.start()
    john = ground.create()
    assert john.own_setting(verifiers.KEY) is None
    ground.do(ground.directory.set_password(JOHN, "other"))
    login(ground, PlainCredentials("john", b"other"))
    assert john.own_setting(verifiers.KEY) is None


def test_a_password_that_scram_cannot_have(ground):
    """Private characters: the password works as it is, and SCRAM does not."""
    ground.create(password="a\ue000")
    assert login(ground, PlainCredentials("john", "a\ue000".encode())) == JOHN
    refused(ground, proof(ground, "john", "a\ue000"))


def test_nobody_finds_out_who_is_there(ground, john):
    """Salt and iterations look alike, are the same each time and after a restart, and differ from name to name."""
    ground.create("new", password="")
    real, fake, without = (verifier(ground, name) for name in ("john", "nobody", "new"))
    assert len({len(each.salt) for each in (real, fake, without)}) == 1
    assert len({each.iterations for each in (real, fake, without)}) == 1
    assert len({each.salt for each in (real, fake, without)}) == 3
    ground.start()
    assert verifier(ground, "Nobody@example.org") == verifier(ground, "nobody%example.org") == fake
    assert verifier(ground, "../x") == verifier(ground, "../X") != fake
    assert verifier(ground, "nobody", "SCRAM-SHA-1").salt != fake.salt
    refused(ground, proof(ground, "nobody", "secret"))
    refused(ground, proof(ground, "new", "secret"))


def test_the_answer_takes_as_long_for_everybody(ground, john):
    """Neither a file that is looked for nor one in memory shows in the time."""
    for name in ("john", "nobody"):
        asked = ground.directory.verifier(name, SCRAM, TLS)
        ground.clock.advance(0.019)
        assert not asked.called
        ground.clock.advance(0.002)
        assert asked.called


@pytest.mark.parametrize("looking", [0.001, 0.015])
@pytest.mark.parametrize("kind", ["cram", "scram", "apop"])
def test_a_refusal_takes_as_long_for_everybody(ground, cheap, kind, looking):
    """A name that must be looked for on the disk each time is refused as fast as one in memory."""
    ground.create(encryption="clear")
    login(ground, PlainCredentials("john", b"secret"))
    ground.pools(read=TimedPool(ground.clock, 1, looking))
    took = []
    for name in ("john", "nobody"):
        wrong = {
            "cram": cram(name, b"wrong"),
            "scram": ScramCredentials(name, SCRAM, b"message", bytes(32)),
            "apop": ApopCredentials(name, b"<1@x>", "0" * 32),
        }[kind]
        asked, began = ground.directory.login(wrong, TLS), ground.clock.seconds()
        while not asked.called:
            ground.clock.advance(0.001)
        took.append(ground.clock.seconds() - began)
        asked.addErrback(lambda failure: failure.trap(AuthenticationFailed))
    assert took == pytest.approx([LOOKUP_TIME, LOOKUP_TIME], abs=0.0015)


def test_questions_of_one_address_wait_in_line(ground, john):
    """Two at a time, like tries: nobody keeps the disk busy with names that he makes up."""
    asked = [ground.directory.verifier(f"name{number}", SCRAM, TLS) for number in range(5)]
    for done in (0, 2, 4, 5):
        assert sum(each.called for each in asked) == done
        ground.clock.advance(0.021)
    assert len(ground.directory._logins._lines) == 0


def test_a_damaged_account_is_not_told_from_others(ground, john):
    """The question is answered as for nobody; the login then fails for the time being, as with a password."""
    ground.write("Accounts/john.macnt/account.settings", "{")
    ground.start()
    shown = proof(ground, "john", "secret")
    refused(ground, shown, error=StorageFailed)


# -- the others


def test_cram(ground, cheap):
    """With a recoverable password only, as APOP."""
    ground.create(encryption="clear")
    ground.create("jane")
    assert login(ground, cram("john", b"secret"), CLEAR) == JOHN
    for wrong in (cram("john", b"wrong"), cram("jane", b"secret"), cram("nobody", b""), cram("jane", b"")):
        refused(ground, wrong, CLEAR)


def test_external(ground, john):
    """The address in the certificate, where the account allows it."""
    ground.directory.trust = Trust("email")
    link = certified("John@example.org")
    refused(ground, ExternalCredentials(), link)
    result(john.set_settings({"UseCertificateAuth": "YES"}))
    assert login(ground, ExternalCredentials(), link) == JOHN
    assert login(ground, ExternalCredentials(authzid="john"), link) == JOHN
    ground.create("jane")
    refused(ground, ExternalCredentials(authzid="jane"), link)
    for other in (certified("jane@example.org"), certified("x@y.net"), certified("john"), certified(), TLS, CLEAR):
        ground.clock.advance(60)  # what was refused before is forgotten
        refused(ground, ExternalCredentials(), other)
    refused(ground, ExternalCredentials(), certified("john@example.org", "jane@example.org"))
    refused(ground, ExternalCredentials(), certified(common=("john@example.org",)))


def test_external_by_common_name(ground, john):
    """Another field, if it is configured; then the address does not count."""
    ground.directory.trust = Trust("cn")
    result(john.set_settings({"UseCertificateAuth": "YES"}))
    assert login(ground, ExternalCredentials(), certified("jane@example.org", common=("john",))) == JOHN
    refused(ground, ExternalCredentials(), certified("john@example.org"))
    ground.directory.trust = Trust()
    refused(ground, ExternalCredentials(), certified(common=("john",)))


def test_tokens(ground, john):
    """The token says who it is; a name beside it must be the same account."""
    ground.directory.trust = Trust(tokens=Tokens())
    assert login(ground, TokenCredentials("OAUTHBEARER", "good")) == JOHN
    assert login(ground, TokenCredentials("XOAUTH2", "good", authzid="john")) == JOHN
    ground.create("jane")
    for wrong in ("jane", "nobody"):
        refused(ground, TokenCredentials("XOAUTH2", "good", authzid=wrong))
    refused(ground, TokenCredentials("XOAUTH2", "bad", authzid="john"))
    assert any("login by token from 192.0.2.1 failed: it has expired" in line for line in ground.lines)
    ground.directory.trust = Trust()
    refused(ground, TokenCredentials("OAUTHBEARER", "good"))


def test_nobody_can_tell_about_tokens(ground, john):
    """A temporary failure, which is nobody's wrong guess."""
    ground.directory.trust = Trust(tokens=Tokens(Busy()))
    for _ in range(30):
        refused(ground, TokenCredentials("XOAUTH2", "good", authzid="john"), error=Busy)
    ground.directory.trust = Trust(tokens=Tokens())
    assert login(ground, TokenCredentials("XOAUTH2", "good", authzid="john")) == JOHN


@pytest.mark.parametrize("method", ["password", "scram", "cram", "token", "certificate"])
@pytest.mark.parametrize("name", ["john", "nobody"])
def test_guesses_are_slowed_down_alike(ground, john, method, name):
    """After as many wrong tries as are free, the next one has to wait, whatever the method."""
    ground.directory.trust = Trust("email", Tokens())
    wrong, link = {
        "password": (PlainCredentials(name, b"wrong"), TLS),
        "scram": (ScramCredentials(name, SCRAM, b"message", bytes(32)), TLS),
        "cram": (cram(name, b"wrong"), TLS),
        "token": (TokenCredentials("XOAUTH2", "bad", authzid=name), TLS),
        "certificate": (ExternalCredentials(), certified(f"{name}@example.org")),
    }[method]
    for _ in range(DEFAULTS.login_free + 1):
        refused(ground, wrong, link)
    for seconds in (0.5, 1, 2):
        waiting = ground.directory.login(wrong, link)
        ground.clock.advance(seconds * 0.9)
        assert not waiting.called
        ground.clock.advance(seconds)
        ground.clock.advance(LOOKUP_TIME)
        with pytest.raises(AuthenticationFailed):
            result(waiting)


# -- acting for others


@pytest.fixture
def administrator(ground, cheap):
    """boss has the right All Users; john and jane have not."""
    ground.write(ACCESS, '{ boss=(#2,"All Users",Monitor); jane=(Monitor); }')
    ground.write("Domains/client2.com/Settings/Access.settings", '{ boss=("All Users"); }')
    ground.start()
    for name in ("boss", "jane", "john"):
        ground.create(name)
    ground.create("boss", domain="client2.com")


@pytest.mark.parametrize("wanted", ["john", "JOHN@example.org", "boss@client2.com"])
def test_an_administrator_acts_for_others(ground, administrator, wanted):
    """By PLAIN and SCRAM, and the log says who acted for whom."""
    name = AccountName("boss", "client2.com") if "client2" in wanted else JOHN
    ground.runtime.logs.levels["ACCOUNT"] = 5
    assert login(ground, PlainCredentials("boss", b"secret", wanted)) == name
    assert login(ground, proof(ground, "boss", "secret", authzid=wanted)) == name
    assert sum(f"boss@example.org acts for {name}" in line for line in ground.lines) == 2
    refused(ground, PlainCredentials("boss", b"wrong", wanted))
    assert login(ground, PlainCredentials("boss", b"secret")) == AccountName("boss", "example.org")


def test_an_administrator_by_token_and_certificate(ground, administrator):
    """They have authorization identities too."""
    ground.directory.trust = Trust("email", Tokens())
    ground.write(ACCESS, "{ john={Master=YES;}; }")
    ground.start()
    ground.directory.trust = Trust("email", Tokens())
    jane = AccountName("jane", "example.org")
    assert login(ground, TokenCredentials("OAUTHBEARER", "good", authzid="jane")) == jane
    result(ground.record().set_settings({"UseCertificateAuth": "YES"}))
    assert login(ground, ExternalCredentials(authzid="jane"), certified("john@example.org")) == jane


@pytest.mark.parametrize("wanted", ["john", "nobody", "/", "nobody@elsewhere.net"])
@pytest.mark.parametrize("who", ["jane", "boss@client2.com"])
def test_others_act_for_nobody(ground, administrator, cheap, who, wanted):
    """Whoever is asked for, the answer and the work are those of a wrong password; rights of another domain do not
    count."""
    said = [
        (refused(ground, shown).public, len(cheap), cheap.clear())
        for shown in (PlainCredentials(who, b"secret", wanted), PlainCredentials(who, b"wrong", wanted))
    ]
    assert said[0] == said[1]


def test_who_is_not_there(ground, administrator):
    """An administrator is refused an account that does not exist as one with a wrong password is."""
    refused(ground, PlainCredentials("boss", b"secret", "nobody"))


@pytest.mark.parametrize("without", ["boss", "john"])
def test_both_accounts_need_the_service(ground, administrator, without):
    """AccessModes of the administrator and of the other account."""
    record = ground.record(AccountName(without, "example.org"))
    result(record.set_settings({"AccessModes": ["2", "Mail", "POP"]}))
    shown = PlainCredentials("boss", b"secret", "john")
    refused(ground, shown, error=ServiceDisabled)
    assert login(ground, shown, replace(TLS, service="POP")) == JOHN


def test_damaged_rights_are_no_rights(ground, administrator):
    """When nobody can read who is an administrator, nobody is."""
    ground.write(ACCESS, "{ boss=(")
    ground.start()
    refused(ground, PlainCredentials("boss", b"secret", "john"))


# -- the exchange with the directory behind it


def talk(ground, work):
    """The outcome of a step; the clock moves while it waits."""
    done = Deferred.fromCoroutine(work)
    ground.clock.advance(1)
    return result(done)


def test_a_whole_exchange(ground, john):
    """An independent client, the mechanism and the directory together."""
    for password, last in (("secret", None), ("wrong", AuthenticationFailed)):
        client = ScramClient([SCRAM], "john", password)
        dialogue = begin(ground.directory, ground.runtime, "host", SCRAM, TLS, 10_000)
        first = talk(ground, dialogue.first(b64encode(client.get_client_first().encode())))
        client.set_server_first(b64decode(first).decode())
        final = b64encode(client.get_client_final().encode())
        if last is not None:
            with pytest.raises(last):
                talk(ground, dialogue.feed(final))
            continue
        client.set_server_final(b64decode(talk(ground, dialogue.feed(final))).decode())
        assert talk(ground, dialogue.feed(b"")) == JOHN
        assert dialogue.login == "john"
        with pytest.raises(Cancelled):
            talk(ground, dialogue.feed(b"*"))


def test_a_refused_token_is_told_in_two_steps(ground, john):
    """The reason first, the failure after the client has acknowledged it, even by giving up."""
    ground.directory.trust = Trust(tokens=Tokens())
    for acknowledgement in (b"AQ==", b"*", b""):
        dialogue = begin(ground.directory, ground.runtime, "host", "XOAUTH2", TLS, 10_000)
        reason = talk(ground, dialogue.first(b64encode(b"user=john\x01auth=Bearer bad\x01\x01")))
        assert isinstance(reason, bytes)
        with pytest.raises(AuthenticationFailed):
            talk(ground, dialogue.feed(acknowledgement))


@pytest.mark.parametrize(
    ("mechanism", "link", "error"),
    [
        ("MAGIC", TLS, CannotDo),
        ("SCRAM-SHA-1-PLUS", CLEAR, PrivacyRequired),
        ("OAUTHBEARER", TLS, CannotDo),
        ("EXTERNAL", TLS, CannotDo),
        ("CRAM-MD5", CLEAR, CannotDo),
    ],
)
def test_what_is_not_to_be_had(ground, mechanism, link, error):
    """A client hears whether TLS would help."""
    with pytest.raises(error):
        begin(ground.directory, ground.runtime, "host", mechanism, link, 100)
