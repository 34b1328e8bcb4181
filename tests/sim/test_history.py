"""The history: order of keys, canonical lines, what it refuses."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sim.history import EVENT_KINDS, History, as_json, canonical

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_line_has_its_keys_in_the_order_of_the_specification() -> None:
    history = History()
    history.append(5, "doc-1", "invoke", "read_record", {"pmr": 7}, ref="read-1")
    line = history[0].line()
    assert line == (
        '{"i":0,"t":5,"p":"doc-1","e":"invoke","f":"read_record","v":{"pmr":7},"ref":"read-1"}'
    )


def test_keys_inside_a_value_are_sorted() -> None:
    history = History()
    history.append(0, "h0", "note", "x", {"b": 1, "a": {"d": 1, "c": 2}})
    assert '"v":{"a":{"c":2,"d":1},"b":1}' in history.text()


def test_append_gives_the_index_that_later_events_refer_to() -> None:
    history = History()
    first = history.append(0, "pat-1", "invoke", "grant")
    second = history.append(9, "pat-1", "ok", "grant", ref=first)
    assert (first, second, history[1].ref) == (0, 1, 0)


def test_text_has_one_line_per_event() -> None:
    history = History()
    for index in range(3):
        history.append(index, "h0", "head", "block", "two\nlines")
    assert len(history) == len(history.text().splitlines()) == 3


def test_text_of_an_empty_history_is_empty() -> None:
    assert History().text() == ""


def test_letters_stay_as_they_are() -> None:
    assert canonical("Zoë") == '"Zoë"'


def test_kinds_of_events_are_those_of_the_specification() -> None:
    assert (
        *("invoke", "ok", "fail", "info", "fault", "heal"),
        *("rule", "head", "final", "evidence", "note"),
    ) == EVENT_KINDS


@pytest.mark.parametrize("value", [1.5, b"x", {"a": [0.0]}, {1: "a"}, {"a": {2, 3}}])
def test_value_that_is_no_exact_json_is_refused(value: object) -> None:
    history = History()
    with pytest.raises(TypeError, match="history"):
        history.append(0, "h0", "note", "x", value)
    assert len(history) == 0


@settings(deadline=None, max_examples=50)
@given(_JSON)
def test_every_line_reads_back_as_the_event(value: object) -> None:
    history = History()
    history.append(3, "h0", "note", "x", value)
    read = [json.loads(line) for line in history.text().split("\n") if line]
    assert read == history.as_dicts()


def test_bytes_that_a_node_tells_stand_as_hex() -> None:
    assert as_json({"count": 2, "why": "late", "key": b"\x01\xff"}) == {
        "count": 2,
        "why": "late",
        "key": "0x01ff",
    }
