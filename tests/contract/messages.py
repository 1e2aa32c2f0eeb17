"""Messages of every shape that a store has to give back as it got them. All in wire form: CRLF at every line end."""

from __future__ import annotations

import random

HEADER = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: test\r\n\r\n"
PLAIN = HEADER + b"one\r\ntwo\r\n"


def _noise(size: int) -> bytes:
    """Bytes of every value but LF, in lines that end in CRLF; the same at every run."""
    source = random.Random(size)
    lines = []
    total = 0
    while total < size:
        line = source.randbytes(source.randrange(0, 2000)).replace(b"\n", b".") + b"\r\n"
        lines.append(line)
        total += len(line)
    return b"".join(lines)


SHAPES: dict[str, bytes] = {
    "plain": PLAIN,
    "empty-body": HEADER,
    "header-only": b"Subject: no empty line\r\n",
    "no-header": b"\r\nbody without header\r\n",
    "blank-lines": HEADER + b"\r\n\r\n\r\n",
    "trailing-blank-lines": HEADER + b"text\r\n\r\n\r\n",
    "only-a-blank-line": b"\r\n",
    "lone-cr": HEADER + b"a\rb\rc\r\n\r\r\n\rFrom x\r\n",
    "cr-before-crlf": HEADER + b"strange\r\r\nend\r\r\n",
    "nul": HEADER + b"a\0b\r\n\0\r\n",
    "from-first-line": b"From the start\r\nSubject: x\r\n\r\nbody\r\n",
    "from-after-blank": HEADER + b"text\r\n\r\nFrom here on\r\nmore\r\n",
    "from-without-blank": HEADER + b"\r\nFromage\r\n\r\nFrom\r\n",
    "from-after-text": HEADER + b"text\r\nFrom here on\r\n",
    "from-first-in-body": HEADER + b"From the body\r\n",
    "quoted-from": HEADER + b"\r\n>From one\r\n\r\n>>From two\r\n\r\n>Fro\r\n",
    "quoted-and-plain-from": HEADER + b"\r\nFrom one\r\n\r\n>From two\r\n\r\n>>>From three\r\n>From four\r\n",
    "looks-like-our-own": HEADER
    + b"\r\nFrom <a@b>(SF______________________-0000000001-0000000001) Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\n",
    "looks-like-bsd": HEADER + b"\r\nFrom a@b Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\ninner\r\n",
    "8-bit": "Subject: Gr\u00fc\u00dfe\r\n\r\n\u00e4\u00f6\u00fc\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "long-line": HEADER + b"x" * 200_000 + b"\r\n" + b"y" * 70_000 + b"\r\n",
    "many-lines": HEADER + b"line\r\n" * 30_000,
    "crlf-over-chunk-borders": HEADER + b"".join(b"z" * (65_535 - n) + b"\r\n\r\nFrom z\r\n" for n in range(6)),
    "noise": _noise(300_000),
}

# What clients send, and what has to come back (architecture, "Byte fidelity").
INTAKE: dict[str, tuple[bytes, bytes]] = {
    "bare-lf": (b"Subject: x\n\na\nb\n", b"Subject: x\r\n\r\na\r\nb\r\n"),
    "mixed": (b"Subject: x\r\n\r\na\nb\r\nc\n", b"Subject: x\r\n\r\na\r\nb\r\nc\r\n"),
    "no-final-newline": (b"Subject: x\r\n\r\nend", b"Subject: x\r\n\r\nend\r\n"),
    "final-cr": (b"Subject: x\r\n\r\nend\r", b"Subject: x\r\n\r\nend\r\r\n"),
    "lone-cr": (b"Subject: x\r\n\r\na\rb\r\n", b"Subject: x\r\n\r\na\rb\r\n"),
    "bare-lf-from": (b"Subject: x\n\n\nFrom me\n", b"Subject: x\r\n\r\n\r\nFrom me\r\n"),
}
