"""YAML to a tree: how scalars resolve, where nodes stand, what is refused."""

import pytest

from node.sim.schema.faults import Place
from node.sim.schema.tree import Listing, Scalar, Table, parse


def _value(text: str) -> object:
    return parse(f"a: {text}\n", "x").data()["a"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("False", False),
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("3.", 3.0),
    ],
)
def test_plain_word_resolves_to_a_value(text: str, value: object) -> None:
    found = _value(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["0x1f", "0o17", "1_000", "1e3", "1.5e3", "2026-01-26", "yes", "No", "nULL", ".inf", ".",
     "1" * 41, "12:30:45"],
)  # fmt: skip
def test_all_other_plain_words_are_text(text: str) -> None:
    assert _value(text) == text


@pytest.mark.parametrize("text", ['"7"', "'7'", "|-\n  7", ">-\n  7"])
def test_quoted_and_block_scalars_are_text(text: str) -> None:
    assert _value(text) == "7"


def test_keys_are_text_even_when_they_look_like_values() -> None:
    assert parse("7: a\ntrue: b\n", "x").data() == {"7": "a", "true": "b"}


def test_lists_become_tuples_and_mappings_dicts() -> None:
    assert _value("[1, {b: [2]}]") == (1, {"b": (2,)})


def test_places_count_from_one() -> None:
    root = parse("a:\n  - b\n", "x").root
    assert isinstance(root, Table)
    assert root.members["a"].place == Place(1, 1)
    listing = root.members["a"].value
    assert isinstance(listing, Listing)
    assert listing.items == [Scalar(Place(2, 5), "b")]


def test_data_is_fresh_at_each_call() -> None:
    tree = parse("a: {b: 1}\n", "x")
    tree.data()["a"]["b"] = 2
    assert tree.data() == {"a": {"b": 1}}


def test_a_mapping_has_no_faults() -> None:
    assert parse("a: 1\n", "x").faults.all() == ()


def test_value_of_a_duplicate_key_is_the_first_one() -> None:
    tree = parse("a: 1\na: 2\n", "x")
    assert tree.data() == {"a": 1}
    assert len(tree.faults.all()) == 1


def test_place_of_an_alias_is_marked_as_unknown() -> None:
    assert parse("a: {b: *c}\n", "x").refused == {("a", "b")}


def test_mapping_with_a_merge_key_is_marked_as_partial() -> None:
    tree = parse("a: {<<: *c, d: 1}\n", "x")
    assert tree.partial == {("a",)}
    assert tree.data() == {"a": {"d": 1}}
    assert len(tree.faults.all()) == 1


def test_anchors_below_a_refused_key_are_not_told_twice() -> None:
    assert len(parse("? [&a b]\n: &c d\n", "x").faults.all()) == 1


def test_put_sets_a_value_and_makes_the_mappings_on_the_way() -> None:
    tree = parse("a: {b: 1}\n", "x")
    assert tree.put("a.b", 2)
    assert tree.put("c.d", [1, {"e": "5s"}])
    assert tree.data() == {"a": {"b": 2}, "c": {"d": (1, {"e": "5s"})}}


def test_put_through_a_value_that_is_no_mapping_does_nothing() -> None:
    tree = parse("a: 1\n", "x")
    assert not tree.put("a.b", 2)
    assert tree.data() == {"a": 1}


@pytest.mark.parametrize("text", ["a: [1\n", "a: 'b\n", "\ta: 1\n", "a: @b\n", "a: |\n  b\n c\n"])
def test_text_that_is_no_yaml_is_one_fault(text: str) -> None:
    (fault,) = parse(text, "x").faults.all()
    assert fault.wants == "YAML"


def test_faults_after_a_syntax_error_do_not_hide_those_before_it() -> None:
    found = parse("a: &b 1\nc: [1\n", "x").faults.all()
    assert [fault.line for fault in found] == [1, 3]
