"""Messages: structure, header fields, addresses, encoded words, transfer encodings, charsets. Nothing may be raised."""

from __future__ import annotations

from cgpymail.grammar.imap.fetchdata import envelope_text, structure_text
from cgpymail.mime.addresses import Allowance, parse_addresses
from cgpymail.mime.charsets import find_charset, text_decoder
from cgpymail.mime.dates import sent_day, sent_time
from cgpymail.mime.decode import transfer_decoder
from cgpymail.mime.envelope import parse_envelope
from cgpymail.mime.headers import decode_words, select_fields, split_fields
from cgpymail.mime.overview import parse_overview
from cgpymail.mime.parameters import parse_disposition, parse_languages, parse_media_type
from cgpymail.mime.part import Part
from cgpymail.mime.preview import LONGEST, HtmlPreview, plain_preview
from cgpymail.mime.structure import StructureScanner
from cgpymail.mime.subject import base_subject
from cgpymail.runtime.limits import DEFAULTS
from tests.fuzz.target import Target
from tests.unit.mime.samples import NESTED

_ENCODINGS = ("base64", "quoted-printable", "uuencode", "7bit")
_CHARSETS = ("utf-8", "utf-7", "iso-2022-jp", "gb18030", "shift_jis", "hz", "utf-16", "koi8-r")


def structure(data: bytes) -> None:
    """The same tree whole and in pieces, every part inside its parent, and an answer that can be written."""
    root = _scan([data])
    step = 1 + len(data) // 7
    assert _outline(_scan([data[place : place + step] for place in range(0, len(data), step)])) == _outline(root)
    _check(root, 0, len(data))
    envelopes = {part.start: b"NIL" for part in _all(root)}
    for extended in (False, True):
        text = structure_text(root, envelopes, extended=extended)
        assert text.startswith(b"(") and text.endswith(b")") and b"\n" not in text.replace(b"}\r\n", b"")


def _all(part: Part) -> list[Part]:
    return [part, *(inner for child in part.parts for inner in _all(child))]


def _scan(pieces: list[bytes]) -> Part:
    scanner = StructureScanner(DEFAULTS)
    for piece in pieces:
        scanner.feed(piece)
    return scanner.close()


def _outline(part: Part) -> tuple[object, ...]:
    return (part.start, part.body, part.end, part.type, part.subtype, *map(_outline, part.parts))


def _check(part: Part, start: int, end: int) -> None:
    assert start <= part.start <= part.body <= part.end <= end
    for child in part.parts:
        _check(child, part.start, part.end)


def preview(data: bytes) -> None:
    """The first words of markup, or of plain text, fed in pieces."""
    text, markup = data.decode("utf-8", "replace"), HtmlPreview()
    for start in range(0, len(text), 100):
        markup.feed(text[start : start + 100])
    for shown in (markup.value, plain_preview(text)):
        assert len(shown) <= LONGEST and shown == " ".join(shown.split())


def header(data: bytes) -> None:
    """A header block: fields, envelope, selection."""
    for field in split_fields(data, 1000):
        decode_words(field.value)
    envelope_text(parse_envelope(data, DEFAULTS))
    assert parse_overview(data, DEFAULTS).octets < 20_000
    chosen = select_fields(data, {b"subject", b"x"}, 1000)
    others = select_fields(data, {b"subject", b"x"}, 1000, others=True)
    assert len(chosen) + len(others) <= len(data) + 8  # either one ends with line end and blank line


def addresses(data: bytes) -> None:
    """A list of addresses."""
    parse_addresses(data, Allowance(100))


def parameters(data: bytes) -> None:
    """Content-Type, Content-Disposition, Content-Language, Date."""
    parse_media_type(data)
    parse_disposition(data)
    parse_languages(data)
    assert (sent_day(data) is None) == (sent_time(data) is None)


def encoded_words(data: bytes) -> None:
    """RFC 2047."""
    assert isinstance(decode_words(data), str)


def subject(data: bytes) -> None:
    """A Subject: what is left has nothing more to take off."""
    text = base_subject(data.decode("latin-1")).text
    assert base_subject(text) == (text, False)


def transfer(data: bytes) -> None:
    """A transfer encoding, named by the first octet, in two pieces."""
    if not data:
        return
    decoder = transfer_decoder(_ENCODINGS[data[0] % len(_ENCODINGS)])
    middle = len(data) // 2
    out = decoder.feed(data[1:middle]) + decoder.feed(data[middle:]) + decoder.close()
    assert len(out) <= 50 * len(data) + 64  # a line of uuencode says itself how long it is


def charset(data: bytes) -> None:
    """A charset, named by the first octet or by the first line."""
    if not data:
        return
    name, _, text = data[1:].partition(b"\n")
    find_charset(name.decode("latin-1"))
    decoder = text_decoder(_CHARSETS[data[0] % len(_CHARSETS)])
    assert isinstance(decoder.decode(text) + decoder.decode(b"", True), str)


_HEADER = b"From: A <a@b.c>, g: x@y;\r\nSubject: =?utf-8?q?b=C3=BC?=\r\n folded\r\nReferences: <1@x>\r\n\r\n"
TARGETS = (
    Target("preview", preview, (b"<html><head><title>t</title></head><body>a &amp; <b>b</b><!-- c --><br/></body>",)),
    Target("mime-structure", structure, (NESTED, b"Content-Type: message/rfc822\r\n\r\n" * 3), 16_384),
    Target("mime-header", header, (_HEADER, b"a:b\n c\r\rd\r\n"), 8192),
    Target("mime-addresses", addresses, (b'"A \\"B" (c(d)) <@r:a@b>, G: x@y, z@[1.2.3.4];', b"a@b,, <> x")),
    Target("mime-parameters", parameters, (b"text/plain; charset=\"x\"; a*0*=utf-8'en'%41; a*1=b", b"attachment; x=")),
    Target("mime-words", encoded_words, (b"=?utf-8?q?a_b?= =?utf-8?b?YWJj?=", b"=?x?B??=")),
    Target("mime-subject", subject, (b"Re: [list] Re: apples (fwd)", b"[fwd: [a][b] fw [c] : x] (fwd)")),
    Target("mime-transfer", transfer, (b"\0YWJj\r\nZA==", b"\1a=3D=\r\nb", b"\2begin 644 x\n#0V%T\n`\nend\n")),
    Target("mime-charset", charset, (b"\0utf-8\nabc", b"\1x\n+AOk-", b"\2jis\n\x1b$B!!\x1b(B")),
)
