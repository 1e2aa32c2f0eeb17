"""``cgpymail template``: what new accounts of a domain begin with, and what of it is wrong (directory/templates.py)."""

from __future__ import annotations

from collections.abc import Iterator

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.admin.settings import BOXES, KEPT, KEPT_PREFERENCES, OBEYED
from cgpymail.directory.templates import Template
from cgpymail.errors import IllegalName
from cgpymail.grammar.settings import write
from cgpymail.model import names
from cgpymail.runtime.logs import printable


async def show(job: Job) -> int:
    """``only``: the domain, else the main one. One thing a line; what cannot be used is complained of, and then the
    exit code says so. Raises MailError."""
    domains = job.server.directory.domains
    template = await job.server.directory.template(job.request.text("only", "").lower() or domains.main.name)
    for line in _lines(template):
        job.say(printable(line))
    problems = [*template.problems, *_doubts(template)]
    for problem in problems:
        job.complain(printable(problem))
    return exits.DATA if problems else exits.OK


def _lines(template: Template) -> Iterator[str]:
    for mailbox in template.mailboxes:
        facts = [f"class={mailbox.mailbox_class}"] * bool(mailbox.mailbox_class) + ["locked"] * mailbox.locked
        yield "  ".join([f"mailbox {mailbox.name}", *facts])
    for name in template.subscription:
        yield f"subscribed {name}"
    for word, values in (("setting", template.settings), ("preference", template.preferences)):
        for key, value in values.items():
            yield f"{word} {key}={write(value).decode('utf-8', 'replace')}"


def _doubts(template: Template) -> Iterator[str]:
    """What new accounts get, but would not be understood there."""
    for key, value in template.settings.items():
        understood, wanted = OBEYED.get(key, (None, ""))
        if understood is None and key not in KEPT:
            yield f"Settings: {key} means nothing to this server"
        elif understood is not None and not understood(value):
            yield f"Settings: {key}: this value is not understood; write {wanted}"
    for key, value in template.preferences.items():
        if key in BOXES and not _is_mailbox(value):
            yield f"Preferences: {key}: this is not the name of a mailbox"
        elif key not in BOXES and key not in KEPT_PREFERENCES:
            yield f"Preferences: {key} means nothing to this server"


def _is_mailbox(value: object) -> bool:
    try:
        names.check_new(names.canonical(value if isinstance(value, str) else ""))
    except IllegalName:
        return value == ""  # there is none then
    return True
