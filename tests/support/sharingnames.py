"""What the players of the sharing machine do to names and rights; and what LIST and STATUS say of them."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from twisted.internet.defer import Deferred

from cgpymail.manager.lifecycle import LEAVE_TIME
from cgpymail.model.identity import AccountName
from tests.support.results import result
from tests.support.rightsmodel import LETTERS, Person, Verdict
from tests.support.sharingmodel import Name
from tests.support.sharingscene import HOME, IDENTIFIERS, NAMES, PEOPLE, PLACES, PLAYERS, RIGHTS, TEAM, Scene, canonical
from tests.transcripts.memoryworld import settle


class NameRules(Scene):
    """Commands with names, grants, groups, administrators, accounts."""

    # names

    @rule(number=PLAYERS, place=PLACES)
    def select(self, number: int, place: int) -> None:
        """SELECT."""
        self._select(number, self.name(place))

    def _select(self, number: int, name: Name) -> None:
        player = self.players[number]
        words = f"SELECT {player.typed(name)}"
        player.begin(words)
        expected = self.model.opening(player.who, name, "r")
        entry = self.model.find(name)
        if expected is Verdict.DONE and entry is not None and entry.storage is not None:
            player.opened(entry.storage)
        else:
            player.left()
        tagged = self.try_it(player, "SELECT", words, expected)
        if player.storage is not None:
            assert (b"[READ-WRITE]" in tagged) == bool(self.model.held(player.who, name) & set("swdi"))
            assert len(player.uids) == len(player.storage.mail)

    @rule(number=PLAYERS, place=PLACES)
    def status(self, number: int, place: int) -> None:
        """STATUS counts what is there."""
        name = self.name(place)
        player = self.players[number]
        words = f"STATUS {player.typed(name)} (MESSAGES UNSEEN)"
        player.begin(words)
        expected = self.model.opening(player.who, name, "r")
        self.try_it(player, "STATUS", words, expected)
        if expected is Verdict.DONE:
            mail = self.model.find(name).storage.mail.values()  # type: ignore[union-attr]
            counts = b"(MESSAGES %d UNSEEN %d)" % (len(mail), sum("\\Seen" not in item.flags for item in mail))
            assert player.untagged(b"STATUS")[0].endswith(counts)

    @rule(number=PLAYERS, owner=st.sampled_from(["boss", "fern", "vera"]))
    def list_names(self, number: int, owner: str) -> None:
        """LIST shows what the user may know of, and all of it."""
        player = self.players[number]
        pattern = player.typed((owner, "*"))
        player.begin(f'LIST "" {pattern}')
        self.try_it(player, "LIST", pattern, Verdict.DONE)
        found = {line.rpartition(b" ")[2].decode(): b"\\Noselect" not in line for line in player.untagged(b"LIST")}
        listed = self.model.listed(player.who, owner)
        assert found == {player.typed((owner, name)): selectable for name, selectable in listed.items()}, player.who

    @rule(number=PLAYERS)
    def list_sharers(self, number: int) -> None:
        """LIST of ``~%`` shows who has shared something with the user, by name or by a group, and nobody else."""
        player = self.players[number]
        player.begin('LIST "" ~%')
        self.try_it(player, "LIST", "~%", Verdict.DONE)
        found = {line.rpartition(b" ")[2].decode() for line in player.untagged(b"LIST")}
        home = self.model.people[player.who].domain
        owners = [self.model.people[owner] for owner in self.model.granted_by_name(player.who)]
        expected = {f"~{each.name}" if each.domain == home else f"~{each.name}@{each.domain}" for each in owners}
        assert found == expected, f"{player.who} finds {found} instead of {expected}"

    @rule(number=PLAYERS, name=NAMES)
    def create(self, number: int, name: Name) -> None:
        """CREATE."""
        player = self.players[number]
        words = f"CREATE {player.typed(name)}"
        player.begin(words)
        self.try_it(player, "CREATE", words, self.model.create(player.who, name))

    @rule(number=PLAYERS, place=PLACES)
    def delete(self, number: int, place: int) -> None:
        """DELETE."""
        name = self.name(place)
        player = self.players[number]
        words = f"DELETE {player.typed(name)}"
        player.begin(words)
        self.try_it(player, "DELETE", words, self.model.delete(player.who, name))

    @rule(number=PLAYERS, place=PLACES, new=NAMES)
    def rename(self, number: int, place: int, new: Name) -> None:
        """RENAME."""
        old = self.name(place)
        player = self.players[number]
        words = f"RENAME {player.typed(old)} {player.typed(new)}"
        player.begin(words)
        self.try_it(player, "RENAME", words, self.model.rename(player.who, old, new))

    # rights

    @rule(number=PLAYERS, name=NAMES, identifier=IDENTIFIERS, letters=RIGHTS, sign=st.sampled_from(["", "", "-"]))
    def set_acl(self, number: int, name: Name, identifier: str, letters: str, sign: str) -> None:
        """SETACL; DELETEACL where there are no letters."""
        player = self.players[number]
        words = f"SETACL {player.typed(name)} {sign}{identifier} {letters}"
        if not letters:
            words = f"DELETEACL {player.typed(name)} {sign}{identifier}"
        player.begin(words)
        kept = canonical(sign + identifier, self.model.people[name[0]].domain)
        self.try_it(player, "SETACL", words, self.model.set_acl(player.who, name, kept, letters))

    @rule(who=st.sampled_from(["anna", "carl"]))
    def change_group(self, who: str) -> None:
        """Somebody joins the group, or leaves it."""
        self.count()
        name = AccountName(who, HOME)
        members = self.relations.groups.setdefault(TEAM, set())
        members ^= {name}
        groups = frozenset({TEAM} if name in members else ())
        self.model.people[who] = Person(who, HOME, groups, self.model.people[who].all_users)
        self.relations.changed()

    @rule(who=st.sampled_from(["carl", "carl", "fern"]))
    def change_administrators(self, who: str) -> None:
        """Somebody becomes an administrator, or is none any more."""
        self.count()
        person = self.model.people[who]
        self.relations.overseers ^= {AccountName(who, person.domain)}
        self.model.people[who] = Person(who, person.domain, person.groups, not person.all_users)
        self.relations.changed()

    @rule(who=st.sampled_from(["anna", "carl"]))
    def change_creators(self, who: str) -> None:
        """Somebody may make top-level mailboxes in boss's account, or may not any more."""
        self.count()
        creators = self.model.creators["boss"]
        creators ^= {who}
        record = self.world.directory.records[AccountName("boss", HOME)]
        record.set_account_acl(dict.fromkeys(creators, ("CreateMailboxes",)))

    @rule(place=PLACES, identifier=IDENTIFIERS, letters=RIGHTS)
    def owner_grants(self, place: int, identifier: str, letters: str) -> None:
        """The owner gives something to somebody, or takes it from him."""
        self.set_acl(0, self.name(place), identifier, letters, "")

    @rule(number=PLAYERS, letters=RIGHTS)
    def owner_withdraws(self, number: int, letters: str) -> None:
        """Somebody in a mailbox has only these rights there all of a sudden."""
        player = self.players[number]
        name = self.model.place(player.storage) if player.reads and player.storage is not None else None
        if name is not None:
            person = self.model.people[player.who]
            own = canonical(f"{person.name}@{person.domain}", self.model.people[name[0]].domain)
            self._grant(name, {"anyone": LETTERS, f"-{own}": "".join(each for each in LETTERS if each not in letters)})
            self.count()

    @rule()
    def account_comes_or_goes(self) -> None:
        """An account is removed with all its mailboxes, or made again."""
        person = PEOPLE[-1]
        name = AccountName(person.name, person.domain)
        if person.name in self.model.accounts:
            removed = Deferred.fromCoroutine(self._remove(name))
            settle(self.world.clock)  # sessions end first
            if not removed.called:
                self.world.clock.advance(LEAVE_TIME)  # POP sessions do not
                settle(self.world.clock)
            result(removed)
            del self.model.accounts[person.name]
        else:
            self._register(person)
            self.model.open_account(person.name)
            self._make((person.name, "A"), {"anyone": "lrsi"})
        self.count()

    async def _remove(self, name: AccountName) -> None:
        async with self.world.manager.withdrawn(name, lambda: None):
            del self.world.directory.records[name]
            del self.world.trees[name]
