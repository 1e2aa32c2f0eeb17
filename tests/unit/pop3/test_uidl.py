"""UIDL over mailboxes on disk: a POP client must never take an old message for a new one (spec 4.4, 14.4.1)."""

from __future__ import annotations

from pathlib import Path

from cgpymail.stores.tree import DiskTree
from tests.support.world import World

BSD = b"From joe@example.org Thu Jan  1 00:00:00 2015\n"


def server(root: Path) -> World:
    """A server process over john's directory."""
    world = World(make_tree=lambda world, record: DiskTree(world.runtime, record.path))
    world.account(path=str(root))
    return world


def unique_ids(world: World) -> list[bytes]:
    """What a POP client hears."""
    link = world.connect("POP")
    answer = link.feed(b"USER john\r\nPASS secret\r\nUIDL\r\nQUIT\r\n").split(b"\r\n")
    return [line.split()[1] for line in answer if line[:1].isdigit()]


def deliver(root: Path, *texts: bytes) -> None:
    """Another program appends to INBOX."""
    with (root / "INBOX.mbox").open("ab") as file:
        for text in texts:
            file.write(BSD + b"Subject: from outside\n\n" + text + b"\n\n")


def test_messages_without_comment_keep_their_unique_ids(tmp_path: Path) -> None:
    """Their UIDs are new at every opening, their UIDLs are not; equal messages are told apart by an ordinal."""
    world = server(tmp_path)
    world.append(b"Subject: ours\r\n\r\nx\r\n")
    world.run(world.manager.stop())
    deliver(tmp_path, b"one", b"two", b"one")
    world = server(tmp_path)
    known = unique_ids(world)
    uids = [status.uidnext for status in [world.run(world.user().status("INBOX"))]]
    world.run(world.manager.stop())
    assert len(set(known)) == 4
    assert [word.rpartition(b".")[0] for word in known[1::2]] == [known[1].rpartition(b".")[0]] * 2
    assert all(len(word) <= 70 and word.isascii() for word in known)
    deliver(tmp_path, b"three", b"one")
    world = server(tmp_path)
    again = unique_ids(world)
    assert world.run(world.user().status("INBOX")).uidnext > uids[0] + 2
    world.run(world.manager.stop())
    assert again[:4] == known
    assert len(set(again)) == 6


def test_removing_one_does_not_rename_the_others(tmp_path: Path) -> None:
    """Only among equal messages the ordinals close up, and there it makes no difference."""
    world = server(tmp_path)
    world.user()  # makes the INBOX
    world.run(world.manager.stop())
    deliver(tmp_path, b"one", b"two", b"three")
    world = server(tmp_path)
    first, _, third = unique_ids(world)
    link = world.connect("POP")
    assert b"marked" in link.feed(b"USER john\r\nPASS secret\r\nDELE 2\r\nQUIT\r\n")
    assert unique_ids(world) == [first, third]
    world.run(world.manager.stop())
    world = server(tmp_path)
    assert unique_ids(world) == [first, third]
    world.run(world.manager.stop())
