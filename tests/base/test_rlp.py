"""The own RLP against pyrlp, and the strictness that pyrlp's decoder shares."""

import pytest
import rlp as pyrlp
from hypothesis import example, given
from hypothesis import strategies as st

from node.base import rlp
from node.base.errors import CodecError
from node.base.limits import RLP_DEPTH_MAX

ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6))


def nested(depth: int) -> bytes:
    """Give the canonical bytes of ``depth`` lists inside each other."""
    data = b""
    for _ in range(depth):
        data = pyrlp.codec.length_prefix(len(data), 0xC0) + data
    return data


@given(ITEMS)
@example(b"")
@example(b"\x7f")
@example(b"\x80")
@example(bytes(55))
@example(bytes(56))
@example(bytes(256))
@example([])
@example([b"\x01" * 55])
@example([b"\x01" * 56])
def test_encoding_equals_that_of_pyrlp(item: rlp.Decoded) -> None:
    assert rlp.encode(item) == pyrlp.encode(item)


@given(ITEMS)
def test_decoding_gives_back_what_was_encoded(item: rlp.Decoded) -> None:
    assert rlp.decode(rlp.encode(item)) == item


@given(st.binary(max_size=24))
def test_own_decoder_accepts_exactly_what_pyrlp_accepts(data: bytes) -> None:
    try:
        judged = pyrlp.decode(data)
    except pyrlp.exceptions.DecodingError:
        with pytest.raises(CodecError):
            rlp.decode(data)
    else:
        assert rlp.decode(data) == judged


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "truncated"),
        (b"\x81", "truncated"),
        (b"\xb8", "truncated"),
        (b"\xb9\x01", "truncated"),
        (b"\xc1", "truncated"),
        (b"\xf8", "truncated"),
        (b"\x81\x7f", "long form"),
        (b"\xb8\x37" + bytes(55), "not minimal"),
        (b"\xb9\x00\x38" + bytes(56), "not minimal"),
        (b"\xf8\x00", "not minimal"),
        (b"\x01\x01", "1 bytes after"),
        (b"\xc1\x82\x01\x02", "truncated"),
        (b"\xbf" + b"\xff" * 8, "truncated"),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes, what: str) -> None:
    with pytest.raises(CodecError, match=what):
        rlp.decode(data)


def test_lists_may_be_nested_up_to_the_limit() -> None:
    assert rlp.encode(rlp.decode(nested(RLP_DEPTH_MAX))) == nested(RLP_DEPTH_MAX)


def test_lists_nested_deeper_than_the_limit_are_refused() -> None:
    with pytest.raises(CodecError, match="deeper than 64"):
        rlp.decode(nested(RLP_DEPTH_MAX + 1))


def test_prefix_decoder_gives_the_offset_behind_the_item() -> None:
    assert rlp.decode_prefix(b"\xff\x82ab\xc0", 1) == (b"ab", 4)


@given(st.integers(min_value=0, max_value=2**256 - 1))
@example(0)
@example(2**256 - 1)
def test_numbers_round_trip(value: int) -> None:
    assert rlp.decode_int(rlp.encode_int(value)) == value


@given(st.integers(min_value=0, max_value=2**256))
def test_numbers_are_encoded_as_pyrlp_does(value: int) -> None:
    assert rlp.encode(rlp.encode_int(value)) == pyrlp.encode(value)


@pytest.mark.parametrize(
    ("item", "what"),
    [([], "a list"), (b"\x00", "leading zeros"), (b"\x00\x01", "leading"), (bytes(33), "33 bytes")],
)
def test_bytes_that_are_no_number_are_refused(item: rlp.Decoded, what: str) -> None:
    with pytest.raises(CodecError, match=what):
        rlp.decode_int(item)


def test_a_number_may_fill_its_limit_and_no_more() -> None:
    assert rlp.decode_int(b"\xff" * 8, bytes_max=8) == 2**64 - 1
    with pytest.raises(CodecError, match="9 bytes, at most 8"):
        rlp.decode_int(b"\xff" * 9, bytes_max=8)


@given(st.lists(ITEMS, max_size=6))
@example([bytes(54)])
@example([bytes(55)])
def test_a_list_of_encoded_items_is_the_encoded_list(items) -> None:
    assert rlp.wrap(b"".join(rlp.encode(item) for item in items)) == rlp.encode(items)
