"""What SORT and THREAD need to know of many messages; kept in the cache of facts, so that it is read once only.

The header blocks themselves are not put there: those of one large mailbox would drive out everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cgpymail.errors import MessageGone, NotPermitted
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.reading import header_block
from cgpymail.manager.slicing import Breathe
from cgpymail.mime.overview import Overview, parse_overview

if TYPE_CHECKING:
    from cgpymail.manager.handle import Handle

_KIND = "overview"


async def read_overviews(
    handle: Handle, mailbox: Mailbox, uids: Sequence[int], breathe: Breathe
) -> dict[int, Overview]:
    """By UID, in the given order; messages that vanished meanwhile are not in it. Raises StorageFailed, MailboxGone."""
    found: dict[int, Overview] = {}
    for done, uid in enumerate(uids):
        handle.progress = (done, len(uids))
        await breathe()
        try:
            handle.check_readable(uid)
            found[uid] = await _read_overview(mailbox, uid)
        except (MessageGone, NotPermitted):
            continue
    return found


async def _read_overview(mailbox: Mailbox, uid: int) -> Overview:
    overview: Overview | None = mailbox.facts.get(mailbox.number, uid, _KIND)
    if overview is None:
        block = mailbox.facts.get(mailbox.number, uid, "headers") or await header_block(mailbox, uid)
        overview = parse_overview(block, mailbox.limits)
        mailbox.facts.put(mailbox.number, uid, _KIND, overview, overview.octets)
    return overview
