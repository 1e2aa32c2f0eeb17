"""Seven sessions of three kinds on one mailbox, and a naive model of what each of them must see.

Every step one session does something that its protocol can do, or the world changes around all of them. The model
knows what is in the two mailboxes, what was in them, and what each client believes; it is written without any of the
ideas that make the real thing fast. One seed is one run.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cgpymail.errors import ExpungeIssued, MailboxGone, MessageGone, NotPermitted, ReadOnly
from cgpymail.manager.access import Standing
from cgpymail.manager.handle import Handle, Updates
from cgpymail.model import flags, rights
from cgpymail.model.message import NewMessage
from cgpymail.model.uidset import NumberSet, UidSet
from cgpymail.runtime.spool import MemoryContent
from tests.support.results import result
from tests.support.sharing import OWNER, Shared, listed, run

SETTABLE = (*flags.to_imap(flags.IMAP_FLAGS & ~flags.MDN_SENT), "$label1", "work", "Home")


@dataclass(frozen=True)
class Message:
    """A message as the model knows it; flag names in lower case."""

    body: bytes
    names: frozenset[str] = frozenset()
    hidden: bool = False
    service: bool = False
    date: int = 0


class Client:
    """One session, and what the client at its other end believes."""

    def __init__(self, driver: Driver, kind: str) -> None:
        self.driver = driver
        self.kind = kind
        self.foreign = kind == "foreign"
        self.pop = kind == "pop"
        self.open()

    def open(self) -> None:
        """SELECT, EXAMINE or a POP login."""
        ask: Callable[[], Standing] = self.driver.ask_foreign if self.foreign else lambda: OWNER
        self.handle: Handle = self.driver.shared.handle(
            ask, read_only=self.kind == "examine", claims_recent=not self.pop
        )
        inbox = self.driver.inbox
        self.uids = [uid for uid in sorted(inbox) if self.sees(inbox[uid])]
        self.flags = {uid: inbox[uid].names for uid in self.uids}
        self.top = max(self.uids, default=0)
        assert listed(self.handle) == self.uids
        assert self.handle.exists == len(self.uids)
        unseen = [n for n, uid in enumerate(self.uids, 1) if "\\seen" not in inbox[uid].names]
        assert self.handle.first_unseen == (unseen[0] if unseen else 0)
        # \Recent: what no read-write session was given before
        self.recent = {uid for uid in self.uids if uid > self.driver.recent_mark}
        self.claim()

    def claim(self) -> None:
        """A session that may change the mailbox takes the \\Recent messages that it is told."""
        if self.kind in ("imap", "foreign") and self.recent:
            self.driver.recent_mark = max(self.driver.recent_mark, *self.recent)

    def sees(self, message: Message) -> bool:
        """Spec 2.8: mail clients never see Service; Hidden is for the owner and holders of right a."""
        return not message.service and not (message.hidden and self.foreign and not self.driver.foreign_sees)

    def present(self) -> list[int]:
        """Those of the client's messages that are still there for it."""
        inbox = self.driver.inbox
        return [uid for uid in self.uids if uid in inbox and self.sees(inbox[uid])]

    def poll(self, *, expunge: bool) -> None:
        """The client hears of what others did, and its beliefs become true."""
        self.apply(self.handle.changes(expunge=expunge), expunge=expunge)

    def apply(self, told: Updates, *, expunge: bool) -> None:
        """Take in what is told, in order."""
        assert not told.gone
        inbox = self.driver.inbox
        for number in told.expunged:
            del self.uids[number - 1]
        if told.exists is not None:
            new = [uid for uid in sorted(inbox) if uid > self.top and self.sees(inbox[uid])]
            assert told.exists == len(self.uids) + len(new)
            self.uids += new
            self.top = new[-1]
            self.recent |= {uid for uid in new if uid > self.driver.recent_mark}
            self.flags.update({uid: inbox[uid].names for uid in new})
            self.claim()
        for number, uid in zip(told.flags.seqs, told.flags.uids, strict=True):
            assert self.uids[number - 1] == uid
        for uid, names in zip(told.flags.uids, self.handle.flags(told.flags.uids), strict=True):
            self.flags[uid] = frozenset(name.lower() for name in names) - {"\\recent"}
        if expunge:
            assert self.uids == self.present()
        self.recent &= set(self.uids)
        assert self.handle.recent == len(self.recent)
        self.check_beliefs()

    def check_beliefs(self) -> None:
        """List and flags are those of the mailbox, but for messages whose leaving may not be told yet."""
        inbox = self.driver.inbox
        assert listed(self.handle) == self.uids
        for uid in self.present():
            assert self.flags[uid] == inbox[uid].names, f"flags of {uid}"

    def check_answers(self) -> None:
        """FETCH of every message, ghosts too: flags, sizes and bytes."""
        rows = self.handle.flags(self.uids)
        for uid, names in zip(self.uids, rows, strict=True):
            message = self.driver.ever[uid]
            lower = {name.lower() for name in names}
            assert lower - {"\\recent"} == message.names
            assert ("\\recent" in lower) == (uid in self.recent)
            assert self.handle.row(uid).size == len(message.body)

    def pick(self, some: list[int] | None = None) -> list[int]:
        """A few of the client's messages."""
        pool = self.uids if some is None else some
        return sorted(self.driver.random.sample(pool, min(len(pool), self.driver.random.randint(1, 4))))


def whole(content: Any) -> bytes:
    """All of a stored message, whatever pieces the store gives."""
    data = b""
    while len(data) < content.size:
        piece = content.read_now(len(data), content.size - len(data))
        data += piece if piece is not None else result(content.read(len(data), content.size - len(data)))
    return data


class Driver:
    """The world: two mailboxes, seven sessions, one source of chance."""

    def __init__(self, seed: int, shared: Shared) -> None:
        self.random = random.Random(seed)
        self.shared = shared
        self.inbox: dict[int, Message] = {}
        self.other: dict[int, Message] = {}
        self.ever: dict[int, Message] = {}  # every message of INBOX as it was last
        self.recent_mark = 0
        self.serial = 0
        self.foreign_rights = rights.parse("lrswid")
        self.foreign_sees = False  # whether the foreign user has right a
        self.append()
        kinds = ("imap", "imap", "imap", "examine", "foreign", "pop", "pop")
        self.clients = [Client(self, kind) for kind in kinds]

    def ask_foreign(self) -> Standing:
        """Another user, with what the ACL says now."""
        return Standing(self.foreign_rights, flags.SERVICE | (0 if self.foreign_sees else flags.HIDDEN))

    def put(self, uid: int, message: Message) -> None:
        """A message of INBOX is this now."""
        self.inbox[uid] = self.ever[uid] = message

    # -- what the world does -------------------------------------------------------------------------------------

    def append(self) -> None:
        """Delivery, or APPEND by a session that has the mailbox not open."""
        batch, expected = [], []
        for _ in range(self.random.randint(1, 3)):
            self.serial += 1
            body = b"X: %d\r\n\r\n%b\r\n" % (self.serial, b"y" * self.random.randint(0, 50))
            mask, names = self.random.choice([(0, ()), (flags.SEEN, ("\\seen",)), (flags.DELETED, ("\\deleted",))])
            hidden = self.random.random() < 0.1
            batch.append(NewMessage(MemoryContent(body), self.serial, mask | (flags.HIDDEN if hidden else 0)))
            expected.append(Message(body, frozenset(names), hidden=hidden, date=self.serial))
        for uid, message in zip(run(self.shared.box.append(batch)), expected, strict=True):
            self.put(uid, message)

    def hide(self) -> None:
        """Another program sets or resets Hidden or Service."""
        if not self.inbox:
            return
        uid = self.random.choice(sorted(self.inbox))
        row = self.shared.box.row(uid)
        assert row is not None
        bit, field = self.random.choice([(flags.HIDDEN, "hidden"), (flags.SERVICE, "service")])
        self.shared.set_flags(uid, row.flags ^ bit)
        self.put(uid, replace(self.inbox[uid], **{field: not row.flags & bit}))

    # -- what sessions do ----------------------------------------------------------------------------------------

    def noop(self, client: Client) -> None:
        """NOOP: everything may be told. A POP session is never told anything."""
        if not client.pop:
            client.poll(expunge=True)
            if client.top >= max((uid for uid in self.inbox if client.sees(self.inbox[uid])), default=0):
                fresh = [uid for uid in sorted(self.inbox) if client.sees(self.inbox[uid])]
                assert [uid for uid in fresh if uid in set(client.uids)] == client.uids

    def fetch(self, client: Client) -> None:
        """FETCH by number: expunges are not told."""
        client.check_answers()
        if not client.pop:
            client.poll(expunge=False)

    def read(self, client: Client) -> None:
        """The bytes of any listed message, expunged meanwhile or not; but not of one hidden now."""
        for uid in client.pick():
            message = self.ever[uid]
            if not client.sees(message):
                with pytest.raises(NotPermitted):
                    client.handle.content(uid)
                continue
            content = client.handle.content(uid)
            assert whole(content) == message.body
            content.release()
            head = message.body.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            assert run(client.handle.headers(uid)) == head
            self.seen(client, uid)

    def seen(self, client: Client, uid: int) -> None:
        """Reading marks as seen, for those who may."""
        marked = client.handle.mark_seen([uid])
        there = uid in client.present() and "\\seen" not in self.inbox[uid].names
        assert marked == ([uid] if there and client.kind != "examine" else [])
        if marked:
            self.rename(client, uid, self.inbox[uid].names | {"\\seen"})

    def rename(self, client: Client, uid: int, names: frozenset[str]) -> None:
        """The client changed the flags of a message, and knows it."""
        self.put(uid, replace(self.inbox[uid], names=names))
        client.flags[uid] = names

    def store(self, client: Client) -> None:
        """STORE of some flags to some messages; those that are gone are passed over."""
        if client.pop:
            return
        names = self.random.sample(SETTABLE, self.random.randint(0, 3))
        action = self.random.choice(["set", "add", "remove"])
        uids = client.pick()
        if client.kind == "examine":
            with pytest.raises(ReadOnly):
                client.handle.store_flags(uids, action, names)
            return
        lower = frozenset(name.lower() for name in names)
        present = [uid for uid in uids if uid in client.present()]
        assert client.handle.store_flags(uids, action, names) == present
        for uid in present:
            old = self.inbox[uid].names
            self.rename(client, uid, {"set": lower, "add": old | lower, "remove": old - lower}[action])
        if self.random.random() < 0.5:
            client.poll(expunge=False)

    def expunge(self, client: Client) -> None:
        """EXPUNGE or UID EXPUNGE: Deleted ones that the client knows of; it hears of its own in the usual way."""
        if client.pop or client.kind == "examine":
            return
        among = UidSet.of(client.pick()) if self.random.random() < 0.5 else None
        doomed = [uid for uid in client.present() if "\\deleted" in self.inbox[uid].names]
        if among is not None:
            doomed = [uid for uid in doomed if uid in among]
        assert run(client.handle.expunge(among)) == doomed
        for uid in doomed:
            del self.inbox[uid]
        client.poll(expunge=True)

    def copy(self, client: Client) -> None:
        """COPY, of expunged messages too; sometimes into the same mailbox."""
        if client.pop:
            return
        uids = client.pick()
        target = self.random.choice(["INBOX", "Other", "Other"])
        if any(not client.sees(self.ever[uid]) for uid in uids):
            with pytest.raises(NotPermitted):
                run(client.handle.copy(uids, target))
            return
        done = run(client.handle.copy(uids, target))
        assert done.source == uids
        self.arrived(uids, done.copied, target)

    def arrived(self, source: list[int], copied: list[int], target: str) -> None:
        """Copies are where they should be, with all their flags."""
        assert copied == sorted(copied)
        for uid, twin in zip(source, copied, strict=True):
            if target == "INBOX":
                self.put(twin, self.ever[uid])
            else:
                self.other[twin] = self.ever[uid]

    def move(self, client: Client) -> None:
        """MOVE: nothing at all if one of them is gone."""
        if client.pop or client.kind == "examine":
            return
        uids = client.pick()
        if any(uid not in client.present() for uid in uids):
            before = len(self.shared.boxes["Other"].store.columns)
            with pytest.raises(ExpungeIssued):
                run(client.handle.move(uids, "Other"))
            assert len(self.shared.boxes["Other"].store.columns) == before
            return
        done = run(client.handle.move(uids, "Other"))
        self.arrived(uids, done.copied, "Other")
        for uid in uids:
            del self.inbox[uid]
        client.poll(expunge=True)

    def reopen(self, client: Client) -> None:
        """The session ends (a POP session removes what it marked), and a new one begins."""
        if client.pop and self.random.random() < 0.5 and client.uids:
            marked = client.pick()
            assert run(client.handle.remove(marked)) == [uid for uid in marked if uid in client.present()]
            for uid in marked:
                if uid in self.inbox and client.sees(self.inbox[uid]):
                    del self.inbox[uid]
        run(client.handle.close())
        client.open()

    def withdraw(self, client: Client) -> None:
        """The foreign user loses the right to read for a moment, and with it his session."""
        if not client.foreign:
            return
        kept, self.foreign_rights = self.foreign_rights, rights.parse("l")
        self.shared.box.rights_changed()
        assert client.handle.gone
        assert client.handle.changes(expunge=True).gone
        with pytest.raises(MailboxGone):
            client.handle.select(NumberSet(((1, 0),)), by_uid=True)
        self.foreign_rights = kept
        run(client.handle.close())
        client.open()

    def administer(self) -> None:
        """The foreign user is given right a, or loses it."""
        self.foreign_sees = not self.foreign_sees
        self.shared.box.rights_changed()

    # -- the run -------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One thing happens."""
        client = self.random.choice(self.clients)
        usual = (self.noop, self.fetch, self.read, self.store, self.store, self.expunge, self.copy, self.move)
        chance = self.random.random()
        if chance < 0.12:
            self.append()
        elif chance < 0.18:
            self.hide()
        elif chance < 0.21 or not client.uids:
            self.reopen(client)
        elif chance < 0.22:
            self.withdraw(client)
        elif chance < 0.24:
            self.administer()
        else:
            self.random.choice(usual)(client)
        self.shared.turn()

    def steps(self, count: int) -> None:
        """So many, with a checkpoint, a compaction and a look at everything now and then, and at the end."""
        for number in range(count):
            self.step()
            if number % 50 == 0:
                for box in self.shared.boxes.values():
                    result(box.store.checkpoint())
                    result(box.store.compact())
                self.check_all()
        self.check_all()

    def check_mailboxes(self) -> None:
        """The mailboxes are what the model says."""
        for name, expected in (("INBOX", self.inbox), ("Other", self.other)):
            box = self.shared.boxes[name]
            assert list(box.store.columns.uid) == sorted(expected)
            for uid, message in expected.items():
                self.check_message(name, uid, message)

    def check_all(self) -> None:
        """And after a NOOP every session agrees with a fresh one."""
        self.check_mailboxes()
        for client in self.clients:
            client.check_answers()
            self.noop(client)

    def check_message(self, name: str, uid: int, message: Message) -> None:
        """Flags, keywords, date and the flags without IMAP name came through everything."""
        box = self.shared.boxes[name]
        row = box.row(uid)
        assert row is not None
        names = {*flags.to_imap(row.flags), *box.store.keywords.names(row.keywords)}
        assert {name.lower() for name in names} == message.names
        assert bool(row.flags & flags.HIDDEN) == message.hidden
        assert bool(row.flags & flags.SERVICE) == message.service
        assert (row.date, row.size) == (message.date, len(message.body))

    def finish(self) -> None:
        """When the last session has closed, nothing is kept for it."""
        for client in self.clients:
            run(client.handle.close())
            with pytest.raises(MessageGone):
                client.handle.row(max(self.ever) + 1)
        assert not self.shared.box.busy
        assert not self.shared.held
        assert not len(self.shared.box.departed.rows)
