"""The first words of a message, for lists of messages (RFC 8970): from the beginning of a text part, markup taken off.

Which part: the first text/plain that is no attachment, else the first text/html. Lines quoted from another message are
left out, unless there is nothing else. What is given is one line: white space of any kind is one space, and invisible
characters, with which senders of advertisements fill such lists, are dropped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser

from cgpymail.mime.part import Part

LONGEST = 200  # characters, RFC 8970 section 3.1
_HIDDEN = frozenset({"head", "script", "style", "template", "title", "svg"})
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_JOINER = "\u034f"  # COMBINING GRAPHEME JOINER, a mark by its category
_CONTROLS = dict.fromkeys(code for code in range(128) if not (chr(code).isspace() or chr(code).isprintable()))
_ENOUGH = 4 * LONGEST
_INLINE = frozenset(
    ("a", "abbr", "b", "big", "code", "em", "font", "i", "q", "s", "small", "span", "strong", "sub", "sup", "u", "wbr")
)


def preview_part(root: Part) -> Part | None:
    """The part to look into; None if there is no text."""
    texts = [part for part in _leaves(root) if part.type == "text" and not _is_attachment(part)]
    for subtype in ("plain", "html"):
        for part in texts:
            if part.subtype == subtype:
                return part
    return None


def _leaves(part: Part) -> Iterator[Part]:
    """Parts without parts; not those of messages inside the message."""
    if part.is_multipart:
        for child in part.parts:
            yield from _leaves(child)
    else:
        yield part


def _is_attachment(part: Part) -> bool:
    return part.disposition is not None and part.disposition[0] == "attachment"


def plain_preview(text: str) -> str:
    """The preview of the beginning of a text/plain part: at most LONGEST characters, maybe none."""
    own = "\n".join(line for line in text.splitlines() if not line.startswith(">"))
    return _one_line(own) or _one_line(text)


def _one_line(text: str) -> str:
    """Its beginning is looked at sign by sign, and no more of it than it takes."""
    visible = shown = ""
    for start in range(0, len(text), _ENOUGH):
        visible += _visible(text[start : start + _ENOUGH])
        shown = " ".join(visible.split())
        if len(shown) > LONGEST:
            break
    return shown[:LONGEST].rstrip()


def _visible(text: str) -> str:
    if text.isascii():
        return text.translate(_CONTROLS)
    return "".join(char for char in text if char.isspace() or _is_visible(char))


def _is_visible(char: str) -> bool:
    return char != _JOINER and unicodedata.category(char) not in _INVISIBLE


class HtmlPreview(HTMLParser):
    """Collects what a reader of a text/html part would see. Fed piece by piece, until it has ``enough``.

    It is never told of the end: with a construct that was cut off there it would begin again and again.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._octets = 0
        self._hidden = ""  # the element that hides what is in it

    @property
    def enough(self) -> bool:
        """Whether what comes cannot matter any more (most of what was collected may be white space)."""
        return self._octets > _ENOUGH

    @property
    def value(self) -> str:
        """The preview: at most LONGEST characters, maybe none."""
        return _one_line("".join(self._pieces))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """HTMLParser: an element begins."""
        if tag in _HIDDEN and not self._hidden:
            self._hidden = tag
        elif tag == "body":
            self._hidden = ""  # a head that was not closed
        self._border(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """HTMLParser: an element without content."""
        self._border(tag)

    def handle_endtag(self, tag: str) -> None:
        """HTMLParser: an element ends."""
        if tag == self._hidden:
            self._hidden = ""
        self._border(tag)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """HTMLParser: ``<![`` is at ``i``. In HTML that begins a comment; Pythons of 2024 and before know it from
        SGML, and raise an error for what SGML does not have."""
        return self.parse_bogus_comment(i)

    def handle_data(self, data: str) -> None:
        """HTMLParser: text."""
        if not self._hidden:
            self._pieces.append(data)
            self._octets += len(data.strip())

    def _border(self, tag: str) -> None:
        if tag not in _INLINE:
            self._pieces.append(" ")
