"""The storage formats, by the extension of their files. A new format is one line here (docs/howto-add-a-format.md)."""

from __future__ import annotations

from cgpymail.stores.mailfile import Format
from cgpymail.stores.mbox.format import MboxFormat
from cgpymail.stores.mdir.format import MdirFormat

_KNOWN: tuple[Format, ...] = (MboxFormat(), MdirFormat())

FORMATS: dict[str, Format] = {format.extension: format for format in _KNOWN}
