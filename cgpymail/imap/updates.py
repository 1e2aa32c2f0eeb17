"""What other sessions did to the selected mailbox, as untagged responses (RFC 3501 5.2, 7.3, 7.4).

The view decides what may be told and in which order it stays true: expunges first, then the new number of messages,
then flags by the numbering that results.
"""

from __future__ import annotations

from cgpymail.grammar.imap.modseqs import vanished_lines
from cgpymail.grammar.imap.responses import exists_line, expunge_line, flags_line, recent_line, status_line
from cgpymail.imap.texts import fetch_rows
from cgpymail.manager.handle import Handle, Updates


def tell(handle: Handle, updates: Updates, *, condstore: bool, qresync: bool, with_uids: bool) -> bytes:
    """The responses for ``updates``; empty when there is nothing to tell.

    ``condstore``: flags are told with their MODSEQ (RFC 7162 3.1); ``with_uids``: and with the UID; ``qresync``: what
    went is told by UID (RFC 7162 3.2.10.2).
    """
    pieces: list[bytes] = []
    if updates.flag_names_changed:
        pieces.append(flag_names(handle))
    if updates.read_only is not None:
        pieces.append(access_line(read_only=updates.read_only))
    if qresync:
        pieces.append(vanished_lines(updates.expunged_uids, earlier=False))
    else:
        pieces.extend([expunge_line(seq) for seq in updates.expunged])
    if updates.exists is not None:
        pieces.append(exists_line(updates.exists))
    if updates.recent is not None:
        pieces.append(recent_line(updates.recent))
    if updates.flags.uids:
        seqs, uids = updates.flags.seqs, updates.flags.uids
        modseqs = handle.rows(uids).modseq if condstore else None
        pieces.append(fetch_rows(seqs, uids=uids if with_uids else None, flags=handle.flags(uids), modseqs=modseqs))
    return b"".join(pieces)


def flag_names(handle: Handle) -> bytes:
    """FLAGS and PERMANENTFLAGS: at SELECT, and again when a keyword was defined since, or rights were changed."""
    known = [name for name in handle.flag_names() if name != "\\Recent"]
    permanent = " ".join(handle.permanent_flags())
    return flags_line(known) + status_line(b"*", b"OK", "Flags that stay", f"PERMANENTFLAGS ({permanent})".encode())


def access_line(*, read_only: bool) -> bytes:
    """The access to the selected mailbox is another one now (RFC 3501 7.1, READ-ONLY and READ-WRITE)."""
    text, code = ("It can only be read now", b"READ-ONLY") if read_only else ("It can be changed now", b"READ-WRITE")
    return status_line(b"*", b"OK", text, code)
