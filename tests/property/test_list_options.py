"""LIST with options against RFC 5258 read as a definition: for every name that could be told, is it, and how?"""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.model.mailbox import ListChoice
from cgpymail.model.names import INBOX, ancestors, is_below
from tests.support.naming import People

NAMES = st.sampled_from(["a", "b", "a/a", "a/b", "a/b/a", "a/b/b", "b/a", "b/a/b", "ab", "ab/a", "INBOX/a"])
PATTERNS = st.sampled_from(["*", "%", "a", "a%", "a*", "a/%", "a/*", "%/%", "%/a", "*b", "b/a/b", "*/b", "c", "inbox"])
CHOICES = st.builds(
    ListChoice,
    extended=st.just(True),
    subscribed=st.booleans(),
    special_use=st.booleans(),
    recursive=st.booleans(),
    tell_subscribed=st.booleans(),
)


def fits(pattern: str, name: str) -> bool:
    """RFC 3501 6.3.8; none of the patterns has wildcards inside INBOX."""
    words = re.escape(pattern).replace(re.escape("*"), ".*").replace("%", "[^/]*")
    return re.fullmatch(words, name) is not None or (name == INBOX and pattern.upper() == INBOX)


class Definition:
    """RFC 5258, sections 3 to 3.5, name by name."""

    def __init__(self, exist: set[str], subscribed: set[str], special: set[str], pattern: str, choice: ListChoice):
        self.exist, self.subscribed, self.special = exist, subscribed, special
        self.pattern, self.choice = pattern, choice
        self.all = exist | subscribed
        self.all |= {above for name in self.all for above in ancestors(name)}

    def meets(self, name: str) -> bool:
        """Whether a name fulfils the selection criteria."""
        if self.choice.subscribed and name not in self.subscribed:
            return False
        if self.choice.special_use and name not in self.special:
            return False
        return self.choice.subscribed or name in self.exist

    def expected(self) -> dict[str, tuple[set[str], tuple[str, ...]]]:
        """Name -> attributes and CHILDINFO."""
        found = {}
        for name in self.all:
            if not fits(self.pattern, name):
                continue
            below = [each for each in self.all if is_below(each, name)]
            meeting = [each for each in below if self.meets(each)]
            told = self.meets(name)
            info = bool(self.choice.criteria) and self.choice.recursive and bool(meeting)
            if info and not told:  # the redundant is left out
                told = any(not fits(self.pattern, each) for each in meeting)
            if not self.choice.criteria and name not in self.exist:
                told = False  # a level: in this tree every level that leads to something is there itself
            if told:
                found[name] = (self.attributes(name, below), self.choice.criteria if info else ())
        return found

    def attributes(self, name: str, below: list[str]) -> set[str]:
        """What is true of a name."""
        words = {"\\HasChildren" if any(each in self.exist for each in below) else "\\HasNoChildren"}
        if name not in self.exist:
            words.add("\\NonExistent")
        if name in self.special:
            words.add("\\Sent")
        if name in self.subscribed and (self.choice.subscribed or self.choice.tell_subscribed):
            words.add("\\Subscribed")
        return words


@given(
    st.frozensets(NAMES, max_size=6),
    st.frozensets(NAMES, max_size=5),
    st.one_of(st.none(), NAMES),
    st.lists(st.tuples(PATTERNS, CHOICES), min_size=1, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_list_tells_what_the_rfc_defines(
    made: frozenset[str], subscribed: frozenset[str], sent: str | None, questions: list[tuple[str, ListChoice]]
) -> None:
    """Names, attributes and CHILDINFO, for every mix of options."""
    people = People()
    exist = {INBOX} | {each for name in made for each in (*ancestors(name), name)}
    people.make(*sorted(exist - {INBOX}))
    for name in subscribed:
        people.run(people.john.subscribe(name))
    if sent is not None:
        people.record.preferences["SentBox"] = sent
    special = {sent} & exist if sent is not None else set()
    for pattern, choice in questions:
        found = people.run(people.john.list_mailboxes("", [pattern], choice))
        answer = {each.name: (set(each.attributes), each.child_info) for each in found}
        assert len(answer) == len(found)
        assert list(answer) == sorted(answer, key=lambda name: (name != INBOX, name))
        assert answer == Definition(exist, set(subscribed), special, pattern, choice).expected(), (pattern, choice)
