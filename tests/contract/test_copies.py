"""A copy for somebody who may not read the original any more: in every format nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cgpymail.errors import MailboxGone
from cgpymail.manager.permits import Permit, Permitted
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import MemoryContent
from tests.support.sharing import DiskStores, MakeStore, Shared, memory_store, message, run

TEXT = b"Subject: x\r\n\r\n" + b"text\r\n" * 30_000


class Ending(MemoryContent):
    """Its reader loses his permit behind the first piece."""

    permit = Permit()

    def chunks(self) -> Iterator[bytes]:
        """The permit ends, as on another thread."""
        for piece in super().chunks():
            yield piece
            self.permit.end()


@pytest.mark.parametrize("format", ["memory", "mbox", "mdir"])
def test_a_permit_that_ends_while_a_thread_reads(tmp_path: Path, format: str) -> None:
    """All or nothing: the messages before it are not kept either, those of others are, and all goes on."""
    make: MakeStore = memory_store if format == "memory" else DiskStores(tmp_path, format)
    shared = Shared(make=make)
    content = Ending(TEXT)
    content.permit = Permit()
    batch = [message(b"one"), NewMessage(Permitted(content, content.permit), 1000, 0, ())]
    with pytest.raises(MailboxGone):
        run(shared.box.append(batch))
    assert len(shared.box.store.columns) == 0
    with pytest.raises(MailboxGone):
        run(shared.box.append([NewMessage(Permitted(MemoryContent(TEXT), content.permit), 1000, 0, ())]))
    shared.fill(1)
    assert [b"".join(shared.box.store.content(uid).chunks())[-3:] for uid in shared.box.store.columns.uid] == [b"1\r\n"]
