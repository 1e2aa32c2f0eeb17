"""SCRAM verifiers for accounts whose password was set without them: made when the password is next seen in clear.

That happens behind the login, which does not wait for it. An account has one at most under way.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cgpymail.directory import verifiers
from cgpymail.directory.proofs import PASSWORD
from cgpymail.directory.record import AccountRecord
from cgpymail.directory.turns import Turns
from cgpymail.errors import Busy, StorageFailed
from cgpymail.model.identity import AccountName
from cgpymail.runtime.logs import LOW, PROBLEM
from cgpymail.runtime.runtime import Runtime


class Enrolment:
    """``hashing``: the line for whatever computes hashes; what finds it full is tried again at another login."""

    def __init__(self, runtime: Runtime, hashing: Turns) -> None:
        self._runtime = runtime
        self._hashing = hashing
        self._log = runtime.logs.module("ACCOUNT")
        self._under_way: dict[AccountName, Deferred[None]] = {}

    def enrol(self, record: AccountRecord, password: bytes) -> None:
        """Make and keep what the account lacks. ``password`` is right."""
        stored = record.own_setting(PASSWORD)
        if record.name in self._under_way or verifiers.current(record.own_setting(verifiers.KEY), stored):
            return
        done = self._under_way[record.name] = Deferred.fromCoroutine(self._enrol(record, password, stored))
        done.addErrback(lambda failure: self._log.failure(f"SCRAM verifiers of {record.name}", failure))
        done.addBoth(self._over, record.name)

    async def _enrol(self, record: AccountRecord, password: bytes, stored: Any) -> None:
        try:
            made = await self._make(password, stored)
            if made is not None and record.own_setting(PASSWORD) == stored:
                await record.set_settings({verifiers.KEY: made})
                self._log.write(LOW, f"{record.name} can use SCRAM from now on")
        except (Busy, StorageFailed) as problem:
            self._log.write(PROBLEM, f"SCRAM verifiers of {record.name} could not be kept: {problem}")

    async def _make(self, password: bytes, stored: Any) -> Any:
        try:
            text = password.decode("utf-8")
        except UnicodeDecodeError:
            return None
        await self._hashing.enter()
        try:
            salt = self._runtime.random(verifiers.salt_size())
            return await self._runtime.pools.hash.run(verifiers.make, text, stored, salt)
        finally:
            self._hashing.leave()

    def _over(self, _: object, name: AccountName) -> None:
        del self._under_way[name]

    async def settled(self) -> None:
        """Fires when nothing is under way."""
        for done in list(self._under_way.values()):
            waiter: Deferred[None] = Deferred()
            done.addCallback(waiter.callback)
            await waiter
