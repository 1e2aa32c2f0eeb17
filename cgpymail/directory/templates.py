"""The account template of a domain: what its new accounts begin with (spec sections 6.3, 7.1.6, 11.1).

It is ``<domain>/Settings/Template.settings``, read whenever an account is made. What keys the product has there is not
known; these are ours (etc/Template.settings is an example):

* ``Mailboxes``: an array of names, or of dictionaries ``{Name=...; Class=...; Locked=YES;}``
* ``Subscription``: an array of names, which need not exist
* ``Settings`` and ``Preferences``: what is written into the settings and preferences of the account

What cannot be used is left out and told: nobody is to go without an account because of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cgpymail.errors import BadSettings, MailError
from cgpymail.grammar import words
from cgpymail.grammar.settings import Document, SettingsError, Value
from cgpymail.model import names
from cgpymail.model.classes import check_class
from cgpymail.model.mailbox import PlannedMailbox
from cgpymail.runtime.files import Files

FILE = "Template.settings"
MAILBOXES, SUBSCRIPTION, SETTINGS, PREFERENCES = "Mailboxes", "Subscription", "Settings", "Preferences"
NAME, CLASS, LOCKED = "Name", "Class", "Locked"
SECRETS = frozenset({"password", "scram"})  # in small letters: of one account, never of all
MOST = 1_000  # mailboxes, and subscribed names, of one template


@dataclass(slots=True)
class Template:
    """``problems``: what of the file was left out, in words."""

    mailboxes: list[PlannedMailbox] = field(default_factory=list)
    subscription: list[str] = field(default_factory=list)
    settings: dict[str, Value] = field(default_factory=dict)
    preferences: dict[str, Value] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_template(files: Files, folder: str) -> Template:
    """That of the domain whose settings are in ``folder``; an empty one if there is no file. Blocking."""
    template = Template()
    try:
        document = Document(files.read_file(f"{folder}/{FILE}"))
    except FileNotFoundError:
        return template
    except (OSError, SettingsError) as problem:
        template.problems.append(f"the file cannot be used: {problem}")
        return template
    for key in document:
        take = _TAKERS.get(key)
        if take is None:
            template.problems.append(f"{key} means nothing here")
        else:
            take(template, document.get(key))
    return template


def _take_mailboxes(template: Template, value: Any) -> None:
    for entry in _list(template, MAILBOXES, value):
        try:
            made = planned(entry)
            if any(made.name == other.name for other in template.mailboxes):
                raise BadSettings("it is there twice")
        except MailError as problem:
            name = entry.get(NAME) if isinstance(entry, dict) else entry
            template.problems.append(f"{MAILBOXES}: {name}: {problem}")
            continue
        template.mailboxes.append(made)
        for key in entry if isinstance(entry, dict) else ():
            if key not in (NAME, CLASS, LOCKED):
                template.problems.append(f"{MAILBOXES}: {made.name}: {key} means nothing here")


def _take_subscription(template: Template, value: Any) -> None:
    for entry in _list(template, SUBSCRIPTION, value):
        try:
            template.subscription.append(_subscribed(entry))
        except MailError as problem:
            template.problems.append(f"{SUBSCRIPTION}: {entry}: {problem}")
    template.subscription = list(dict.fromkeys(template.subscription))


def _take_settings(template: Template, value: Any) -> None:
    for key, setting in _dictionary(template, SETTINGS, value).items():
        if key.lower() in SECRETS:
            template.problems.append(f"{SETTINGS}: {key} is not taken from a template")
        else:
            template.settings[key] = setting


def _take_preferences(template: Template, value: Any) -> None:
    template.preferences = _dictionary(template, PREFERENCES, value)


_TAKERS: dict[str, Callable[[Template, Any], None]] = {
    MAILBOXES: _take_mailboxes,
    SUBSCRIPTION: _take_subscription,
    SETTINGS: _take_settings,
    PREFERENCES: _take_preferences,
}


def _list(template: Template, key: str, value: Any) -> list[Any]:
    found = value if isinstance(value, list) else [value]
    if len(found) > MOST:
        template.problems.append(f"{key}: only the first {MOST} are taken")
    return found[:MOST]


def _dictionary(template: Template, key: str, value: Any) -> dict[str, Value]:
    if isinstance(value, dict):
        return value
    template.problems.append(f"{key}: write {{KEY=VALUE; ...}}")
    return {}


def _subscribed(entry: Any) -> str:
    if not isinstance(entry, str):
        raise BadSettings("this is not a name")
    name = names.canonical(entry.removesuffix(names.SEPARATOR))
    names.check_subscribed(name)
    return name


def planned(entry: Any) -> PlannedMailbox:
    """A mailbox as it stands in the template, and in account.info until it is made. Raises BadSettings, IllegalName,
    CannotDo (the class)."""
    values = {NAME: entry} if isinstance(entry, str) else entry
    if not isinstance(values, dict) or not isinstance(values.get(NAME), str):
        raise BadSettings(f"write a name, or {{{NAME}=...; {CLASS}=...; {LOCKED}=YES;}}")
    name, mailbox_class = names.canonical(values[NAME]), values.get(CLASS, "")
    names.check_new(name)
    if name == names.INBOX:
        raise BadSettings("every account has it")
    if not isinstance(mailbox_class, str):
        raise BadSettings(f"{CLASS} is not text")
    check_class(mailbox_class)
    return PlannedMailbox(name, mailbox_class, words.flag(str(values.get(LOCKED, "NO"))))


def described(mailbox: PlannedMailbox) -> Value:
    """The same as ``planned`` reads it."""
    return {NAME: mailbox.name, CLASS: mailbox.mailbox_class, LOCKED: mailbox.locked}
