"""Lasting names (RFC 8474): of mailboxes, drawn once and kept in account.info; of messages, made from the content.

The EMAILID is the beginning of the SHA-256 of the wire form, so it is the same for every copy, in whatever mailbox and
format, after a rename and after a restart, and it needs no place on disk; messages equal octet for octet share it.
It is computed when it is asked for, in slices, and kept among the facts of the mailbox. Of threads nothing is claimed:
THREADID is always NIL, which the RFC allows a server that does not follow them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from cgpymail.errors import StorageFailed
from cgpymail.runtime.runtime import Runtime

if TYPE_CHECKING:
    from cgpymail.manager.account import Account
    from cgpymail.manager.handle import Handle
    from cgpymail.manager.mailbox import Mailbox

_PIECE = 64 * 1024
_LEVEL = "L"
CHANCE = 10  # octets of an identifier that are drawn by lot
_DIGITS = 40  # 160 bits: nobody meets two different messages with the same


def new_mailbox_id(runtime: Runtime, uidvalidity: int) -> str:
    """A MAILBOXID that no mailbox has had: no two in the account, by its UIDVALIDITY, nor in others, by chance."""
    return f"F{uidvalidity:x}-{runtime.random(CHANCE).hex()}"


def new_level_id(runtime: Runtime) -> str:
    """For a name that holds no messages: what is annotated there needs one. A mailbox of that name takes it over."""
    return f"{_LEVEL}-{runtime.random(CHANCE).hex()}"


def made_for_level(object_id: str) -> bool:
    """Whether it was drawn for a name that held no messages then."""
    return object_id.startswith(_LEVEL)


async def mailbox_id(account: Account, mailbox: Mailbox) -> str:
    """The MAILBOXID of an open mailbox; one made before there were any, or by another program, gets one now.

    Empty when it was deleted. Raises StorageFailed.
    """
    async with account.turn:
        name = mailbox.name
        if mailbox.gone:
            return ""
        if not account.infos.object_id(name):
            await account.infos.identify(name, new_mailbox_id(account.runtime, mailbox.store.uidvalidity))
        return account.infos.object_id(name)


def unique_ids(mailbox: Mailbox, uids: Sequence[int]) -> list[str]:
    """What names messages for good: UIDVALIDITY and UID (spec 14.4.1); where the UID is not remembered, what is in the
    message, and which one it is among equals (spec 4.4). Ghosts of the latter kind do with the former."""
    seen: Counter[str] = Counter()
    lasting: dict[int, str] = {}
    for uid, word in mailbox.store.provisional().items():
        seen[word] += 1
        lasting[uid] = f"{word}.{seen[word]}"
    return [lasting.get(uid) or f"{mailbox.store.uidvalidity}-{uid}" for uid in uids]


class Hash(Protocol):
    """Of hashlib."""

    def update(self, data: bytes, /) -> None:
        """More octets."""

    def hexdigest(self) -> str:
        """The value so far."""


def email_id(hash: Hash) -> str:
    """The EMAILID of the wire form that went into ``hash`` (``hashlib.sha256``)."""
    return "M" + hash.hexdigest()[:_DIGITS]


async def read_email_id(handle: Handle, uid: int, pause: Callable[[int], Awaitable[object]]) -> str:
    """The EMAILID of a message of a session's mailbox. ``pause`` is told how many octets were worked on.

    Raises MessageGone, NotPermitted, MailboxGone, StorageFailed.
    """
    known = handle.cached(uid, "EMAILID")
    if known is not None:
        return known.decode("ascii")
    content = handle.content(uid)
    try:
        hash, place = hashlib.sha256(), 0
        while place < content.size:
            length = min(_PIECE, content.size - place)
            piece = content.read_now(place, length)
            if piece is None:
                piece = await content.read(place, length)
            if not piece:
                raise StorageFailed(detail="a message ended early")
            hash.update(piece)
            place += len(piece)
            await pause(len(piece))
    finally:
        content.release()
    value = email_id(hash)
    handle.cache(uid, "EMAILID", value.encode("ascii"))
    return value
