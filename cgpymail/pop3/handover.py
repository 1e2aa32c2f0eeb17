"""The two ways in which a message leaves: a program of this system, or a conversation in SMTP or LMTP; and how their
answers are told. OK means that the other side has taken the message for all its recipients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cgpymail.errors import MailError
from cgpymail.interfaces import IContent

_SHOWN = 200  # characters of what another program said


class NotAccepted(MailError):
    """The other side does not take the message."""

    code = "not-accepted"
    text = "The message was not accepted"


class NotAcceptedNow(NotAccepted):
    """The other side does not take it now, or nobody knows whether it did; the text says so."""

    code = "not-accepted-now"
    temporary = True
    text = "The message was not accepted, try again later"


UNKNOWN = "It is not known whether the message was accepted: look before you send it again"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends, and to whom."""

    sender: str
    recipients: Sequence[str]


class Way(Protocol):
    """One of the two."""

    async def send(self, envelope: Envelope, content: IContent) -> None:
        """Hand it over, wire form. Raises NotAccepted, NotAcceptedNow, StorageFailed."""


def shown(text: Any) -> str:
    """What another program said, on one short line of ASCII."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return "".join(char if " " <= char <= "~" else "?" for char in " ".join(words.split()))[:_SHOWN]
