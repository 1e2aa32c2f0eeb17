"""``cgpymail sessions``: who is connected, and the end of it (spec 14.5.10; KILLACCOUNTSESSIONS, spec 12.4)."""

from __future__ import annotations

from datetime import UTC, datetime

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.grammar.control import BadRequest
from cgpymail.runtime.logs import printable

REASON = "The session was ended by the administrator"
NOTHING = "-"  # nobody is logged in, no mailbox is selected


async def list_sessions(job: Job) -> int:
    """One a line, the oldest first: id, account, peer, since (UTC), TLS or clear, mailbox."""
    for session in job.server.sessions.all():
        since = datetime.fromtimestamp(session.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        link = "TLS" if session.encrypted else "clear"
        account = str(session.account) if session.account else NOTHING
        mailbox = printable(session.mailbox) or NOTHING
        job.say("  ".join((session.id, session.protocol, account, session.peer, since, link, mailbox)))
    return exits.OK


async def kill(job: Job) -> int:
    """``ids``, or all of ``account``. A session that is not there is told, the others end all the same.

    Raises NoSuchAccount, BadRequest.
    """
    if job.request.text("account", ""):
        name = job.account("account")
        await job.server.directory.need(name)
        for id in job.server.sessions.kill_account(name, REASON):
            job.say(f"ended {id}")
        return exits.OK
    ids = job.request.texts("ids")
    if not ids:
        raise BadRequest("name the sessions that are to end, or an account")
    code = exits.OK
    for id in ids:
        if job.server.sessions.kill(id, REASON):
            job.say(f"ended {id.upper()}")
        else:
            job.complain(f"there is no session {id}")
            code = exits.UNAVAILABLE
    return code
