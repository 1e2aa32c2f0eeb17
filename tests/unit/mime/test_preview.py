"""The first words of a message."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.imap.preview import HTML, PIECE
from cgpymail.mime.preview import LONGEST, HtmlPreview, plain_preview


def html_preview(text: str) -> str:
    """Fed as FETCH does it."""
    markup = HtmlPreview()
    for start in range(0, len(text), PIECE):
        markup.feed(text[start : start + PIECE])
        if markup.enough:
            break
    return markup.value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\r\n\r\n two\tthree ", "one two three"),
        ("> they said\n>> more\nI say", "I say"),
        ("> only\n> quoted", "> only > quoted"),
        ("in\u200bvis\u00adible\ufeff\u034f\x07", "invisible"),
        ("x" * 500, "x" * LONGEST),
        (" \u034f\0" * 5000 + "a b " * 300 + "\u0300", ("a b " * 50).rstrip()),
        ("x" * 199 + " y", "x" * 199),
        ("", ""),
    ],
)
def test_plain_text(text: str, shown: str) -> None:
    """One line, without what was quoted and what cannot be seen."""
    assert plain_preview(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p>one</p><p>two</p>", "one two"),
        ("<b>o</b>ne<br>two<img src=x>three", "one two three"),
        ("<style>p { x }</style><script>a < b</script>text", "text"),
        ("<head><title>t</title><body>text", "text"),
        ("a &lt;b&gt; &eacute; &#8217;", "a <b> é ’"),
        ("<!-- no -->yes<!-- never ends", "yes"),
        ("cut <off", "cut"),
        ("1 < 2", "1 < 2"),
        ("one<![if !mso]>two<![endif]><![ <![any[ x ]]>three", "onetwothree"),
    ],
)
def test_html(text: str, shown: str) -> None:
    """What a reader would see."""
    assert html_preview(text) == shown


@given(st.text(max_size=300) | st.text("<>!-/&;#ax =\"'[]\n", max_size=300), st.booleans())
@settings(max_examples=200)
def test_anything(text: str, html: bool) -> None:
    """Never an error, never more than may be shown, never two lines."""
    shown = html_preview(text) if html else plain_preview(text)
    assert len(shown) <= LONGEST
    assert shown == " ".join(shown.split())


NASTY = [
    "<!--",
    "<",
    "<a ",
    "<a b='",
    "</",
    "<![CDATA[",
    "<?",
    "&",
    "<script>",
    "<script></",
    "<a b=c ",
    "<!x ",
    "&#x",
    "<![",
]


@pytest.mark.parametrize("piece", NASTY)
def test_nasty_markup_costs_little(piece: str) -> None:
    """Others have their turn between pieces, so none may take long, whatever was in those before."""
    text, markup, worst = (piece * HTML)[:HTML], HtmlPreview(), 0.0
    for start in range(0, HTML, PIECE):
        began = time.process_time()
        markup.feed(text[start : start + PIECE])
        worst = max(worst, time.process_time() - began)
    assert worst < 0.1
