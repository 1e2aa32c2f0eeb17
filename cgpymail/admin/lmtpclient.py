"""The client side of one LMTP transaction (RFC 2033), blocking: for the ``deliver`` command alone."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Sequence

from cgpymail.admin import exits
from cgpymail.grammar.dots import DotStuffer
from cgpymail.interfaces import IContent

TIMEOUT = 300.0  # seconds for every reply, RFC 5321 4.5.3.2
_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3}) ")


class Unreachable(Exception):
    """Nobody answers there."""


def send(where: str, sender: str, recipients: Sequence[str], content: IContent) -> list[tuple[int, str]]:
    """Exit code and text for each recipient, in order. ``where``: ``host:port`` or the path of a socket.

    Raises Unreachable when no connection can be made; a connection that breaks later is "try again".
    """
    try:
        client = _connect(where)
    except (OSError, smtplib.SMTPException, ValueError) as problem:
        raise Unreachable(f"{where}: {problem}") from problem
    try:
        return _transaction(client, sender, recipients, content)
    except (OSError, smtplib.SMTPException) as problem:
        return [(exits.TRY_AGAIN, f"the connection broke: {problem}")] * len(recipients)
    finally:
        client.close()


def _connect(where: str) -> smtplib.LMTP:
    if where.startswith("/"):
        return smtplib.LMTP(where)
    host, _, port = where.rpartition(":")
    return smtplib.LMTP(host.strip("[]") or "127.0.0.1", int(port), timeout=TIMEOUT)


def _transaction(
    client: smtplib.LMTP, sender: str, recipients: Sequence[str], content: IContent
) -> list[tuple[int, str]]:
    client.ehlo()
    utf8 = [] if all(text.isascii() for text in (sender, *recipients)) else ["SMTPUTF8"]
    if utf8:
        client.command_encoding = "utf-8"
    code, text = client.mail(sender, [f"SIZE={content.size}", "BODY=8BITMIME", *utf8])
    if code != 250:
        return [_outcome(code, text)] * len(recipients)
    outcomes = [_outcome(*client.rcpt(recipient)) for recipient in recipients]
    taken = [place for place, (status, _) in enumerate(outcomes) if status == exits.OK]
    if taken:
        code, text = client.docmd("DATA")
        if code != 354:
            refused = _outcome(code, text)
            return [refused if place in taken else outcome for place, outcome in enumerate(outcomes)]
        _send_data(client, content)
        for place in taken:  # one reply for each recipient that was taken
            outcomes[place] = _outcome(*client.getreply())
    client.docmd("QUIT")
    return outcomes


def _send_data(client: smtplib.LMTP, content: IContent) -> None:
    stuffer = DotStuffer()
    for chunk in content.chunks():
        client.send(stuffer.feed(chunk))
    client.send(stuffer.end())


def _outcome(code: int, text: bytes) -> tuple[int, str]:
    enhanced = _ENHANCED.match(text)
    status = enhanced[1].decode() if enhanced else ""
    return exits.of_status(code, status), f"{code} {text.decode('utf-8', 'replace')}"
