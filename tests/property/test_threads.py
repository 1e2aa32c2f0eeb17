"""THREAD against the steps of RFC 5256 taken literally, on small mailboxes, and on mailboxes that are made to hurt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed

from cgpymail.grammar.imap.searchresponses import thread_line, thread_pieces
from cgpymail.manager.threads import Linked, threads
from cgpymail.mime.overview import Overview
from cgpymail.model.threads import Node, ThreadBy
from tests.support.results import result

NOTHING = Overview(None, "", False, "", "", "", "", "", b"", b"")


def name(number: int) -> bytes:
    """What stands for a Message-ID; 0: none."""
    return b"%012d" % number if number else b""


def linked(
    uid: int,
    own: int,
    references: list[int],
    *,
    subject: str = "",
    reply: bool = False,
    sent: int = 0,
    arrived: int = 0,
) -> Linked:
    """A message."""
    chain = b"".join(map(name, references))
    overview = replace(NOTHING, subject=subject, reply=reply, message_id=name(own), references=chain)
    return Linked(uid, sent, arrived, overview)


def found(messages: list[Linked], by: ThreadBy) -> bytes:
    """What a client is told."""
    return told(result(Deferred.fromCoroutine(threads(messages, by, lambda: succeed(None)))))


def told(roots: Sequence[Node]) -> bytes:
    """The line."""
    return thread_line(thread_pieces(roots))


class Tree:
    """A message or dummy as the RFC speaks of them; the root of all has no message and no parent."""

    def __init__(self, message: Linked | None = None) -> None:
        self.message = message
        self.parent: Tree | None = None
        self.children: list[Tree] = []

    def adopt(self, child: Tree) -> None:
        """Make it a child."""
        if child.parent is not None:
            child.parent.children.remove(child)
        child.parent = self
        self.children.append(child)

    def is_below(self, other: Tree) -> bool:
        """Whether ``other`` is this one or above it."""
        return self is other or (self.parent is not None and self.parent.is_below(other))

    def date(self) -> tuple[int, int]:
        """Sent date, then place in the mailbox; of a dummy that of its first child."""
        message = self.message or self.children[0].message
        assert message is not None
        return message.sent, message.uid

    def subject(self) -> tuple[str, bool]:
        """Of a thread."""
        message = self.message or self.children[0].message
        assert message is not None
        return message.overview.subject, message.overview.reply

    def sort(self) -> None:
        """Every set of siblings, the youngest first."""
        for child in self.children:
            child.sort()
        self.children.sort(key=Tree.date)

    def prune(self, top: bool = True) -> None:
        """Dummies without children go, others give way to their children."""
        for child in self.children:
            child.prune(False)
        kept = []
        for child in self.children:
            if child.message is not None or (top and len(child.children) > 1):
                kept.append(child)
            else:
                kept += child.children
        self.children = kept

    def latest(self) -> tuple[int, int]:
        """The internal date of the latest message."""
        own = [(self.message.arrived, self.message.uid)] if self.message else []
        return max(own + [child.latest() for child in self.children])

    def node(self) -> Node:
        """The answer."""
        made = Node(self.message.uid if self.message else 0)
        made.children = [child.node() for child in self.children]
        return made


def by_references(messages: list[Linked], *, subjects: bool) -> Tree:
    """Steps 1 to 6."""
    known: dict[bytes, Tree] = {}
    trees = []
    for message in messages:
        tree = known.get(message.overview.message_id)
        if not message.overview.message_id or (tree is not None and tree.message is not None):
            tree = Tree()
        elif tree is None:
            tree = known[message.overview.message_id] = Tree()
        tree.message = message
        trees.append(tree)
        last = None
        for reference in message.overview.chain:
            other = known.setdefault(reference, Tree())
            if last is not None and other.parent is None and not last.is_below(other):
                last.adopt(other)
            last = other
        if tree.parent is not None:
            tree.parent.children.remove(tree)
            tree.parent = None
        if last is not None and not last.is_below(tree):
            last.adopt(tree)
    root = Tree()
    root.children = [
        tree for tree in {id(tree): tree for tree in (*known.values(), *trees)}.values() if not tree.parent
    ]
    root.prune()
    root.sort()
    if subjects:
        merge(root)
        root.sort()
    return root


def merge(root: Tree) -> None:
    """Step 5."""
    table: dict[str, Tree] = {}
    for tree in root.children:
        subject, reply = tree.subject()
        if subject and subject not in table:
            table[subject] = tree
        elif subject:
            other = table[subject]
            if other.message and (not tree.message or (other.subject()[1] and not reply)):
                table[subject] = tree
    for tree in root.children:
        tree.parent = root
    for tree in list(root.children):
        subject, reply = tree.subject()
        if not subject or table[subject] is tree:
            continue
        other = table[subject]
        if not tree.message and not other.message:
            for child in list(tree.children):
                child.parent = tree
                other.adopt(child)
            root.children.remove(tree)
        elif not other.message or (reply and not other.subject()[1]):
            other.adopt(tree)
        else:
            dummy = table[subject] = Tree()
            root.adopt(dummy)
            dummy.adopt(tree)
            dummy.adopt(other)


SMALL = st.integers(0, 6)


@st.composite
def mailboxes(draw: st.DrawFn) -> list[Linked]:
    """Few names for many messages: duplicates, loops, messages that refer to themselves or to nothing."""
    return [
        linked(
            uid,
            draw(SMALL),
            draw(st.lists(st.integers(1, 8), max_size=4)),
            subject=draw(st.sampled_from(["", "A", "B"])),
            reply=draw(st.booleans()),
            sent=draw(SMALL),
            arrived=draw(SMALL),
        )
        for uid in range(1, draw(st.integers(0, 8)) + 1)
    ]


@given(mailboxes())
@settings(max_examples=300)
def test_references_as_the_rfc_has_it(messages: list[Linked]) -> None:
    """Step by step."""
    expected = by_references(messages, subjects=True)
    assert found(messages, ThreadBy.REFERENCES) == told(expected.node().children)


@given(mailboxes())
def test_refs_is_references_without_subjects(messages: list[Linked]) -> None:
    """Threads in the order of their latest arrivals."""
    expected = by_references(messages, subjects=False)
    expected.children.sort(key=Tree.latest)
    assert found(messages, ThreadBy.REFS) == told(expected.node().children)


@given(mailboxes())
def test_orderedsubject_as_the_rfc_has_it(messages: list[Linked]) -> None:
    """Sorted by subject and date, cut where the subject changes, sorted by the dates of the first ones."""
    ordered = sorted(messages, key=lambda message: (message.overview.subject, message.sent, message.uid))
    groups: dict[str, list[Linked]] = {}
    for message in ordered:
        groups.setdefault(message.overview.subject, []).append(message)
    expected = []
    for first, *others in sorted(groups.values(), key=lambda group: (group[0].sent, group[0].uid)):
        node = Node(first.uid)
        node.children = [Node(other.uid) for other in others]
        expected.append(node)
    assert found(messages, ThreadBy.ORDEREDSUBJECT) == told(expected)


MANY = 10_000
HARD = {
    "a chain": [linked(uid, uid, [uid - 1] if uid > 1 else [], sent=uid) for uid in range(1, MANY + 1)],
    "a chain backwards": [linked(uid, MANY - uid, [MANY - uid + 1], sent=uid) for uid in range(1, MANY)],
    "a chain with all references": [
        linked(uid, uid, list(range(max(1, uid - 100), uid)), sent=uid) for uid in range(1, MANY + 1)
    ],
    "absent ones only": [linked(uid, 0, list(range(uid * 50, uid * 50 + 50)), sent=uid) for uid in range(1, MANY // 2)],
    "loops over a long way": [
        *[linked(uid, uid, [uid - 1] if uid > 1 else [], sent=uid) for uid in range(1, MANY // 2)],
        *[linked(uid, 0, [MANY // 2 - 1, 1] * 20, sent=uid) for uid in range(MANY // 2, MANY)],
    ],
    "one subject": [linked(uid, uid, [], subject="A", reply=uid % 2 == 0, sent=-uid) for uid in range(1, MANY + 1)],
    "one Message-ID": [linked(uid, 1, [1], sent=uid) for uid in range(1, MANY + 1)],
}


@pytest.mark.parametrize("kind", HARD)
def test_large_threads_have_every_message_once(kind: str) -> None:
    """However deep they are and whatever they refer to; benchmarks/sort_thread.py measures what that costs."""
    messages = HARD[kind]
    line = found(messages, ThreadBy.REFERENCES)
    uids = sorted(int(word) for word in line.decode().replace("(", " ").replace(")", " ").split()[2:])
    assert uids == [message.uid for message in messages]


def test_a_deep_thread_is_told_as_one() -> None:
    """Deeper than Python likes to go."""
    line = found(HARD["a chain"], ThreadBy.REFERENCES)
    assert line == b"* THREAD (" + b" ".join(b"%d" % uid for uid in range(1, MANY + 1)) + b")\r\n"
