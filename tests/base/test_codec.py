"""Canonical msgpack: one encoding per value, and a bounded decoder."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import codec
from node.base.errors import CodecError
from node.base.limits import MSGPACK_BYTES_MAX

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**64 - 1),
    st.binary(max_size=40),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
)


@given(VALUES)
def test_value_round_trips(value: object) -> None:
    assert codec.unpack(codec.pack(value)) == value


@given(VALUES)
def test_bytes_are_plain_msgpack(value: object) -> None:
    assert msgpack.unpackb(codec.pack(value), raw=False) == value


def test_order_of_insertion_leaves_no_trace() -> None:
    one = {"b": 1, "a": {"y": 2, "x": 3}}
    other = {"a": {"x": 3, "y": 2}, "b": 1}
    assert codec.pack(one) == codec.pack(other)


def test_dicts_inside_lists_are_sorted_too() -> None:
    assert codec.pack([{"b": 1, "a": 2}]) == codec.pack([{"a": 2, "b": 1}])


def test_tuple_is_written_as_a_list() -> None:
    assert codec.pack((1, (2, 3))) == codec.pack([1, [2, 3]])


def test_text_and_bytes_are_different() -> None:
    assert codec.pack("a") != codec.pack(b"a")


def test_integer_keys_come_back_as_integers() -> None:
    assert codec.unpack(codec.pack({2: "b", 1: "a"})) == {1: "a", 2: "b"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",  # never used
        b"\xc0\xc0",  # two values
        b"\x93\x01",  # a list of three with one member
        b"\xa1\xff",  # a text that is no UTF-8
        b"\xdf\xff\xff\xff\xff",  # a dict of four thousand million
        b"\x91" * 5000 + b"\xc0",  # nested too deep
    ],
)
def test_bytes_that_are_no_value_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError, match="msgpack"):
        codec.unpack(data)


def test_unhashable_key_from_a_peer_is_refused() -> None:
    with pytest.raises(CodecError):
        codec.unpack(b"\x81\x90\x01")  # {[]: 1}


def test_more_bytes_than_the_limit_are_refused_before_they_are_read() -> None:
    with pytest.raises(CodecError, match=f"{MSGPACK_BYTES_MAX + 1} bytes"):
        codec.unpack(bytes(MSGPACK_BYTES_MAX + 1))
