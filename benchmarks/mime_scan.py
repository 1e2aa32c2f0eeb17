"""What the structure, the envelope and a search of messages cost in processor time.

    PYTHONPATH=. python benchmarks/mime_scan.py

The hostile messages are those of tests/unit/mime/test_cost.py, a megabyte of each; none may take more than 100 ms.
Prints the median and the spread (quartiles) of many runs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred, succeed

from cgpymail.manager.search import search
from cgpymail.manager.searchview import Facts
from cgpymail.mime.envelope import parse_envelope
from cgpymail.mime.structure import Part, StructureScanner
from cgpymail.model.flags import SEEN
from cgpymail.model.search import Body, HasFlag, Header, SearchKey
from cgpymail.model.uidset import UidSet
from cgpymail.runtime.limits import DEFAULTS, MB
from tests.unit.mime.test_cost import MAIL

HEADER = (
    "".join(
        f"Received: from relay{n}.example.com (relay{n}.example.com [192.0.2.{n}])\n"
        f"\tby mx.example.org with ESMTPS id ABCDEF{n}\n\tfor <reader@example.org>; Mon, 2 Mar 2026 10:00:0{n} +0000\n"
        for n in range(5)
    )
    + """\
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=mail; bh=aGVsbG8gd29ybGQ=;
 h=From:To:Subject:Date:Message-ID; b=c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl
From: "Sender, A." <sender@example.com>
To: Reader One <reader@example.org>, two@example.org (Reader Two)
Cc: team: a@example.org, b@example.org;
Subject: =?utf-8?q?A_message_of_the_usual_kind?=
Date: Mon, 2 Mar 2026 10:00:00 +0000
Message-ID: <20260302100000.1@example.com>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_0123456789abcdef"

"""
).replace("\n", "\r\n")
TEXT = "A line of text of the usual length, as mail programs break it up.\r\n" * 15
PARTS = (
    "This is a multi-part message in MIME format.\r\n--=_0123456789abcdef\r\n"
    'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    + TEXT
    + "\r\n--=_0123456789abcdef\r\n"
    'Content-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    + TEXT
    + "\r\n--=_0123456789abcdef--\r\n"
)
MESSAGE = (HEADER + PARTS).encode()
LARGE = MESSAGE + b"epilogue of no use to anyone\r\n" * (10 * 1024 * 1024 // 30)


def scan(message: bytes) -> Part:
    """The tree, fed as a store gives a message."""
    scanner = StructureScanner(DEFAULTS)
    for start in range(0, len(message), 65536):
        scanner.feed(message[start : start + 65536])
    return scanner.close()


class Mailbox:
    """Ten thousand times the same message, every tenth unseen."""

    def __init__(self, count: int) -> None:
        self._facts = Facts(
            range(1, count + 1),
            range(1, count + 1),
            [0 if n % 10 == 0 else SEEN for n in range(count)],
            [0] * count,
            [len(MESSAGE)] * count,
            [0] * count,
            UidSet(),
        )
        self._root = scan(MESSAGE)
        self.size = len(MESSAGE)

    def facts(self) -> Facts:
        return self._facts

    def keyword_mask(self, name: str) -> int:
        return 0

    async def headers(self, uid: int) -> bytes:
        return HEADER.encode()

    async def structure(self, uid: int) -> Part:
        return self._root

    def content(self, uid: int) -> Mailbox:
        return self

    def read_now(self, offset: int, length: int) -> bytes:
        return MESSAGE[offset : offset + length]

    def release(self) -> None:
        pass


def measure(name: str, work: Callable[[], object], runs: int, per: int = 1) -> None:
    """Print the cost of one of ``per`` like pieces of work."""
    times = []
    for _ in range(runs):
        start = time.thread_time_ns()
        work()
        times.append((time.thread_time_ns() - start) / 1000 / per)
    low, middle, high = statistics.quantiles(times, n=4)
    print(f"{name:44} {middle:10.2f} µs   ({low:.2f} to {high:.2f})")


def found(mailbox: Mailbox, key: SearchKey) -> None:
    """A search that runs to its end at once."""
    Deferred.fromCoroutine(search(mailbox, key, DEFAULTS, lambda: succeed(None)))


def main() -> None:
    """All measurements."""
    print(f"message of {len(MESSAGE)} octets")
    measure("structure", lambda: scan(MESSAGE), 2000)
    measure("envelope", lambda: parse_envelope(HEADER.encode(), DEFAULTS), 2000)
    measure("structure of 10 MB, per MB", lambda: scan(LARGE), 10, per=10)
    mailbox = Mailbox(10_000)
    measure("SEARCH UNSEEN, 10,000 messages", lambda: found(mailbox, HasFlag(SEEN, False)), 50)
    measure("SEARCH SUBJECT, per message", lambda: found(mailbox, Header("subject", "none")), 3, per=10_000)
    measure("SEARCH BODY, per message", lambda: found(mailbox, Body("none")), 3, per=10_000)
    for name, make in MAIL.items():
        message = make(MB)
        measure(f"hostile: {name}", partial(scan, message), 3)


if __name__ == "__main__":
    main()
