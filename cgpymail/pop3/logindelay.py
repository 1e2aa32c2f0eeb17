"""The least time between two logins (RFC 2449 6.4, 8.1.1; spec 14.4.7).

The account setting POPLoginDelay, of the account or as a default of its domain, goes before ``login_delay`` of the
configuration. The time is kept for each mailbox of an account, so that a client may fetch several of them in turn; what
counts is the mailbox, by its MAILBOXID, and not which of its names was given. The time is counted between logins that
succeed, and forgotten when the server stops.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from cgpymail.errors import MailError
from cgpymail.interfaces import IAccountRecord
from cgpymail.manager.services import Services
from cgpymail.model.identity import AccountName

if TYPE_CHECKING:
    from cgpymail.pop3.session import PopSession

SETTING = "POPLoginDelay"
MAX_DIGITS = 6


class LoginTooSoon(MailError):
    """The password was right, and the login comes too early."""

    code = "login-delay"
    temporary = True
    text = "The mailbox was opened a moment ago; try again later"


def delay_of(record: IAccountRecord | None, services: Services) -> int:
    """Seconds; a setting that is no number counts as not set."""
    text = record.setting(SETTING, "") if record is not None else ""
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else services.pop.login_delay


def admit(services: Services, name: AccountName, mailbox: str, delay: int) -> None:
    """Let a login into an open mailbox. Raises LoginTooSoon, which does not make the client wait longer."""
    now = services.runtime.clock.seconds()
    left = services.pop_state.entered(str(name), mailbox) + delay - now
    if delay and left > 0:
        raise LoginTooSoon(f"The mailbox was opened a moment ago; try again in {ceil(left)} seconds")
    services.pop_state.enter(str(name), mailbox, now, services.limits.login_states)


def announced(session: PopSession) -> list[str]:
    """The line in CAPA: before the login the configuration's, as it depends on the user; then that of the account."""
    if session.maildrop is not None:
        return [f"LOGIN-DELAY {session.delay}"] if session.delay else []
    delay = session.services.pop.login_delay
    return [f"LOGIN-DELAY {delay} USER"] if delay else []
