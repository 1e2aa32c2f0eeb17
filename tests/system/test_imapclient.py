"""IMAPClient (Python) in everyday work: folders, IDLE, flags, search, move, sort, status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imapclient import DELETED, SEEN, IMAPClient

from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon

SAMPLE = [message for message, _ in messages(8, seed=51)]


@contextmanager
def logged_in(daemon: Daemon, name: str = "john") -> Iterator[IMAPClient]:
    """A client over TLS."""
    with IMAPClient("127.0.0.1", daemon.imaps, ssl=True, ssl_context=clients.unverified(), timeout=60) as client:
        client.login(name, daemon.passwords[name])
        yield client


def test_a_day_of_two_clients(daemon: Daemon) -> None:
    """What one does in a folder that it made, the other hears of in IDLE, and a fresh session finds."""
    with logged_in(daemon) as one, logged_in(daemon) as two:
        one.create_folder("Übung/Späße")
        one.subscribe_folder("Übung/Späße")
        assert "Übung/Späße" in [name for _, _, name in two.list_sub_folders()]
        two.select_folder("Übung/Späße")
        two.idle()
        one.append("Übung/Späße", SAMPLE[0], [SEEN])
        assert (1, b"EXISTS") in two.idle_check(timeout=10)
        two.idle_done()
        for message in SAMPLE[1:]:
            one.append("Übung/Späße", message)
        one.select_folder("Übung/Späße")
        everything = one.search("ALL")
        assert len(everything) == len(SAMPLE) and one.search("UNSEEN") == everything[1:]
        assert sorted(one.sort("ARRIVAL")) == everything
        assert sum(map(_count, one.thread("REFERENCES"))) == len(SAMPLE)
        one.add_flags(everything[:3], [DELETED])
        one.uid_expunge(everything[:2])
        one.move(everything[7:], "INBOX")
        two.noop()
        left = [uid for uid in everything if uid not in (*everything[:2], everything[7])]
        assert sorted(two.fetch(two.search(), ["FLAGS"])) == left
        status = two.folder_status("Übung/Späße", ["MESSAGES", "UIDNEXT"])
        assert status[b"MESSAGES"] == len(left)
    with logged_in(daemon) as fresh:
        fresh.select_folder("Übung/Späße", readonly=True)
        found = fresh.fetch(fresh.search(), ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "BODY.PEEK[]", "FLAGS"])
        assert sorted(found) == left
        assert all(len(row[b"BODY[]"]) == row[b"RFC822.SIZE"] for row in found.values())
        assert DELETED in found[left[0]][b"FLAGS"]


def _count(thread: object) -> int:
    return sum(map(_count, thread)) if isinstance(thread, tuple) else 1


def test_modseq_and_namespace(daemon: Daemon) -> None:
    """ENABLE, and FETCH that names what changed since; NAMESPACE and ID are understood."""
    clients.deliver(daemon, SAMPLE[:3], "mary@example.org")
    with logged_in(daemon, "mary") as client:
        assert client.enable("CONDSTORE") == [b"CONDSTORE"]
        assert client.namespace().personal[0] == ("", "/")
        assert b"cgpymail" in client.id_({"name": "test"})[0]
        selected = client.select_folder("INBOX")
        client.add_flags([3], ["work"])
        changed = client.fetch(client.search(), ["FLAGS"], modifiers=[f"CHANGEDSINCE {selected[b'HIGHESTMODSEQ']}"])
        assert list(changed) == [3] and b"work" in changed[3][b"FLAGS"]
        with clients.imap(daemon, "mary") as other:
            assert other.search(None, "KEYWORD", "work")[1] == [b"3"]


def walk(client: IMAPClient, prefix: str) -> set[str]:
    """Level by level, as mail programs open one folder after the other; the names that can be selected."""
    found: set[str] = set()
    open_ones = [prefix]
    while open_ones:
        for attributes, _, name in client.list_folders("", f"{open_ones.pop()}%"):
            found |= set() if b"\\Noselect" in attributes else {name}
            open_ones += [f"{name}/"] if b"\\HasChildren" in attributes else []
    return found


def test_what_is_shared_is_found(daemon: Daemon) -> None:
    """Walking the announced name spaces in every usual manner finds what was shared, and nothing else; it is usable."""
    daemon.tool("account", "create", "public", "--password-stdin", data=b"public secret\n")
    daemon.passwords["public"] = "public secret"
    with logged_in(daemon, "public") as public:
        public.create_folder("news/today")
        public.setacl("news/today", "anyone", "lr")
        public.append("news/today", SAMPLE[0])
    with logged_in(daemon) as john, logged_in(daemon, "mary") as mary:
        for folder in ("Shared/Späße", "Private"):
            john.create_folder(folder)
        assert mary.namespace().shared == (("~public/", "/"),)
        john.setacl("Shared/Späße", "mary", "lrs")
        john.append("Shared/Späße", SAMPLE[1])
        shared = {"~john/Shared/Späße", "~public/news/today"}
        found: set[str] = set()
        for prefix, _ in (*mary.namespace().other, *mary.namespace().shared):
            whole = [mary.list_folders("", f"{prefix}*"), mary.list_folders(prefix, "*")]
            names = [{name for flags, _, name in each if b"\\Noselect" not in flags} for each in whole]
            assert names[0] == names[1] == walk(mary, prefix)
            found |= names[0]
        assert found == shared
        for name in shared:
            assert mary.select_folder(name, readonly=True)[b"EXISTS"] == 1
        john.setacl("Shared/Späße", "mary", "-l")
        assert walk(mary, "~") == set()
