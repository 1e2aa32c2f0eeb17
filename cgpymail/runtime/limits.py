"""Every limit in one place, with its unit and default; etc/cgpymail.toml can change those that it names.

A client over a limit gets a refusal in the words of its protocol, and is cut off where the stream cannot be
resynchronised; its neighbours never notice. Each limit has a test.

A running daemon has one LiveLimits, handed down to everybody: who reads a limit when it is needed sees a new value at
once (etc/cgpymail.toml names those that count for new connections or newly opened mailboxes only).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

KB = 1024
MB = 1024 * KB
OFF_AT_ZERO = frozenset({"login_cache"})  # limits that may be 0, which turns off what they limit
HIGHEST = {"output_buffer": 16 * MB}  # each connection also reads in pieces of that size


@dataclass(frozen=True, slots=True)
class Limits:
    """Octets unless the name or comment says otherwise."""

    # lines and literals
    line_before_login: int = 8 * KB  # one command line, literals not counted
    line: int = 64 * KB  # long UID sets of clients
    literal_before_login: int = 8 * KB  # one literal, {n} and {n+} alike
    command_before_login: int = 32 * KB  # one command with all its literals
    literal: int = 256 * KB  # one literal in memory (not APPEND's message)
    command: int = 1 * MB  # one command with all its literals
    swallow_before_login: int = 64 * KB  # input read and forgotten to find the end of a refused command
    swallow: int = 128 * MB  # the same after login: a refused message that the client sends all the same
    nesting: int = 64  # parentheses in a command, levels
    arguments: int = 10_000  # items in one command
    search_keys: int = 1_000
    sasl_line: int = 12 * KB
    pop_line: int = 512  # RFC 2449
    lmtp_line: int = 2 * KB  # RFC 5321 4.5.3.1 with room for SMTPUTF8
    # flow
    pending_commands: int = 64 * KB  # pipelined input kept while a command runs; then reading pauses
    output_buffer: int = 256 * KB  # unsent output; then producers pause and commands wait
    output_hard: int = 64 * MB  # unsent output of one reply that cannot pause; then the session is cut off
    # sessions
    sessions_per_address: int = 500  # count
    sessions_per_account: int = 200  # count
    retry_time: int = 60  # seconds after which a client that found no room is told to try again
    bad_commands: int = 20  # ill-formed commands in a row before BYE, count
    failed_logins: int = 5  # per connection, count
    # passwords
    hashes: int = 2  # computed at once, count
    login_queue: int = 500  # logins that wait for a hash, count; per address a fifth of it
    login_free: int = 3  # wrong passwords of an address before it is slowed down, count
    login_free_account: int = 10  # wrong passwords for an account, whoever sends them (the manual's FailedLoginFlow)
    login_forgiven: int = 10  # wrong passwords forgotten in a minute, count
    login_delay: int = 8  # seconds between two tries, at most
    login_delay_trusted: int = 1  # the same for an address with a recent success
    login_trust: int = 21_600  # seconds that a success counts as recent
    login_wait: int = 30  # seconds; a try that would wait longer is refused at once
    login_states: int = 10_000  # addresses, and accounts, remembered for all that; count
    login_cache: int = 120  # seconds that a verified password need not be hashed again
    account_cache: int = 1_000  # accounts kept in memory though nobody uses them, count
    # time, seconds
    login_time: int = 60  # from connecting to being logged in
    idle_time: int = 1_860  # IMAP, RFC 3501 5.4: at least 30 minutes
    pop_idle_time: int = 600  # RFC 1939: at least 10 minutes
    lmtp_idle_time: int = 300
    # the control socket
    control_request: int = 64 * KB  # one request of the cgpymail tool
    control_time: int = 10  # seconds from connecting to a whole request
    control_connections: int = 16  # at once, count
    # messages
    message_size: int = 64 * MB
    spool_memory: int = 1 * MB  # larger messages wait in a file
    append_messages: int = 100  # in one APPEND, count
    append_size: int = 128 * MB  # of the messages of one APPEND together, when there are several
    recipients: int = 1_000  # per LMTP transaction and per message of XTND XMIT, count
    submissions: int = 20  # messages of XTND XMIT handed over at once, count
    submit_time: int = 300  # seconds for handing over one of them
    # mime
    mime_depth: int = 32  # levels of nested parts
    mime_parts: int = 2_000  # count per message
    header_size: int = 1 * MB  # of one header block that is looked into
    header_fields: int = 5_000  # count that is looked into
    addresses: int = 10_000  # count per ENVELOPE, and per BODYSTRUCTURE with all envelopes in it
    # manager
    change_log: int = 4_096  # changes kept per open mailbox, count
    warm_seconds: int = 120  # an unused mailbox stays open so long
    warm_octets: int = 64 * MB  # memory of unused open mailboxes
    checkpoint_seconds: int = 900  # between checkpoints of a changed mailbox that stays open
    facts_cache: int = 16 * MB  # finished ENVELOPE, BODYSTRUCTURE and part offsets, all mailboxes together
    mailboxes: int = 10_000  # per account, count
    acl_elements: int = 500  # of one access control list, count
    acl_size: int = 32 * KB  # of one access control list, identifiers and letters
    info_size: int = 4 * MB  # of the account.info of one account; beyond it access control lists do not grow
    subscriptions: int = 10_000  # per account, count
    subscription_size: int = 1 * MB  # of the subscribed names of an account
    mailbox_aliases: int = 200  # per account, count
    group_members: int = 100_000  # all groups of a domain and their members together, count
    metadata_value: int = 64 * KB  # of one annotation (RFC 5464)
    metadata_entries: int = 100  # annotations of a mailbox kept with one account, and of an account; count
    metadata_size: int = 1 * MB  # of all annotations kept with one account, with their names
    list_patterns: int = 100  # count
    sharing_accounts: int = 1_000  # that share something with one account, or with one group, count
    notify_names: int = 1_000  # mailboxes named in one NOTIFY, count
    notify_events: int = 1_000  # mailboxes and names of which a client is to be told, but cannot yet, count


class LiveLimits(Limits):
    """The limits of a running process: the only ones whose values can change, by ``take``, all in one step."""

    __slots__ = ()

    def take(self, new: Limits) -> None:
        """Have these values from now on."""
        for field in fields(Limits):
            object.__setattr__(self, field.name, getattr(new, field.name))

    @classmethod
    def of(cls, limits: Limits) -> LiveLimits:
        """Live ones that begin with these values."""
        made = cls()
        made.take(limits)
        return made


DEFAULTS = Limits()
