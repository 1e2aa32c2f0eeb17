"""What lies beside a mail file ``NAME.<format>``: its snapshot ``NAME.bdx`` and its journals ``NAME.log.<generation>``;
where users have a Seen of their own, a record ``NAME.seen-<reader>`` for each (32 hexadecimal digits; no mail file has
such an extension).

The stores make them; the directory takes them along when it moves or removes a single-mailbox account.
"""

from __future__ import annotations

import re

SEEN = ".seen-"
ENDINGS = r"\.bdx|\.log\.[0-9]+|\.seen-[0-9a-f]{32}"  # what is behind NAME, as a regular expression
_ENDING = re.compile(rf"(?:{ENDINGS})\Z")


def finished(file: str) -> str:
    """The name that a half-done file is to get (``.NAME.new``); of all others their own."""
    return file[1:-4] if file.startswith(".") and file.endswith(".new") else file


def is_companion(file: str, stem: str) -> bool:
    """Whether a file name is of one that belongs to the mail file ``stem``."""
    return file.startswith(stem) and bool(_ENDING.match(file, len(stem)))


def looks_like_companion(file: str) -> bool:
    """Whether a file name is of one that belongs to any mail file."""
    return bool(_ENDING.search(file))


def reader_of(file: str, stem: str) -> str:
    """The 32 digits that name a reader if the file is a record of what he has read of ``stem``, else empty."""
    return file[len(stem) + len(SEEN) :] if file.startswith(stem + SEEN) and is_companion(file, stem) else ""
