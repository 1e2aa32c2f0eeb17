"""PREVIEW (RFC 8970): made once from the first octets of a text part, then kept among the facts of the mailbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cgpymail.grammar.imap.writing import string
from cgpymail.imap.parts import Range, read_piece
from cgpymail.manager.handle import Handle
from cgpymail.mime.charsets import to_text
from cgpymail.mime.decode import transfer_decoder
from cgpymail.mime.part import Part
from cgpymail.mime.preview import HtmlPreview, plain_preview, preview_part

PLAIN = 4 * 1024  # encoded octets that are looked into: 200 characters in the widest encoding fit more than once
HTML = 32 * 1024  # there much stands before the text
PIECE = 2 * 1024  # characters of markup read in one go: some milliseconds at worst
_KIND = "PREVIEW"


async def preview_item(handle: Handle, uid: int, breathe: Callable[[], Awaitable[None]], *, lazy: bool) -> bytes:
    """The item with its name; NIL if ``lazy`` and it is not known yet, empty if there is no text.

    Raises MessageGone, NotPermitted, StorageFailed, MailboxGone.
    """
    value = handle.cached(uid, _KIND)
    if value is None and not lazy:
        part = preview_part(await handle.structure(uid))
        value = string(b"" if part is None else (await _make(handle, uid, part, breathe)).encode("utf-8"))
        handle.cache(uid, _KIND, value)
    return b"PREVIEW " + (b"NIL" if value is None else value)


async def _make(handle: Handle, uid: int, part: Part, breathe: Callable[[], Awaitable[None]]) -> str:
    html = part.subtype == "html"
    content = handle.content(uid)
    try:
        where = Range(part.body, min(part.end, part.body + (HTML if html else PLAIN)))
        octets = b""
        while len(octets) < where.size:
            octets += await read_piece(content, where.start + len(octets), where.end)
    finally:
        content.release()
    decoder = transfer_decoder(part.encoding)
    decoded = decoder.feed(octets) + (decoder.close() if where.end == part.end else b"")
    charset = dict(part.params).get("charset", b"").decode("ascii", "replace").lower()
    text = to_text(decoded, charset)
    if not html:
        return plain_preview(text)
    markup = HtmlPreview()
    for start in range(0, len(text), PIECE):
        markup.feed(text[start : start + PIECE])
        if markup.enough:
            break
        await breathe()
    return markup.value
