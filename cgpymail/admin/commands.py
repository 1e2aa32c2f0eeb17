"""The table of all commands that work on the server's data, and how one of them is executed and ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from cgpymail.admin import (
    accountacls,
    accounts,
    administrators,
    attributes,
    exits,
    grants,
    groups,
    mailboxacls,
    mailboxaliases,
    mailboxes,
    sessions,
    settings,
    subscriptions,
    templates,
)
from cgpymail.admin.job import Job
from cgpymail.errors import MailError
from cgpymail.grammar.control import BadRequest

RELOAD = "reload"


async def reload(job: Job) -> int:
    """Have the running server read its configuration again; a wrong one changes nothing, and its errors are told."""
    if job.reload is None:
        job.complain("the server is not running")
        return exits.UNAVAILABLE
    problems = await job.reload()
    for problem in problems:
        job.complain(problem)
    if problems:
        return exits.CONFIG
    job.say("the configuration was read again")
    return exits.OK


COMMANDS: Mapping[str, Callable[[Job], Awaitable[int]]] = {
    "account create": accounts.create,
    "account list": accounts.list_accounts,
    "account rename": accounts.rename,
    "account delete": accounts.delete,
    "account password": accounts.set_password,
    "account grants rebuild": grants.rebuild,
    "account settings show": settings.show_settings,
    "account settings set": settings.set_settings,
    "account settings unset": settings.unset_settings,
    "account preferences show": settings.show_preferences,
    "account preferences set": settings.set_preferences,
    "account preferences unset": settings.unset_preferences,
    "account acl show": accountacls.show,
    "account acl set": accountacls.change,
    "template show": templates.show,
    "group create": groups.create,
    "group delete": groups.delete,
    "group list": groups.list_groups,
    "group members": groups.members,
    "group add": groups.add,
    "group remove": groups.remove,
    "administrator show": administrators.show,
    "administrator set": administrators.give,
    "administrator unset": administrators.take,
    "sessions list": sessions.list_sessions,
    "sessions kill": sessions.kill,
    "mailbox list": mailboxes.list_mailboxes,
    "mailbox create": mailboxes.create,
    "mailbox rename": mailboxes.rename,
    "mailbox delete": mailboxes.delete,
    "mailbox acl show": mailboxacls.show,
    "mailbox acl set": mailboxacls.change,
    "mailbox alias show": mailboxaliases.show,
    "mailbox alias set": mailboxaliases.change,
    "mailbox alias remove": mailboxaliases.remove,
    "mailbox subscription show": subscriptions.show,
    "mailbox subscription add": subscriptions.add,
    "mailbox subscription remove": subscriptions.remove,
    "mailbox class show": attributes.show_class,
    "mailbox class set": attributes.set_class,
    "mailbox own-seen": attributes.own_seen,
    "mailbox lock": attributes.lock,
    "mailbox unlock": attributes.unlock,
    "mailbox hide": attributes.hide,
    "mailbox unhide": attributes.unhide,
    RELOAD: reload,
}


async def execute(job: Job) -> int:
    """Do it; the exit code. What goes wrong is told by ``job.complain``, nothing is raised."""
    command = COMMANDS.get(job.request.verb)
    if command is None:
        job.complain("there is no such command")
        return exits.USAGE
    try:
        return await command(job)
    except BadRequest as problem:
        job.complain(str(problem))
        return exits.USAGE
    except MailError as problem:
        job.complain(str(problem))
        return exits.of_error(problem)
    except Exception:
        reference = job.server.services.runtime.logs.module("SYSTEM").failure(f"{job.request.verb} failed")
        job.complain(f"internal error; the server log has it as {reference}")
        return exits.SOFTWARE
