"""The line that tells a client that its long command still runs (manual, IMAP, "Send 'Running' every"; RFC 9585).

A command that goes on without a word for some seconds gets one, and again after as many seconds of silence. There is
one timer at most for a session, and it is not moved when commands begin and end: when it rings, what happened meanwhile
decides. In IDLE the line keeps the link alive (spec 14.5.4), and has no progress to tell. Nothing is said while another
command waits for its client (APPEND: who sends needs no comfort), while the client does not read, or inside a response.
"""

from __future__ import annotations

from typing import Any

from cgpymail.imap.context import Context
from cgpymail.runtime.options import ImapOptions

Progress = tuple[int, int]  # messages done, messages in all


class Running:
    """Watches over the commands of one connection, in the way that the module's options say."""

    def __init__(self, context: Context, options: ImapOptions) -> None:
        self._context = context
        self._clock = context.services.runtime.clock
        self._options = options
        self._text = options.running_text.encode("ascii")
        self._tag = b""  # of the command that runs; empty: none
        self._began = 0.0
        self._told: Progress | None = None
        self._timer: Any = None

    def watch(self, tag: bytes) -> None:
        """A command did not end at once."""
        period = self._period
        if not period or self._context.user is None:
            return
        self._tag, self._began, self._told = tag, self._clock.seconds(), None
        if self._timer is None:
            self._timer = self._clock.callLater(period, self._ring)
        elif self._timer.getTime() > self._began + period:
            self._timer.reset(period)

    @property
    def _period(self) -> int:
        """Seconds of silence: in IDLE it is the link that is kept alive, not a client that waits for an answer."""
        return self._options.running_idle if self._context.idling else self._options.running_every

    def over(self) -> None:
        """The command has ended; what it knew of its progress means nothing any more."""
        self._tag = b""
        handle = self._context.handle
        if handle is not None:
            handle.progress = None

    def stop(self) -> None:
        """The connection has ended."""
        self._tag = b""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if not self._tag:
            return
        silent = self._clock.seconds() - max(self._began, self._context.spoke)
        period = self._period
        if silent >= period:
            silent = 0
            self._say()
        self._timer = self._clock.callLater(period - silent, self._ring)

    def _say(self) -> None:
        context = self._context
        if not context.may_interrupt:
            return
        if context.idling:
            context.send(b"* OK %b\r\n" % self._text)
        else:
            context.send(b'* OK [INPROGRESS ("%b" %b)] %b\r\n' % (self._tag, self._numbers(), self._text))
        context.flush()

    def _numbers(self) -> bytes:
        """``done all``. A command that goes over its messages once more does not know any longer how far it is."""
        handle = self._context.handle
        found = handle.progress if handle is not None else None
        if found is None or (self._told is not None and (found[1] != self._told[1] or found[0] < self._told[0])):
            return b"NIL NIL"
        self._told = found
        return b"%d %d" % found
