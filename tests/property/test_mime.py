"""The MIME engine on mutated and on generated mail.

The mutations are seeded, not shrunk: ten thousand messages in half a minute. A failing one is named by its number, and
``mutant(number)`` makes it again.
"""

from __future__ import annotations

import random
import re
from email import message_from_bytes
from email.generator import BytesGenerator
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgpymail.mime.charsets import find_charset, text_decoder
from cgpymail.mime.decode import transfer_decoder
from cgpymail.mime.envelope import parse_envelope
from cgpymail.mime.headers import decode_words, split_fields
from cgpymail.mime.parameters import parameter
from cgpymail.mime.part import Part
from cgpymail.runtime.limits import DEFAULTS
from tests.unit.mime.samples import NESTED, scan

MUTANTS = 10_000
BATCHES = 10


# -- mutated mail ------------------------------------------------------------------------------------------------

SEEDS = [
    NESTED,
    NESTED.replace(b"inner", b"outer2"),
    NESTED.replace(b"inner", b"outer"),
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=aa\r\n\r\n"
    b"--aa\r\n\r\nx\r\n--aa--\r\n--a--\r\n",
    b"Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: 1\r\n\r\none\r\n"
    b"--d\r\n\r\n\r\ntwo\r\n--d--\r\n",
    b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody\r\n",
    b"Subject: plain\r\n\r\nbody\r\n",
    b"",
]
SPICES = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\x00",
    b"--",
    b"\r\n--outer\r\n",
    b"\r\n--outer--\r\n",
    b"\r\n--inner\r\n",
    b"--inner--\r\n",
    b"\r\n--a\r\n",
    b"\r\n--aa--  \r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n",
    b'Content-Type: multipart/x; boundary="in',
    b" ",
    b"\t",
    b"\xff\xfe",
    b"x" * 1100,
    b"\r\n--" + b" " * 1100,
]


def mutant(number: int) -> bytes:
    """The message of that number: a sample with some octets cut, doubled, moved or put in."""
    chance = random.Random(number)  # the same in every run
    message = chance.choice(SEEDS)
    for _ in range(chance.randint(1, 8)):
        start = chance.randint(0, len(message))
        end = min(len(message), start + chance.choice([0, 1, 2, 10, 100]))
        piece = message[start:end]
        kind = chance.randrange(5)
        if kind == 0:
            message = message[:start] + message[end:]
        elif kind == 1:
            message = message[:end] + piece + message[end:]
        elif kind == 2:
            message = message[:start] + message[end:] + piece
        else:
            message = message[:start] + chance.choice(SPICES) + message[start:]
    return message


def check_ranges(message: bytes, part: Part) -> None:
    """Ranges are nested, ordered and disjoint; between children lie delimiter lines, preamble and epilogue only."""
    assert 0 <= part.start <= part.body <= part.end <= len(message)
    if part.is_message:
        (inner,) = part.parts
        assert (inner.start, inner.end) == (part.body, part.end)
        check_ranges(message, inner)
    elif part.is_multipart:
        check_multipart(message, part)
    else:
        assert not part.parts
    if part.body < part.end:
        assert part.lines == message.count(b"\n", part.body, part.end)


def check_multipart(message: bytes, part: Part) -> None:
    """The gaps before, between and after the children."""
    boundary = re.escape((parameter(part.params, "boundary") or "").encode("utf-8", "surrogateescape").rstrip())
    opening = rb"(?:\r?\n)?--" + boundary + rb"[ \t]*\r?(?:\n|\Z)"
    place = part.body
    assert part.parts
    for number, child in enumerate(part.parts):
        gap = message[place : child.start]
        if number == 0:
            assert re.fullmatch(rb"(?s:.*?(?:\r?\n)|)(?:)--" + boundary + rb"[ \t]*\r?(?:\n|\Z)", gap)
        else:
            assert re.fullmatch(opening, gap)
        check_ranges(message, child)
        place = child.end
    rest = message[place : part.end]
    assert not rest or re.match(rb"(?:\r?\n)?--" + boundary + rb"--[ \t]*\r?(?:\n|\Z)", rest)


def rebuilt(message: bytes, part: Part) -> bytes:
    """The octets of a part put together from its leaves and the gaps around them."""
    pieces = [message[part.start : part.body]]
    place = part.body
    for child in part.parts:
        pieces += [message[place : child.start], rebuilt(message, child)]
        place = child.end
    pieces.append(message[place : part.end])
    return b"".join(pieces)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_mutated_mail_always_has_a_tree_that_reproduces_it(batch: int) -> None:
    """Ten thousand damaged messages: parts and what is between them are the message, octet for octet."""
    for number in range(batch, MUTANTS, BATCHES):
        message = mutant(number)
        root = scan(message)
        assert root.end == len(message), number
        try:
            check_ranges(message, root)
        except AssertionError as error:
            raise AssertionError(f"mutant {number}") from error
        assert rebuilt(message, root) == message, number
        assert scan(message, random.Random(number).choice([1, 3, 17, 100])) == root, number
        parse_envelope(message[: root.body], DEFAULTS)


# -- well-formed mail ----------------------------------------------------------------------------------------------

_WORDS = st.text(st.sampled_from("abc äß€ \t=?_.-\n"), max_size=60)
_OCTETS = st.binary(max_size=200)


def _text(words: str, charset: str) -> Message:
    return MIMEText(words.encode(charset, "replace").decode(charset), _charset=charset)


def _eight_bit(words: str) -> Message:
    part = MIMEBase("text", "html", charset="utf-8")
    part["Content-Transfer-Encoding"] = "8bit"
    part.set_payload(words.encode().decode("ascii", "surrogateescape"))
    return part


def _quoted_printable(words: str) -> Message:
    from email.charset import QP, Charset

    charset = Charset("utf-8")
    charset.body_encoding = QP
    part = MIMEBase("text", "plain")
    part.set_payload(words, charset)
    return part


def _multipart(parts: list[Message], subtype: str) -> Message:
    whole = MIMEMultipart(subtype)
    whole.preamble = "This is a multipart message."
    whole.epilogue = "\n"
    for part in parts:
        whole.attach(part)
    return whole


def _digest(messages: list[Message]) -> Message:
    whole = MIMEMultipart("digest")
    for message in messages:
        part = MIMEMessage(_titled(message))
        del part["Content-Type"]  # the default within a digest
        del part["MIME-Version"]
        whole.attach(part)
    return whole


def _titled(message: Message) -> Message:
    if "Subject" not in message:
        message["Subject"] = "inner"
    return message


_LEAVES = st.one_of(
    st.builds(_text, _WORDS, st.sampled_from(["us-ascii", "utf-8", "iso-8859-1"])),
    st.builds(_eight_bit, _WORDS),
    st.builds(_quoted_printable, _WORDS),
    st.builds(MIMEApplication, _OCTETS),
)


def _containers(parts: st.SearchStrategy[Message]) -> st.SearchStrategy[Message]:
    return st.one_of(
        st.builds(_multipart, st.lists(parts, min_size=1, max_size=4), st.sampled_from(["mixed", "alternative"])),
        st.builds(MIMEMessage, parts.map(_titled)),
        st.builds(_digest, st.lists(parts, min_size=1, max_size=3)),
    )


MESSAGES = st.recursive(_LEAVES, _containers, max_leaves=12)


def written(message: Message) -> bytes:
    """The wire form as the standard library writes it."""
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=compat32.clone(linesep="\r\n")).flatten(message)
    return out.getvalue()


def decoded(message: bytes, part: Part) -> bytes:
    """The body of a leaf without its transfer encoding."""
    decoder = transfer_decoder(part.encoding)
    return decoder.feed(message[part.body : part.end]) + decoder.close()


def compare(message: bytes, part: Part, reference: Message) -> None:
    """The tree is the one of the standard library, and so are the decoded bodies."""
    assert f"{part.type}/{part.subtype}" == reference.get_content_type()
    if reference.is_multipart():
        children = reference.get_payload()
        assert len(part.parts) == len(children)
        for child, other in zip(part.parts, children, strict=True):
            assert isinstance(other, Message)
            compare(message, child, other)
    else:
        assert decoded(message, part) == reference.get_payload(decode=True)


@given(MESSAGES)
def test_well_formed_mail_is_read_as_the_standard_library_reads_it(message: Message) -> None:
    """Types, nesting and decoded octets of generated mail."""
    octets = written(message)
    compare(octets, scan(octets), message_from_bytes(octets, policy=compat32))


# -- small things that must never raise ----------------------------------------------------------------------------


_ENCODED = st.lists(st.sampled_from([b"=", b"\r", b"\n", b"41", b"QUFB", b"begin ", b"#0V%T", b"x" * 255, b"end"]))


@given(
    st.binary(max_size=300) | _ENCODED.map(b"".join),
    st.sampled_from(["base64", "quoted-printable", "uuencode", "7bit"]),
    st.integers(1, 9),
)
def test_transfer_decoding_does_not_depend_on_pieces(data: bytes, encoding: str, step: int) -> None:
    """Any octets, cut anywhere."""
    whole, pieces = transfer_decoder(encoding), transfer_decoder(encoding)
    expected = whole.feed(data) + whole.close()
    fed = b"".join(pieces.feed(data[start : start + step]) for start in range(0, len(data), step))
    assert fed + pieces.close() == expected


@given(st.text("=?AbBqQ-_ \t+/\xe4\xff", max_size=80).map(lambda text: text.encode("latin-1")))
def test_encoded_words_never_raise(value: bytes) -> None:
    """Any mixture of the signs that encoded words are made of."""
    assert isinstance(decode_words(value), str)


CHARSETS = [
    *["utf-7", "utf-16", "utf-32", "hz", "big5", "johab", "iso2022_kr", "iso2022_jp_2", "gb18030", "shift_jis"],
    *["euc_jp", "cp037", "koi8-r", "utf_8_sig", "latin1", "us-ascii"],
]


@given(st.sampled_from(CHARSETS), st.lists(st.binary(max_size=40), max_size=6))
def test_charsets_never_raise(charset: str, pieces: list[bytes]) -> None:
    """Any octets in any charset, in pieces."""
    assert find_charset(charset)
    decoder = text_decoder(charset)
    for piece in pieces:
        decoder.decode(piece)
    assert isinstance(decoder.decode(b"", True), str)


@given(st.binary(max_size=300))
def test_fields_are_all_of_a_header(block: bytes) -> None:
    """Fields and blank lines together are the block."""
    raw = b"".join(field.raw for field in split_fields(block, 1000))
    assert raw.replace(b"\r", b"").replace(b"\n", b"") == block.replace(b"\r", b"").replace(b"\n", b"")
