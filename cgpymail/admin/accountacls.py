"""``cgpymail account acl``: the rights on an account itself, such as making mailboxes at its top (spec 3.5)."""

from __future__ import annotations

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.errors import BadSettings, LimitExceeded
from cgpymail.grammar.control import BadRequest
from cgpymail.manager.sharing import prepared
from cgpymail.model import rights
from cgpymail.model.identifiers import means

KNOWN = {word.lower(): word for word in (rights.CREATE_MAILBOXES,)}
MAX_RIGHTS = 100  # names of rights in one element, count; and octets in one name
SIGNS = ("+", "-")


async def show(job: Job) -> int:
    """``name``: one ``IDENTIFIER=RIGHTS`` a line, as it may be typed to set it. Raises MailError."""
    record = await job.server.directory.need(job.account())
    for identifier, words in record.account_acl().items():
        job.say(f"{identifier}={','.join(words)}")
    return exits.OK


async def change(job: Job) -> int:
    """``name``, ``values``: ``IDENTIFIER=RIGHTS``, with ``+`` or ``-`` before the rights to add or remove them; an
    element without rights goes. All or none. Raises MailError, BadRequest."""
    record = await job.server.directory.need(job.account())
    acl = record.account_acl()
    for text in job.request.texts("values"):
        identifier, sign, value = text.partition("=")
        if not sign:
            raise BadRequest(f"{text}: write IDENTIFIER=RIGHTS")
        meant = prepared(identifier.strip(), record.name.domain)
        mine = [each for each in acl if means(each, meant, record.name.domain)]
        words = _changed(job, tuple(dict.fromkeys(word for each in mine for word in acl[each])), value.strip())
        others = {each: held for each, held in acl.items() if each not in mine}
        acl = others | ({meant: words} if words else {})
    most = job.server.services.limits.acl_elements
    if len(acl) > max(most, len(record.account_acl())):
        raise LimitExceeded("The access list has too many elements")
    await record.set_account_acl(acl)
    job.say(f"changed the access list of {record.name}")
    return exits.OK


def _changed(job: Job, held: tuple[str, ...], text: str) -> tuple[str, ...]:
    """The names of rights after a change. They match whatever their case."""
    sign, listed = (text[0], text[1:]) if text.startswith(SIGNS) else ("", text)
    words = [KNOWN.get(word.lower(), word) for word in map(str.strip, listed.split(",")) if word]
    if len(words) + len(held) > MAX_RIGHTS or not all(w.isprintable() and len(w.encode()) <= MAX_RIGHTS for w in words):
        raise BadSettings("This is not a list of rights")
    lower = {word.lower() for word in words}
    if sign == "-":
        return tuple(word for word in held if word.lower() not in lower)
    for word in words:
        if word.lower() not in KNOWN:
            job.complain(f"warning: {word} means nothing to this server; it is kept all the same")
    others = [word for word in held if word.lower() not in lower] if sign else []
    return tuple(dict.fromkeys([*others, *words]))
