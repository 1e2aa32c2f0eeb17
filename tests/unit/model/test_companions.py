"""Which files belong to a mailbox: so that its records follow it, and nobody's mail is taken for one."""

from __future__ import annotations

import pytest

from cgpymail.model.companions import finished, is_companion, looks_like_companion, reader_of

READER = "0123456789abcdef" * 2


def test_records_of_readers() -> None:
    """A record belongs to the mailbox whose name stands before it, and tells whose it is."""
    file = f"Work.seen-{READER}"
    assert is_companion(file, "Work") and looks_like_companion(file)
    assert (reader_of(file, "Work"), reader_of(file, "Wor"), reader_of("Work.bdx", "Work")) == (READER, "", "")


@pytest.mark.parametrize("file", ["Work.seen-1.mbox", f"Work.seen-{READER}.mdir", "Work.seen-x", "Work.mbox"])
def test_mail_is_none(file: str) -> None:
    """A mailbox may be called like a record: its mail file has the extension of a format."""
    assert not is_companion(file, "Work") and not looks_like_companion(file)


def test_half_done_files() -> None:
    """What a crash left of a file that was being made anew belongs to the same mailbox."""
    assert finished(f".Work.seen-{READER}.new") == f"Work.seen-{READER}"
    assert [finished(file) for file in ("Work.bdx", ".Work.bdx", "Work.new")] == ["Work.bdx", ".Work.bdx", "Work.new"]
