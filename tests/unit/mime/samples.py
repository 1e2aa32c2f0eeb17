"""Messages for the tests of the MIME engine, and how to scan them."""

from __future__ import annotations

from cgpymail.mime.structure import Part, StructureScanner
from cgpymail.runtime.limits import DEFAULTS, Limits


def wire(text: str) -> bytes:
    """A message written with LF, in wire form."""
    return text.encode().replace(b"\n", b"\r\n")


def scan(message: bytes, step: int = 65536, limits: Limits = DEFAULTS) -> Part:
    """The tree of a message that is fed in pieces of ``step`` octets."""
    scanner = StructureScanner(limits)
    for start in range(0, len(message), step):
        scanner.feed(message[start : start + step])
    return scanner.close()


def outline(part: Part) -> str:
    """``multipart/mixed(text/plain,text/html)``."""
    inside = ",".join(map(outline, part.parts))
    return f"{part.type}/{part.subtype}" + (f"({inside})" if inside else "")


def body(message: bytes, part: Part) -> bytes:
    """The octets of a part's body."""
    return message[part.body : part.end]


# RFC 3501 6.4.5 numbers the parts of a message like this one.
NESTED = wire("""\
From: sender@example.com
To: reader@example.com
Subject: outer
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: text/plain

one
--outer
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="two.bin"

dHdv
--outer
Content-Type: message/rfc822

Subject: three
Content-Type: multipart/alternative; boundary=inner

--inner

three one
--inner
Content-Type: text/html

three two
--inner--
epilogue of three

--outer
Content-Type: message/rfc822

Subject: four

four one
--outer--
epilogue
""")
