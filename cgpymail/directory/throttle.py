"""Slow-down of wrong passwords, so that guessing is slow and nobody else notices.

Every address, and every account, has a meter: a wrong password raises its level, and time lowers it (ten a minute).
Above a few that are free, each further try has to wait: half a second, one, two, four, then ``login_delay``. So an
address gets no more than about ten wrong passwords a minute, and so does an account from all strange addresses
together. An address from which somebody logged in lately is trusted: whatever others do to an account, it waits at
most ``login_delay_trusted``. A try that would wait longer than ``login_wait`` is refused at once.

Trust is kept apart from the meters and only a login can push it out, so a flood of strangers cannot. All three tables
are bounded; the least recently used entry goes. Addresses of IPv6 count by their /64, as one customer has so many.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass

from cgpymail.directory.domains import canonical_address
from cgpymail.errors import Busy
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.runtime import Clock

FIRST_DELAY = 0.5  # seconds


def network(peer: str) -> str:
    """What counts as one address."""
    text = canonical_address(peer)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return text


@dataclass(slots=True)
class Meter:
    """Wrong passwords of one address or for one account."""

    level: float = 0.0
    at: float = 0.0
    free_at: float = 0.0  # the next try may begin then

    def settle(self, now: float, forgiven: int) -> None:
        """Forget what time has healed. ``forgiven`` a minute."""
        self.level = max(0.0, self.level - (now - self.at) * forgiven / 60)
        self.at = now

    def delay(self, free: int, most: float) -> float:
        """Seconds between two tries at this level."""
        above = min(math.ceil(self.level - free), 16)
        return min(most, FIRST_DELAY * 2.0 ** (above - 1)) if above > 0 else 0.0


class Throttle:
    """Decides from memory by the clock; the caller does the waiting."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._addresses: OrderedDict[str, Meter] = OrderedDict()
        self._accounts: OrderedDict[str, Meter] = OrderedDict()
        self._trusted: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._addresses) + len(self._accounts) + len(self._trusted)

    def trusts(self, address: str) -> bool:
        """Whether somebody logged in from there lately."""
        since = self._trusted.get(address)
        return since is not None and self._clock.seconds() - since < self._limits.login_trust

    def wait(self, address: str, account: str) -> float:
        """Seconds that a try must wait from now; its turn at the account is taken. Raises Busy when it is too long."""
        now = self._clock.seconds()
        limits = self._limits
        trusted = self.trusts(address)
        own = self._known(self._addresses, address, now).free_at - now
        if trusted:
            own = min(own, limits.login_delay_trusted)
        meter = self._known(self._accounts, account, now)
        turn = max(meter.free_at, now + own)
        others = turn - now if not trusted else min(turn - now, max(own, limits.login_delay_trusted))
        if others > limits.login_wait:
            raise Busy("Too many wrong passwords; try again later")
        if not trusted:
            meter.free_at = turn + meter.delay(limits.login_free_account, limits.login_delay)
        return max(0.0, others)

    def failed(self, address: str, account: str) -> None:
        """A wrong password."""
        now = self._clock.seconds()
        limits = self._limits
        own = self._touch(self._addresses, address, now)
        own.level += 1
        most = limits.login_delay_trusted if self.trusts(address) else limits.login_delay
        own.free_at = max(now, own.free_at) + own.delay(limits.login_free, most)
        self._touch(self._accounts, account, now).level += 1

    def succeeded(self, address: str) -> None:
        """A right password."""
        self._trusted[address] = self._clock.seconds()
        self._trusted.move_to_end(address)
        if len(self._trusted) > self._limits.login_states:
            self._trusted.popitem(last=False)

    def _known(self, table: OrderedDict[str, Meter], key: str, now: float) -> Meter:
        """The meter as it is now; one that is not kept if nothing is known."""
        meter = table.get(key)
        if meter is None:
            return Meter(0.0, now, now)
        meter.settle(now, self._limits.login_forgiven)
        return meter

    def _touch(self, table: OrderedDict[str, Meter], key: str, now: float) -> Meter:
        meter = table[key] = self._known(table, key, now)
        table.move_to_end(key)
        if len(table) > self._limits.login_states:
            table.popitem(last=False)
        return meter
