"""Special mailboxes: their names are preferences of the account (manual, Mailboxes, "Special Mailboxes"; spec 6.2).

``$Sent$`` in a mailbox name means whatever the preference SentBox of that account says at the moment of use.
"""

from __future__ import annotations

from cgpymail.errors import IllegalName
from cgpymail.interfaces import IAccountRecord
from cgpymail.model.classes import CALENDAR, CONTACTS, NOTES, TASKS
from cgpymail.model.names import INBOX, SEPARATOR, canonical, check_new, is_below

# The word in a name -> the preference that holds the real name.
PREFERENCES = {
    "$Trash$": "TrashBox",
    "$Sent$": "SentBox",
    "$Drafts$": "DraftsBox",
    "$Junk$": "JunkBox",
    "$History$": "HistoryBox",
    "$Calendar$": "CalendarBox",
    "$Tasks$": "TasksBox",
    "$Contacts$": "ContactsBox",
    "$Notes$": "NotesBox",
}

# The word -> the class that such a mailbox is expected to have; the others are for mail.
CLASSES = {"$Calendar$": CALENDAR, "$Tasks$": TASKS, "$Contacts$": CONTACTS, "$Notes$": NOTES}

# RFC 6154 attribute -> preference, in the order in which new accounts get these mailboxes.
SPECIAL_USE = (
    ("\\Sent", "SentBox"),
    ("\\Drafts", "DraftsBox"),
    ("\\Trash", "TrashBox"),
    ("\\Junk", "JunkBox"),
    ("\\Archive", "ArchiveBox"),
)


def real_name(record: IAccountRecord, word: str) -> str:
    """The mailbox that ``$Word$`` names in that account; empty if it is no such word, or the preference is unset or
    names what cannot be a mailbox there: another ``$Word$``, which might run in circles, or one of another account."""
    key = PREFERENCES.get(word, "")
    name = canonical(record.preference(key)) if key else ""
    try:
        check_new(name)
    except IllegalName:
        return ""
    return name


def expected_class(typed: str) -> str:
    """The class that a mailbox gets when it is made by this name as typed (spec 6.2): ``~boss/$Calendar$``."""
    return CLASSES.get(typed.rpartition(SEPARATOR)[2], "")


def holder(record: IAccountRecord, key: str) -> str:
    """The mailbox, there or not, that has the special use of this preference; empty if none has. INBOX never has one,
    whatever the preference says: a client that empties its Trash would empty it."""
    name = canonical(record.preference(key))
    return "" if name == INBOX else name


def use_attributes(record: IAccountRecord) -> dict[str, list[str]]:
    """Mailbox name -> its SPECIAL-USE attributes (one mailbox may serve several uses)."""
    uses: dict[str, list[str]] = {}
    for attribute, key in SPECIAL_USE:
        name = holder(record, key)
        if name:
            uses.setdefault(name, []).append(attribute)
    return uses


def renamed_preferences(record: IAccountRecord, old: str, new: str) -> dict[str, str]:
    """The preferences to change when ``old`` and what lies below it is moved to ``new``."""
    changed: dict[str, str] = {}
    for key in dict.fromkeys([*PREFERENCES.values(), *(key for _, key in SPECIAL_USE)]):
        value = canonical(record.preference(key))
        if value == old or (value and is_below(value, old)):
            changed[key] = new + value[len(old) :]
    return changed
