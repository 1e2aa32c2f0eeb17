"""The cgpymail tool at work on a World: commands on mailboxes and preferences, by the words of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from twisted.internet.defer import Deferred

from cgpymail.admin import exits
from cgpymail.admin.asking import question
from cgpymail.admin.commands import execute
from cgpymail.admin.job import Job, Server
from cgpymail.admin.options import parser
from cgpymail.model.identity import AccountName
from tests.support.records import MemoryRecord
from tests.support.world import DOMAIN, World


class Directory:
    """What the commands ask of it: the domain, and records by name."""

    def __init__(self, world: World) -> None:
        domain = SimpleNamespace(name=DOMAIN)
        self.domains = SimpleNamespace(main=domain, need=lambda name: domain)
        self._records = world.directory.records

    async def need(self, name: AccountName) -> MemoryRecord:
        """The account's record."""
        return self._records[name]


def administrate(world: World, words: Sequence[str]) -> Deferred[None]:
    """Do it; fails unless it succeeds, with what the tool complained of."""
    server = cast(Server, SimpleNamespace(services=world.services, directory=Directory(world)))
    complaints: list[str] = []
    request = question(parser().parse_args(list(words)), "").request
    done: Deferred[Any] = Deferred.fromCoroutine(execute(Job(request, server, lambda text: None, complaints.append)))

    def check(code: int) -> None:
        assert code == exits.OK, complaints

    return done.addCallback(check)
