"""THE command table: which command is allowed when, what runs it, and whether EXPUNGE may be told at its end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from cgpymail.grammar.imap import aclcommands as acls
from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap import messagecommands as messages
from cgpymail.grammar.imap import metadatacommands as notes
from cgpymail.grammar.imap import notifycommands as notifications
from cgpymail.grammar.imap import searchcommands as searches
from cgpymail.grammar.imap.commands import Command
from cgpymail.imap.commands import (
    acl,
    always,
    append,
    authenticate,
    compress,
    copy,
    enable,
    expunge,
    fetch,
    idle,
    listing,
    mailboxes,
    metadata,
    notify,
    search,
    select,
    sort,
    store,
    thread,
)
from cgpymail.imap.context import Context, Reply
from cgpymail.imap.state import AFTER_LOGIN, ANY, BEFORE_LOGIN, WITH_MAILBOX, State

C = TypeVar("C", bound=Command)
Sync = Callable[[Context, Any], Reply]
Async = Callable[[Context, Any], Coroutine[Any, Any, Reply]]


class Expunging(Enum):
    """Whether EXPUNGE responses may be sent while the command runs (RFC 3501 7.4.1, 5.5)."""

    ALLOWED = "allowed"
    BY_UID = "in the UID form only"  # FETCH, STORE, SEARCH, SORT and THREAD by number: never


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. Exactly one of ``now`` (answers at once) and ``later`` (may wait) is given. ``removes``: it removes
    messages, which is told whatever NOTIFY wants."""

    states: frozenset[State]
    now: Sync | None = None
    later: Async | None = None
    expunging: Expunging = Expunging.ALLOWED
    removes: bool = False

    def may_expunge(self, command: Command) -> bool:
        """Whether EXPUNGE may be told before the tagged reply to ``command``."""
        return self.expunging is Expunging.ALLOWED or bool(getattr(command, "uid", False))


TABLE: dict[type[Command], Entry] = {
    verbs.Capability: Entry(ANY, now=always.capability),
    verbs.Noop: Entry(ANY, now=always.noop),
    verbs.Logout: Entry(ANY, now=always.logout),
    verbs.Id: Entry(ANY, now=always.identify),
    verbs.StartTls: Entry(BEFORE_LOGIN, now=authenticate.start_tls),
    verbs.Authenticate: Entry(BEFORE_LOGIN, later=authenticate.authenticate),
    verbs.Login: Entry(BEFORE_LOGIN, later=authenticate.login),
    verbs.Select: Entry(AFTER_LOGIN, later=select.select),
    verbs.Examine: Entry(AFTER_LOGIN, later=select.examine),
    verbs.Create: Entry(AFTER_LOGIN, later=mailboxes.create),
    verbs.Delete: Entry(AFTER_LOGIN, later=mailboxes.delete),
    verbs.Rename: Entry(AFTER_LOGIN, later=mailboxes.rename),
    verbs.Subscribe: Entry(AFTER_LOGIN, later=mailboxes.subscribe),
    verbs.Unsubscribe: Entry(AFTER_LOGIN, later=mailboxes.unsubscribe),
    verbs.List: Entry(AFTER_LOGIN, later=listing.list_names),
    verbs.Lsub: Entry(AFTER_LOGIN, later=listing.list_subscribed),
    verbs.Namespace: Entry(AFTER_LOGIN, later=mailboxes.namespace),
    verbs.Status: Entry(AFTER_LOGIN, later=mailboxes.status),
    verbs.Enable: Entry(AFTER_LOGIN, later=enable.enable),
    verbs.Compress: Entry(AFTER_LOGIN, now=compress.compress),
    acls.SetAcl: Entry(AFTER_LOGIN, later=acl.set_acl),
    acls.DeleteAcl: Entry(AFTER_LOGIN, later=acl.delete_acl),
    acls.GetAcl: Entry(AFTER_LOGIN, later=acl.get_acl),
    acls.ListRights: Entry(AFTER_LOGIN, later=acl.list_rights),
    acls.MyRights: Entry(AFTER_LOGIN, later=acl.my_rights),
    notes.GetMetadata: Entry(AFTER_LOGIN, later=metadata.get_metadata),
    notes.SetMetadata: Entry(AFTER_LOGIN, later=metadata.set_metadata),
    notifications.Notify: Entry(AFTER_LOGIN, later=notify.notify),
    messages.Append: Entry(AFTER_LOGIN, later=append.append),
    verbs.Idle: Entry(AFTER_LOGIN, later=idle.idle),
    verbs.Check: Entry(WITH_MAILBOX, now=select.check),
    verbs.Close: Entry(WITH_MAILBOX, later=select.close),
    verbs.Unselect: Entry(WITH_MAILBOX, later=select.unselect),
    messages.Expunge: Entry(WITH_MAILBOX, later=expunge.expunge, removes=True),
    searches.Search: Entry(WITH_MAILBOX, later=search.search, expunging=Expunging.BY_UID),
    searches.Sort: Entry(WITH_MAILBOX, later=sort.sort, expunging=Expunging.BY_UID),
    searches.Thread: Entry(WITH_MAILBOX, later=thread.thread, expunging=Expunging.BY_UID),
    messages.Fetch: Entry(WITH_MAILBOX, later=fetch.fetch, expunging=Expunging.BY_UID),
    messages.Store: Entry(WITH_MAILBOX, later=store.store, expunging=Expunging.BY_UID),
    messages.Copy: Entry(WITH_MAILBOX, later=copy.copy),
    messages.Move: Entry(WITH_MAILBOX, later=copy.move, removes=True),
    messages.Replace: Entry(WITH_MAILBOX, later=append.replace, removes=True),
}
