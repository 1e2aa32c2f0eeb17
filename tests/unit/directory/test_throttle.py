"""The slow-down of wrong passwords, driven by a clock: minutes of attack in no time."""

from dataclasses import replace

import pytest

from cgpymail.directory.throttle import Throttle, network
from cgpymail.errors import AuthenticationFailed, Busy
from cgpymail.model.identity import PlainCredentials
from cgpymail.runtime.limits import DEFAULTS
from tests.unit.directory.ground import SECURE, Ground, TimedPool

HASH_SECONDS = 0.05  # a slow machine


class Experiment:
    """Clients log in at given times over a clock; each outcome is kept with the time it took."""

    def __init__(self, path, limits=DEFAULTS):
        self.ground = Ground(path, limits=limits)
        self.ground.create()
        self.ground.create("jane")
        self.pool = TimedPool(self.ground.clock, DEFAULTS.hashes, HASH_SECONDS)
        self.ground.pools(hash=self.pool)
        self.took: dict[str, list[tuple[float, str]]] = {}

    def login(self, peer, password="secret", name="john"):
        """Try now; the outcome is one of: in, wrong, busy."""
        begun = self.ground.clock.seconds()

        def finished(outcome):
            kind = {AuthenticationFailed: "wrong", Busy: "busy"}[outcome.type] if hasattr(outcome, "type") else "in"
            self.took.setdefault(peer, []).append((self.ground.clock.seconds() - begun, kind))

        work = self.ground.directory.login(PlainCredentials(name, password.encode()), replace(SECURE, peer=peer))
        work.addBoth(finished)

    def run(self, seconds, each_second=(), step=0.01):
        """Let time pass; ``each_second`` are calls that are spread over every second."""
        for _ in range(seconds):
            for number in range(round(1 / step)):
                due = number * len(each_second) * step
                for place, call in enumerate(each_second):
                    if due <= place < due + len(each_second) * step:
                        call()
                self.ground.clock.advance(step)

    def outcomes(self, peer):
        """Of one address."""
        return [kind for _, kind in self.took.get(peer, [])]


@pytest.fixture
def experiment(tmp_path, cheap):
    """One over a fresh base directory; at the end every login has its answer."""
    experiment = Experiment(tmp_path)
    yield experiment
    while experiment.ground.clock.getDelayedCalls():
        experiment.ground.clock.advance(1)


@pytest.mark.parametrize("attackers", [1, 7, 500])
@pytest.mark.parametrize("target", ["john", "nobody", "jane"])
def test_trusted_address_waits_two_seconds_at_most(experiment, attackers, target):
    """While others send 1,000 bad logins a minute, an address with a recent success gets in within two seconds."""
    home = "192.0.2.50"
    experiment.login(home)
    experiment.run(1)
    sent = 0

    def attack():
        nonlocal sent
        sent += 1
        experiment.login(f"203.0.{sent % attackers // 250}.{sent % attackers % 250}", f"guess{sent}", target)

    for minute in range(3):
        for _ in range(4):
            experiment.run(14, [attack] * 17)
            experiment.ground.directory._logins.verified.forget(experiment.ground.record().name)
            experiment.login(home)
            experiment.login(home, name="jane")
        assert sent >= (minute + 1) * 950
    experiment.run(3)
    assert experiment.outcomes(home) == ["in"] * 25
    assert max(took for took, _ in experiment.took[home]) <= 2.0
    assert experiment.pool.busiest <= DEFAULTS.hashes


def test_one_address_is_slowed_down(experiment, cheap):
    """An address that guesses gets some ten answers a minute, not a thousand, and its neighbours notice nothing."""
    experiment.run(120, [lambda: experiment.login("203.0.113.1", "guess")] * 10)
    assert 10 <= experiment.outcomes("203.0.113.1").count("wrong") <= 40
    assert experiment.outcomes("203.0.113.1").count("busy") > 500
    assert len(cheap) <= 40
    experiment.login("203.0.113.2", name="jane")
    experiment.run(1)
    assert experiment.took["203.0.113.2"] == [(pytest.approx(HASH_SECONDS, abs=0.02), "in")]


def test_one_account_is_protected(experiment, cheap):
    """A thousand addresses that guess at one account get some ten answers a minute together."""
    sent = 0

    def attack():
        nonlocal sent
        sent += 1
        experiment.login(f"203.{sent // 60000}.{sent // 250 % 240}.{sent % 250}", f"guess{sent}")

    experiment.run(120, [attack] * 17)
    assert len(cheap) <= 60


def test_a_typing_error_costs_nothing(experiment):
    """The first few wrong passwords are answered without delay."""
    for _ in range(3):
        experiment.login("192.0.2.9", "typo")
        experiment.run(1)
    experiment.login("192.0.2.9")
    experiment.run(1)
    assert experiment.outcomes("192.0.2.9") == ["wrong"] * 3 + ["in"]
    assert max(took for took, _ in experiment.took["192.0.2.9"]) < 0.2


def test_forgiven(experiment):
    """After some minutes of quiet an address is as good as new."""
    experiment.run(30, [lambda: experiment.login("192.0.2.9", "guess")])
    experiment.run(240, step=1)
    experiment.took.clear()
    experiment.login("192.0.2.9")
    experiment.run(1)
    assert experiment.took["192.0.2.9"] == [(pytest.approx(HASH_SECONDS, abs=0.02), "in")]


def test_parallel_guesses_gain_nothing(experiment, cheap):
    """Many connections from one address at once are judged one after the other."""
    for number in range(100):
        experiment.login("203.0.113.1", f"guess{number}")
    experiment.run(60)
    assert len(cheap) <= 20


def test_many_users_behind_one_address(experiment):
    """After a restart a whole office logs in from one address without being slowed down."""
    for number in range(50):
        experiment.login("192.0.2.50", name="john" if number % 2 else "jane")
    experiment.run(3)
    assert experiment.outcomes("192.0.2.50") == ["in"] * 50


def test_state_is_bounded(tmp_path):
    """Attackers with endless addresses and names cannot fill the memory, nor push out trust."""
    ground = Ground(tmp_path)
    throttle = Throttle(ground.clock, replace(DEFAULTS, login_states=100))
    throttle.succeeded("home")
    for number in range(10_000):
        throttle.wait(f"a{number}", f"n{number}")
        throttle.failed(f"a{number}", f"n{number}")
    assert len(throttle) == 201
    assert throttle.trusts("home")
    ground.clock.advance(DEFAULTS.login_trust)
    assert not throttle.trusts("home")


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix", "unix"),
    ],
)
def test_network(peer, counted):
    """What counts as one address: of IPv6, the network of one customer."""
    assert network(peer) == counted
