"""Settings files survive reading and writing, whatever they hold."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from cgpymail.grammar.settings import NULL, Address, Document, SettingsError, Unknown, Xml, read, write

# Bytes that are not UTF-8 come as surrogate escapes, exactly as the reader gives them.
texts = st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))).filter(
    lambda text: not any(0xD800 <= ord(char) < 0xDC80 or 0xDCFF < ord(char) < 0xE000 for char in text)
)
leaves = st.one_of(
    texts,
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.binary(),
    st.just(NULL),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.builds(Address, st.sampled_from(["127.0.0.1", "::1", "mail.example.org"]), st.integers(0, 65_535)),
    st.sampled_from(["<a/>", '<a b="c">d<e></e></a>', "<a><!-- ) --></a>"]).map(Xml),
    st.sampled_from(["#(x)", '#( a ("(") )', "#TFUTURE", "#x.y"]).map(Unknown),
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)
files = st.dictionaries(texts, values, max_size=6)


@given(values)
def test_written_value_reads_back(value):
    """Every value comes back equal and of the same type, dictionaries in their order."""
    back = read(write(value))
    assert back == value
    assert type(back) is type(value)
    if isinstance(value, dict):
        assert list(back) == list(value)


@given(files, st.data())
def test_document_keeps_the_rest(entries, data):
    """After changing, adding and removing entries, all others are there with their values and bytes."""
    document = Document(b"{" + write(entries)[1:-1] + b"\n}\n")
    before = document.render()
    changes = data.draw(files)
    removed = data.draw(st.lists(st.sampled_from(list(entries)), max_size=2)) if entries else []
    for key, value in changes.items():
        document.set(key, value)
    for key in removed:
        document.remove(key)
    expected = {key: value for key, value in {**entries, **changes}.items() if key not in removed}
    again = Document(document.render())
    assert {key: again.get(key) for key in again} == expected
    untouched = [key for key in entries if key not in changes and key not in removed]
    assert all(write({key: entries[key]})[1:-1] in before for key in untouched)
    assert all(write({key: entries[key]})[1:-1] in document.render() for key in untouched)


@given(st.binary(), files)
def test_only_declared_errors(noise, entries):
    """Noise, and a good file cut or spoilt anywhere, is either read or refused with a place; nothing else happens."""
    text = write(entries)
    middle = len(text) // 2
    for damaged in (
        noise,
        text[:middle],
        text[:middle] + noise + text[middle:],
        b"{" + noise,
        b'"' + noise,
        b"<" + noise,
    ):
        try:
            value = read(damaged)
        except SettingsError as problem:
            assert problem.line >= 1 and problem.column >= 1
        else:
            assert read(write(value)) == value
