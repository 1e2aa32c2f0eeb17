"""Whatever a client sends by XTND XMIT, no Bcc leaves, and nothing but the declared errors comes of it."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cgpymail.errors import MailError
from cgpymail.pop3.outgoing import BadMessage, local_lines, prepare
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.spool import MemoryContent

NAMES = st.sampled_from([b"To", b"Cc", b"Bcc", b"bCC", b"Subject", b"BCC \t", b" Bcc", b"", b"X"])
VALUES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b" joe@example.org", b" <a@b>,\r\n c@d", b' "x y"@z', b" g: a@b;", b" \xc3\xa4@b", b"@", b" a@\r\n b"]
    ),
)
HEADERS = st.lists(st.builds(lambda name, value: name + b":" + value + b"\r\n", NAMES, VALUES), max_size=8)
BCC = re.compile(rb"^bcc[ \t]*:", re.I | re.M)


@settings(max_examples=300, deadline=None)
@given(HEADERS, st.binary(max_size=50))
@example([b"Bcc: a@b\r\n", b"To: c@d\r\n"], b"")
@example([b"To: c@d\r\n", b"\r\nBcc: a@b\r\n"], b"Bcc: in the body\r\n")
def test_no_bcc_leaves(fields: list[bytes], body: bytes) -> None:
    """The rest of the header and the body leave as they are."""
    header = b"".join(fields)
    content = MemoryContent(header + b"\r\n" + body)
    try:
        outgoing = prepare(content, "example.org", b"Received: here\r\n", DEFAULTS)
    except MailError:
        return
    assert outgoing.recipients and all("@" in each and each.isprintable() for each in outgoing.recipients)
    assert len(set(outgoing.recipients)) == len(outgoing.recipients)
    try:
        leaving = b"".join(outgoing.chunks(content))
    except BadMessage:
        assert b"\r" in (header + body).replace(b"\r\n", b"")  # what must not be sent is not
        return
    kept, _, rest = leaving.partition(b"\r\n\r\n")
    assert not BCC.search(kept)
    end = (header + b"\r\n").find(b"\r\n\r\n")
    assert rest == (header + b"\r\n" + body)[end + 4 :]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"x", b""]), max_size=12))
def test_line_ends_wherever_the_message_is_cut(pieces: list[bytes]) -> None:
    """CRLF becomes LF, also when it comes in two pieces; nothing else changes."""
    assert b"".join(local_lines(iter(pieces))) == b"".join(pieces).replace(b"\r\n", b"\n")
