"""CAPA: what may be said in this state (RFC 2449; spec 14.4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgpymail.grammar.pop3 import Command, ok
from cgpymail.pop3.logindelay import announced

if TYPE_CHECKING:
    from cgpymail.pop3.session import PopSession

# Messages are never removed because of their age, so EXPIRE says NEVER (RFC 2449 6.7). Names and passwords may be in
# UTF-8 whether or not the client said UTF8 (RFC 6856 2.2), hence UTF8 USER.
ALWAYS = ("TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8 USER", "LANG")
AT_THE_END = ("EXPIRE NEVER", "IMPLEMENTATION cgpymail")


async def capa(session: PopSession, command: Command) -> None:
    """CAPA."""
    lines = [*ALWAYS]
    if session.maildrop is None:
        if session.login.clear_text_allowed:
            lines.append("USER")
        if offers := session.login.offers:
            lines.append("SASL " + " ".join(offers))
        if session.wire.can_start_tls and not session.utf8:  # RFC 6856 2.1
            lines.append("STLS")
    lines += announced(session)
    if session.services.pop.submits:
        lines.append("XTND XMIT")
    lines += AT_THE_END
    session.reply(ok("Capabilities follow") + "".join(f"{line}\r\n" for line in lines).encode() + b".\r\n")
