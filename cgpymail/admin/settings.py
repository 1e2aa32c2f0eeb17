"""``cgpymail account settings`` and ``preferences``: shown, set and unset, as they stand in the account's files.

A value is given as it would stand in the file (spec 11.2): ``(IMAP, POP)``, ``"two words"``, ``#12``; what does not
begin with one of the signs of that syntax is text as it is. A name that this server does not know is kept all the
same, for other programs or later versions, but the person at the terminal is told; a value that it would not
understand is refused. Settings that hold secrets are neither shown nor set here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cgpymail.admin import exits
from cgpymail.admin.job import Job
from cgpymail.directory.record import AccountRecord
from cgpymail.errors import BadSettings, IllegalName
from cgpymail.grammar import words
from cgpymail.grammar.control import BadRequest
from cgpymail.grammar.settings import SettingsError, read, write
from cgpymail.manager.special import PREFERENCES, SPECIAL_USE
from cgpymail.model import names
from cgpymail.stores.registry import FORMATS

SECRETS = frozenset({"password", "scram"})  # keys in lower case
SYNTAX = tuple('({["#<')  # what begins a value that is not plain text

# Names in the vendor's samples (spec 11.2) that are kept, and may mean something to other programs.
KEPT = frozenset(
    (
        "ArchiveMessagesAfter", "DeleteMessagesAfter", "ExternalINBOX", "FailedLoginFlow", "LogLogin", "MailInpFlow",
        "MaxAccountSize", "PWDAllowed", "QuotaAlert", "QuotaNotice", "QuotaSuspend", "RealName", "Rules",
        "RulesAllowed", "UseExtPassword", "UseKerberosPassword", "UseSysPassword",
    )
)  # fmt: skip
KEPT_PREFERENCES = frozenset(
    (
        "DeleteMode", "EmptyJunk", "EmptyTrash", "KeepTimeInTrash", "ShowLocal", "ShowSubscribed",
    )
)  # fmt: skip
BOXES = tuple(dict.fromkeys([*PREFERENCES.values(), *(key for _, key in SPECIAL_USE)]))  # special mailboxes (spec 6.2)


def _is_switch(value: Any) -> bool:
    try:
        words.flag(str(value))
    except BadSettings:
        return False
    return True


def _is_list(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, str | int) for item in items) and bool(items)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: re.fullmatch(pattern, str(value), re.IGNORECASE) is not None


# What the server obeys: whether it understands a value, and what to write instead.
OBEYED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "AccessModes": (_is_list, "All, None, or a list such as (IMAP, POP)"),
    "AdminContact": (_matches("[A-Za-z][A-Za-z0-9+.-]*:[!-~]+"), "a URI such as mailto:postmaster@example.org"),
    "AliasesForGrants": (_is_switch, "YES or NO"),
    "DefaultMailboxType": (
        lambda value: value in {format.name for format in FORMATS.values()},
        " or ".join(format.name for format in FORMATS.values()),
    ),
    "IMAPSeesNonMail": (_is_switch, "YES or NO"),
    "MaxMailboxes": (_matches("-1|[0-9]{1,9}"), "a number, -1 for no limit"),
    "MaxMessageSize": (_matches("unlimited|[0-9]{1,15}[KMG]?"), "a size such as 30M, or unlimited"),
    "PasswordEncryption": (_matches("[A-Za-z0-9-]+"), "a word such as clear"),
    "POPLoginDelay": (_matches("[0-9]{1,6}"), "a number of seconds"),
    "RequireAPOP": (_is_switch, "YES or NO"),
    "SharedComment": (_is_text, "text"),
    "UseAppPassword": (_is_switch, "YES or NO"),
    "UseCertificateAuth": (_is_switch, "YES or NO"),
}


async def show_settings(job: Job) -> int:
    """``name``; ``keys``: these only, with the domain's default where the account has none. Raises MailError."""
    record = await _record(job)
    keys = job.request.texts("keys")
    found = {key: record.value(key) for key in keys} if keys else record.own()
    return _show(job, {key: value for key, value in found.items() if key.lower() not in SECRETS}, keys)


async def set_settings(job: Job) -> int:
    """``name``, ``values`` (``KEY=VALUE``). Raises MailError, BadRequest."""
    record = await _record(job)
    changes = _pairs(job)
    for key, value in changes.items():
        _refuse_secret(key)
        understood, wanted = OBEYED.get(key, (_anything, ""))
        if not understood(value):
            raise BadSettings(f"{key}: this value is not understood; write {wanted}")
        _warn(job, key, key in OBEYED or key in KEPT)
    await record.set_settings(changes)
    return _changed(job, record, changes)


async def unset_settings(job: Job) -> int:
    """``name``, ``keys``: the domain's defaults hold for them again. Raises MailError, BadRequest."""
    record = await _record(job)
    changes = dict.fromkeys(job.request.texts("keys"))
    for key in changes:
        _refuse_secret(key)
    await record.set_settings(changes)
    return _changed(job, record, changes)


async def show_preferences(job: Job) -> int:
    """``name``; ``keys``: these only. The special mailboxes are shown as they are now, set or not. Raises MailError."""
    record = await _record(job)
    keys = job.request.texts("keys")
    found: dict[str, Any] = {key: record.preference(key) for key in keys or BOXES}
    for key, value in record.own_preferences().items():
        if not keys or key in keys:
            found.setdefault(key, value)
            if not isinstance(value, str):
                found[key] = value
    return _show(job, {key: value for key, value in found.items() if value != ""}, keys)


async def set_preferences(job: Job) -> int:
    """``name``, ``values`` (``KEY=VALUE``). They hold from the next use on. Raises MailError, BadRequest."""
    record = await _record(job)
    changes = _pairs(job)
    for key, value in changes.items():
        if key in BOXES and value != "":
            _check_mailbox(key, value)
        _warn(job, key, key in BOXES or key in KEPT_PREFERENCES)
    await record.set_preferences(changes)
    return _changed(job, record, changes)


async def unset_preferences(job: Job) -> int:
    """``name``, ``keys``: the defaults hold for them again. Raises MailError."""
    record = await _record(job)
    changes = dict.fromkeys(job.request.texts("keys"))
    await record.set_preferences(changes)
    return _changed(job, record, changes)


async def _record(job: Job) -> AccountRecord:
    return await job.server.directory.need(job.account())


def _show(job: Job, found: Mapping[str, Any], asked: tuple[str, ...]) -> int:
    """One ``KEY=VALUE`` a line, as it may be typed to set it."""
    for key, value in found.items():
        if value is not None:
            job.say(f"{key}={write(value).decode('utf-8', 'replace')}")
    for key in asked:
        if found.get(key) is None:
            job.complain(f"{key} is not shown" if key.lower() in SECRETS else f"{key} is not set")
    return exits.OK if all(found.get(key) is not None for key in asked) else exits.UNAVAILABLE


def _pairs(job: Job) -> dict[str, Any]:
    pairs = {}
    for text in job.request.texts("values"):
        key, sign, value = text.partition("=")
        key = key.strip()
        if not sign or not key:
            raise BadRequest(f"{text.partition('=')[0]}: write KEY=VALUE")
        pairs[key] = _value(key, value.strip())
    return pairs


def _value(key: str, text: str) -> Any:
    if not text.startswith(SYNTAX):
        return text
    try:
        return read(text.encode())
    except SettingsError as problem:
        raise BadSettings(f"{key}: {problem.problem}") from None


def _check_mailbox(key: str, value: Any) -> None:
    if not isinstance(value, str):
        raise BadSettings(f"{key}: this is not the name of a mailbox")
    try:
        names.check_new(names.canonical(value))
    except IllegalName as problem:
        raise BadSettings(f"{key}: {problem.public}") from None


def _refuse_secret(key: str) -> None:
    if key.lower() in SECRETS:
        raise BadRequest(f"{key}: use 'cgpymail account password'")


def _warn(job: Job, key: str, known: bool) -> None:
    if not known:
        job.complain(f"warning: {key} means nothing to this server; it is kept all the same")


def _anything(value: Any) -> bool:
    return True


def _changed(job: Job, record: AccountRecord, changes: Mapping[str, Any]) -> int:
    job.server.services.manager.settings_changed(record.name, changes)
    job.say(f"changed {', '.join(changes)} of {record.name}")
    return exits.OK
