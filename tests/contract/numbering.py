"""UIDVALIDITY, UIDNEXT, MODSEQ and the content of a message as sessions ask for it."""

from __future__ import annotations

import random

import pytest

from cgpymail.errors import MessageGone
from cgpymail.model import flags
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.message import NewMessage
from tests.contract.appending import _equal
from tests.contract.box import Box
from tests.contract.messages import PLAIN, SHAPES
from tests.support.results import result


class NumberContract:
    """Numbers that clients keep, and must find again."""

    def test_uidvalidity_is_stable(self, box: Box) -> None:
        """UIDVALIDITY is what the mailbox was created with, at every opening."""
        assert box.store.uidvalidity == 77
        box.append(PLAIN)
        box.both(lambda: _equal((box.store.uidvalidity, box.drawn), (77, 5_000)))
        box.expunge(*box.uids)
        box.both(lambda: _equal((box.store.uidvalidity, box.drawn), (77, 5_000)))

    def test_uidvalidity_without_hint(self, box: Box) -> None:
        """The mailbox itself knows its UIDVALIDITY when account.info is lost; its mail keeps its UIDs."""
        uids = box.append(PLAIN, PLAIN)
        box.hints = MailboxHints()
        box.both(lambda: _equal((box.store.uidvalidity, box.uids), (77, uids)))

    def test_disagreement_draws_anew(self, box: Box) -> None:
        """When account.info and the mailbox disagree, clients must see another UIDVALIDITY, once; no mail is lost."""
        uids = box.append(PLAIN, SHAPES["8-bit"])
        box.hints = MailboxHints(uidvalidity=78)
        box.reopen()
        assert box.store.uidvalidity == 5_001
        assert [box.body(uid) for uid in box.uids] == [PLAIN, SHAPES["8-bit"]]
        assert len(box.uids) == len(uids)
        box.hints = MailboxHints(uidvalidity=5_001)
        box.both(lambda: _equal((box.store.uidvalidity, box.drawn), (5_001, 5_001)))

    def test_uidnext_after_expunge_of_the_highest(self, box: Box) -> None:
        """A UID is never given twice, even when the highest message is gone before the mailbox is opened again."""
        uids = box.append(PLAIN, PLAIN, PLAIN)
        box.expunge(uids[2])
        box.reopen()
        [fourth] = box.append(PLAIN)
        assert fourth > uids[2]
        box.expunge(*box.uids)
        result(box.store.compact())
        box.reopen()
        assert box.store.uidnext > fourth
        [fifth] = box.append(PLAIN)
        assert fifth > fourth

    def test_uidnext_of_the_hint(self, box: Box) -> None:
        """account.info may know of UIDs that the mailbox has forgotten."""
        box.append(PLAIN)
        box.hints = MailboxHints(77, 1_000)
        box.reopen()
        assert box.append(PLAIN) >= [1_000]

    def test_modseq_rises(self, box: Box) -> None:
        """Every change has a greater MODSEQ than the one before, over every opening; messages carry the last one."""
        seen = [box.store.modseq]

        def rose() -> None:
            assert box.store.modseq > seen[-1]
            seen.append(box.store.modseq)

        for step in range(3):
            [first, second] = box.append(PLAIN, PLAIN)
            rose()
            box.set(first, flags.SEEN)
            rose()
            assert box.row(first).modseq == box.store.modseq > box.row(second).modseq
            box.expunge(second)
            rose()
            box.reopen()
            assert box.store.modseq >= seen[-1], step
            assert max(box.store.columns.modseq) <= box.store.modseq

    def test_modseq_of_messages_is_kept(self, box: Box) -> None:
        """An opening in order invents no changes; after loss of the index every message counts as changed."""
        uids = box.append(PLAIN, PLAIN)
        box.set(uids[0], flags.SEEN)
        before = list(box.store.columns.modseq)
        last = box.store.modseq
        box.reopen()
        if box.way == "close":
            assert list(box.store.columns.modseq) == before
        elif box.way == "no-index" and not getattr(self, "has_no_index", False):
            assert min(box.store.columns.modseq) > last

    def test_content_at_random_offsets(self, box: Box) -> None:
        """A partial FETCH gets exactly the octets it names, in whatever order it asks."""
        source = random.Random(7)
        shapes = ["noise", "crlf-over-chunk-borders", "many-lines", "from-first-in-body", "quoted-and-plain-from"]
        for shape in shapes:
            data = SHAPES[shape]
            [uid] = box.append(data)
            content = box.store.content(uid)
            for _ in range(60):
                offset, length = source.randrange(len(data) + 5), source.randrange(1, 70_000)
                self._check_piece(content, data, offset, length)
            content.release()

    @staticmethod
    def _check_piece(content, data: bytes, offset: int, length: int) -> None:
        expected = data[offset : offset + length]
        now = content.read_now(offset, length)
        later = result(content.read(offset, length))
        assert expected.startswith(later)
        assert bool(later) == bool(expected)
        if now is not None:
            assert expected.startswith(now)
            assert bool(now) == bool(expected)

    def test_every_small_piece(self, box: Box) -> None:
        """Every offset and length of a message with line ends, quoting and lone CR gives its octets."""
        data = b"S: x\r\n\r\nFrom a\r\n\r\n>From b\rc\r\n\r\n\r\nFrom\r\n"
        [uid] = box.append(data)
        content = box.store.content(uid)
        for offset in range(len(data) + 1):
            for length in range(1, len(data) + 2):
                self._check_piece(content, data, offset, length)

    def test_chunks_can_be_had_again(self, box: Box) -> None:
        """A content may be run through several times, as COPY to several mailboxes does; no chunk is over 64 KB."""
        [uid] = box.append(SHAPES["noise"])
        content = box.store.content(uid)
        for _ in range(2):
            pieces = list(content.chunks())
            assert b"".join(pieces) == SHAPES["noise"]
            assert max(map(len, pieces)) <= 64 * 1024

    def test_copy_from_a_stored_content(self, box: Box) -> None:
        """A stored content can be appended again, to its own mailbox too; it gets a UID of its own."""
        [uid] = box.append(SHAPES["quoted-and-plain-from"])
        content = box.store.content(uid)
        [copy] = result(box.store.append([NewMessage(content, 5)]))
        content.release()
        assert copy > uid
        box.both(lambda: _equal(box.body(copy), SHAPES["quoted-and-plain-from"]))

    def test_unknown_uid(self, box: Box) -> None:
        """A UID that never was has no content."""
        with pytest.raises(MessageGone):
            box.store.content(12)

    def test_nothing_stays_open(self, box: Box) -> None:
        """After close the store holds no file."""
        uids = box.append(PLAIN, SHAPES["noise"])
        box.body(uids[0])
        box.expunge(uids[0])
        result(box.store.compact())
        result(box.store.close())
        assert box.files.descriptors == set()
        box.open()
