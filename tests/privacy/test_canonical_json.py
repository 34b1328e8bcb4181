"""Canonical JSON: one value, one text, and errors that name the key."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits import RECORD_JSON_BYTES_MAX, RECORD_JSON_DEPTH_MAX
from node.privacy.canonical_json import EXACT_INTEGER_MAX, decode, encode, key_path
from node.privacy.errors import RecordError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-EXACT_INTEGER_MAX, EXACT_INTEGER_MAX) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, max_examples=50)
@given(value=VALUES)
def test_any_value_is_read_back(value: object) -> None:
    assert decode(encode(value)) == value


def test_keys_are_sorted_and_nothing_is_spaced_or_escaped() -> None:
    assert encode({"b": [1, "ü"], "a": None}) == '{"a":null,"b":[1,"ü"]}'.encode()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (1.0, "(record)"),
        ({"weight_g": 61.5}, "weight_g"),
        ({"lab": [{"value": 1}, {"value": 2.5}]}, "lab[1].value"),
        ({"a": float("nan")}, "a"),
    ],
)
def test_float_is_refused_with_the_path_of_its_key(value: object, path: str) -> None:
    with pytest.raises(RecordError, match="is a float") as caught:
        encode(value)
    assert caught.value.key == path


@pytest.mark.parametrize("number", [EXACT_INTEGER_MAX, -EXACT_INTEGER_MAX])
def test_largest_exact_integer_is_taken(number: int) -> None:
    assert decode(encode([number])) == [number]


@pytest.mark.parametrize("number", [EXACT_INTEGER_MAX + 1, -EXACT_INTEGER_MAX - 1, 10**40])
def test_larger_integer_is_refused(number: int) -> None:
    with pytest.raises(RecordError, match="beyond"):
        encode({"n": number})


@pytest.mark.parametrize(
    "value", [{1: "x"}, {"a": b"x"}, {"a": {1, 2}}, {"a": "\ud800"}, {"\udc00": 1}]
)
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(RecordError):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a":1}x',
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'"\\u0041"',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b'{"a":1e3}',
        b'"\\ud800"',
        b"[" * 100_000,
        b"1" * 5000,
        b'"' + b'\\"' * 500_000,
        b"\xef\xbb\xbf1",
    ],
)
def test_bytes_that_encode_would_not_write_are_refused(data: bytes) -> None:
    with pytest.raises(RecordError):
        decode(data)


def test_key_that_stands_twice_is_named() -> None:
    with pytest.raises(RecordError, match="age"):
        decode(b'{"age":1,"age":2}')


def test_deepest_value_is_taken_and_one_level_more_refused() -> None:
    value: object = 1
    for _ in range(RECORD_JSON_DEPTH_MAX):
        value = [value]
    assert decode(encode(value)) == value
    with pytest.raises(RecordError, match="deeper"):
        encode([value])


def test_brackets_inside_a_text_nest_nothing() -> None:
    value = {"a": "[{" * 100 + '"' + "\\"}
    assert decode(encode(value)) == value


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b'["' + b'",["' * 50_000])
def test_nesting_is_refused_before_it_is_parsed(data: bytes) -> None:
    with pytest.raises(RecordError, match="deeper"):
        decode(data)


def test_longest_value_is_taken_and_one_byte_more_refused() -> None:
    longest = "x" * (RECORD_JSON_BYTES_MAX - 2)
    assert decode(encode(longest)) == longest
    with pytest.raises(RecordError, match="at most"):
        encode(longest + "x")
    with pytest.raises(RecordError, match="at most"):
        decode(json.dumps(longest + "x").encode())


def test_error_of_broken_json_holds_no_part_of_it() -> None:
    with pytest.raises(RecordError) as caught:
        decode(b'{"name":"Asha Nair"')
    assert caught.value.__context__ is None
    assert "Asha" not in repr(caught.value)


def test_key_that_may_be_a_name_is_not_shown() -> None:
    assert key_path("a", "Asha Nair") == "a.(a key that is no name of a field)"
