"""A copy for somebody who may not read the original any more: in every format nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cgpymail.errors import MailboxGone, MailError, NotPermitted
from cgpymail.manager.access import Standing
from cgpymail.manager.permits import Permit, Permitted
from cgpymail.model import flags, rights
from cgpymail.model.columns import Row
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import MemoryContent
from tests.support.sharing import DiskStores, MakeStore, Shared, memory_store, message, run

TEXT = b"Subject: x\r\n\r\n" + b"text\r\n" * 30_000


class Ending(MemoryContent):
    """Its reader loses his permit behind the first piece."""

    permit = Permit()
    standing = Standing(rights.ALL, 0)

    def chunks(self) -> Iterator[bytes]:
        """The permit ends, as on another thread."""
        for piece in super().chunks():
            yield piece
            self.permit.review(self.standing, lambda uid: Row(uid, flags.HIDDEN, 0, 1, 0, self.size))


@pytest.mark.parametrize("format", ["memory", "mbox", "mdir"])
@pytest.mark.parametrize(
    ("standing", "refusal"),
    [(Standing(rights.ALL & ~rights.READ, 0), MailboxGone), (Standing(rights.ALL, flags.HIDDEN), NotPermitted)],
    ids=["without r", "hidden"],
)
def test_a_permit_that_ends_while_a_thread_reads(
    tmp_path: Path, format: str, standing: Standing, refusal: type[MailError]
) -> None:
    """All or nothing: the messages before it are not kept either, those of others are, and all goes on."""
    make: MakeStore = memory_store if format == "memory" else DiskStores(tmp_path, format)
    shared = Shared(make=make)
    content = Ending(TEXT)
    content.permit, content.standing = Permit(), standing
    lent = Permitted(content, content.permit, 1)
    for _ in range(2):  # it does not come back
        with pytest.raises(refusal):
            run(shared.box.append([message(b"one"), NewMessage(lent, 1000, 0, ())]))
        assert len(shared.box.store.columns) == 0
    shared.fill(1)
    assert [b"".join(shared.box.store.content(uid).chunks())[-3:] for uid in shared.box.store.columns.uid] == [b"1\r\n"]
