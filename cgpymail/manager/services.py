"""What every protocol module is given: who exists, what they have, and the limits. Made once, in the assembly."""

from __future__ import annotations

from dataclasses import dataclass, field

from cgpymail.interfaces import IDirectory
from cgpymail.manager.manager import MailboxManager
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.options import ImapOptions, PopOptions
from cgpymail.runtime.popstate import PopState
from cgpymail.runtime.runtime import Runtime
from cgpymail.runtime.spool import Spool


@dataclass(frozen=True, slots=True)
class Services:
    """Handed to the sessions of IMAP, POP and LMTP alike. ``host`` is the name in greetings."""

    runtime: Runtime
    directory: IDirectory
    manager: MailboxManager
    spool: Spool
    limits: Limits
    host: str
    trust_same_host: bool = True
    imap: ImapOptions = field(default_factory=ImapOptions)
    pop: PopOptions = field(default_factory=PopOptions)
    pop_state: PopState = field(default_factory=PopState)
