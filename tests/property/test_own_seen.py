"""Mailboxes where every user has a Seen of his own, against a naive model: a set of UIDs for each user.

Three users read, flag, add and remove messages in several sessions, the option is switched while they do, and what
every client shows, what it is told, and what MODSEQs tell one that comes back is compared with the model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.defer import Deferred

from cgpymail.manager.handle import Handle
from cgpymail.manager.ownseen import set_own_seen
from cgpymail.model.flags import FLAGGED, SEEN
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.model.uidset import NumberSet
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.spool import MemoryContent
from tests.support.results import result
from tests.support.world import DOMAIN, World

USERS = ("john", "anna", "boss")
USER = st.sampled_from(USERS)
PLACES = st.lists(st.integers(0, 9), min_size=1, max_size=4)
NAMES = st.lists(st.sampled_from(("\\Seen", "\\Flagged")), min_size=1, max_size=2)
ALL = NumberSet(((1, 0),))


class Client:
    """One session: what it shows, and what it remembers for coming back."""

    def __init__(self, user: str, handle: Handle, shows: dict[int, int], step: int) -> None:
        self.user = user
        self.handle = handle
        self.shows = dict(shows)
        self.step = step  # when it was last told of everything
        self.highest = 0


class OwnSeen(RuleBasedStateMachine):
    """``read``: by user; ``common``: what those begin with who have read nothing since; ``changed``: at which step a
    user could last see a message change."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(limits=replace(DEFAULTS, change_log=4))
        for name in USERS:
            self.world.account(name)
        self.doors = {name: self.world.user(name) for name in USERS}
        record = self.world.directory.records[AccountName("john", DOMAIN)]
        result(record.update_mailboxes({"INBOX": {"Access": {"anna": "lrswitd", "boss": "lrswitd"}}}))
        self.on = False
        self.step = 1
        self.common: dict[int, int] = {}
        self.read: dict[str, set[int]] = {}
        self.changed: dict[tuple[str, int], int] = {}
        self.clients: list[Client] = []
        self.highest: dict[str, int] = {}
        self.visible: dict[str, int] = {}  # the step of the last change that a user could see
        self.memories: list[tuple[str, int, int]] = []  # user, HIGHESTMODSEQ, step
        self.add("john", 4, [])
        self.switched()
        for user in ("john", "anna", "boss", "boss"):
            self.opened(user)

    # -- the model -----------------------------------------------------------------------------------------------

    def flags(self, user: str) -> dict[int, int]:
        """What a user sees."""
        if not self.on:
            return dict(self.common)
        mine = self.read.get(user, {uid for uid, mask in self.common.items() if mask & SEEN})
        return {uid: mask & ~SEEN | (SEEN if uid in mine else 0) for uid, mask in self.common.items()}

    def put(self, user: str, uid: int, mask: int) -> None:
        """A user's change."""
        before = {name: self.flags(name) for name in USERS}
        if self.on:
            mine = self.read.setdefault(user, {uid for uid, mask in self.flags(user).items() if mask & SEEN})
            (mine.add if mask & SEEN else mine.discard)(uid)
            mask = mask & ~SEEN | self.common.get(uid, 0) & SEEN
        self.common[uid] = mask
        for name in USERS:
            if before[name].get(uid) != self.flags(name)[uid]:
                self.changed[name, uid] = self.visible[name] = self.step

    # -- what users do -------------------------------------------------------------------------------------------

    def name(self, user: str) -> str:
        """What the user calls the mailbox."""
        return "INBOX" if user == "john" else "~john/INBOX"

    @rule(user=USER)
    def opened(self, user: str) -> None:
        """Another session."""
        if len(self.clients) < 6:
            handle = self.world.run(self.doors[user].open(self.name(user)))
            self.clients.append(Client(user, handle, self.flags(user), self.step))
            self.remember(self.clients[-1])

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5))
    def closed(self, number: int) -> None:
        """A session ends."""
        client = self.clients.pop(number % len(self.clients))
        self.world.run(client.handle.close())
        self.world.turns(5)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5), places=PLACES, action=st.sampled_from(("add", "remove", "set")), names=NAMES)
    def store(self, number: int, places: list[int], action: Any, names: list[str]) -> None:
        """STORE, as a client does that has heard of everything."""
        client = self.clients[number % len(self.clients)]
        self.told(number)
        self.step += 1
        uids = sorted({self.uid(place) for place in places if self.common})
        assert client.handle.store_flags(uids, action, names) == uids
        bits = (SEEN if "\\Seen" in names else 0) | (FLAGGED if "\\Flagged" in names else 0)
        for uid in uids:
            old = client.shows[uid]
            client.shows[uid] = {"add": old | bits, "remove": old & ~bits, "set": bits}[action]
            self.put(client.user, uid, client.shows[uid])

    @precondition(lambda self: self.clients and self.common)
    @rule(number=st.integers(0, 5), place=st.integers(0, 9))
    def fetched(self, number: int, place: int) -> None:
        """A message is read, which sets Seen."""
        client = self.clients[number % len(self.clients)]
        self.told(number)
        self.step += 1
        uid = self.uid(place)
        assert bool(client.handle.mark_seen([uid])) == (not client.shows[uid] & SEEN)
        client.shows[uid] |= SEEN
        self.put(client.user, uid, client.shows[uid])

    @rule(user=USER, count=st.integers(1, 2), places=st.lists(st.just(0), max_size=1))
    def add(self, user: str, count: int, places: list[int]) -> None:
        """APPEND, read by him who does it if ``places`` has something."""
        if len(self.common) > 9:
            return
        self.step += 1
        mask = SEEN if places else 0
        messages = [NewMessage(MemoryContent(b"Subject: x\r\n\r\n"), 1, mask) for _ in range(count)]
        _, uids = self.world.run(self.doors[user].append(self.name(user), messages))
        for uid in uids:
            self.common[uid] = 0
            for name in USERS:
                self.changed[name, uid] = self.visible[name] = self.step
            self.put(user, uid, mask)

    @precondition(lambda self: self.clients and self.common)
    @rule(number=st.integers(0, 5), place=st.integers(0, 9))
    def copied(self, number: int, place: int) -> None:
        """COPY into the same mailbox: the copy has the Seen of him who made it, for him alone."""
        client = self.clients[number % len(self.clients)]
        if len(self.common) > 9:
            return
        self.told(number)
        self.step += 1
        uid = self.uid(place)
        [copy] = self.world.run(client.handle.copy([uid], self.name(client.user))).copied
        self.common[copy] = 0
        for name in USERS:
            self.changed[name, copy] = self.visible[name] = self.step
        self.put(client.user, copy, client.shows[uid])

    @precondition(lambda self: self.clients and self.common)
    @rule(number=st.integers(0, 5), place=st.integers(0, 9))
    def removed(self, number: int, place: int) -> None:
        """A message goes."""
        client = self.clients[number % len(self.clients)]
        self.told(number)
        self.step += 1
        uid = self.uid(place)
        assert self.world.run(client.handle.remove([uid])) == [uid]
        del self.common[uid]
        self.visible = dict.fromkeys(USERS, self.step)

    @rule()
    def switched(self) -> None:
        """The owner changes his mind."""
        self.step += 1
        account = self.doors["john"]._own
        done: list[None] = []
        work = Deferred.fromCoroutine(set_own_seen(account, "INBOX", on=not self.on))
        work.addCallback(done.append)
        self.world.turns(20)
        assert done
        self.on = not self.on
        self.read.clear()
        if not self.on:
            for name in USERS:
                for uid in self.common:
                    self.changed[name, uid] = self.visible[name] = self.step

    # -- what users hear -----------------------------------------------------------------------------------------

    def uid(self, place: int) -> int:
        """Some message."""
        return sorted(self.common)[place % len(self.common)]

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5))
    def told(self, number: int) -> None:
        """A client is told everything: then it shows what there is; and nothing is said that it could not see."""
        client = self.clients[number % len(self.clients)]
        updates = client.handle.changes(expunge=True)
        known = set(client.shows)
        for uid in updates.expunged_uids:
            del client.shows[uid]
        chosen = client.handle.select(ALL, by_uid=True).uids if self.common else []
        rows = client.handle.rows(chosen)
        now = dict(zip(rows.uid, rows.flags, strict=True))
        client.shows |= {uid: mask for uid, mask in now.items() if uid not in known}
        for uid in updates.flags.uids:
            assert self.changed[client.user, uid] > client.step, "it was told of what it could not see"
            client.shows[uid] = now[uid]
        since, client.step = client.step, self.step
        assert client.shows == now == self.flags(client.user)
        self.remember(client, since)

    def remember(self, client: Client, since: int = 0) -> None:
        """The client may come back later, with the MODSEQ it has heard of."""
        if client.step == self.step:
            highest = client.handle.highest_modseq
            assert highest >= self.highest.get(client.user, 0)
            self.highest[client.user] = highest
            if client.highest and self.visible.get(client.user, 0) <= since:
                assert highest == client.highest, "a MODSEQ tells of what it could not see"
            client.highest = highest
            self.memories = [*self.memories[-10:], (client.user, highest, self.step)]

    @invariant()
    def modseqs(self) -> None:
        """Who comes back hears of what changed for him, and of nothing else; HIGHESTMODSEQ never falls."""
        for user, highest, step in self.memories:
            client = next((client for client in self.clients if client.user == user), None)
            if client is None:
                continue
            shown = client.handle.select(ALL, by_uid=True).uids if client.shows else []
            uids = [uid for uid in shown if uid in self.common]
            rows = client.handle.rows(uids)
            for uid, modseq in zip(rows.uid, rows.modseq, strict=True):
                assert (modseq > highest) == (self.changed[user, uid] > step), (user, uid, modseq, highest)

    @invariant()
    def counts(self) -> None:
        """STATUS counts what the user himself has not read."""
        for user in USERS:
            status = self.world.run(self.doors[user].status(self.name(user)))
            assert status.unseen == sum(1 for mask in self.flags(user).values() if not mask & SEEN)


OwnSeen.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
TestOwnSeen = OwnSeen.TestCase
