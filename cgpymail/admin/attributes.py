"""``cgpymail mailbox class``, ``lock``, ``unlock``, ``own-seen``, ``hide`` and ``unhide``: what a mailbox is meant for,
whether it may go, what Seen means in it, and which of its messages only some may see (spec 2.8, 6.1, 6.3)."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.admin.mailboxes import administration
from cgpymail.grammar.control import BadRequest
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.tokens import short_number_set
from cgpymail.model import flags
from cgpymail.model.uidset import NumberSet
from cgpymail.runtime.logs import printable


async def show_class(job: Job) -> int:
    """``account``, ``mailbox``: its class, an empty line for mail. Raises MailError."""
    found, _ = await (await administration(job)).attributes(job.request.text("mailbox"))
    job.say(printable(found))
    return exits.OK


async def set_class(job: Job) -> int:
    """``account``, ``mailbox``, ``mailbox_class`` (empty: for mail). Raises MailError."""
    name, wanted = job.request.text("mailbox"), job.request.text("mailbox_class", "")
    await (await administration(job)).set_class(name, wanted)
    job.say(f"class of {name} is {wanted}" if wanted else f"{name} is for mail")
    return exits.OK


async def lock(job: Job) -> int:
    """``account``, ``mailbox``. Raises MailError."""
    return await _lock(job, locked=True)


async def unlock(job: Job) -> int:
    """``account``, ``mailbox``. Raises MailError."""
    return await _lock(job, locked=False)


async def _lock(job: Job, *, locked: bool) -> int:
    name = job.request.text("mailbox")
    await (await administration(job)).lock(name, locked=locked)
    job.say(f"{'locked' if locked else 'unlocked'} {name}")
    return exits.OK


async def own_seen(job: Job) -> int:
    """``account``, ``mailbox``, ``state`` (on or off): whether every user has a Seen of his own. Raises MailError,
    BadRequest."""
    name, state = job.request.text("mailbox"), job.request.text("state")
    if state not in ("on", "off"):
        raise BadRequest("say on or off")
    await (await administration(job)).set_own_seen(name, on=state == "on")
    job.say(f"every user of {name} has a Seen of his own" if state == "on" else f"all users of {name} have one Seen")
    return exits.OK


async def hide(job: Job) -> int:
    """``account``, ``mailbox``, ``uids``; ``service``: from all mail clients. Raises MailError, BadRequest."""
    return await _hide(job, on=True)


async def unhide(job: Job) -> int:
    """``account``, ``mailbox``, ``uids``; ``service``: the flag Service, not Hidden. Raises MailError, BadRequest."""
    return await _hide(job, on=False)


async def _hide(job: Job, *, on: bool) -> int:
    name = job.request.text("mailbox")
    mask = flags.SERVICE if job.request.flag("service") else flags.HIDDEN
    found = await (await administration(job)).hide(name, _uids(job), mask, on=on)
    if not found:
        job.complain(f"{name} has no such message")
        return exits.UNAVAILABLE
    job.say(f"{'set' if on else 'reset'} {'Service' if mask == flags.SERVICE else 'Hidden'} on {found} in {name}")
    return exits.OK


def _uids(job: Job) -> NumberSet:
    """Numbers and ranges as in IMAP, one or more. Raises BadRequest."""
    try:
        return short_number_set(",".join(job.request.texts("uids")).encode())
    except (CommandError, UnicodeEncodeError):
        raise BadRequest("write UIDs such as 17, 20:25 or 1:*") from None
