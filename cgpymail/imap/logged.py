"""How commands of clients are written into the log."""

from __future__ import annotations

from cgpymail.grammar.imap.commands import Authenticate, Command, Login
from cgpymail.grammar.imap.events import CommandText, MessageLiteral

_SECRET = (Login, Authenticate)  # of these the log shows the name only


def shown(command: Command, event: CommandText | MessageLiteral) -> str:
    """A command for the log: literals are never shown, and nothing of what proves who somebody is."""
    if isinstance(command, _SECRET):
        return f"{command.tag.decode('ascii')} {command.name} ..."
    return event.text.decode("ascii", "replace")
