"""THREAD: messages in threads (RFC 5256 section 3; REFS: draft-ietf-morg-inthread-01 section 3).

REFERENCES takes the steps of the RFC in their order, each as a loop over lists, so that threads may be as deep as they
like. Numbers of steps in comments are the RFC's. *Absent* is what the RFC calls a dummy: a message that others refer
to but that is not there, or what holds together threads with the same subject.

What a sender can make it cost is bounded: absent messages above a number that no real mailbox comes near are not
remembered, and when looking for loops took that long, a link that might make one is not made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cgpymail.manager.slicing import PIECE, Breathe, sort_unique
from cgpymail.mime.overview import Overview
from cgpymail.model.threads import Node, ThreadBy

_ABSENT = 50_000  # absent messages that are remembered, and then some for each message
_ABSENT_EACH = 5
_WALKS = 2_000_000  # steps towards a root that are taken to find loops, and then some for each message
_WALKS_EACH = 200
_WALK_TURN = 2_000  # steps after which others may have their turn


@dataclass(frozen=True, slots=True)
class Linked:
    """What threads are made from. ``sent``: the sent date or what stands for it; ``arrived``: the internal date."""

    uid: int
    sent: int
    arrived: int
    overview: Overview


class _Node(Node):
    """``message``: None for an absent one. ``parent`` and ``answers``, the number of children: while links are made."""

    __slots__ = ("answers", "message", "parent")

    children: list[_Node]  # type: ignore[assignment]

    def __init__(self, message: Linked | None) -> None:
        super().__init__(message.uid if message else 0)
        self.message = message
        self.parent: _Node | None = None
        self.answers = 0


async def threads(messages: Sequence[Linked], by: ThreadBy, breathe: Breathe) -> Sequence[Node]:
    """The threads of ``messages``, which are in the order of the mailbox, in the order of the answer."""
    if by is ThreadBy.ORDEREDSUBJECT:
        return await _by_subject(messages, breathe)
    roots = await _without_absent(await _Links(messages).roots(breathe), breathe)
    if by is ThreadBy.REFS:
        return await _latest_last(roots, breathe)
    roots = await _ordered(roots, breathe)
    return await _ordered(await _merged(roots, breathe), breathe)


async def _by_subject(messages: Sequence[Linked], breathe: Breathe) -> Sequence[Node]:
    """ORDEREDSUBJECT: the first message of a subject, and all others with it as answers to that one."""
    found: dict[str, _Node] = {}
    nodes: list[_Node] = []
    for message in messages:
        await breathe()
        nodes.append(_Node(message))
    for node in await _sorted(nodes, breathe):
        await breathe()
        assert node.message is not None
        first = found.setdefault(node.message.overview.subject, node)
        if first is not node:
            first.children.append(node)
    return list(found.values())


class _Links:
    """Step 1: parents and children by Message-IDs."""

    def __init__(self, messages: Sequence[Linked]) -> None:
        self._messages = messages
        self._nodes: dict[bytes, _Node] = {}  # by Message-ID
        self._others: list[_Node] = []  # without one of their own
        self._absent = _ABSENT + _ABSENT_EACH * len(messages)
        self._walks = _WALKS + _WALKS_EACH * len(messages)

    async def roots(self, breathe: Breathe) -> list[_Node]:
        """Step 2: those without parents."""
        for message in self._messages:
            await breathe()
            node = self._node(message)
            last = await self._link_references(message.overview, breathe)
            if node.parent is not None:  # 1.B: this message knows better who its parent is
                node.parent.answers -= 1
                node.parent = None
            if last is not None:
                self._link(last, node)
        found: list[_Node] = []
        for node in (*self._nodes.values(), *self._others):
            await breathe()
            (found if node.parent is None else node.parent.children).append(node)
        return found

    def _node(self, message: Linked) -> _Node:
        """Of a message; of several with the same Message-ID the first one has it."""
        name = message.overview.message_id
        node = self._nodes.get(name)
        if not name or (node is not None and node.message is not None):
            node = _Node(message)
            self._others.append(node)
        elif node is None:
            node = self._nodes[name] = _Node(message)
        else:
            node.message, node.uid = message, message.uid
        return node

    async def _link_references(self, overview: Overview, breathe: Breathe) -> _Node | None:
        """1.A: each reference is the parent of the next one, unless that has a parent; gives the last one."""
        last: _Node | None = None
        turn = self._walks - _WALK_TURN
        for name in overview.chain:
            node = self._nodes.get(name)
            if node is None:
                if not self._absent:
                    continue
                self._absent -= 1
                node = self._nodes[name] = _Node(None)
            if last is not None and node.parent is None:
                self._link(last, node)
            last = node
            if self._walks < turn:
                turn = self._walks - _WALK_TURN
                await breathe()
        return last

    def _link(self, parent: _Node, child: _Node) -> None:
        """Unless that would make a loop."""
        if child is parent or (child.answers and self._is_above(child, parent)):
            return
        child.parent = parent
        parent.answers += 1

    def _is_above(self, upper: _Node, lower: _Node) -> bool:
        """Whether ``upper`` is a parent, or a parent's parent, of ``lower``; also when there is no time to look."""
        node: _Node | None = lower
        while node is not None:
            if node is upper or self._walks <= 0:
                return True
            self._walks -= 1
            node = node.parent
        return False


async def _without_absent(roots: list[_Node], breathe: Breathe) -> list[_Node]:
    """Step 3: absent messages go, their children take their place; at the top only if there is just one."""
    for node in reversed(await _downwards(roots, breathe)):
        await breathe()
        node.parent = None
        if any(child.message is None for child in node.children):
            kept: list[_Node] = []
            for child in node.children:
                kept += [child] if child.message is not None else child.children
            node.children = kept
    found: list[_Node] = []
    for root in roots:
        found += [root] if root.message is not None or len(root.children) > 1 else root.children
    return found


async def _downwards(roots: list[_Node], breathe: Breathe) -> list[_Node]:
    """Every node, each before its children."""
    found = list(roots)
    for node in found:  # it grows meanwhile
        if node.children:
            await breathe()
            found += node.children
    return found


async def _ordered(roots: list[_Node], breathe: Breathe) -> list[_Node]:
    """Steps 4 and 6: siblings by sent date, the lowest level first; of absent ones that of the first child."""
    for node in reversed(await _downwards(roots, breathe)):
        if len(node.children) > 1:
            node.children = await _sorted(node.children, breathe)
    return await _sorted(roots, breathe)


async def _sorted(nodes: list[_Node], breathe: Breathe) -> list[_Node]:
    if len(nodes) <= PIECE:
        await breathe()
        return sorted(nodes, key=_date)
    by_date = {_date(node): node for node in nodes}
    return [by_date[date] for date in await sort_unique(by_date, breathe)]


def _date(node: _Node) -> tuple[int, int]:
    message = node.message or node.children[0].message
    assert message is not None, "only those at the top are absent"
    return message.sent, message.uid


async def _merged(roots: list[_Node], breathe: Breathe) -> list[_Node]:
    """Step 5: threads with the same subject become one."""
    table: dict[str, _Node] = {}
    for root in roots:  # 5.B
        await breathe()
        subject, reply = _subject(root)
        known = table.setdefault(subject, root)
        if known.message is not None and (root.message is None or (_subject(known)[1] and not reply)):
            table[subject] = root
    absorbed: set[_Node] = set()
    joints: list[_Node] = []
    for root in roots:  # 5.C
        await breathe()
        subject, reply = _subject(root)
        known = table[subject]
        if not subject or known is root:
            continue
        absorbed.add(root)
        if root.message is None:
            known.children += root.children
        elif known.message is None or (reply and not _subject(known)[1]):
            known.children.append(root)
        else:
            absorbed.add(known)
            joint = table[subject] = _Node(None)
            joint.children = [known, root]
            joints.append(joint)
    return [root for root in (*roots, *joints) if root not in absorbed]


def _subject(node: _Node) -> tuple[str, bool]:
    """Of a thread, and whether it is that of an answer."""
    message = node.message or node.children[0].message
    assert message is not None, "only those at the top are absent"
    return message.overview.subject, message.overview.reply


async def _latest_last(roots: list[_Node], breathe: Breathe) -> list[_Node]:
    """REFS: siblings by sent date, threads by the internal date of their latest message."""
    roots = await _ordered(roots, breathe)
    latest: dict[_Node, tuple[int, int]] = {}
    for node in reversed(await _downwards(roots, breathe)):
        await breathe()
        own = [(node.message.arrived, node.uid)] if node.message else []
        latest[node] = max(own + [latest.pop(child) for child in node.children])
    by_date = {latest[root]: root for root in roots}
    return [by_date[date] for date in await sort_unique(by_date, breathe)]
