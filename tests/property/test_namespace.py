"""Names against naive models: LIST's patterns against regular expressions, an account against two sets of entities."""

from __future__ import annotations

import re
from collections.abc import Callable
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.errors import CannotDo, MailboxExists, MailError, NoSuchMailbox
from cgpymail.manager.attributes import write_class, write_lock
from cgpymail.manager.patterns import Pattern
from cgpymail.model.classes import CALENDAR
from cgpymail.model.message import NewMessage
from cgpymail.model.names import INBOX, ancestors, is_below
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.tree import DiskTree
from tests.support.naming import People

# -- patterns


def naive(pattern: str, name: str) -> bool:
    """The definition of RFC 3501 6.3.8, by a regular expression."""
    wild = {"*": ".*", "%": "[^/]*"}

    def fits(text: str) -> bool:
        words = "".join(wild.get(char, re.escape(char)) for char in text)
        return re.fullmatch(words, name, re.DOTALL) is not None

    if name == INBOX or name.startswith(INBOX + "/"):
        spread = [""]
        for char in pattern:  # letters that could stand in INBOX count in either case
            both = {char, char.upper()} if char.lower() in "inbox" else {char}
            spread = [start + each for start in spread for each in both][:4096]
        return any(fits(text) for text in spread)
    return fits(pattern)


PATTERNS = st.text(alphabet="ab/%*", max_size=9)
NAMES = st.text(alphabet="ab/", min_size=1, max_size=9)


@given(PATTERNS, NAMES)
@settings(max_examples=1000, deadline=None)
def test_patterns_match_as_defined(pattern: str, name: str) -> None:
    """The automaton finds what the definition finds."""
    assert Pattern(pattern).matches(name) is naive(pattern, name)


@given(st.text(alphabet="iInNbBoOxX%*/", max_size=7), st.sampled_from([INBOX, INBOX + "/", INBOX + "/%", "INBOXX"]))
@settings(max_examples=500, deadline=None)
def test_inbox_matches_in_any_case(pattern: str, name: str) -> None:
    """INBOX and nothing else is compared without regard to case (there are no such letters in what follows it)."""
    assert Pattern(pattern).matches(name) is naive(pattern, name)


@given(PATTERNS, NAMES)
def test_a_tree_that_cannot_start_has_no_match(pattern: str, name: str) -> None:
    """The quick look at a pattern's beginning never hides anything."""
    if any(Pattern(pattern).matches(below) for below in (name, name + "/a", name + "/b/a")):
        assert Pattern(pattern).can_start(name)


# -- an account


class Model:
    """Two invisible entities per name (manual, Mailboxes, "Mailbox Names"), and messages counted per storage; which
    names are locked, and the classes of storages."""

    def __init__(self) -> None:
        self.storages = {INBOX: 0}
        self.directories: set[str] = set()
        self.locked: set[str] = set()
        self.classes: dict[str, str] = {}

    def names(self) -> set[str]:
        """Every name with an entity."""
        return set(self.storages) | self.directories

    def below(self, name: str) -> set[str]:
        """Everything under it."""
        return {each for each in self.names() if is_below(each, name)}

    def create(self, name: str) -> None:
        """CREATE name."""
        if name in self.storages:
            raise MailboxExists
        self.storages[name] = 0
        self.directories.update(ancestors(name))

    def create_directory(self, name: str) -> None:
        """CREATE name/."""
        if name in self.directories:
            raise MailboxExists
        self.directories.update([*ancestors(name), name])

    def delete(self, name: str) -> None:
        """DELETE."""
        if name == INBOX:
            raise CannotDo
        if name not in self.names():
            raise NoSuchMailbox
        if name in self.locked or (self.below(name) and name not in self.storages):
            raise CannotDo
        self.storages.pop(name, None)
        self.classes.pop(name, None)
        if not self.below(name):
            self.directories.discard(name)

    def rename(self, old: str, new: str) -> None:
        """RENAME."""
        if old not in self.names():
            raise NoSuchMailbox
        if new in self.names():
            raise MailboxExists
        if old in self.locked:
            raise CannotDo
        if old == INBOX:
            self.create(new)
            self.storages[new], self.storages[INBOX] = self.storages[INBOX], 0
            return
        if is_below(new, old):
            raise CannotDo
        for each in [old, *self.below(old)]:
            moved = new + each[len(old) :]
            if each in self.storages:
                self.storages[moved] = self.storages.pop(each)
            if each in self.directories:
                self.directories.discard(each)
                self.directories.add(moved)
            if each in self.locked:
                self.locked.discard(each)
                self.locked.add(moved)
            if each in self.classes:
                self.classes[moved] = self.classes.pop(each)
        self.directories.update(ancestors(new))

    def append(self, name: str) -> None:
        """One message more."""
        if name not in self.storages:
            raise NoSuchMailbox if name not in self.directories else MailError
        self.storages[name] += 1

    def lock(self, name: str) -> None:
        """The administrator's, as the next."""
        if name not in self.names():
            raise NoSuchMailbox
        self.locked.add(name)

    def unlock(self, name: str) -> None:
        """It may go again."""
        self.lock(name)
        self.locked.discard(name)

    def classify(self, name: str) -> None:
        """It is a calendar."""
        if name not in self.storages:
            raise NoSuchMailbox if name not in self.directories else MailError
        self.classes[name] = CALENDAR


BOXES = st.sampled_from(["INBOX", "INBOX/a", "a", "A", "a/b", "a/b/c", "b", "b/a", "ab"])
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["create", "create_directory", "delete", "append", "lock", "unlock", "classify"]), BOXES
        ),
        st.tuples(st.just("rename"), BOXES, BOXES),
    ),
    max_size=25,
)


def refused(work: Callable[[], object]) -> bool:
    """Whether it raises an error that a client may see."""
    try:
        work()
    except MailError:
        return True
    return False


def step(people: People, verb: str, *names: str) -> object:
    """The same, in the account."""
    john = people.john
    if verb == "append":
        return people.run(john.append(names[0], [NewMessage(MemoryContent(b"x\r\n"), 1)]))
    if verb == "create_directory":
        return people.run(john.create(names[0] + "/"))
    if verb in ("lock", "unlock"):
        return people.run(write_lock(john._own, names[0], locked=verb == "lock"))
    if verb == "classify":
        return people.run(write_class(john._own, names[0], CALENDAR))
    return people.run(getattr(john, verb)(*names))


def agree(people: People, model: Model) -> None:
    """LIST and STATUS say what the model says, and so does what is kept of the names."""
    people.record.settings["IMAPSeesNonMail"] = "YES"
    infos = people.john._own.infos
    assert {name for name in model.names() if infos.locked(name)} == model.locked
    assert {name: infos.mailbox_class(name) for name in model.names() if infos.mailbox_class(name)} == model.classes
    listed = {each.name: set(each.attributes) for each in people.list("*")}
    assert set(listed) == model.names()
    for name, attributes in listed.items():
        assert ("\\Noselect" in attributes) == (name not in model.storages), name
        assert ("\\HasChildren" in attributes) == bool(model.below(name)), name
    statuses = {name: people.run(people.john.status(name)) for name in model.storages}
    assert {name: status.messages for name, status in statuses.items()} == model.storages
    assert len({status.uidvalidity for status in statuses.values()}) == len(statuses)


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_account_agrees_with_two_entities_per_name(steps: list[tuple[str, ...]]) -> None:
    """After any sequence of CREATE, DELETE, RENAME, APPEND, locks and classes, now and for the next process."""
    people = People()
    model = play(people, steps)
    trees, infos = people.world.trees, people.record.infos
    reopened = People(make_tree=lambda world, record: trees[record.name].again(world.runtime))  # type: ignore[attr-defined]
    reopened.record.infos.update(infos)
    agree(reopened, model)


@given(STEPS, st.sampled_from(sorted(FORMATS)))
@settings(max_examples=20, deadline=None)
def test_account_on_disk_agrees_too(steps: list[tuple[str, ...]], extension: str) -> None:
    """The same with files, in every format."""
    formats = {extension: FORMATS[extension].name}
    with TemporaryDirectory() as root:
        people = People(make_tree=lambda world, record: DiskTree(world.runtime, root), formats=formats)
        model = play(people, steps)
        infos = people.record.infos
        reopened = People(make_tree=lambda world, record: DiskTree(world.runtime, root), formats=formats)
        reopened.record.infos.update(infos)
        agree(reopened, model)
        reopened.run(reopened.manager.stop())


def play(people: People, steps: list[tuple[str, ...]]) -> Model:
    """Do the steps, in the account and in the model, which is returned."""
    model = Model()
    for verb, *names in steps:
        expected = refused(lambda: getattr(model, verb)(*names))  # noqa: B023 - called at once
        assert refused(lambda: step(people, verb, *names)) == expected, (verb, names)  # noqa: B023
        agree(people, model)
    people.run(people.manager.stop())
    return model
