"""What is wrong with a command, in words that may be shown to the client."""

from __future__ import annotations


class CommandError(Exception):
    """An ill-formed command: answered with ``tag BAD reason``, or ``* BAD reason`` when the tag is not known.

    ``tag``: as sent, empty if there was none. ``reason``: public text, ASCII, one line.
    """

    def __init__(self, reason: str, tag: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.tag = tag


class CharsetError(CommandError):
    """A SEARCH in a charset that is not known: answered with ``tag NO [BADCHARSET (...)] reason``.

    ``saves``: its result was to be saved, so that nothing is saved now (RFC 5182 2.1).
    """

    saves = False
