"""``cgpymail administrator``: who has which administrator's rights (spec 3.2, 3.5.3). Changes hold at once."""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.directory.domains import one_spelling
from cgpymail.errors import BadSettings

# The rights that mean something to this server, as they are written.
KNOWN = {one_spelling(word): word for word in ("All Users", "Master", "CanViewMailboxes")}
MAX_RIGHT = 64  # octets


async def show(job: Job) -> int:
    """``name``: his rights, one a line; without a name, every administrator of every domain. Raises MailError."""
    relations = job.server.directory.relations
    if job.request.text("name", ""):
        name = job.account()
        all_rights = relations.administrators(name.domain)
        held = dict.fromkeys([*all_rights.get(name.name, ()), *all_rights.get(str(name), ())])
        for word in held:
            job.say(word)
        return exits.OK if held else exits.UNAVAILABLE
    for domain in job.server.directory.domains.all():
        for key, words in sorted(relations.administrators(domain.name).items()):
            job.say(f"{key if '@' in key else f'{key}@{domain.name}'}: {', '.join(words)}")
    return exits.OK


async def give(job: Job) -> int:
    """``name``, ``rights``: he has these too. Raises MailError."""
    name = job.account()
    await job.server.directory.need(name)
    words = _words(job)
    for word in words:
        if one_spelling(word) not in KNOWN:
            job.complain(f"warning: {word} means nothing to this server; it is kept all the same")
    await job.server.directory.relations.set_rights(name, words, ())
    job.say(f"{name} has {', '.join(words)}")
    return exits.OK


async def take(job: Job) -> int:
    """``name``, ``rights``: he has these no more. Raises MailError."""
    name = job.account()
    words = _words(job)
    await job.server.directory.relations.set_rights(name, (), words)
    job.say(f"{name} has not {', '.join(words)}")
    return exits.OK


def _words(job: Job) -> Sequence[str]:
    words = [KNOWN.get(one_spelling(word), word) for word in job.request.texts("rights")]
    if not all(word.isprintable() and 0 < len(word.encode()) <= MAX_RIGHT for word in words):
        raise BadSettings("This is not the name of a right")
    return words
