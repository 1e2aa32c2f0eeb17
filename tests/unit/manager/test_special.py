"""All special mailboxes of the manual, each with its preference and its class (spec 6.2)."""

from __future__ import annotations

import pytest

from tests.support.naming import People


@pytest.mark.parametrize(
    ("word", "preference", "mailbox_class"),
    [
        ("$Trash$", "TrashBox", ""),
        ("$Sent$", "SentBox", ""),
        ("$Drafts$", "DraftsBox", ""),
        ("$Junk$", "JunkBox", ""),
        ("$History$", "HistoryBox", ""),
        ("$Calendar$", "CalendarBox", "IPF.Appointment"),
        ("$Tasks$", "TasksBox", "IPF.Task"),
        ("$Contacts$", "ContactsBox", "IPF.Contact"),
        ("$Notes$", "NotesBox", "IPF.StickyNote"),
    ],
)
def test_every_one_of_the_manual(word: str, preference: str, mailbox_class: str) -> None:
    """It is made, found and delivered to by its word, and listed by the name that the preference has."""
    people = People()
    people.record.settings["IMAPSeesNonMail"] = "YES"
    people.record.preferences[preference] = "Level/Real"
    people.make(word)
    assert people.record.infos["Level/Real"].get("Class", "") == mailbox_class
    assert people.deliver(f"john+{word}@example.org") == [None]
    assert people.count("Level/Real") == people.count(word) == 1
    assert people.listed() == ["INBOX", "Level", "Level/Real"]
    people.record.preferences[preference] = "INBOX"
    assert people.count(word) == 0
