"""Sample messages: varied, and the same for the same seed. For the demonstration mailbox and for tests.

The kinds cover what real mail does to a mail server: alternatives, attachments, nested and forwarded messages,
digests, charsets, encodings, long lines, lines that look like mailbox separators, and mail that is simply broken.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr

PEOPLE = (
    ("Anna Lindqvist", "anna@example.org"),
    ("Bořivoj Novák", "borivoj@example.net"),
    ("Chen Wei 陈伟", "chen@example.com"),
    ("Dmitri Ivanov, Ph.D.", "d.ivanov@example.org"),
    ('Eve "the tester" Smith', "eve@example.net"),
    ("", "list-bounces@lists.example.com"),
    ("Fatima الزهراء", "fatima@example.org"),
    ("José García", "jose@example.com"),
)
TOPICS = (
    "Minutes of the Tuesday meeting",
    "Re: offer for the new pumps",
    "Fwd: travel plans",
    "Grüße aus Zürich: die Übersicht für März",
    "会議の議事録について",
    "Счёт за услуги",
    "Invoice 4711",
    "[list] digest, volume 12",
    "No subject worth mentioning",
    "A very long subject that goes on and on so that it has to be folded over several lines by any sensible mailer",
)
_WORDS_TEXT = (
    "the of and to in for on with report server mailbox message From time people system order question answer tomorrow "
    "Thursday please find attached kind regards page über straße naïve café число 東京 data figures"
)
WORDS = tuple(_WORDS_TEXT.split(" "))


def messages(count: int, seed: int = 1, start: int = 1_700_000_000) -> Iterator[tuple[bytes, int]]:
    """``count`` messages in wire form, each with its internal date; every Message-ID is different."""
    chance = random.Random(seed)  # noqa: S311 - sample text, not secrets
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        date = start + number * 3607
        yield wire_form(kind(chance, number, date)), date


def wire_form(message: Message | bytes) -> bytes:
    """Bytes with CRLF line ends, at the end of the last line too."""
    data = message if isinstance(message, bytes) else message.as_bytes()
    whole = data if data.endswith(b"\n") else data + b"\n"
    return whole.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _head(message: Message, chance: random.Random, number: int, date: int) -> Message:
    sender, *others = chance.sample(PEOPLE, 1 + chance.randrange(1, 4))
    message["From"] = _address(sender)
    message["To"] = ", ".join(_address(other) for other in others)
    message["Subject"] = Header(chance.choice(TOPICS), "utf-8").encode()
    zone = timedelta(hours=chance.randrange(-8, 9))
    message["Date"] = format_datetime(datetime.fromtimestamp(date, UTC) + zone).replace("+0000", _zone(zone))
    message["Message-ID"] = f"<sample.{date}.{number}@example.org>"
    return message


def _address(person: tuple[str, str]) -> str:
    name, address = person
    return formataddr((str(Header(name, "utf-8")) if name and not name.isascii() else name, address))


def _zone(zone: timedelta) -> str:
    minutes = int(zone.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def _prose(chance: random.Random, lines: int) -> str:
    return "\n".join(" ".join(chance.choices(WORDS, k=chance.randrange(4, 14))) for _ in range(lines)) + "\n"


def _plain(chance: random.Random, number: int, date: int) -> Message:
    return _head(MIMEText(_prose(chance, chance.randrange(3, 40)), "plain", "utf-8"), chance, number, date)


def _ascii(chance: random.Random, number: int, date: int) -> Message:
    text = _prose(chance, chance.randrange(3, 25)).encode("ascii", "ignore").decode()
    return _head(MIMEText(text, "plain", "us-ascii"), chance, number, date)


def _tricky_lines(chance: random.Random, number: int, date: int) -> Message:
    text = "Hello,\n\nFrom here on it is tricky.\n>From there too.\n\nFrom me\n\n.\n..\n.dot\n-- \nsignature\n"
    return _head(MIMEText(text + "x" * chance.randrange(900, 2000) + "\n", "plain", "us-ascii"), chance, number, date)


def _alternative(chance: random.Random, number: int, date: int) -> Message:
    text = _prose(chance, 8)
    both = MIMEMultipart("alternative")
    both.attach(MIMEText(text, "plain", "iso-8859-15" if text.isascii() else "utf-8"))
    both.attach(MIMEText("<p>" + text.replace("\n", "<br>\n") + "</p>", "html", "utf-8"))
    return _head(both, chance, number, date)


def _attachment(chance: random.Random, number: int, date: int) -> Message:
    mixed = MIMEMultipart("mixed")
    mixed.preamble = "This is a message in MIME format."
    mixed.attach(MIMEText(_prose(chance, 5), "plain", "utf-8"))
    image = MIMEImage(b"\x89PNG\r\n\x1a\n" + chance.randbytes(chance.randrange(500, 20_000)), "png")
    image.add_header("Content-Disposition", "attachment", filename=("utf-8", "de", f"Übersicht {number}.png"))
    mixed.attach(image)
    return _head(mixed, chance, number, date)


def _forward(chance: random.Random, number: int, date: int) -> Message:
    mixed = MIMEMultipart("mixed")
    mixed.attach(MIMEText("See below.\n", "plain", "us-ascii"))
    mixed.attach(MIMEMessage(_alternative(chance, number * 1000 + 1, date - 86_400)))
    return _head(mixed, chance, number, date)


def _digest(chance: random.Random, number: int, date: int) -> Message:
    digest = MIMEMultipart("digest")
    for place in range(chance.randrange(2, 5)):
        part = MIMEMessage(_ascii(chance, number * 1000 + place, date - 3600 * place))
        del part["Content-Type"]
        digest.attach(part)
    return _head(digest, chance, number, date)


def _report(chance: random.Random, number: int, date: int) -> Message:
    report = MIMEMultipart("report", report_type="delivery-status")
    report.attach(MIMEText("The message could not be delivered.\n", "plain", "us-ascii"))
    status = MIMEBase("message", "delivery-status")
    for fields in ({"Reporting-MTA": "dns; mail.example.org"}, {"Final-Recipient": "rfc822; x@example.net"}):
        block = Message()
        for name, value in fields.items():
            block[name] = value
        status.attach(block)
    report.attach(status)
    return _head(report, chance, number, date)


def _raw_eight_bit(chance: random.Random, number: int, date: int) -> bytes:
    head = _head(Message(), chance, number, date)
    del head["Subject"]
    top = head.as_bytes().rstrip(b"\n")
    return top + "\nSubject: Grüße ohne Kodierung\n\nRöhre, ungekodet: äöü\n".encode("latin-1")


def _broken(chance: random.Random, number: int, date: int) -> bytes:
    whole = wire_form(_attachment(chance, number, date))
    return whole[: len(whole) * 2 // 3]


def _tiny(chance: random.Random, number: int, date: int) -> bytes:
    return f"Message-ID: <sample.{date}.{number}@example.org>\n\n".encode()


KINDS: tuple[Callable[[random.Random, int, int], Message | bytes], ...] = (
    _plain,
    _alternative,
    _ascii,
    _attachment,
    _tricky_lines,
    _plain,
    _forward,
    _ascii,
    _digest,
    _raw_eight_bit,
    _alternative,
    _report,
    _broken,
    _tiny,
)
