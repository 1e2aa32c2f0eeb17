"""Finished facts about messages: parsed structure, header blocks, ENVELOPE and BODYSTRUCTURE as bytes.

Making them costs reading and parsing; a message never changes, so they are kept, least recently used first out,
bounded by octets over all mailboxes together (``limits.facts_cache``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cgpymail.runtime.limits import Limits

OVERHEAD = 300  # octets of bookkeeping for one message


@dataclass(slots=True)
class _Message:
    """What is known of one message."""

    octets: int = OVERHEAD
    values: dict[str, Any] = field(default_factory=dict)


class Facts:
    """By mailbox number (drawn here, never used again), UID and kind."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._messages: OrderedDict[tuple[int, int], _Message] = OrderedDict()
        self._last_mailbox = 0
        self.octets = 0

    def new_mailbox(self) -> int:
        """A number for a mailbox that was opened."""
        self._last_mailbox += 1
        return self._last_mailbox

    def get(self, mailbox: int, uid: int, kind: str) -> Any:
        """The value, None if it is not here."""
        key = (mailbox, uid)
        message = self._messages.get(key)
        if message is None:
            return None
        self._messages.move_to_end(key)
        return message.values.get(kind)

    def put(self, mailbox: int, uid: int, kind: str, value: Any, octets: int) -> None:
        """Keep a value of about ``octets``; one larger than a sixteenth of the whole cache is not kept."""
        if octets > self._limits.facts_cache // 16:
            return
        key = (mailbox, uid)
        message = self._messages.get(key)
        if message is None:
            message = self._messages[key] = _Message()
            self.octets += OVERHEAD
        if kind in message.values:
            return
        message.values[kind] = value
        message.octets += octets
        self.octets += octets
        self._messages.move_to_end(key)
        while self.octets > self._limits.facts_cache:
            self.octets -= self._messages.popitem(last=False)[1].octets

    def drop(self, mailbox: int, uids: Iterable[int]) -> None:
        """These messages are gone for everyone."""
        for uid in uids:
            message = self._messages.pop((mailbox, uid), None)
            if message is not None:
                self.octets -= message.octets
