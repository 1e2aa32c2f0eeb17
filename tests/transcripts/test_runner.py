"""The transcript runner itself, against servers that say what the test tells them to."""

from __future__ import annotations

import pytest

from tests.transcripts.matching import Variables
from tests.transcripts.runner import Runner, TranscriptFailed
from tests.transcripts.script import ClientLine, Fixture, ScriptError, parse

HEAD = "title: T\nspec: 1\nclient A: imap\nclient B: pop\n\n"


class Echo:
    """A link whose server answers each line by a table."""

    def __init__(self, answers):
        self.answers, self.said, self.heard, self.closed = answers, b"", b"", False

    def send(self, data):
        self.heard += data
        for line in data.decode().splitlines():
            self.said += self.answers.get(line, "").encode()

    def receive(self, patient):
        said, self.said = self.said, b""
        return said

    def drop(self):
        self.closed = True

    def handshake(self):
        self.said += b"secure\r\n"


class Answers:
    """A world of such links."""

    def __init__(self, **answers):
        self.links, self.seconds, self.answers, self.commands = [], 0.0, answers, []

    def password(self, account):
        return f"{account}'s"

    def connect(self, protocol):
        self.links.append(Echo(self.answers))
        return self.links[-1]

    def advance(self, seconds):
        self.seconds += seconds

    def tool(self, *words):
        self.commands.append(words)

    def close(self):
        pass


def play(steps, **answers):
    """Run steps; returns the world."""
    world = Answers(**answers)
    Runner(parse(HEAD + steps), world).run()
    return world


PATTERNS = [
    ("* 3 EXISTS", "* 3 EXISTS", {}),
    ("1 OK ...", "1 OK [READ-WRITE] done", {}),
    ("...x...", "axb", {}),
    ("* $n FETCH (UID $uid)", "* 3 FETCH (UID 17)", {"n": "3", "uid": "17"}),
    ("$a $a", "x x", {"a": "x"}),
    ("FLAGS {\\Seen b}", "FLAGS (b \\Seen)", {}),
    ("FLAGS {}", "FLAGS ()", {}),
]


@pytest.mark.parametrize(("pattern", "line", "bound"), PATTERNS)
def test_patterns_match(pattern, line, bound):
    """Wildcards, variables and lists match, and bind what they saw."""
    variables = Variables()
    assert variables.match(pattern, line)
    assert variables == bound


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("* 3 EXISTS", "* 3 EXISTS "),
        ("$a $a", "x y"),
        ("* $n EXISTS", "* 3 4 EXISTS"),
        ("FLAGS {a b}", "FLAGS (a)"),
        ("FLAGS {a b}", "FLAGS (a b c)"),
        (".", "x"),
    ],
)
def test_patterns_that_do_not_match(pattern, line):
    """Text stands for itself, a word is one word, and nothing is bound by a failure."""
    variables = Variables()
    assert not variables.match(pattern, line)
    assert variables == {}


def test_variables_stay():
    """A variable means the same from its first sight on, in what is sent too."""
    world = play("A: x\nA< uid $u\nA: get $u\nA< got $u", x="uid 7\r\n", **{"get 7": "got 7\r\n"})
    assert world.links[0].heard == b"x\r\nget 7\r\n"
    with pytest.raises(TranscriptFailed, match="heard 'got 8'"):
        play("A: x\nA< uid $u\nA: get $u\nA< got $u", x="uid 7\r\n", **{"get 7": "got 8\r\n"})


def test_passwords_are_variables():
    """A transcript can log in without knowing what the passwords of its world are."""
    assert play('A: LOGIN john "$johnpassword"').links[0].heard == b'LOGIN john "john\'s"\r\n'


def test_every_line_must_be_expected():
    """A line too many fails at the end, one too few where it is missed."""
    with pytest.raises(TranscriptFailed, match="heard 'two'"):
        play("A: x\nA< one", x="one\r\ntwo\r\n")
    with pytest.raises(TranscriptFailed, match="line 7: A hear 'one': heard nothing"):
        play("A: x\nA< one")


def test_any_order():
    """Neighbouring lines with a tilde come in any order, each once."""
    play("A: x\nA~ one\nA~ two\nA< end", x="two\r\none\r\nend\r\n")
    with pytest.raises(TranscriptFailed, match="any order"):
        play("A: x\nA~ one\nA~ two\nA< end", x="two\r\ntwo\r\nend\r\n")


def test_skipping():
    """Lines are skipped up to the one that is wanted."""
    play("A: x\nA<< end ...", x="one\r\ntwo\r\nend 1\r\n")


def test_never_now():
    """A line that must not appear fails at once when it is there, read or unread."""
    with pytest.raises(TranscriptFailed, match="A never 'two'"):
        play("A: x\nA! two\nA<< end", x="one\r\ntwo\r\nend\r\n")


def test_never_later():
    """It fails also when it is skipped later, but only until the client sends again."""
    with pytest.raises(TranscriptFailed, match="not to be"):
        play("A! b...\nA| y\nA<< end", y="bad\r\nend\r\n")
    play("A! b...\nA: y\nA<< end", y="bad\r\nend\r\n")
    play("A! b...\nA| y\nA< bad\nA< end", y="bad\r\nend\r\n")


def test_queued_lines_are_sent_together():
    """Pipelined commands leave in one write."""
    world = play("A+ one\nA+ two\nA: three")
    assert world.links[0].heard == b"one\r\ntwo\r\nthree\r\n"


def test_literals_are_announced_with_their_size():
    """The size of the content is filled in, and the command goes on behind it."""
    world = play("A: 1 APPEND x {}\nA< +\nA| Subject: x\nA|\nA| body", **{"1 APPEND x {20}": "+\r\n"})
    assert world.links[0].heard == b"1 APPEND x {20}\r\nSubject: x\r\n\r\nbody\r\n\r\n"


def test_content_without_a_literal():
    """Lines of content are sent as they are (LMTP data)."""
    assert play("B| one\nB| .").links[1].heard == b"one\r\n.\r\n"


def test_literals_that_are_heard():
    """A literal is shown as a quoted string within its line."""
    play('A: x\nA< * BODY[] "a\\r\\nb" X "")', x='* BODY[] {4}\r\na\r\nb X "")\r\n')


def test_actions():
    """Clients connect late, drop, begin TLS, and time passes."""
    world = play("B opens\nA tls\nA< secure\ntime 2.5\nA drops\nA closed")
    assert (len(world.links), world.seconds) == (2, 2.5)


def test_an_open_connection_is_not_closed():
    """Expecting the end of an open connection fails."""
    with pytest.raises(TranscriptFailed, match="open"):
        play("A closed")


def test_header():
    """Every header line is understood."""
    script = parse(
        "title: a: b\nspec: 14.3\nformats: mdir\nworlds: sockets\n# note\n"
        "mailbox Sent Items: 3\nmailbox New: 0 recent\n"
        "client A: imap john Sent Items\n\nA: x\n"
    )
    assert (script.title, script.formats, script.worlds) == ("a: b", ("mdir",), ("sockets",))
    assert script.mailboxes == {"Sent Items": Fixture(3, False), "New": Fixture(0, True)}
    assert script.clients == {"A": ClientLine("imap", "john", "Sent Items")}


def test_time_and_limits_need_memory():
    """Where time is not ours, such a transcript does not run."""
    assert parse(HEAD + "time 5").worlds == ("memory",)
    assert parse("limit line: 5\n" + HEAD + "A: x").worlds == ("memory",)


@pytest.mark.parametrize(
    "text",
    [
        "title: x\n\nA: y",
        HEAD,
        HEAD + "A is here",
        HEAD + "Z: x",
        HEAD + "A: x {}",
        "what: x\n" + HEAD + "A: x",
        "client: imap\n" + HEAD + "A: x",
        "title X: x\n" + HEAD + "A: x",
        "formats: maildir\n" + HEAD + "A: x",
        "client C: nntp\n" + HEAD + "A: x",
    ],
)
def test_scripts_that_cannot_be_understood(text):
    """A mistake in a transcript is an error, never a test that checks nothing."""
    with pytest.raises(ScriptError):
        parse(text)


def test_the_tool():
    """The administrator works before the clients connect, and in between."""
    world = Answers()
    head = "group staff: anna peter\nadministrator boss: 'All Users' Master\n"
    Runner(parse(head + HEAD + "tool group remove staff anna\n"), world).run()
    assert world.commands == [
        ("group", "create", "staff"),
        ("group", "add", "staff", "anna", "peter"),
        ("administrator", "set", "boss", "All Users", "Master"),
        ("group", "remove", "staff", "anna"),
    ]
