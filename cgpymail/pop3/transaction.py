"""The TRANSACTION and UPDATE states (RFC 1939 sections 5 and 6; LAST of RFC 1460; spec sections 8 and 14.4)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from cgpymail.errors import MailError
from cgpymail.grammar.dots import DotStuffer
from cgpymail.grammar.pop3 import Command, number, ok
from cgpymail.interfaces import IStoredContent
from cgpymail.pop3.capabilities import capa
from cgpymail.pop3.international import lang
from cgpymail.pop3.maildrop import Maildrop
from cgpymail.pop3.replies import refusal
from cgpymail.pop3.submission import xtnd
from cgpymail.runtime.logs import MAJOR, PROBLEM

if TYPE_CHECKING:
    from cgpymail.pop3.session import PopSession

Handler = Callable[["PopSession", Command], Coroutine[Any, Any, None]]
CHUNK = 64 * 1024


def _drop(session: PopSession) -> Maildrop:
    assert session.maildrop is not None
    return session.maildrop


async def stat(session: PopSession, command: Command) -> None:
    """STAT: number and octets of what is not marked."""
    count, octets = _drop(session).totals()
    session.reply(ok(f"{count} {octets}"))


async def scan_list(session: PopSession, command: Command) -> None:
    """LIST."""
    _table(session, command, lambda drop, item: str(drop.size(item)))


async def uidl(session: PopSession, command: Command) -> None:
    """UIDL."""
    _table(session, command, lambda drop, item: drop.unique_id(item))


def _table(session: PopSession, command: Command, column: Callable[[Maildrop, int], str]) -> None:
    drop = _drop(session)
    if command.arguments:
        item = number(command.arguments[0])
        drop.check(item)
        session.reply(ok(f"{item} {column(drop, item)}"))
        return
    count, octets = drop.totals()
    lines = [f"{item} {column(drop, item)}\r\n" for item in drop.numbers()]
    session.reply(ok(f"{count} messages ({octets} octets)") + "".join(lines).encode() + b".\r\n")


async def retr(session: PopSession, command: Command) -> None:
    """RETR: the message; sets Seen when it was sent whole (manual, Mailboxes, "Message Flags")."""
    drop = _drop(session)
    item = number(command.arguments[0])
    drop.check(item)
    content = drop.content(item)
    try:
        if await _send(session, content, ok(f"{drop.size(item)} octets")):
            drop.retrieved(item)
    finally:
        content.release()


async def top(session: PopSession, command: Command) -> None:
    """TOP: the header and some lines of the body; does not set Seen."""
    drop = _drop(session)
    item, lines = number(command.arguments[0]), number(command.arguments[1])
    drop.check(item)
    content = drop.content(item)
    try:
        await _send(session, content, ok("Top of message follows"), _TopCutter(lines))
    finally:
        content.release()


class _TopCutter:
    """Lets the header, the empty line and ``lines`` lines of the body through; chunks may be cut anywhere."""

    def __init__(self, lines: int) -> None:
        self._left = lines
        self._tail = b"\r\n"
        self._in_body = False
        self.finished = False

    def feed(self, chunk: bytes) -> bytes:
        """What of the chunk is wanted."""
        start = 0
        if not self._in_body:
            joined = self._tail + chunk
            end = joined.find(b"\r\n\r\n")
            self._tail = joined[-3:]
            if end < 0:
                return chunk
            self._in_body = True
            start = end + 4 - (len(joined) - len(chunk))
        place = start
        while self._left:
            place = chunk.find(b"\n", place) + 1
            if not place:
                return chunk
            self._left -= 1
        self.finished = True
        return chunk[:place]


async def _send(session: PopSession, content: IStoredContent, first: bytes, cutter: _TopCutter | None = None) -> bool:
    """Stream the message in pieces, never faster than the client reads; whether all of it was sent.

    Nothing is answered before the first piece could be read, so an unreadable message gets -ERR. A message that
    becomes unreadable later ends the session: there is no way to take back a half-sent reply.
    """
    stuffer, offset = DotStuffer(), 0
    while offset < content.size and not (cutter and cutter.finished):
        try:
            piece = content.read_now(offset, CHUNK)
            if piece is None:
                piece = await content.read(offset, CHUNK)
        except MailError as error:
            if offset == 0:
                raise
            session.log.write(PROBLEM, f"message became unreadable: {error}")
            session.wire.abort()
            return False
        session.midway = True
        session.wire.write(first + stuffer.feed(cutter.feed(piece) if cutter else piece))
        first, offset = b"", offset + len(piece)
        if session.wire.full:
            await session.wire.drained()
        if session.wire.closed:
            return False
    session.wire.write(first + stuffer.end())
    session.midway = False
    return True


async def dele(session: PopSession, command: Command) -> None:
    """DELE: a mark, private to this session (spec 14.4.9)."""
    item = number(command.arguments[0])
    _drop(session).check(item)
    _drop(session).mark(item)
    session.reply(ok(f"Message {item} marked"))


async def noop(session: PopSession, command: Command) -> None:
    """NOOP."""
    session.reply(ok())


async def rset(session: PopSession, command: Command) -> None:
    """RSET: no marks."""
    _drop(session).reset()
    session.reply(ok())


async def last(session: PopSession, command: Command) -> None:
    """LAST (RFC 1460)."""
    session.reply(ok(str(_drop(session).last)))


async def leave(session: PopSession, command: Command) -> None:
    """QUIT: remove what is marked; OK means that the removal is on disk."""
    try:
        await _drop(session).commit()
    except MailError as error:
        session.end(refusal(error))
        return
    session.log.write(MAJOR, "session ended")
    session.end(ok("cgpymail POP3 Server connection closed"))


COMMANDS: dict[str, Handler] = {
    "CAPA": capa,
    "LANG": lang,
    "STAT": stat,
    "LIST": scan_list,
    "UIDL": uidl,
    "RETR": retr,
    "TOP": top,
    "DELE": dele,
    "NOOP": noop,
    "RSET": rset,
    "LAST": last,
    "XTND": xtnd,
    "QUIT": leave,
}
