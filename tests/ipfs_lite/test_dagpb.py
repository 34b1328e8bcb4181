import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits import DAG_LINKS_COUNT_MAX
from node.ipfs_lite.cid import make_cid, make_cid_v0
from node.ipfs_lite.dagpb import U64_MAX, Link, Node, decode, encode
from node.ipfs_lite.errors import BadNodeError

_CID = make_cid(b"x")
_IDENTITY = b"\x01\x55\x00\x01B"
_LINKS = st.builds(
    Link,
    st.sampled_from([_CID, make_cid_v0(b"y"), _IDENTITY]),
    st.none() | st.text(max_size=5),
    st.none() | st.integers(0, U64_MAX),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(_LINKS, max_size=4).map(tuple), st.none() | st.binary(max_size=20))
def test_any_node_reads_back(links, data):
    node = Node(links, data)
    assert decode(encode(node)) == node


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=80))
def test_random_bytes_are_a_node_or_a_bad_node(data):
    try:
        decode(data)
    except BadNodeError:
        return


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 200), st.integers(0, 255))
def test_a_changed_byte_never_raises_anything_else(at, byte):
    data = bytearray(encode(Node((Link(_CID, "a", 3), Link(_CID, "", 4)), b"\x08\x02")))
    data[at % len(data)] = byte
    try:
        decode(bytes(data))
    except BadNodeError:
        return


def test_an_absent_name_differs_from_an_empty_one():
    absent = encode(Node((Link(_CID, None, 1),), None))
    empty = encode(Node((Link(_CID, "", 1),), None))
    assert len(empty) == len(absent) + 2
    assert decode(absent).links[0].name is None


def test_links_stand_before_the_data():
    assert encode(Node((Link(_CID, "", 1),), b"d"))[0] == 0x12


def test_data_before_links_is_read():
    link = encode(Node((Link(_CID, "", 1),), None))
    assert decode(b"\x0a\x01d" + link) == Node((Link(_CID, "", 1),), b"d")


def test_links_on_both_sides_of_the_data_are_refused():
    link = encode(Node((Link(_CID, "", 1),), None))
    with pytest.raises(BadNodeError, match="both sides"):
        decode(link + b"\x0a\x01d" + link)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "hash"),
        (b"\x12\x00", "hash"),
        (b"\x0a\x01\x01", "hash of a link"),
        (b"\x0a\x24" + _CID + b"\x12\x01\xff", "UTF-8"),
        (b"\x0a\x24" + _CID + b"\x18" + b"\xff" * 9 + b"\x02", "2\\^64"),
        (b"\x0a\x24" + _CID + b"\x18" + b"\x80" * 10 + b"\x01", "longer than 10"),
        (b"\x0a\x24" + _CID + b"\x20\x01", "should end"),
        (b"\x0a\x25" + _CID + b"\0", "hash of a link"),
    ],
)
def test_a_bad_link_is_refused(body, why):
    with pytest.raises(BadNodeError, match=why):
        decode(b"\x12" + bytes((len(body),)) + body)


def _with_links(count):
    link = encode(Node((Link(_IDENTITY, None, None),), None))
    return link * count


def test_a_node_may_have_the_most_links():
    assert len(decode(_with_links(DAG_LINKS_COUNT_MAX)).links) == DAG_LINKS_COUNT_MAX


def test_one_link_more_is_refused():
    with pytest.raises(BadNodeError, match="links"):
        decode(_with_links(DAG_LINKS_COUNT_MAX + 1))


def test_a_length_beyond_the_end_is_refused():
    with pytest.raises(BadNodeError, match="1 bytes left where 2 belong"):
        decode(b"\x0a\x02d")
