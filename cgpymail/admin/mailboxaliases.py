"""``cgpymail mailbox alias``: names in an account that lead to mailboxes of others, or to their accounts (spec 7.2)."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.manager.aliases import MailboxAliases
from cgpymail.runtime.logs import printable


async def _aliases(job: Job) -> MailboxAliases:
    return (await job.server.services.manager.names_of(job.account("account"))).aliases


async def show(job: Job) -> int:
    """``account``: one ``ALIAS TARGET`` a line, with a tab between. Raises MailError."""
    for alias, target in (await _aliases(job)).table().items():
        job.say(f"{printable(alias)}\t{printable(target)}")
    return exits.OK


async def change(job: Job) -> int:
    """``account``, ``mailbox`` (the alias), ``target``. An alias that is there gets another target. Sessions see it at
    their next LIST. Raises MailError."""
    aliases, alias = await _aliases(job), job.request.text("mailbox")
    target = await aliases.set(alias, job.request.text("target"))
    if not await aliases.shows(alias):
        job.complain(f"warning: {target} is not there, or may not be seen yet")
    job.say(f"{alias} leads to {target}")
    return exits.OK


async def remove(job: Job) -> int:
    """``account``, ``mailbox`` (the alias); what it leads to stays. Raises MailError."""
    alias = job.request.text("mailbox")
    await (await _aliases(job)).remove(alias)
    job.say(f"removed the mailbox alias {alias}")
    return exits.OK
