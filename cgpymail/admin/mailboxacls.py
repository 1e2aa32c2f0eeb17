"""``cgpymail mailbox acl``: who else may do what with a mailbox (spec 3)."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.admin.mailboxes import administration
from cgpymail.grammar.control import BadRequest
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.rightsletters import read_change
from cgpymail.model import rights
from cgpymail.model.rights import RightsChange
from cgpymail.runtime.logs import printable


async def show(job: Job) -> int:
    """``account``, ``mailbox``: one ``IDENTIFIER=RIGHTS`` a line, as it may be typed to set it. Raises MailError."""
    acl = await (await administration(job)).acl(job.request.text("mailbox"))
    for identifier, mask in acl.items():
        job.say(printable(f"{identifier}={rights.show(mask)}"))
    return exits.OK


async def change(job: Job) -> int:
    """``account``, ``mailbox``, ``values``: ``IDENTIFIER=RIGHTS``, with ``+`` or ``-`` before the rights to add or
    remove them; an element without rights goes. All or none. Raises MailError, BadRequest."""
    name = job.request.text("mailbox")
    changes = [_read(text) for text in job.request.texts("values")]
    await (await administration(job)).change_acl(name, changes, job.server.services.limits)
    job.say(printable(f"changed the access list of {name}"))
    return exits.OK


def _read(text: str) -> tuple[str, RightsChange]:
    identifier, sign, letters = text.partition("=")
    if not sign:
        raise BadRequest(f"{text}: write IDENTIFIER=RIGHTS")
    try:
        return identifier.strip(), read_change(letters.strip())
    except CommandError as problem:
        raise BadRequest(f"{text}: {problem.reason}") from None
