"""What an answer to a search is to say, and how it says it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cgpymail.grammar.imap import searchcommands as m
from cgpymail.grammar.imap.errors import CharsetError, CommandError
from cgpymail.grammar.imap.messagecommands import Expunge
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.searchresponses import esearch_line, thread_line, thread_pieces
from cgpymail.model import search as s
from cgpymail.model.flags import SEEN
from cgpymail.model.paging import Page
from cgpymail.model.sorting import Criterion, SortKey
from cgpymail.model.threads import Node, ThreadBy
from cgpymail.model.uidset import SAVED, NumberSet
from tests.support.imapwire import read

OPTIONS = [
    (b"RETURN () ", Returns(all=True)),
    (b"return (min) ", Returns(min=True)),
    (b"RETURN (MAX COUNT) ", Returns(max=True, count=True)),
    (b"RETURN (PARTIAL 1:500) ", Returns(partial=Page(1, 500))),
    (b"RETURN (COUNT partial -100:-1 SAVE) ", Returns(count=True, save=True, partial=Page(-100, -1))),
    (b"RETURN (ALL ALL) CHARSET UTF-8 ", Returns(all=True)),
]


@pytest.mark.parametrize(("options", "returns"), OPTIONS)
def test_result_options(options, returns):
    """Any order, any case; none at all means the whole result."""
    assert read(b"a SEARCH " + options + b"ALL\r\n") == m.Search(b"a", s.All(), False, returns)
    assert read(b"a UID SEARCH " + options + b"ALL\r\n") == m.Search(b"a", s.All(), True, returns)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"SEARCH RETURN (FROBNICATE) ALL", "Unknown result option"),
        (b"SEARCH RETURN (PARTIAL) ALL", "A range such as 1:500 or -1:-100 expected"),
        (b"SEARCH RETURN (PARTIAL 0:5) ALL", "A range such as"),
        (b"SEARCH RETURN (PARTIAL 1:*) ALL", "A range such as"),
        (b"SEARCH RETURN (PARTIAL -1:5) ALL", "A range such as"),
        (b"SEARCH RETURN (PARTIAL 5) ALL", "A range such as"),
        (b"SEARCH RETURN (PARTIAL 1:2 ALL) ALL", "ALL and PARTIAL exclude each other"),
        (b"SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL", "Unknown result option"),
        (b"FETCH 1 FLAGS (PARTIAL 1:2)", "PARTIAL is for UID FETCH"),
        (b"UID FETCH 1 FLAGS (PARTIAL 1:2 PARTIAL 1:2)", "Unknown modifier"),
        (b"SEARCH RETURN (MIN  MAX) ALL", "A result option expected"),
        (b"SEARCH RETURN (MIN", "A space expected"),
        (b"SEARCH RETURN (MIN)", "A space expected"),
        (b"SEARCH RETURN MIN ALL", "Unknown search key"),
    ],
)
def test_ill_formed_options(text, reason):
    """An option that nobody knows is not passed over: the client would wait for its answer."""
    with pytest.raises(CommandError, match=reason):
        read_command(b"a " + text)


EVERYTHING = Returns(min=True, max=True, all=True, count=True)
LINES = [
    (esearch_line(b"a1", EVERYTHING, [2, 10, 11], uid=True), b'(TAG "a1") UID MIN 2 MAX 11 COUNT 3 ALL 2,10:11'),
    (esearch_line(b"a1", EVERYTHING, [], uid=False), b'(TAG "a1") COUNT 0'),
    (esearch_line(b"a1", Returns(all=True), [], uid=True), b'(TAG "a1") UID'),
    (esearch_line(b"a", Returns(all=True), range(1, 10_001), uid=False), b'(TAG "a") ALL 1:10000'),
    (esearch_line(b"a", EVERYTHING, [5, 6, 7, 2, 9], uid=True), b'(TAG "a") UID MIN 5 MAX 9 COUNT 5 ALL 5:7,2,9'),
    (esearch_line(b"a", Returns(partial=Page(-1, -2)), [5, 6, 7, 9], uid=True), b'(TAG "a") UID PARTIAL (-1:-2 7,9)'),
    (esearch_line(b"a", Returns(partial=Page(5, 9)), [5, 6, 7, 9], uid=True), b'(TAG "a") UID PARTIAL (5:9 NIL)'),
    (esearch_line(b"a", Returns(all=True), [3, 2, 1], uid=False), b'(TAG "a") ALL 3,2,1'),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_esearch_lines(line, expected):
    """What was asked for, with the tag of the question; of an empty result the number only."""
    assert line == b"* ESEARCH " + expected + b"\r\n"


@pytest.mark.parametrize(
    ("returns", "kept"),
    [
        (Returns(save=True), [2, 4, 6]),
        (Returns(save=True, min=True), [2]),
        (Returns(save=True, max=True), [6]),
        (Returns(save=True, min=True, max=True), [2, 6]),
        (Returns(save=True, min=True, count=True), [2, 4, 6]),
        (Returns(save=True, max=True, all=True), [2, 4, 6]),
        (Returns(save=True, partial=Page(2, 9)), [4, 6]),
        (Returns(save=True, partial=Page(-1, -1), min=True), [2, 6]),
        (Returns(save=True, partial=Page(9, 9), max=True), [6]),
        (Returns(save=True, partial=Page(1, 1), count=True), [2, 4, 6]),
    ],
)
def test_what_is_saved(returns, kept):
    """The ends alone if nothing else is told (RFC 5182 2.4); of nothing, nothing."""
    assert list(returns.to_save([2, 4, 6])) == kept
    assert list(returns.to_save([])) == []


NAMING = [
    (b"FETCH $ UID", b"FETCH 1 UID"),
    (b"UID FETCH $ FLAGS", b"UID FETCH 1 FLAGS"),
    (b"STORE $ FLAGS ()", b"STORE 1 FLAGS ()"),
    (b"UID COPY $ x", b"UID COPY 1 x"),
    (b"MOVE $ x", b"MOVE 1 x"),
]


@pytest.mark.parametrize(("saved", "numbered"), NAMING)
def test_the_saved_result_stands_for_a_set(saved, numbered):
    """Wherever numbers can be."""
    expected = read(b"a " + numbered + b"\r\n")
    assert read(b"a " + saved + b"\r\n") == replace(expected, numbers=SAVED)


def test_the_saved_result_as_a_search_key():
    """By number, by UID, and within other keys."""
    assert read(b"a SEARCH OR $ NOT UID $\r\n") == m.Search(b"a", s.Or(s.Saved(), s.Not(s.Saved())), False)
    assert read(b"a UID EXPUNGE $\r\n") == Expunge(b"a", SAVED)


def test_a_charset_is_refused_with_the_wish_to_save():
    """So that the server knows that nothing is saved now."""
    for options, saves in ((b"RETURN (SAVE) ", True), (b"RETURN (MIN) ", False), (b"", False)):
        with pytest.raises(CharsetError) as caught:
            read_command(b"a SEARCH " + options + b"CHARSET x-unknown ALL")
        assert caught.value.saves is saves


def test_sort():
    """Sort keys in their order, then charset and search keys."""
    criteria = (Criterion(SortKey.SUBJECT), Criterion(SortKey.DATE, True), Criterion(SortKey.DISPLAYFROM))
    expected = m.Sort(b"a", criteria, s.And((s.Header("to", "\u00fc"), s.All())), False)
    assert read(b"a SORT (SUBJECT reverse Date DISPLAYFROM) ISO-8859-1 TO {1+}\r\n\xfc ALL\r\n") == expected
    assert read(b'a uid sort (cc) "UTF-8" 1:*\r\n') == m.Sort(
        b"a", (Criterion(SortKey.CC),), s.Numbers(NumberSet(((1, 0),)), False), True
    )


def test_sort_with_result_options():
    """As for SEARCH, in front of the sort keys."""
    line = b"a UID SORT RETURN (COUNT save) (SIZE) UTF-8 SEEN\r\n"
    returns = Returns(count=True, save=True)
    assert read(line) == m.Sort(b"a", (Criterion(SortKey.SIZE),), s.HasFlag(SEEN), True, returns)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"SORT RETURN (SIZE) UTF-8 ALL", "Unknown result option"),
        (b"SORT RETURN (ALL)", "A space expected"),
        (b"SORT", "A space expected"),
        (b"SORT () UTF-8 ALL", "A sort key expected"),
        (b"SORT (COLOUR) UTF-8 ALL", "Unknown sort key"),
        (b"SORT (REVERSE) UTF-8 ALL", "Unknown sort key"),
        (b"SORT (REVERSE REVERSE DATE) UTF-8 ALL", "Unknown sort key"),
        (b"SORT (DATE) UTF-8", "A space expected"),
        (b"SORT (DATE UTF-8 ALL", "Unknown sort key"),
        (b"SORT DATE UTF-8 ALL", r"\( expected"),
        (b"SORT (" + b"DATE " * 30 + b"DATE) UTF-8 ALL", "Too many sort keys"),
    ],
)
def test_ill_formed_sorts(text, reason):
    """What cannot be understood is answered with a reason."""
    with pytest.raises(CommandError, match=reason):
        read_command(b"a " + text)


def test_sort_without_charset():
    """Then the first search key stands in its place, and is none."""
    with pytest.raises(CharsetError):
        read_command(b"a SORT (DATE) ALL UNSEEN")


@pytest.mark.parametrize("by", ThreadBy)
def test_thread(by):
    """The way to find threads, then charset and search keys."""
    assert read(b"a THREAD %b UTF-8 ALL\r\n" % by.value.lower().encode()) == m.Thread(b"a", by, s.All(), False)
    assert read(b"a UID THREAD %b UTF-8 $\r\n" % by.value.encode()) == m.Thread(b"a", by, s.Saved(), True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"THREAD", "A space expected"),
        (b"THREAD (REFS) UTF-8 ALL", "A way to find threads expected"),
        (b"THREAD COLOUR UTF-8 ALL", "Unknown way to find threads"),
        (b"THREAD REFS", "A space expected"),
        (b"THREAD REFS UTF-8", "A space expected"),
    ],
)
def test_ill_formed_threads(text, reason):
    """What cannot be understood is answered with a reason."""
    with pytest.raises(CommandError, match=reason):
        read_command(b"a " + text)


def node(uid, *children):
    """A message and the answers to it."""
    made = Node(uid)
    made.children = list(children)
    return made


THREADS = [
    ([], b""),
    ([node(2), node(3, node(6, node(4, node(23)), node(44, node(7, node(96)))))], b" (2)(3 6 (4 23)(44 7 96))"),
    ([node(0, node(3), node(5))], b" ((3)(5))"),
    ([node(0, node(3, node(6)), node(5, node(7), node(8)))], b" ((3 6)(5 (7)(8)))"),
    ([node(196, node(197), node(198)), node(200, node(202))], b" (196 (197)(198))(200 202)"),
]


@pytest.mark.parametrize(("roots", "text"), THREADS)
def test_thread_lines(roots, text):
    """The examples of RFC 5256 section 4 among them."""
    assert thread_line(thread_pieces(roots)) == b"* THREAD" + text + b"\r\n"


def test_thread_lines_by_number():
    """Sequence numbers instead of UIDs."""
    roots = [node(0, node(30), node(50, node(60)))]
    assert thread_line(thread_pieces(roots, {30: 1, 50: 2, 60: 3})) == b"* THREAD ((1)(2 3))\r\n"


PAGES = [
    (1, 2, [10, 20]),
    (2, 1, [10, 20]),
    (2, 9, [20, 30]),
    (4, 9, []),
    (-1, -2, [20, 30]),
    (-9, -3, [10]),
    (-4, -9, []),
    (-1, -1, [30]),
]


@pytest.mark.parametrize(("first", "last", "expected"), PAGES)
def test_pages(first, last, expected):
    """Counted from the first or from the last, in the order of the results; what is not there is left out."""
    assert Page(first, last).of([10, 20, 30]) == expected
    assert Page(first, last).of([]) == []


def test_a_fetch_of_a_page():
    """With or without other modifiers, in any order."""
    command = read(b"a UID FETCH 1:* FLAGS (PARTIAL -1:-30)\r\n")
    assert command.page == Page(-1, -30)
    command = read(b"a UID FETCH 1:* FLAGS (changedsince 5 partial 1:30)\r\n")
    assert (command.page, command.changed_since) == (Page(1, 30), 5)
