"""aioimaplib (asyncio): a push client that waits in IDLE while another one works."""

from __future__ import annotations

import asyncio

import aioimaplib

from tests.support import clients
from tests.support.daemon import Daemon

MAIL = b"Message-ID: <pushed@x>\r\nSubject: pushed\r\n\r\nbody\r\n"


async def watch(daemon: Daemon) -> tuple[list[bytes], bytes]:
    """What comes in IDLE while mail is delivered and flagged, and the message as it is fetched then."""
    client = aioimaplib.IMAP4_SSL("127.0.0.1", daemon.imaps, ssl_context=clients.unverified(), timeout=30)
    await client.wait_hello_from_server()
    await client.login("mary", daemon.passwords["mary"])
    assert (await client.select("INBOX")).result == "OK"
    waiting = await client.idle_start(timeout=60)
    heard: list[bytes] = []
    loop = asyncio.get_running_loop()
    for act, word in ((_deliver, b"EXISTS"), (_flag, b"FETCH")):
        await loop.run_in_executor(None, act, daemon)
        while not any(word in line for line in heard):
            heard += await client.wait_server_push(timeout=30)
    client.idle_done()
    await asyncio.wait_for(waiting, 30)
    answer = await client.uid("fetch", "1:*", "(BODY.PEEK[])")
    assert (await client.uid("store", "1:*", "+FLAGS", "(\\Answered)")).result == "OK"
    await client.logout()
    return heard, b"".join(line for line in answer.lines if isinstance(line, bytearray))


def _deliver(daemon: Daemon) -> None:
    clients.deliver(daemon, [MAIL], "mary@example.org")


def _flag(daemon: Daemon) -> None:
    with clients.imap(daemon, "mary") as other:
        other.store("1", "+FLAGS", "\\Flagged")


def test_idle_brings_arrivals_and_flags(daemon: Daemon) -> None:
    """Both come while the client waits, the message is there afterwards, and another session sees what it did."""
    heard, message = asyncio.run(watch(daemon))
    assert b"1 EXISTS" in heard
    assert any(b"\\Flagged" in line for line in heard)
    assert message.endswith(MAIL)
    with clients.imap(daemon, "mary") as other:
        assert other.search(None, "FLAGGED ANSWERED")[1] == [b"1"]
