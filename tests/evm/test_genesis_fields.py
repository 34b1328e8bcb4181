"""The forms that values of a genesis.json may have."""

import pytest

from node.base.errors import ConfigError
from node.evm import genesis_fields as read


@pytest.mark.parametrize(
    ("value", "want"), [(7, 7), ("7", 7), ("0x7", 7), ("0X07", 7), (0, 0), (2**64 - 1, 2**64 - 1)]
)
def test_numbers_are_plain_decimal_or_hex(value, want):
    assert read.number({"gas": value}, "gas") == want


@pytest.mark.parametrize(
    "value", [None, True, 1.5, "x", "0x", "1_000", " 5", "+5", "0xg", -1, "-1", 2**64, [], {}]
)
def test_what_is_no_number_of_64_bits_is_refused(value):
    with pytest.raises(ConfigError, match="gas wants a number"):
        read.number({"gas": value}, "gas")


def test_a_missing_number_has_the_default():
    assert read.number({}, "gas", 3) == 3
    with pytest.raises(ConfigError, match="gas"):
        read.number({}, "gas")


@pytest.mark.parametrize("key", ["balance", "difficulty", "terminalTotalDifficulty"])
def test_amounts_and_difficulties_have_256_bits(key):
    assert read.number({key: hex(2**256 - 1)}, key) == 2**256 - 1
    with pytest.raises(ConfigError, match="256 bits"):
        read.number({key: hex(2**256)}, key)


@pytest.mark.parametrize("value", [None, 5, "0x0", "zz"])
def test_what_is_no_hex_is_refused(value):
    with pytest.raises(ConfigError, match="extraData wants hex"):
        read.hex_bytes(value, "extraData")


def test_an_address_has_20_bytes():
    assert read.address("0x" + "0a" * 20, "miner") == b"\x0a" * 20
    with pytest.raises(ConfigError, match="miner has 19 bytes, wants 20"):
        read.address("0a" * 19, "miner")


@pytest.mark.parametrize(
    ("text", "want"), [("0x1", 1), ("01", 1), ("", 0), ("ff" * 32, 2**256 - 1)]
)
def test_words_are_padded_on_the_left(text, want):
    assert read.word(text, "slot") == want


@pytest.mark.parametrize("value", [10, None, [], "0xg"])
def test_a_word_is_quoted_hex(value):
    with pytest.raises(ConfigError, match="slot wants hex"):
        read.word(value, "slot")


def test_a_word_has_at_most_32_bytes():
    with pytest.raises(ConfigError, match="slot has 33 bytes"):
        read.word("00" * 33, "slot")


def test_an_object_is_wanted_where_one_belongs():
    assert read.mapping({"a": {}}, "a") == {}
    for data in ({}, {"a": []}, {"a": "x"}):
        with pytest.raises(ConfigError, match="a wants an object"):
            read.mapping(data, "a")


@pytest.mark.parametrize("value", [None, 0, "0", "0x0", "0x" + "00" * 32])
def test_zero_has_many_forms(value):
    read.only_zero({"number": value}, ("number", "gasUsed"))


def test_another_value_than_zero_is_refused():
    with pytest.raises(ConfigError, match="number is '0x1', wants 0"):
        read.only_zero({"number": "0x1"}, ("number",))


def test_a_key_may_stand_once():
    assert read.without_twins([("a", 1), ("b", 2)]) == {"a": 1, "b": 2}
    with pytest.raises(ConfigError, match="'a' stands twice"):
        read.without_twins([("a", 1), ("a", 1)])
