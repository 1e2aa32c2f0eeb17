"""The tree of parts of good, bad and hostile messages."""

from __future__ import annotations

import dataclasses
import tracemalloc

import pytest

from cgpymail.mime.structure import StructureScanner, find_part
from cgpymail.runtime.limits import DEFAULTS
from tests.unit.mime.samples import NESTED, body, outline, scan, wire


def test_nested_message_is_taken_apart() -> None:
    """A client sees every attachment and every part of the messages inside."""
    assert outline(scan(NESTED)) == (
        "multipart/mixed(text/plain,application/octet-stream,"
        "message/rfc822(multipart/alternative(text/plain,text/html)),message/rfc822(text/plain))"
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((1,), b"one"),
        ((2,), b"dHdv"),
        ((3, 1), b"three one"),
        ((3, 2), b"three two"),
        ((4, 1), b"four one"),
    ],
)
def test_part_numbers_name_the_octets_without_the_line_end_of_the_delimiter(
    path: tuple[int, ...], expected: bytes
) -> None:
    """An attachment ends where its sender ended it."""
    part = find_part(scan(NESTED), path)
    assert part is not None
    assert body(NESTED, part) == expected


@pytest.mark.parametrize("path", [(5,), (0,), (1, 1), (2, 1), (3, 3), (4, 2), (4, 1, 1), (3, 1, 1)])
def test_numbers_of_no_part_find_nothing(path: tuple[int, ...]) -> None:
    """Asking for a part that is not there is no error."""
    assert find_part(scan(NESTED), path) is None


def test_message_without_parts_is_its_own_part_one() -> None:
    """BODY[1] of plain mail is its body."""
    root = scan(b"Subject: x\r\n\r\nbody\r\n")
    assert find_part(root, [1]) is root
    assert find_part(root, [1, 1]) is None
    assert find_part(root, [2]) is None


def test_message_that_is_itself_a_message_is_entered_by_number() -> None:
    """Mail of type message/rfc822 without a multipart: 1 is the message in it, 1.1 its text."""
    message = wire("Content-Type: message/rfc822\n\nSubject: in\n\ntext\n")
    root = scan(message)
    assert find_part(root, [1]) is root
    inner = find_part(root, [1, 1])
    assert inner is not None
    assert body(message, inner) == b"text\r\n"
    assert find_part(root, [1, 2]) is None


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64])
def test_pieces_of_any_size_give_the_same_tree(step: int) -> None:
    """How the disk cuts a message does not matter."""
    assert scan(NESTED, step) == scan(NESTED)


def test_fields_of_a_part_are_told_as_sent() -> None:
    """BODYSTRUCTURE has all that the Content-* fields say."""
    message = wire("""\
Content-Type: Text/HTML; CharSet="utf-8";
\tname*0*=utf-8''a%20; name*1="b \\"c\\".html" ; format=flowed (comment)
content-id: <id@example>
Content-Description: what
  it is
Content-Transfer-Encoding: Quoted-Printable (yes)
Content-MD5: Q2hlY2s=
Content-Disposition: INLINE; filename=a b.html
Content-Language: en, de
Content-Location: http://example.com/

""")
    part = scan(message)
    assert (part.type, part.subtype, part.encoding) == ("text", "html", "quoted-printable")
    assert part.params == (
        ("charset", b"utf-8"),
        ("name*0*", b"utf-8''a%20"),
        ("name*1", b'b "c".html'),
        ("format", b"flowed"),
    )
    assert (part.id, part.description, part.md5) == (b"<id@example>", b"what  it is", b"Q2hlY2s=")
    assert part.disposition == ("inline", (("filename", b"a b.html"),))
    assert (part.language, part.location) == ((b"en", b"de"), b"http://example.com/")


def test_first_of_repeated_fields_counts() -> None:
    """As in other programs, so that a filter and a reader see the same message."""
    assert outline(scan(wire("Content-Type: text/html\nContent-Type: image/png\n\n"))) == "text/html"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", "text/plain"),
        ("Content-Type:\n", "text/plain"),
        ("Content-Type: nonsense\n", "text/plain"),
        ("Content-Type: a/b/c\n", "text/plain"),
        ("Content-Type: text/\n", "text/plain"),
        ("Content-Type: /plain\n", "text/plain"),
        ("Content-Type: multipart/mixed\n", "text/plain"),
        ('Content-Type: multipart/mixed; boundary=""\n', "text/plain"),
        ("Content-Type: multipart/mixed; boundary=absent\n", "text/plain"),
        ("Content-Type: IMAGE/Png;;;x\n", "image/png"),
        ("Content-Type : text/html\n", "text/html"),
        ("Content-Type: message/rfc822\n", "message/rfc822(text/plain)"),
        ("Content-Type: message/global\n", "message/global(text/plain)"),
        ("Content-Type: message/global\nContent-Transfer-Encoding: base64\n", "message/global"),
    ],
)
def test_bad_types_give_a_type_that_clients_can_use(head: str, expected: str) -> None:
    """A multipart that has no parts is text, as in other servers."""
    message = wire(head + "\n--other\n\nx\n")
    assert outline(scan(message)) == expected


@pytest.mark.parametrize(
    ("message", "header", "size"),
    [
        (b"", 0, 0),
        (b"\r\n", 2, 0),
        (b"\r\nbody\r\n", 2, 6),
        (b"Subject: only a header\r\n", 24, 0),
        (b"Subject: cut", 12, 0),
        (b"no header at all\r\nat all\r\n", 26, 0),
        (b"Subject: x\r\n\r\n", 14, 0),
        (b"Subject: x\n\nlone\rcr\x00nul", 12, 11),
    ],
)
def test_header_ends_at_the_first_blank_line(message: bytes, header: int, size: int) -> None:
    """Whatever comes, header and body together are the message."""
    part = scan(message)
    assert (part.start, part.body, part.size) == (0, header, size)


def test_missing_closing_delimiter_ends_with_the_message() -> None:
    """Cut mail still shows its parts."""
    message = wire("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n")
    root = scan(message)
    assert [body(message, part) for part in root.parts] == [b"one", b"two\r\n"]


def test_last_delimiter_without_line_end_counts() -> None:
    """The message need not end in CRLF."""
    message = wire("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--")
    assert [body(message, part) for part in scan(message).parts] == [b"one"]


def test_white_space_after_a_delimiter_is_ignored() -> None:
    """RFC 2046 5.1.1 lets gateways add it."""
    message = wire("Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\none\n--b--  \nx\n")
    assert [body(message, part) for part in scan(message).parts] == [b"one"]


def test_boundary_that_begins_another_is_not_mistaken() -> None:
    """Boundaries "a" and "aa" are two."""
    message = wire("""\
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/mixed; boundary=aa

--aa

--aaa
--aa--
--a--
""")
    root = scan(message)
    assert outline(root) == "multipart/mixed(multipart/mixed(text/plain))"
    assert body(message, root.parts[0].parts[0]) == b"--aaa"


def test_delimiter_of_the_outer_ends_the_inner() -> None:
    """An unclosed inner multipart does not swallow the attachments after it."""
    message = wire("""\
Content-Type: multipart/mixed; boundary=out

--out
Content-Type: multipart/mixed; boundary=in

--in

one
--out
Content-Type: image/png

two
--in
--out--
""")
    root = scan(message)
    assert outline(root) == "multipart/mixed(multipart/mixed(text/plain),image/png)"
    assert body(message, root.parts[1]) == b"two\r\n--in"


def test_delimiter_within_a_header_ends_the_part() -> None:
    """A part with half a header has an empty body; its fields count."""
    message = wire("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n--b\n--b--\n")
    root = scan(message)
    assert outline(root) == "multipart/mixed(text/html,text/plain)"
    assert [part.size for part in root.parts] == [0, 0]


def test_message_inside_that_is_cut_in_its_header_is_still_a_message() -> None:
    """BODYSTRUCTURE of message/rfc822 always has a structure inside."""
    message = wire("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n--b--\n")
    assert outline(scan(message)) == "multipart/mixed(message/rfc822(text/plain))"


def test_digest_parts_are_messages_by_default() -> None:
    """RFC 2046 5.1.5."""
    message = wire("""\
Content-Type: multipart/digest; boundary=b

--b

Subject: in

text
--b
Content-Type: text/plain

--b--
""")
    assert outline(scan(message)) == "multipart/digest(message/rfc822(text/plain),text/plain)"


def test_lines_are_the_line_ends_in_the_body() -> None:
    """The figure that clients show next to a text part."""
    message = wire("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n2\n3\n--b\n\n\n--b--\n")
    root = scan(message, 5)
    assert [part.lines for part in root.parts] == [2, 0]
    assert root.lines == message.count(b"\r\n") - 2


def test_boundary_given_in_pieces_works() -> None:
    """RFC 2231 continuations, also for the boundary."""
    message = wire("Content-Type: multipart/mixed; boundary*0=a; boundary*1*=%62\n\n--ab\n\nx\n--ab--\n")
    assert outline(scan(message)) == "multipart/mixed(text/plain)"


def test_boundary_with_a_line_end_in_it_is_none() -> None:
    """No line can be equal to it."""
    message = wire("Content-Type: multipart/mixed; boundary*=''a%0Ab\n\n--a\nb\n\n")
    assert outline(scan(message)) == "text/plain"


def test_depth_limit_leaves_deeper_containers_opaque() -> None:
    """A mail bomb of messages in messages costs no more than its depth limit."""
    limits = dataclasses.replace(DEFAULTS, mime_depth=3)
    message = wire("Content-Type: message/rfc822\n\n") * 10
    assert outline(scan(message, limits=limits)) == "message/rfc822(message/rfc822(application/octet-stream))"


def test_depth_limit_holds_for_messages_cut_in_their_header() -> None:
    """A message/rfc822 that may not be entered is no message for the reader."""
    limits = dataclasses.replace(DEFAULTS, mime_depth=2)
    message = wire("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n--b--\n")
    assert outline(scan(message, limits=limits)) == "multipart/mixed(application/octet-stream)"


def test_a_dozen_multiparts_in_one_another_are_looked_into() -> None:
    """More of them are opaque: each open boundary costs time for every line."""
    message = b"".join(wire(f"Content-Type: multipart/x; boundary={n}\n\n--{n}\n") for n in range(20))
    tree = outline(scan(message))
    assert tree.count("multipart/x") == 12
    assert "application/octet-stream" in tree


def test_limit_of_parts_gives_the_rest_to_the_last() -> None:
    """The whole message stays readable; only the tree is cut."""
    limits = dataclasses.replace(DEFAULTS, mime_parts=4)
    message = wire("Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 10 + "--b--\n")
    root = scan(message, limits=limits)
    assert len(root.parts) == 3
    assert root.parts[-1].end == root.end == len(message)


@pytest.mark.parametrize("step", [1, 50, 10_000])
def test_header_over_its_limit_is_read_up_to_it(step: int) -> None:
    """A huge header is not kept; fields beyond the limit do not count, the body is found all the same."""
    limits = dataclasses.replace(DEFAULTS, header_size=100)
    message = wire("Content-Type: text/html\n" + "X: y\n" * 40 + "Content-ID: <late>\n\nbody\n")
    part = scan(message, step, limits)
    assert (part.type, part.subtype, part.id) == ("text", "html", None)
    assert body(message, part) == b"body\r\n"


def test_field_limit_is_kept() -> None:
    """The 3rd Content-* field of a header with a limit of 2 does not count."""
    limits = dataclasses.replace(DEFAULTS, header_fields=2)
    part = scan(wire("Content-ID: <a>\nContent-MD5: b\nContent-Type: text/html\n\n"), limits=limits)
    assert (part.id, part.subtype) == (b"<a>", "plain")


@pytest.mark.parametrize("step", [1, 100, 65536])
def test_crowds_of_lines_that_look_like_delimiters_change_nothing(step: int) -> None:
    """A patch with thousands of lines "--- a/file" between two parts."""
    crowd = "".join(f"--- a/file{n}\n--\n" for n in range(500))
    parts = f"---\nX: y\n{crowd}\none\n{crowd}--- \n\ntwo\n------\n-----\n"
    message = wire(f"Content-Type: multipart/mixed; boundary=-\n\n{crowd}{parts}{crowd}")
    root = scan(message, step)
    assert [body(message, part) for part in root.parts] == [wire(f"one\n{crowd}")[:-2], b"two\r\n------"]


def test_memory_for_a_large_body_stays_small() -> None:
    """A body is never joined: what the scanner keeps between two pieces is a line at most."""
    scanner = StructureScanner(DEFAULTS)
    scanner.feed(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n")
    long, short = b"x" * 10_000, b"--xyz\r\n" * 1_000
    tracemalloc.start()
    for _ in range(200):
        scanner.feed(long)
        scanner.feed(short)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000
    assert scanner.close().parts[0].size == 200 * 17_000
