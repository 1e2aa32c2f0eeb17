"""COMPRESS=DEFLATE (RFC 4978): everything behind the tagged reply is compressed, both ways (runtime/deflate.py).

Compression of TLS itself is never on, so there is nothing else to ask. What came behind the command without waiting for
the reply cannot be told from compressed octets, and is thrown away.
"""

from __future__ import annotations

from cgpymail.errors import AlreadyCompressed
from cgpymail.grammar.imap import commands as verbs
from cgpymail.imap.context import Context, Reply
from cgpymail.runtime.logs import PROBLEM


def compress(context: Context, command: verbs.Compress) -> Reply:
    """The session begins after the tagged reply. Raises AlreadyCompressed."""
    if context.compressing:
        raise AlreadyCompressed
    dropped = context.input.discard()
    if dropped:
        context.log.write(PROBLEM, f"{dropped} octets sent behind COMPRESS before it was answered were thrown away")
    context.compressing = True
    return Reply(b"DEFLATE active")
