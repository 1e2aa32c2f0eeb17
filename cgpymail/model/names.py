"""Mailbox names (manual, Mailboxes, "Mailbox Names"; spec sections 1 and 14.1.10-12).

Inside the system a mailbox name is Unicode text with ``/`` between its components. On the IMAP wire and on disk it is
modified UTF-7 (RFC 3501 5.1.3); decoding is strict, so that one mailbox has one spelling.
"""

from __future__ import annotations

import base64
import binascii

from cgpymail.errors import IllegalName

INBOX = "INBOX"
SEPARATOR = "/"
FOREIGN = "~"  # begins the name of a mailbox in another account, or the account's own name in full
MAX_COMPONENT_BYTES = 200  # encoded; suffixes such as .folder and .log.12 must still fit in a file name
MAX_NAME_BYTES = 1000  # encoded, the whole path
MAX_DEPTH = 20
RESERVED_EXTENSIONS = (".mbox", ".mdir", ".folder", ".bdx", ".info", ".settings", ".log", ".mslc")


def encode(name: str) -> bytes:
    """Modified UTF-7 of a name."""
    out: list[bytes] = []
    run = ""
    for char in name + "\0":
        if " " <= char <= "~":
            if run:
                out.append(_encode_run(run))
                run = ""
            out.append(b"&-" if char == "&" else char.encode())
        else:
            run += char
    run = run[:-1]
    if run:
        out.append(_encode_run(run))
    return b"".join(out)


def _encode_run(run: str) -> bytes:
    packed = base64.b64encode(run.encode("utf-16-be", "surrogatepass")).rstrip(b"=").replace(b"/", b",")
    return b"&" + packed + b"-"


def decode(wire: bytes) -> str:
    """Text of a modified UTF-7 name. Raises IllegalName for anything but the one canonical spelling."""
    parts: list[str] = []
    rest = wire
    try:
        while rest:
            plain, shift, rest = rest.partition(b"&")
            parts.append(plain.decode("ascii"))
            if shift:
                run, end, rest = rest.partition(b"-")
                if not end:
                    raise IllegalName("The mailbox name is not valid modified UTF-7")
                parts.append(_decode_run(run) if run else "&")
        name = "".join(parts)
    except (UnicodeError, binascii.Error) as problem:
        raise IllegalName("The mailbox name is not valid modified UTF-7") from problem
    if encode(name) != wire:
        raise IllegalName("The mailbox name is not valid modified UTF-7")
    return name


def _decode_run(run: bytes) -> str:
    padded = run.replace(b",", b"/") + b"=" * (-len(run) % 4)
    return base64.b64decode(padded, validate=True).decode("utf-16-be")


def canonical(name: str) -> str:
    """The name with its first component folded if it equals INBOX in any case (spec 14.1.12); behind ``~account/`` the
    next one, which is the first in that account."""
    start = inbox_start(name)
    head, slash, rest = name[start:].partition(SEPARATOR)
    return name[:start] + INBOX + slash + rest if head.upper() == INBOX else name


def inbox_start(name: str) -> int:
    """Where the component begins that may be INBOX: at the beginning, or behind ``~account/``."""
    if not name.startswith(FOREIGN):
        return 0
    head = split_foreign(name)[0]
    return len(head) + 1 if len(head) < len(name) else 0


def split_foreign(name: str) -> tuple[str, str, str]:
    """``~account/box`` as (``~account``, ``account``, ``box``), ``~account`` with an empty box.

    ``~/account/box`` is the same, for clients that put the separator behind the prefix of every name space.
    """
    start = len(FOREIGN + SEPARATOR) if name.startswith(FOREIGN + SEPARATOR) else len(FOREIGN)
    owner, _, rest = name[start:].partition(SEPARATOR)
    return name[:start] + owner, owner, rest


def parent(name: str) -> str:
    """The name one level up; empty at the top."""
    return name.rpartition(SEPARATOR)[0]


def ancestors(name: str) -> list[str]:
    """All names above, the topmost first."""
    parts = name.split(SEPARATOR)
    return [SEPARATOR.join(parts[:count]) for count in range(1, len(parts))]


def is_below(name: str, top: str) -> bool:
    """Whether ``name`` lies somewhere under ``top`` (not ``top`` itself)."""
    return name.startswith(top + SEPARATOR)


def check_new(name: str) -> None:
    """Raise IllegalName unless ``name`` (extension and trailing slash already taken off) may be created.

    The rules of spec 14.1.10: they also keep every name inside the store's directory.
    """
    if len(encode(name)) > MAX_NAME_BYTES:
        raise IllegalName("The mailbox name is too long")
    components = name.split(SEPARATOR)
    if len(components) > MAX_DEPTH:
        raise IllegalName("The mailbox name has too many levels")
    for component in components:
        _check_component(component)


def check_subscribed(name: str) -> None:
    """Raise IllegalName unless ``name`` may be in a subscription list (spec 7.1): there need not be such a mailbox, and
    it may be a foreign name, but it has no characters that no mailbox has."""
    if not name:
        raise IllegalName("The mailbox name is empty")
    if len(name) > MAX_NAME_BYTES:
        raise IllegalName("The mailbox name is too long")
    _check_characters(name)


def _check_characters(text: str) -> None:
    if any(ord(char) < 32 or 127 <= ord(char) < 160 or 0xD800 <= ord(char) < 0xE000 for char in text):
        raise IllegalName("A mailbox name cannot have control characters")
    if any(char in "\u2028\u2029\ufeff" for char in text):
        raise IllegalName("A mailbox name cannot have line separators")


def _check_component(component: str) -> None:
    if not component:
        raise IllegalName("A mailbox name cannot have an empty component")
    if component[0] in "~.":
        raise IllegalName(f"A component of a mailbox name cannot begin with {component[0]}")
    _check_characters(component)
    if component[0] == component[-1] == "$" and len(component) > 1:
        raise IllegalName("Names in dollar signs are reserved for special mailboxes")
    if component.lower().endswith(RESERVED_EXTENSIONS):
        raise IllegalName("The mailbox name ends with a reserved extension")
    if len(encode(component)) > MAX_COMPONENT_BYTES:
        raise IllegalName("A component of the mailbox name is too long")
