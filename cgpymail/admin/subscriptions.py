"""``cgpymail mailbox subscription``: the list of names that the user's programs show (spec 7.1). It is kept literally:
names need not exist, and may be those of others' mailboxes."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.manager.namechanges import NameChanges
from cgpymail.runtime.logs import printable


async def _names(job: Job) -> NameChanges:
    return await job.server.services.manager.names_of(job.account("account"))


async def show(job: Job) -> int:
    """``account``: one name a line, as it is stored. Raises MailError."""
    for name in (await _names(job)).subscription():
        job.say(printable(name))
    return exits.OK


async def add(job: Job) -> int:
    """``account``, ``names``. Raises MailError; names before the one that is refused are on the list then."""
    changes = await _names(job)
    for name in job.request.texts("names"):
        await changes.subscribe(name, None)
    return _told(job, changes)


async def remove(job: Job) -> int:
    """``account``, ``names``; a name that is not on the list is none the more. Raises MailError."""
    changes = await _names(job)
    for name in job.request.texts("names"):
        await changes.unsubscribe(name, None)
    return _told(job, changes)


def _told(job: Job, changes: NameChanges) -> int:
    job.say(f"{len(changes.subscription())} names are subscribed")
    return exits.OK
