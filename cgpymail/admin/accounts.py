"""``cgpymail account``: create, list, rename, delete, password. Each works on the assembled server, whoever runs it."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.directory.passwords import CLEAR
from cgpymail.errors import BadSettings
from cgpymail.runtime.logs import printable
from cgpymail.stores.registry import FORMATS


async def create(job: Job) -> int:
    """``name``, ``password`` (empty: nobody can log in), ``recoverable``; ``single``: with INBOX only; ``format`` of
    its mailboxes, in the manual's words (empty: the domain's default). Raises MailError.
    """
    name, _, domain = job.request.text("name").partition("@")
    password = job.request.text("password", "").encode()
    format = job.request.text("format", "")
    if format and format not in _format_names():
        raise BadSettings(f"There is no mailbox format {format}; write {' or '.join(_format_names())}")
    await job.server.create_account(
        name,
        password,
        domain=domain.lower(),
        encryption=_encryption(job),
        format=format,
        single=job.request.flag("single"),
    )
    place = domain.lower() or job.server.directory.domains.main.name
    for problem in (await job.server.directory.template(place)).problems:
        job.complain(printable(f"warning: account template: {problem}"))
    job.say(f"created {name.lower()}@{place}")
    return exits.OK


async def set_password(job: Job) -> int:
    """``name``, ``password`` (empty: taken away), ``recoverable``. Sessions go on; the next login needs the new one.

    Raises MailError.
    """
    name = job.account()
    password = job.request.text("password", "")
    if password:
        await job.server.directory.set_password(name, password, _encryption(job))
    else:
        await job.server.directory.remove_password(name)
    job.say(f"password of {name} {'changed' if password else 'removed'}")
    return exits.OK


def _encryption(job: Job) -> str:
    return CLEAR if job.request.flag("recoverable") else ""


def _format_names() -> list[str]:
    return [format.name for format in FORMATS.values()]


async def list_accounts(job: Job) -> int:
    """``only``: of one domain. Raises MailError."""
    domains, only = job.server.directory.domains, job.request.text("only", "").lower()
    for domain in [domains.need(only)] if only else domains.all():
        for listed in await job.server.directory.accounts(domain.name):
            format = FORMATS[listed.format].name if listed.format else "no mail yet"
            remark = f"  (single-mailbox account, {format})" if listed.single else ""
            job.say(f"{listed.name}@{domain.name}{remark}")
    return exits.OK


async def rename(job: Job) -> int:
    """``name``, ``new`` (in the same domain, unless it says another). Its sessions end. Raises MailError."""
    name = job.account()
    new, _, domain = job.request.text("new").partition("@")
    renamed = await job.server.rename_account(name, new, domain.lower())
    job.say(f"renamed {name} to {renamed}")
    return exits.OK


async def delete(job: Job) -> int:
    """``name``. Its sessions end before anything is removed. Raises MailError."""
    name = job.account()
    await job.server.delete_account(name)
    job.say(f"removed {name}")
    return exits.OK
