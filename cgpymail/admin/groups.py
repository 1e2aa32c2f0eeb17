"""``cgpymail group``: groups of accounts, which access lists name as ``#group`` (spec 3.3). Changes hold at once."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.directory.groups import SIGN, Group, group_named
from cgpymail.errors import NoSuchAccount


async def create(job: Job) -> int:
    """``name``. Raises MailError."""
    group = _group(job)
    await job.server.directory.relations.create_group(group)
    job.say(f"created {_shown(group)}")
    return exits.OK


async def delete(job: Job) -> int:
    """``name``. Raises MailError."""
    group = _group(job)
    await job.server.directory.relations.delete_group(group)
    job.say(f"removed {_shown(group)}")
    return exits.OK


async def list_groups(job: Job) -> int:
    """``only``: of one domain. Raises MailError."""
    domains, only = job.server.directory.domains, job.request.text("only", "").lower()
    for domain in [domains.need(only)] if only else domains.all():
        for name in job.server.directory.relations.groups(domain.name):
            job.say(_shown((name, domain.name)))
    return exits.OK


async def members(job: Job) -> int:
    """``name``: one member a line, as they were added. Raises MailError."""
    for member in job.server.directory.relations.members(_group(job)):
        job.say(member)
    return exits.OK


async def add(job: Job) -> int:
    """``name``, ``members``. Raises MailError, NoSuchAccount for one that is not there: all are added or none."""
    group = _group(job)
    relations = job.server.directory.relations
    added = [relations.spelled(text, group[1]) for text in job.request.texts("members")]
    for member in added:
        await _check(job, member, group[1])
    await relations.add_members(group, added)
    job.say(f"added {', '.join(added)} to {_shown(group)}")
    return exits.OK


async def remove(job: Job) -> int:
    """``name``, ``members``. Who is not in it is told of; the others go. Raises MailError."""
    group = _group(job)
    relations = job.server.directory.relations
    there = relations.members(group)
    removed = [relations.spelled(text, group[1]) for text in job.request.texts("members")]
    found = [member for member in there if member in removed or member in job.request.texts("members")]
    for member in removed:
        if member not in found:
            job.complain(f"{member} is not in {_shown(group)}")
    await relations.remove_members(group, found)
    if found:
        job.say(f"removed {', '.join(found)} from {_shown(group)}")
    return exits.OK if set(removed) <= set(found) else exits.UNAVAILABLE


async def _check(job: Job, member: str, domain: str) -> None:
    """Raise NoSuchAccount unless there is such an account or group."""
    directory = job.server.directory
    if member.startswith(SIGN):
        directory.relations.members(group_named(member, domain))
        return
    account = directory.route(member, domain)
    if account is None or await directory.find(account) is None:
        raise NoSuchAccount(f"There is no account {member}")


def _group(job: Job) -> Group:
    """``name`` or ``name@domain``, with or without the sign. Raises IllegalName, NoSuchAccount (no such domain)."""
    domains = job.server.directory.domains
    group = group_named(job.request.text("name"), domains.main.name)
    return group[0], domains.need(group[1]).name


def _shown(group: Group) -> str:
    return f"{SIGN}{group[0]}@{group[1]}"
