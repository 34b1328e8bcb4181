"""Fields of JSON objects: what is taken, and where a fault is said to be."""

import pytest

from node.privacy.errors import RecordError
from node.privacy.record_fields import (
    as_object,
    check_keys,
    hex_of,
    integer_of,
    list_of,
    text_of,
    texts_of,
)


def test_fields_of_the_right_type_are_given() -> None:
    document = as_object({"a": "x", "b": 3, "c": ["y"], "d": "00ff"}, "")
    check_keys(document, ("a", "b", "c", "d"), "")
    assert text_of(document, "a", "") == "x"
    assert integer_of(document, "b", 3) == 3
    assert list_of(document, "c") == ["y"]
    assert texts_of(document, "c") == ("y",)
    assert hex_of(document, "d", 2) == b"\x00\xff"


def test_what_is_no_object_is_refused_by_its_path() -> None:
    with pytest.raises(RecordError, match=r"^record: here: wants an object"):
        as_object([], "here")


@pytest.mark.parametrize(
    ("document", "what"), [({"b": 1}, "p.b: is unknown"), ({}, "p.a: is missing")]
)
def test_keys_are_exactly_the_known_ones(document: dict[str, object], what: str) -> None:
    with pytest.raises(RecordError, match=what):
        check_keys(document, ("a",), "p")


@pytest.mark.parametrize("value", [-3, 6, True, "5", None])
def test_integers_out_of_range_and_other_values_are_refused(value: object) -> None:
    with pytest.raises(RecordError, match=r"p\.n: wants an integer from -2 to 5"):
        integer_of({"n": value}, "n", 5, at_least=-2, path="p")


@pytest.mark.parametrize("value", ["", "0", "00", "00FF", "00f ", "00ff00", "0x00"])
def test_bytes_are_lower_case_hex_of_their_length(value: str) -> None:
    with pytest.raises(RecordError, match=r"p\.h: wants 2 bytes as lower-case hex"):
        hex_of({"h": value}, "h", 2, "p")


def test_a_list_of_texts_says_which_is_none() -> None:
    with pytest.raises(RecordError, match=r"c\[1\]: wants a text"):
        texts_of({"c": ["x", 1]}, "c")
    with pytest.raises(RecordError, match="c: wants a list"):
        list_of({"c": "x"}, "c")
    with pytest.raises(RecordError, match="c: wants a text"):
        text_of({"c": 1}, "c", "")
