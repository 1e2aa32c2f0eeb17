"""Sessions that work while others grant, withdraw, rename and delete: nobody ever reads what he may not read then.

What happens to names and rights is in sharingnames.py, what must hold in sharingscene.py and sharingplayers.py. A
failing run prints its steps and a blob with which hypothesis repeats it.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from tests.support.rightsmodel import Verdict, settable, storing
from tests.support.sharingmodel import Answer, Storage
from tests.support.sharingnames import NameRules
from tests.support.sharingplayers import SECRET, Player, PopPlayer, octets
from tests.support.sharingscene import FLAGS, PLACES, PLAYERS, WHO, Scene

WANTED, EXAMPLES, STEPS = 20_000, 100, 50
ROUNDS = 8  # at most: some steps find nothing to do, and hypothesis ends some examples early


class Sharing(NameRules):
    """What is done in mailboxes, over IMAP and POP."""

    # in a mailbox

    def selected(self, number: int) -> tuple[Player, Storage, frozenset[str]] | None:
        """A player with what he has selected and what he holds there. Who has nothing selected opens something that he
        may read; None if there is nothing."""
        player = self.players[number]
        if not player.reads:
            boxes = [("boss", name) for name in self.model.accounts["boss"] if name != "INBOX"]
            readable = [name for name in boxes if self.model.opening(player.who, name, "r") is Verdict.DONE]
            if not readable:
                return None
            self._select(number, readable[number % len(readable)])
        place = self.model.place(player.storage) if player.storage is not None else None
        assert player.storage is not None and place is not None
        return player, player.storage, self.model.held(player.who, place)

    @rule(number=PLAYERS, read=st.booleans())
    def fetch(self, number: int, read: bool) -> None:
        """FETCH of texts; what others removed meanwhile may be there or not."""
        found = self.selected(number)
        if found is None:
            return
        player, storage, held = found
        words = f"UID FETCH 1:* (FLAGS {'BODY[]' if read else 'BODY.PEEK[]'})"
        present = player.present
        gone = len(present) < len(player.uids)
        player.begin(words)
        if read and "s" in held:
            for uid in present:
                storage.mail[uid].flags.add("\\Seen")
        told = len([line for line in player.untagged(b"") if b" FETCH (" in line and b"BODY[] " in line])
        tagged = player.finish()
        assert tagged.startswith(b"t OK") or gone, tagged
        assert told >= len(present)
        self.count()

    @rule(number=PLAYERS, names=FLAGS, add=st.booleans())
    def store(self, number: int, names: tuple[str, ...], add: bool) -> None:
        """STORE changes what the rights of the moment allow."""
        found = self.selected(number)
        if found is None:
            return
        player, storage, held = found
        words = f"UID STORE 1:* {'+' if add else '-'}FLAGS.SILENT ({' '.join(names)})"
        present = player.present
        player.begin(words)
        allowed = settable(names, held)
        for uid in present:
            mail = storage.mail[uid].flags
            storage.mail[uid].flags = mail | allowed if add else mail - allowed
        rights = self.model.rights(player.who, self.model.place(storage) or ("", ""))
        self.try_it(player, "STORE", words, storing(names)(rights))

    @rule(number=PLAYERS)
    def expunge(self, number: int) -> None:
        """EXPUNGE removes what the session knows of."""
        found = self.selected(number)
        if found is None:
            return
        player, storage, held = found
        may = "d" in held
        marked = [uid for uid in player.present if "\\Deleted" in storage.mail[uid].flags]
        player.begin("EXPUNGE")
        storage.remove(marked if may else ())
        self.try_it(player, "EXPUNGE", "EXPUNGE", Verdict.DONE if may else Verdict.DENIED)

    @rule(number=PLAYERS, place=PLACES, move=st.booleans())
    def copy(self, number: int, place: int, move: bool) -> None:
        """COPY and MOVE, after all was told."""
        name = self.name(place)
        if self.selected(number) is None:
            return
        self.noop(number)
        found = self.selected(number)
        assert found is not None
        player, storage, held = found
        command = "MOVE" if move else "COPY"
        words = f"UID {command} 1:* {player.typed(name)}"
        uids = player.present
        assert uids == player.uids
        player.begin(words)
        expected: Answer = Verdict.DONE
        if uids and move and ("d" not in held):
            expected = Verdict.DENIED
        elif uids:
            expected = self.model.put(player.who, name, [storage.mail[uid] for uid in uids])
            storage.remove(uids if move and expected is Verdict.DONE else ())
        self.try_it(player, command, words, expected)

    @rule(number=PLAYERS, place=PLACES, names=FLAGS)
    def append(self, number: int, place: int, names: tuple[str, ...]) -> None:
        """APPEND."""
        name = self.name(place)
        player = self.players[number]
        (item,) = self.items()
        data = octets(item.subject)
        words = f"APPEND {player.typed(name)} ({' '.join(names)}) {{{len(data)}+}}\r\n{data.decode()}"
        player.begin(words)
        item.flags = set(names)
        self.try_it(player, "APPEND", words, self.model.put(player.who, name, [item]))

    @rule(number=PLAYERS)
    def noop(self, number: int) -> None:
        """NOOP: all that others did is told."""
        player = self.players[number]
        player.begin("NOOP")
        self.try_it(player, "NOOP", "NOOP", Verdict.DONE)
        assert player.storage is None or player.uids == sorted(player.storage.mail)

    @rule(number=PLAYERS)
    def start_idling(self, number: int) -> None:
        """IDLE, until the next command of this session."""
        if self.selected(number) is not None:
            player = self.players[number]
            player.begin("IDLE")
            assert player.finish().startswith(b"+ ")
            player.idle = True
            self.count()

    @rule(number=PLAYERS)
    def close(self, number: int) -> None:
        """CLOSE: as EXPUNGE, in silence, where that is allowed."""
        found = self.selected(number)
        if found is None:
            return
        player, storage, held = found
        marked = [uid for uid in player.present if "\\Deleted" in storage.mail[uid].flags]
        player.begin("CLOSE")
        if "d" in held:
            storage.remove(marked)
        player.left()
        self.try_it(player, "CLOSE", "CLOSE", Verdict.DONE)

    # POP

    @precondition(lambda self: self.pop is None)
    @rule(who=st.sampled_from(WHO), place=PLACES)
    def pop_login(self, who: str, place: int) -> None:
        """A POP session in a mailbox of somebody."""
        name = self.name(place)
        expected = self.model.opening(who, name, "r")
        entry = self.model.find(name)
        storage = entry.storage if entry is not None and entry.storage is not None else Storage()
        pop = PopPlayer(self.world, self.model, who, storage, self.players[WHO.index(who)].typed(name))
        assert pop.answer.startswith(b"+OK %d " % len(storage.mail) if expected is Verdict.DONE else b"-ERR")
        self.pop = pop if expected is Verdict.DONE else None
        self.count()

    @precondition(lambda self: self.pop is not None)
    @rule(place=st.integers(0, 3))
    def pop_retr(self, place: int) -> None:
        """RETR sends what was listed, as long as the mailbox may be read."""
        pop = self.pop
        assert pop is not None
        if place >= len(pop.uids):
            return
        may = self.model.may_read(pop.who, pop.storage)
        answer = pop.say(f"RETR {place + 1}")
        uid = pop.uids[place]
        assert (SECRET in answer) == may, f"POP of {pop.who}: {answer!r}"
        assert not may or octets(pop.storage.ever[uid]) in answer
        name = self.model.place(pop.storage)
        held = self.model.held(pop.who, name) if name is not None else frozenset()
        if may and "s" in held and uid in pop.storage.mail:
            pop.storage.mail[uid].flags.add("\\Seen")
        self.count()

    @precondition(lambda self: self.pop is not None)
    @rule(places=st.sets(st.integers(0, 2), max_size=2))
    def pop_quit(self, places: set[int]) -> None:
        """DELE and QUIT with the right d, both times."""
        pop, self.pop = self.pop, None
        assert pop is not None
        name = self.model.place(pop.storage)
        held = self.model.held(pop.who, name) if name is not None else frozenset()
        may = held >= set("rd")
        marked = [place for place in sorted(places) if place < len(pop.uids)]
        for place in marked:
            assert pop.say(f"DELE {place + 1}").startswith(b"+OK" if may else b"-ERR")
        assert pop.say("QUIT").startswith(b"+OK")
        if may:
            pop.storage.remove(uid for uid in [pop.uids[place] for place in marked] if uid in pop.storage.mail)
        self.count()


def test_nobody_reads_what_he_may_not() -> None:
    """20,000 steps of five sessions of four users, and of POP, in an order that no run before had."""
    Scene.executed = 0
    for _ in range(ROUNDS):
        if Scene.executed < WANTED:
            run_state_machine_as_test(Sharing, settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS))
    print(f"{Scene.executed} steps")
    assert Scene.executed >= WANTED
