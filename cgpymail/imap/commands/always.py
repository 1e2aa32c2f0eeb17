"""CAPABILITY, NOOP, LOGOUT (RFC 3501 6.1) and ID (RFC 2971): possible in every state."""

from __future__ import annotations

from cgpymail import __version__
from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap.responses import id_line
from cgpymail.imap.context import Context, Reply
from cgpymail.runtime.logs import LOW

_IDENTITY = id_line((("name", "cgpymail"), ("version", __version__)))
_NOOP = Reply(b"NOOP completed")


def capability(context: Context, command: verbs.Capability) -> Reply:
    """What may be used in this state."""
    context.send(b"* CAPABILITY %b\r\n" % context.capabilities)
    return Reply(b"CAPABILITY completed")


def noop(context: Context, command: verbs.Noop) -> Reply:
    """Nothing; the session tells changes at the end of every command."""
    return _NOOP


def logout(context: Context, command: verbs.Logout) -> Reply:
    """BYE; the session closes the link after the tagged reply."""
    context.send(b"* BYE cgpymail IMAP Server connection closed\r\n")
    return Reply(b"LOGOUT completed")


def identify(context: Context, command: verbs.Id) -> Reply:
    """Who we are; what the client says of itself is for the log."""
    if context.log.shows(LOW):
        said = ", ".join(f"{name}={value}" for name, value in command.fields)
        context.log.write(LOW, f"the client is {said or 'silent'}")
    context.send(_IDENTITY)
    return Reply(b"ID completed")
