"""``cgpymail deliver``: mail from a pipe."""

import os
import socket
import threading

import pytest

from cgpymail.admin import exits
from cgpymail.runtime.files import Files

MESSAGE = b"Subject: hi\n\n.dot\nlast line"
WIRE = b"Subject: hi\r\n\r\n.dot\r\nlast line\r\n"


def delivered(tool, name, box="INBOX"):
    """The messages in a mailbox, as they lie on disk."""
    place = tool.base / "Accounts" / f"{name}.macnt" / f"{box}.mdir"
    return [(place / each).read_bytes() for each in sorted(os.listdir(place)) if not each.startswith(".")]


class LmtpServer:
    """Answers one connection with the given lines, in order, and keeps what it was told."""

    def __init__(self, replies, where):
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.bind(where)
        self._socket.listen()
        self.port = 0 if isinstance(where, str) else self._socket.getsockname()[1]
        self.told = b""
        self._replies = [b"220 x\r\n", b"250-x\r\n250 SMTPUTF8\r\n", *replies, b"221 x\r\n"]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        link, _ = self._socket.accept()
        with link:
            file = link.makefile("rb")
            link.sendall(self._replies[0])
            for reply in self._replies[1:]:
                line = file.readline()
                self.told += line
                if not line:
                    return
                link.sendall(reply)
                if reply.startswith(b"354"):
                    while line != b".\r\n":
                        line = file.readline()
                        self.told += line
                    link.sendall(self._replies.pop(self._replies.index(reply) + 1))

    def finish(self):
        """Everything it was told."""
        self._thread.join(10)
        self._socket.close()
        return self.told


def test_direct(tool):
    """With no server running, the message goes into the mailbox itself, with its Return-Path."""
    tool.create("john")
    assert tool("deliver", "-f", "me@there.example", "john", data=MESSAGE) == 0
    assert delivered(tool, "john") == [b"Return-Path: <me@there.example>\n" + MESSAGE + b"\n"]


def test_from_line(tool):
    """A From-line that a program puts in front is taken off, and names the sender."""
    tool.create("john")
    line = b"From me@there.example  Mon Jan  1 00:00:00 2024\n"
    assert tool("deliver", "john@example.org", data=line + MESSAGE) == 0
    assert delivered(tool, "john") == [b"Return-Path: <me@there.example>\n" + MESSAGE + b"\n"]
    assert tool("deliver", "-f", "<>", "john@example.org", data=line + MESSAGE) == 0
    assert delivered(tool, "john")[1].startswith(b"Return-Path: <>\n")


def test_named_mailbox(tool):
    """box#account and account+box name a mailbox (spec 8.13)."""
    tool.create("john")
    assert tool("deliver", "Junk#john", data=MESSAGE) == 0
    assert tool("deliver", "john+Junk", data=MESSAGE) == 0
    assert len(delivered(tool, "john", "Junk")) == 2


def test_unknown_recipient(tool):
    """Each recipient has his own fate; the exit code is that of the one who failed."""
    tool.create("john")
    assert tool("deliver", "nobody", "john", data=MESSAGE) == exits.NO_USER
    assert tool.err == "cgpymail: nobody: Unknown account\n"
    assert len(delivered(tool, "john")) == 1


def test_large_message(tool):
    """A message that waits in a file arrives whole, and nothing is left of the file."""
    tool.create("john")
    large = b"Subject: big\n\n" + b"x" * 70 + b"\n" * 3_000_000
    assert tool("deliver", "-f", "", "john", data=large) == 0
    assert delivered(tool, "john") == [b"Return-Path: <>\n" + large]


def test_base_is_taken(tool):
    """A server that holds the base directory and does not answer means: try again."""
    tool.create("john")
    files = Files()
    lock = files.lock(str(tool.base / ".lock"))
    try:
        assert tool("deliver", "john", data=MESSAGE) == exits.TRY_AGAIN
    finally:
        files.close(lock)


@pytest.mark.parametrize("address", ["a\nRCPT TO:<b>", "a\0b", "a>b"])
def test_bad_address(tool, address):
    """An address cannot bring commands of its own."""
    assert tool("deliver", address, data=MESSAGE) == exits.USAGE
    assert tool("deliver", "-f", address, "john", data=MESSAGE) == exits.USAGE


def test_lmtp(tool):
    """A running server is asked by LMTP: dots are stuffed, and each recipient has his own reply."""
    server = LmtpServer(
        [
            b"250 ok\r\n",
            b"250 ok\r\n",
            b"550 5.1.1 who\r\n",
            b"250 ok\r\n",
            b"354 go\r\n",
            b"250 a\r\n452 4.2.2 full\r\n",
        ],
        ("127.0.0.1", 0),
    )
    code = tool("deliver", "--lmtp", f"127.0.0.1:{server.port}", "-f", "me@x", "a", "b", "jürgen", data=MESSAGE)
    told = server.finish()
    assert code == exits.TRY_AGAIN
    assert "b: 550 5.1.1 who" in tool.err
    assert "jürgen: 452 4.2.2 full" in tool.err
    assert f"mail from:<me@x> size={len(WIRE)} body=8bitmime smtputf8".encode() in told.lower()
    assert "RCPT TO:<jürgen>".encode().lower() in told.lower()
    assert WIRE.replace(b"\r\n.dot", b"\r\n..dot") + b".\r\n" in told


def test_lmtp_socket(tool):
    """The same over a UNIX socket; a refused sender is the outcome for all."""
    server = LmtpServer([b"550 5.7.1 no\r\n"], str(tool.path / "lmtp"))
    assert tool("deliver", "--lmtp", str(tool.path / "lmtp"), "a", "b", data=MESSAGE) == exits.UNAVAILABLE
    server.finish()
    assert tool.err.count("550 5.7.1 no") == 2


def test_lmtp_breaks(tool):
    """A connection that ends in the middle means: try again."""
    server = LmtpServer([b"250 ok\r\n"], ("127.0.0.1", 0))
    assert tool("deliver", "--lmtp", f"127.0.0.1:{server.port}", "a", data=MESSAGE) == exits.TRY_AGAIN
    server.finish()
    assert "the connection broke" in tool.err


def test_lmtp_unreachable(tool):
    """A named server that does not answer is no reason to go behind its back."""
    tool.create("john")
    assert tool("deliver", "--lmtp", str(tool.path / "nothing"), "john", data=MESSAGE) == exits.TRY_AGAIN
    assert delivered(tool, "john") == []


@pytest.mark.parametrize(
    ("codes", "together"), [([], 0), ([0, 0], 0), ([0, 67], 67), ([67, 75, 0], 75), ([69, 67], 67)]
)
def test_exit_codes(codes, together):
    """Several recipients, one exit code: what may still succeed is tried again."""
    assert exits.together(codes) == together


@pytest.mark.parametrize(
    ("code", "status", "exit_code"),
    [(250, "", 0), (451, "4.3.0", 75), (550, "5.1.1", 67), (550, "", 69), (552, "5.3.4", 65)],
)
def test_reply_codes(code, status, exit_code):
    """What an LMTP reply means to the program in front of the pipe."""
    assert exits.of_status(code, status) == exit_code
