import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.limits import CBOR_DEPTH_COUNT_MAX, CBOR_ITEMS_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite.cid import make_cid, make_cid_v0
from node.ipfs_lite.dagcbor import CidLink, decode, encode, links_in
from node.ipfs_lite.errors import BadCborError

_CID = make_cid(b"x")
_LINK = b"\xd8\x2a\x58\x25\x00" + _CID

# the first rows are appendix A of RFC 8949
_GOOD = [
    (0, "00"),
    (23, "17"),
    (24, "1818"),
    (255, "18ff"),
    (256, "190100"),
    (65_535, "19ffff"),
    (65_536, "1a00010000"),
    (2**32 - 1, "1affffffff"),
    (2**32, "1b0000000100000000"),
    (2**64 - 1, "1bffffffffffffffff"),
    (-1, "20"),
    (-24, "37"),
    (-25, "3818"),
    (-1000, "3903e7"),
    (-(2**64), "3bffffffffffffffff"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (b"", "40"),
    (b"\1\2\3\4", "4401020304"),
    ("", "60"),
    ("ü", "62c3bc"),
    ("\U00010151", "64f0908591"),
    ([], "80"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ({}, "a0"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    ({"b": 1, "aa": 2}, "a261620162616102"),
    (CidLink(_CID), _LINK.hex()),
    (CidLink(Cid(b"\1\x55\0\0")), "d82a45000155" + "0000"),
    (CidLink(make_cid_v0(b"")), "d82a582300" + make_cid_v0(b"").hex()),
]


@pytest.mark.parametrize(("value", "text"), _GOOD)
def test_a_value_has_one_byte_string(value, text):
    assert encode(value).hex() == text
    again = decode(bytes.fromhex(text))
    assert again == value
    assert type(again) is type(value)


_BAD = {
    "nothing": "",
    "trailing byte": "0000",
    "not shortest, one byte": "1817",
    "not shortest, two bytes": "1900ff",
    "not shortest, four bytes": "1a0000ffff",
    "not shortest, eight bytes": "1b00000000ffffffff",
    "not shortest negative": "3817",
    "not shortest length": "580161",
    "not shortest tag": "d9002a4100",
    "not shortest list": "980100",
    "number cut": "19ff",
    "reserved head 28": "1c",
    "reserved head 30": "fe",
    "indefinite bytes": "5f4101ff",
    "indefinite text": "7f6161ff",
    "indefinite list": "9f01ff",
    "indefinite map": "bf616101ff",
    "break alone": "ff",
    "half float": "f93c00",
    "float": "fa47c35000",
    "double": "fb3ff199999999999a",
    "undefined": "f7",
    "simple 0": "e0",
    "simple 19": "f3",
    "false in two bytes": "f814",
    "simple 32": "f820",
    "bytes cut": "4401",
    "text cut": "6461",
    "text not UTF-8": "61ff",
    "text with a surrogate": "63eda080",
    "list cut": "8201",
    "list of 2^64 - 1": "9bffffffffffffffff",
    "map of 2^63": "bb8000000000000000",
    "bytes of 2^64 - 1": "5bffffffffffffffff",
    "map cut": "a16161",
    "map with an integer key": "a10102",
    "map with a bytes key": "a1416102",
    "keys by bytes only": "a262616101616202",
    "keys out of order": "a2616201616102",
    "key twice": "a2616101616102",
    "tag 0": "c06161",
    "tag 43": "d82b4100",
    "tag 42 of text": "d82a6161",
    "tag 42 without zero": "d82a5824" + _CID.hex(),
    "tag 42 of nothing": "d82a40",
    "tag 42 of a zero": "d82a4100",
    "tag 42 with bytes behind": "d82a582600" + _CID.hex() + "00",
    "tag 42, other hash": "d82a5825000155" + "1620" + "00" * 32,
    "tag 42 alone": "d82a",
}


@pytest.mark.parametrize("text", _BAD.values(), ids=_BAD.keys())
def test_all_else_is_refused(text):
    with pytest.raises(BadCborError):
        decode(bytes.fromhex(text))


def _nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_depth_has_a_border():
    deepest = _nested(CBOR_DEPTH_COUNT_MAX)
    assert decode(encode(deepest)) == deepest
    with pytest.raises(BadCborError, match="32"):
        encode(_nested(CBOR_DEPTH_COUNT_MAX + 1))
    with pytest.raises(BadCborError, match="32"):
        decode(b"\x81" * CBOR_DEPTH_COUNT_MAX + b"\x80")
    with pytest.raises(BadCborError, match="32"):
        decode(b"\x81" * 100_000)


def test_items_have_a_border():
    full = [0] * (CBOR_ITEMS_COUNT_MAX - 1) + [{}]
    assert decode(encode(full)) == full
    over = [0] * (CBOR_ITEMS_COUNT_MAX - 1) + [{"a": 1}]
    with pytest.raises(BadCborError, match="65536"):
        encode(over)
    with pytest.raises(BadCborError, match="65536"):
        decode(b"\x9a\x00\x01\x00\x01" + bytes(CBOR_ITEMS_COUNT_MAX + 1))


@pytest.mark.parametrize("value", [2**64, -(2**64) - 1, "\ud800", {"\ud800": 1}, CidLink(Cid(b""))])
def test_what_has_no_bytes_is_not_written(value):
    with pytest.raises(BadCborError):
        encode(value)


def test_links_come_in_the_order_of_their_places():
    first, second, third = (make_cid(bytes((n,))) for n in range(3))
    value = {"bb": CidLink(third), "a": [CidLink(first), {"x": CidLink(second)}, 7], "cc": None}
    assert links_in(decode(encode(value))) == (first, second, third)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=10)
    | st.binary(max_size=8).map(lambda data: CidLink(make_cid(data))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=20,
)


@given(_VALUES)
def test_every_value_comes_back(value):
    assert decode(encode(value)) == value


@given(_VALUES, st.integers(0), st.binary(max_size=3), st.integers(0, 3))
def test_changed_bytes_are_refused_or_mean_exactly_themselves(value, at, new, cut):
    data = encode(value)
    at %= len(data)
    changed = data[:at] + new + data[at + cut :]
    try:
        again = decode(changed)
    except BadCborError:
        return
    assert encode(again) == changed
