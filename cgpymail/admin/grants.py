"""``cgpymail account grants``: the index of who shares with whom, made complete from the access control lists.

Needed when lists came by another way than through the server: by hand, or with the files of another one. It only adds;
what is not true (any more) goes when somebody comes upon it.
"""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.errors import MailError
from cgpymail.manager.grants import announced
from cgpymail.model.identity import AccountName


async def rebuild(job: Job) -> int:
    """``only``: accounts of one domain. One account after the other, while everybody works. Raises MailError."""
    domains, only = job.server.directory.domains, job.request.text("only", "").lower()
    looked_at, worst = 0, exits.OK
    for domain in [domains.need(only)] if only else domains.all():
        for listed in await job.server.directory.accounts(domain.name):
            try:
                looked_at += await _look_at(job, AccountName(listed.name, domain.name))
            except MailError as problem:
                job.complain(f"{listed.name}@{domain.name}: {problem}")
                worst = exits.of_error(problem)
    job.say(f"{looked_at} accounts looked at")
    return worst


async def _look_at(job: Job, name: AccountName) -> int:
    record = await job.server.directory.find(name)
    if record is None:
        return 0
    async with announced(job.server.directory.grants, record, name):
        return 1
