"""Classes of mailboxes: what a mailbox is meant for (manual, Mailboxes, "Mailbox Classes"; spec 6.1).

The values are the container classes of MAPI. A class restricts nothing: it says how clients may show a mailbox, and
keeps calendars and the like out of the lists of those who only know mail (spec 14.5.3).
"""

from __future__ import annotations

from cgpymail.errors import CannotDo

MAIL = "IPF.Note"  # how MAPI calls a mailbox for mail; the manual's have no class at all
CONTACTS, CALENDAR, TASKS, NOTES = "IPF.Contact", "IPF.Appointment", "IPF.Task", "IPF.StickyNote"
MAX_CLASS = 100  # characters


def is_for_mail(mailbox_class: str) -> bool:
    """Whether a mailbox of that class, empty for none, is one that every mail client should see."""
    return not mailbox_class or (mailbox_class + ".").lower().startswith(MAIL.lower() + ".")


def check_class(mailbox_class: str) -> None:
    """Raise CannotDo unless the text may be a class: any short one on a single line, also one that nobody knows."""
    if len(mailbox_class) > MAX_CLASS:
        raise CannotDo("The class is too long")
    if not mailbox_class.isprintable() or mailbox_class != mailbox_class.strip():
        raise CannotDo("A class is printable text without blanks around it")
