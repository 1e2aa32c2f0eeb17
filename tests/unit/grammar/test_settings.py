"""The syntax of settings files (spec section 11.2)."""

from datetime import UTC, datetime

import pytest

from cgpymail.grammar.settings import (
    NULL,
    Address,
    Document,
    SettingsError,
    Unknown,
    Xml,
    read,
    write,
)
from cgpymail.grammar.settingvalues import MAX_DEPTH


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"{}", {}),
        (b" { a = b ;\r\n\tc=d; } ", {"a": "b", "c": "d"}),
        (b"( a , b,c )", ["a", "b", "c"]),
        (b"()", []),
        (b"(20,15)", ["20", "15"]),
        (b"a-b_c.d@e!f:g%h", "a-b_c.d@e!f:g%h"),
        (b"J\xc3\xbcrgen", "Jürgen"),
        (b'""', ""),
        (b'"two words"', "two words"),
        (rb'"a\"b\\c"', 'a"b\\c'),
        (rb'"a\eb\rc\nd"', "a\nb\rc\nd"),
        (rb'"\065\195\169\000"', "Aé\0"),
        (rb'"one " "two" "\033"', "one two!"),
        (b"[aGVs\r\nbG8=] [IQ==]", b"hello!"),
        (b"[]", b""),
        (b"#NULL#", NULL),
        (b"#17", 17),
        (b"#-5", -5),
        (b"#T22-10-2009_15:24:45", datetime(2009, 10, 22, 15, 24, 45, tzinfo=UTC)),
        (b"#I[10.0.0.1]", Address("10.0.0.1")),
        (b"#I[::1]:143", Address("::1", 143)),
        (b'#( x:1 (") ") )', Unknown('#( x:1 (") ") )')),
        (b"#TPAST", Unknown("#TPAST")),
        (b"#T99-99-2009_15:24:45", Unknown("#T99-99-2009_15:24:45")),
        (b"#99999999999999999999", Unknown("#99999999999999999999")),
        (b"<a/>", Xml("<a/>")),
        (b'<a x="1>2"><b>t</b><!-- </a> --><![CDATA[</a>]]></a>', None),
        (b"{P=({N=1;},{S=on;N=2;});}", {"P": [{"N": "1"}, {"S": "on", "N": "2"}]}),
    ],
)  # fmt: skip
def test_value(text, value):
    """Every kind of value of the syntax is understood, and is the same after it was written."""
    value = Xml(text.decode()) if value is None else value
    assert read(text) == value
    assert type(read(text)) is type(value)
    assert read(write(value)) == value


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (b"", 1, 1, "value"),
        (b"{", 1, 2, "key or }"),
        (b"{a=b;\n c d;}", 2, 4, "="),
        (b"{a=b}", 1, 5, ";"),
        (b"{a=b;\n a=c;}", 2, 2, "twice"),
        (b"(a b)", 1, 4, ","),
        (b"(a,)", 1, 4, "value"),
        (b'{a="b', 1, 4, "end"),
        (rb'"\9"', 1, 1, "three decimal digits"),
        (rb'"\256"', 1, 1, "255"),
        (b"[abc]", 1, 1, "base64"),
        (b"[abc", 1, 1, "base64"),
        (b"#(a", 1, 4, "end"),
        (b"<a><b></a>", 1, 7, "another element"),
        (b"<a>", 1, 4, "end"),
        (b"<a><!-- ", 1, 4, "end"),
        (b"<1>", 1, 1, "tag"),
        (b"a b", 1, 3, "nothing more"),
        (b"\0", 1, 1, "value"),
        (b"(" * (MAX_DEPTH + 1), 1, MAX_DEPTH + 2, "deep"),
        (b"<a>" * (MAX_DEPTH + 1), 1, 3 * MAX_DEPTH + 1, "deep"),
    ],
)
def test_error(text, line, column, words):
    """A file that is damaged is refused with the place and the reason."""
    with pytest.raises(SettingsError, match=words.replace("(", r"\(")) as caught:
        read(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_deepest():
    """What may be written may be read again, down to the last level."""
    value = "x"
    for _ in range(MAX_DEPTH):
        value = [value]
    assert read(write(value)) == value
    with pytest.raises(SettingsError, match="deep"):
        write([value])


@pytest.mark.parametrize("value", [1.5, None, object(), {1: "a"}, 2**63, "\ud800", datetime(2020, 1, 1)])
def test_cannot_be_written(value):
    """Values without a form in the syntax are refused, not written as something else."""
    with pytest.raises(SettingsError):
        write({"a": value})


def test_writer_quotes():
    """Only letters and digits go without quotes; the empty string has quotes."""
    assert write({"a-b": "", "c": "d e", "f": "x1"}) == b'{"a-b"="";c="d e";f=x1;}'


def test_document_unchanged():
    """A file in which nothing was changed is written back byte for byte, however it is laid out."""
    text = b'\n{ a   = "b" "c";\r\n\n  X =#( odd );\n "#Viewer" = <a/>;}\n\n'
    assert Document(text).render() == text


def test_document_changed():
    """A change touches its own entry only; new entries come last."""
    document = Document(b'{ a   = "b" "c";\n  b=( 1 , 2 );\n z = y;\n}\n')
    document.set("z", "new one")
    document.set("n", {"k": True})
    assert document.render() == b'{ a   = "b" "c";\n  b=( 1 , 2 );\n z = "new one";\n n = {k=YES;};\n}\n'
    assert document.get("n") == {"k": "YES"}


def test_document_remove():
    """A removed entry is gone, and removing it again is harmless."""
    document = Document(b"{ a=1; b=2; }")
    document.remove("a")
    document.remove("a")
    assert document.render() == b"{ b=2; }"
    assert "a" not in document
    assert list(document) == ["b"]


def test_document_copies():
    """Changing what was handed out does not change the file."""
    document = Document(b"{ a={b=(c);}; }")
    document.get("a")["b"].append("d")
    assert document.get("a") == {"b": ["c"]}


def test_document_refuses_value():
    """A value that cannot be written leaves the file as it was."""
    document = Document(b"{ a=1; }")
    with pytest.raises(SettingsError):
        document.set("a", 1.5)
    assert document.get("a") == "1"
    assert document.render() == b"{ a=1; }"


@pytest.mark.parametrize("text", [b"", b"(a)", b"{a=1;", b"{a=1;} x", b"{a=1;}}"])
def test_document_damaged(text):
    """Anything but one dictionary is damage; an empty file too."""
    with pytest.raises(SettingsError):
        Document(text)


def test_key_like_a_special_word():
    """A key that begins with # is a plain name (spec section 11.1: #Viewer)."""
    assert read(b"{ #Viewer={a=#1;}; }") == {"#Viewer": {"a": 1}}
