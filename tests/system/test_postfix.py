"""Postfix delivers by LMTP: many messages over few connections, several recipients, unknown ones bounced."""

from __future__ import annotations

import re

import pytest

from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon
from tests.support.postfix import Postfix

pytestmark = pytest.mark.programs("postfix")
SAMPLE = [message for message, _ in messages(60, seed=9)]


def test_postfix_delivers(daemon: Daemon) -> None:
    """Every message arrives once in each mailbox; an unknown recipient is refused, the others are not."""
    with Postfix(daemon.lmtp) as postfix:
        postfix.send(SAMPLE[:50], "john@example.org", "mary@example.org")
        postfix.send(SAMPLE[50:], "john@example.org", "nobody@example.org")
        postfix.wait()
        log = postfix.log()
    for name, sent in (("john", SAMPLE), ("mary", SAMPLE[:50])):
        with clients.imap(daemon, name) as client:
            stored = clients.fetch_all(client)
        assert clients.message_ids(stored.values()) == clients.message_ids(sent)
        assert all(message.startswith(b"Return-Path: <sender@example.net>\r\n") for message in stored.values())
    assert len(re.findall(r"to=<nobody@example.org>, .*status=bounced", log)) == 10
    assert "550 5.1.1 Unknown account" in log
