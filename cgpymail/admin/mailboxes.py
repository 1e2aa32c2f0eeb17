"""``cgpymail mailbox``: the mailboxes of one account, through the Mailbox Manager, so that every session sees it."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.manager.administration import Administration
from cgpymail.runtime.logs import printable


async def administration(job: Job) -> Administration:
    """The door to the mailboxes of ``account``. Raises MailError."""
    return await job.server.services.manager.administrate(job.account("account"))


async def list_mailboxes(job: Job) -> int:
    """``account``: one name a line; a name that cannot hold messages ends with ``/``. ``long``: two blanks, and after
    them ``class=...`` and ``locked``, where there is something to say. Raises MailError."""
    door, long = await administration(job), job.request.flag("long")
    for name in await door.mailboxes():
        mailbox_class, locked = await door.attributes(name) if long else ("", False)
        facts = [f"class={mailbox_class}"] * bool(mailbox_class) + ["locked"] * locked
        job.say(printable("  ".join([name, *facts])))
    return exits.OK


async def create(job: Job) -> int:
    """``account``, ``mailbox``, ``mailbox_class``. Raises MailError."""
    name = job.request.text("mailbox")
    await (await administration(job)).create(name, job.request.text("mailbox_class", ""))
    job.say(f"created {name}")
    return exits.OK


async def rename(job: Job) -> int:
    """``account``, ``mailbox``, ``new``; ``alone``: what lies below it stays (spec 1.1). Raises MailError."""
    old, new = job.request.text("mailbox"), job.request.text("new")
    await (await administration(job)).rename(old, new, children=not job.request.flag("alone"))
    job.say(f"renamed {old} to {new}")
    return exits.OK


async def delete(job: Job) -> int:
    """``account``, ``mailbox``; ``children``: with everything below it (spec 1.1). Raises MailError."""
    name = job.request.text("mailbox")
    await (await administration(job)).delete(name, children=job.request.flag("children"))
    job.say(f"removed {name}")
    return exits.OK
