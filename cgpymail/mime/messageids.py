"""Message-IDs in header fields (RFC 5322 3.6.4), in one spelling, for threads (RFC 5256 section 3, REFERENCES)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cgpymail.mime.parameters import unquote

_ID = re.compile(rb'<[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^<>"\s]+))@([^<>\s@]++)[ \t]*+>', re.DOTALL)


def message_ids(value: bytes) -> Iterator[bytes]:
    """The valid ones in an unfolded field, in order, without brackets; quotes that need not be there are gone."""
    for match in _ID.finditer(value):
        quoted, plain, right = match.groups()
        yield (unquote(quoted) if plain is None else plain) + b"@" + right
