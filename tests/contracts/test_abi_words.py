"""Words are what the codec makes of them; what is not plainly right is left to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.contracts import abi
from node.contracts.abi_words import decode_words, encode_words

KINDS = {
    "address": st.binary(min_size=20, max_size=20),
    "bool": st.booleans(),
    "uint256": st.integers(0, 2**256 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "uint8": st.integers(0, 255),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes4": st.binary(min_size=4, max_size=4),
}


@st.composite
def calls(draw):
    types = draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=6))
    return types, [draw(KINDS[one]) for one in types]


@given(calls())
def test_words_are_those_of_the_codec_and_back(call):
    types, values = call
    data = encode_words(types, values)
    assert data == abi._CODEC.encode(types, values)
    assert decode_words(types, data) == abi._CODEC.decode(types, data) == tuple(values)


@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3), st.binary(max_size=128))
def test_whatever_is_read_is_what_the_codec_reads(types, data):
    found = decode_words(types, data)
    if found is not None:
        assert found == abi._CODEC.decode(types, data)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint256", -1),
        ("uint256", 2**256),
        ("uint8", True),
        ("bool", 1),
        ("bool", b"\x01"),
        ("address", bytes(19)),
        ("address", "0x" + "11" * 20),
        ("bytes32", bytes(31)),
        ("bytes4", bytes(5)),
        ("bytes4", 4),
        ("string", "text"),
        ("bytes", b"1"),
        ("uint8[]", (1,)),
        ("(uint8,uint8)", (1, 2)),
    ],
)
def test_what_does_not_plainly_fit_is_left_to_the_codec(kind, value):
    assert encode_words([kind], [value]) is None


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("address", b"\x01" * 32),
        ("uint8", b"\x01" * 32),
        ("bool", bytes(31) + b"\x02"),
        ("bytes4", b"\x01" * 32),
        ("string", bytes(32)),
        ("uint256", bytes(31)),
    ],
)
def test_a_word_that_is_not_plainly_right_is_left_to_the_codec(kind, word):
    assert decode_words([kind], word) is None
