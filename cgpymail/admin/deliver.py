"""``cgpymail deliver``: a message from a pipe to mailboxes.

A running server is asked by LMTP; when none answers, the mailboxes are opened directly, under the same lock that the
server holds, so the two never meet. The exit codes are those of sysexits.h.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from zope.interface import implementer

from cgpymail.admin import exits
from cgpymail.errors import MailError
from cgpymail.interfaces import IContent
from cgpymail.manager.delivery import Delivery, Recipient
from cgpymail.runtime.spool import CHUNK, Spool

_FROM_LINE = re.compile(rb"From (\S*) .*\d{4}\r?\n")
FROM_LINE_LIMIT = 2000  # octets


def read_message(stream: BinaryIO, spool: Spool, limit: int) -> tuple[IContent, str]:
    """The message in wire form, and the sender in the ``From `` line that some programs put before it (taken off).

    Raises MessageTooLarge, OSError. The caller releases the content.
    """
    writer = spool.begin(limit)
    first = stream.readline(FROM_LINE_LIMIT)
    line = _FROM_LINE.fullmatch(first)
    try:
        if not line:
            writer.write(first)
        while chunk := stream.read(CHUNK):
            writer.write(chunk)
        return writer.finish(), line[1].decode("utf-8", "replace") if line else ""
    except BaseException:
        writer.abort()
        raise


@implementer(IContent)
class Traced:
    """A message with the header fields of its delivery in front (RFC 5321 4.4), as LMTP adds them."""

    def __init__(self, content: IContent, sender: str) -> None:
        self._content = content
        self._trace = f"Return-Path: <{sender}>\r\n".encode()
        self.size = len(self._trace) + content.size

    def chunks(self) -> Iterator[bytes]:
        """The wire form in pieces."""
        yield self._trace
        yield from self._content.chunks()

    def release(self) -> None:
        """The message below belongs to the caller."""


async def deliver_directly(
    delivery: Delivery, sender: str, recipients: Sequence[str], content: IContent
) -> list[tuple[int, str]]:
    """Exit code and text for each recipient, in order."""
    content = Traced(content, sender)
    outcomes: list[tuple[int, str]] = [(exits.OK, "")] * len(recipients)
    taken: dict[int, Recipient] = {}
    for place, address in enumerate(recipients):
        try:
            taken[place] = await delivery.recipient(address, content.size)
        except MailError as problem:
            outcomes[place] = _outcome(problem)
    stored = await delivery.deliver(list(taken.values()), content, sender.encode())
    for place, error in zip(taken, stored, strict=True):
        if error is not None:
            outcomes[place] = _outcome(error)
    return outcomes


def _outcome(error: MailError) -> tuple[int, str]:
    return exits.of_error(error), error.public
