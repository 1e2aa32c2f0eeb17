"""The log at its most talkative: who and what is in it, passwords and message content never are."""

from __future__ import annotations

import base64
import re

import pytest

from cgpymail.runtime.logs import ALL, LEVEL_NAMES
from tests.support.world import World

PASSWORD = b"OpenSesame7"
WORDS = b"the dark side of the moon"
MESSAGE = b"Subject: %b\r\n\r\n%b\r\n" % (WORDS, WORDS)
ENCODED = base64.b64encode(PASSWORD)
PLAIN = base64.b64encode(b"\0john\0" + PASSWORD)
TYPED = base64.b64encode(b"john")


def imap(*commands: bytes) -> tuple[str, list[bytes]]:
    """A script for the IMAP module; each item is sent at once."""
    return "IMAP", [command + b"\r\n" for command in commands]


def pop(*commands: bytes) -> tuple[str, list[bytes]]:
    """A script for the POP module."""
    return "POP", [command + b"\r\n" for command in commands]


def literal(data: bytes) -> bytes:
    """A literal that is sent without waiting."""
    return b"{%d+}\r\n%b" % (len(data), data)


SCRIPTS = [
    imap(b'1 LOGIN john "%b"' % PASSWORD, b"2 LOGOUT"),
    imap(b"1 LOGIN john " + PASSWORD + b" junk", b"2 LOGIN " + PASSWORD, b"3 LOGIN john (%b)" % PASSWORD),
    imap(b"1 LOGIN %b %b" % (literal(b"john"), literal(PASSWORD))),
    imap(b"1 LOGIN john {%d}" % len(PASSWORD), PASSWORD),
    imap(b"1 LOGIN john {99999}", PASSWORD),
    imap(b"1 LOGIN john wrong", PASSWORD, b"john " + PASSWORD),
    imap(b"1 AUTHENTICATE PLAIN " + PLAIN),
    imap(b"1 AUTHENTICATE PLAIN", PLAIN),
    imap(b"1 AUTHENTICATE LOGIN", TYPED, ENCODED),
    imap(b"1 AUTHENTICATE PLAIN", PASSWORD, PLAIN, ENCODED),
    imap(b"1 AUTHENTICATE MAGIC " + PLAIN, PLAIN, ENCODED),
    imap(
        b"1 LOGIN john " + PASSWORD,
        b"2 APPEND INBOX " + literal(MESSAGE),
        b"3 APPEND Nowhere " + literal(MESSAGE),
        b"4 APPEND INBOX (\\Bad\\Flag) " + literal(MESSAGE),
        b"5 SELECT INBOX",
        b"6 FETCH 1 (FLAGS BODY[] ENVELOPE)",
        b"7 SEARCH TEXT " + literal(WORDS),
        b"8 IDLE",
        WORDS,
    ),
    pop(b"USER john", b"PASS " + PASSWORD, b"RETR 1", b"TOP 1 5", b"QUIT"),
    pop(b"PASS " + PASSWORD, b"USER john", b"PASS " + PASSWORD + b" "),
    pop(PASSWORD, b"USER john", PASSWORD, b"pass " + PASSWORD),
    pop(b"AUTH PLAIN " + PLAIN),
    pop(b"AUTH PLAIN", PLAIN, b"RETR 1"),
    pop(b"AUTH LOGIN", TYPED, ENCODED),
    pop(b"AUTH MAGIC " + PLAIN, PLAIN, ENCODED),
    pop(b"APOP john " + PASSWORD),
    (
        "LMTP",
        [
            b"LHLO here\r\nMAIL FROM:<me@example.net>\r\nRCPT TO:<john@example.org>\r\nDATA\r\n",
            MESSAGE + b".\r\n",
            b"MAIL FROM:<me@example.net>\r\nDATA\r\n" + MESSAGE + b".\r\n",
        ],
    ),
]


@pytest.mark.parametrize("clear_text", [True, False])
@pytest.mark.parametrize(("module", "script"), SCRIPTS)
def test_no_level_shows_passwords_or_content(module: str, script: list[bytes], clear_text: bool) -> None:
    """Whatever the client sends, at the level ``all``, also where clear-text logins are refused."""
    world = World()
    world.account(password=PASSWORD)
    world.append(MESSAGE)
    world.directory.clear_text = clear_text
    lines: list[str] = world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    world.runtime.logs.levels.update(dict.fromkeys((module, "MAILBOX", "ACCOUNT", "SYSTEM"), ALL))
    link = world.connect(module)
    for piece in script:
        link.feed(piece)
    link.drop()
    assert lines
    for line in lines:
        lower = line.lower()
        for secret in (PASSWORD, WORDS, ENCODED, PLAIN):
            assert secret.decode().lower() not in lower, line
        assert re.match(rf"[1-5] {module}-000001 ", line), line


EXAMPLES = {
    1: "failed [ref ",
    2: "john@example.org logged in from [192.0.2.1]",
    3: "login of 'john' from [192.0.2.1] failed",
    4: "in: 3 SELECT INBOX",
    5: "disconnected",
}


@pytest.mark.parametrize("level", sorted(LEVEL_NAMES))
def test_each_level_includes_those_before_it(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From failures to the link (manual, IMAP Module): each level says more, and nothing of the levels above it."""
    world = World()
    world.account()
    world.runtime.logs.levels["IMAP"] = level
    link = world.connect("IMAP")
    for command in (b"1 LOGIN john wrong", b"2 LOGIN john secret", b"3 SELECT INBOX"):
        link.feed(command + b"\r\n")
    monkeypatch.setattr("cgpymail.manager.handle.Handle.select", None)
    link.feed(b"4 FETCH 1:* FLAGS\r\n")
    link.drop()
    lines: list[str] = world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    for each, example in EXAMPLES.items():
        assert any(line.startswith(f"{each} IMAP-000001 ") and example in line for line in lines) == (each <= level)
