"""Mail made to cost much: parts, nesting, boundaries, parameters, folds and addresses without end.

The figure to keep is 100 ms of processor time per MB (benchmarks/mime_scan.py measures it). A test must not depend on
how fast the machine is, or on a tracer: here four times the mail may take at most nine times as long. Cost that grows
with the square would take sixteen times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cgpymail.mime.envelope import parse_envelope
from cgpymail.mime.headers import decode_words, select_fields
from cgpymail.runtime.limits import DEFAULTS
from tests.unit.mime.samples import scan

SMALL, LARGE = 128 * 1024, 512 * 1024
RATIO = 9
NOTHING = 0.005  # seconds; less is not measured well


def processor_time(work: Callable[[], object]) -> float:
    """Seconds, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.thread_time()
        work()
        best = min(best, time.thread_time() - start)
    return best


def is_linear(work: Callable[[bytes], object], make: Callable[[int], bytes]) -> bool:
    """Whether work on large input costs what its size allows."""
    small, large = make(SMALL), make(LARGE)
    base = max(processor_time(lambda: work(small)), NOTHING)
    return processor_time(lambda: work(large)) < RATIO * base


def nested(depth: int) -> bytes:
    """Multiparts in one another, each boundary the beginning of the next."""
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n--%b\r\n" % (b"a" * level, b"a" * level)
        for level in range(1, depth + 1)
    )


def filled(head: bytes, unit: bytes) -> Callable[[int], bytes]:
    """Makes ``head``, and ``unit`` as often as it fits into a size."""
    return lambda size: head + unit * ((size - len(head)) // len(unit))


TYPE = b"Content-Type: text/plain"
MAIL = {
    "lines that look like delimiters": filled(nested(1), b"\r\n--x"),
    "the same in a dozen multiparts": filled(nested(12) + b"\r\n", b"\n--x"),
    "the same in a header": filled(nested(12), b"\n--x"),
    "boundary prefixes": filled(nested(12) + b"\r\n", b"\n--" + b"a" * 40),
    "white space after them": filled(nested(1), b"\n--x "),
    "thousands of parts": filled(nested(1), b"--a\r\n\r\n"),
    "thousands of empty parts": filled(nested(1), b"--a\n"),
    "thousands of messages": filled(b"", b"Content-Type: message/rfc822\r\n\r\n"),
    "deep nesting": filled(nested(200), b"x"),
    "nesting again and again": filled(b"", nested(40)),
    "many fields": filled(b"", b"a:\n"),
    "many Content fields": filled(b"", b"content-id:x\n"),
    "many parameters": filled(TYPE, b";a=b"),
    "many pieces of a parameter": filled(TYPE, b";a*1*=%41"),
    "backslashes": filled(TYPE + b';a="', b'\\"'),
    "open quotes": filled(TYPE, b';a="'),
    "folds": filled(TYPE, b"\n "),
    "one long line": filled(nested(1) + b"\r\n--", b"a"),
    "carriage returns": filled(nested(1), b"\r"),
    "line feeds": filled(nested(1), b"\n"),
}


@pytest.mark.parametrize("name", MAIL)
def test_structure_of_hostile_mail_takes_linear_time(name: str) -> None:
    """One bad message does not hold up the server."""
    assert is_linear(scan, MAIL[name])


@pytest.mark.parametrize(
    "unit", [b",", b"<", b"(", b")", b"@", b";", b":", b'"', b"a ", b"()", b"\\", b"[", b"a:;", b"a@", b'\\"', b"a@b,"]
)
def test_envelope_of_hostile_mail_takes_linear_time(unit: bytes) -> None:
    """All six address fields full of it."""
    names = [b"From", b"Sender", b"Reply-To", b"To", b"Cc", b"Bcc"]

    def header(size: int) -> bytes:
        return b"".join(b"%b: %b\r\n" % (name, unit * (size // 6 // len(unit))) for name in names)

    assert is_linear(lambda block: parse_envelope(block, DEFAULTS), header)


@pytest.mark.parametrize("unit", [b"=?", b"=?a?q?", b"=?a?q?b?= ", b"=?utf-8?b?YQ==?=", b"?", b"=?a*b"])
def test_encoded_words_take_linear_time(unit: bytes) -> None:
    """A subject of half a megabyte."""
    assert is_linear(decode_words, filled(b"", unit))


def test_choice_of_fields_takes_linear_time() -> None:
    """HEADER.FIELDS.NOT of a header of many fields."""
    assert is_linear(lambda block: select_fields(block, {b"b"}, 1 << 30, others=True), filled(b"", b"a:\n"))
