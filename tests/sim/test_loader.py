"""Scenario files: what is accepted, and every kind of fault with its line and column."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.errors import UsageError
from node.base.limits import SCENARIO_FAULTS_MAX
from node.sim.loader import load, resolve
from node.sim.schema.faults import ScenarioFileError
from tests.sim.schema.bad_files import BAD_FILES
from tests.sim.schema.texts import CAST, HEAD, VISIT, faults, lines, scenario

_SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.mark.parametrize(("text", "told"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_fault_is_told_with_line_and_column(text: str, told: str) -> None:
    assert told in lines(text)


@pytest.mark.parametrize("name", [name for name in BAD_FILES if not name.startswith("anchor")])
def test_one_mistake_is_one_fault(name: str) -> None:
    assert len(faults(BAD_FILES[name][0])) == 1


_AT_THEIR_KEY = (
    "unknown key",
    "choice",
    "wrong type",
    "YAML 1.1 boolean",
    "unknown node",
    "unknown step",
    "later step",
    "after an unknown step",
    "t above n",
    "timeout beyond the end",
    "by after the end",
    "by with always",
)


@pytest.mark.parametrize("name", _AT_THEIR_KEY)
def test_position_is_where_the_key_stands(name: str) -> None:
    text, _ = BAD_FILES[name]
    (fault,) = faults(text)
    key = fault.path.rpartition(".")[2]
    assert text.splitlines()[fault.line - 1][fault.column - 1 :].startswith(f"{key}:")


def test_all_faults_are_told_at_once_and_in_the_order_of_the_file() -> None:
    text = HEAD + "run: {sed: 1}\nchain: {period: 1}\nsteps:\n  - {do: onboard_doctor, doctor: d}\n"
    assert [(fault.line, fault.path) for fault in faults(text)] == [
        (3, "run.sed"),
        (4, "chain.period"),
        (6, "steps[0].doctor"),
    ]


def test_message_ends_with_the_count_and_that_nothing_was_run() -> None:
    with pytest.raises(ScenarioFileError) as caught:
        scenario(HEAD + "run: {sed: 1, sead: 2}\n")
    assert str(caught.value).splitlines()[-1] == "2 faults in 1 file; nothing was run"


def test_message_shows_the_line_with_a_caret() -> None:
    with pytest.raises(ScenarioFileError) as caught:
        scenario(HEAD + "run: {sed: 1}\n")
    assert str(caught.value).splitlines()[1:3] == ["    run: {sed: 1}", "          ^"]


def test_at_most_twenty_faults_are_shown() -> None:
    with pytest.raises(ScenarioFileError) as caught:
        scenario(HEAD + "".join(f"key{index}: 1\n" for index in range(23)))
    message = str(caught.value).splitlines()
    assert len(caught.value.faults) == 23
    assert sum("unknown key" in line for line in message) == SCENARIO_FAULTS_MAX
    assert message[-2:] == ["and 3 more", "23 faults in 1 file; nothing was run"]


def test_scenario_file_error_is_the_operators_and_exits_with_two() -> None:
    with pytest.raises(ScenarioFileError) as caught:
        scenario("")
    assert caught.value.exit_code == 2


def test_too_large_a_file_is_not_parsed() -> None:
    text = HEAD + "about: " + "é" * 2**19 + "\n"
    assert lines(text)[0].startswith("1:1 wants at most 1048576 bytes, got 1048603")


def test_largest_file_is_parsed() -> None:
    text = HEAD + "about: "
    text += "a" * (2**20 - len(text) - 1) + "\n"
    assert len(scenario(text).about) > 1_000_000


def test_twelve_levels_are_allowed() -> None:
    told = lines(HEAD + "tags: " + "[" * 11 + "]" * 11 + "\n")
    assert told == ["3:8 tags[0]: wants text, got a list"]


def test_patient_journey_loads() -> None:
    path = _SCENARIOS / "patient-journey.yaml"
    journey = load(path.read_text(encoding="utf-8"), path.name)
    assert [step.do for step in journey.steps] == [
        *["register_hospital"] * 4,
        *["onboard_doctor"] * 2,
        *["register_patient", "consult"],
        *["order_lab", "perform_lab"] * 2,
        *["request_access", "grant", "read_record", "second_opinion", "rebuild", "read_record"],
        "audit",
    ]
    assert [one.text for one in journey.expect] == [
        "always heads_agree",
        "always grant_window_respected",
        "never plaintext_leak",
        "eventually step_ok step=read-1 by 20m",
        "eventually share_rule record=scan-1 by 28m",
    ]


def test_broken_example_is_broken_where_its_comments_say() -> None:
    path = _SCENARIOS / "broken-example.yaml"
    text = path.read_text(encoding="utf-8")
    with pytest.raises(ScenarioFileError) as caught:
        load(text, path.name)
    assert [(fault.line, fault.column, fault.path) for fault in caught.value.faults] == [
        (5, 7, "run.sed"),
        (9, 22, "actors.patients.pat-1.hospital"),
        (12, 26, "steps[1].doctor"),
        (13, 44, "steps[2].timeout"),
    ]


def test_other_shipped_scenarios_load() -> None:
    shipped = [path for path in _SCENARIOS.rglob("*.yaml") if path.name != "broken-example.yaml"]
    assert shipped
    for path in shipped:
        load(path.read_text(encoding="utf-8"), str(path))


def test_date_stays_text_until_its_model_reads_it() -> None:
    assert scenario(HEAD + "tags: [a2026-01-26]\nabout: 2026-01-26\n").about == "2026-01-26"


@pytest.mark.parametrize("word", ["0x1f", "0o17", "1_000", "1e3", "yes", "no", "off", ".inf"])
def test_word_that_other_readers_turn_into_a_value_is_text(word: str) -> None:
    assert scenario(HEAD + f"about: {word}\n").about == word


def test_crlf_and_byte_order_mark_do_not_move_positions() -> None:
    assert lines("\ufeffwardnet: 1\r\nname: x\r\nrun: {sed: 1}\r\n") == [
        '3:7 run.sed: unknown key "sed"; did you mean seed?'
    ]


def test_resolve_changes_the_seed() -> None:
    assert resolve(scenario(HEAD), {"run.seed": 8}).run.seed == 8


def test_resolve_leaves_the_scenario_itself_as_it_was() -> None:
    first = scenario(HEAD + "run: {seed: 3}\n")
    resolve(first, {"run.seed": 8})
    assert first.run.seed == 3


def test_resolve_without_overrides_gives_an_equal_scenario() -> None:
    first = scenario(CAST + VISIT)
    assert resolve(first, {}).resolved() == first.resolved()


def test_resolve_twice_keeps_only_the_last_overrides() -> None:
    once = resolve(scenario(HEAD + "run: {seed: 3}\n"), {"run.seed": 8})
    assert resolve(once, {"run.until": "1m"}).run.seed == 3


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("run.seed", -1, "run.seed: wants a whole number from 0 to 9223372036854775807, got -1"),
        ("run.sed", 1, 'run.sed: unknown key "sed"; did you mean seed?'),
        ("chain.consensus", "raft", ('chain.consensus: wants one of '
         'qbft, clique, aura, ibft1, or module:Class of an engine of your own, got "raft"')),
        ("run.until", 5, ("run.until: wants a duration like 250ms or 2s, longer than zero, got 5; "
         "numbers need a unit")),
        ("name.first", "x", "name.first: no such key in a scenario"),
        ("run", 5, "run: wants a mapping, got 5"),
    ],
)  # fmt: skip
def test_bad_override_is_a_usage_error(path: str, value: object, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(scenario(HEAD), {path: value})
    assert str(caught.value) == told


def test_override_that_breaks_the_file_elsewhere_names_the_place() -> None:
    first = scenario(HEAD + "expect: [{eventually: heads_agree, by: 90s}]\n")
    with pytest.raises(ScenarioFileError) as caught:
        resolve(first, {"run.until": "1m"})
    assert [fault.path for fault in caught.value.faults] == ["expect[0].by"]


_WORDS = st.sampled_from(
    [
        "wardnet",
        "name",
        "run",
        "seed",
        "until",
        "chain",
        "period",
        "records",
        "sharing",
        "t",
        "n",
        "timezone",
        "network",
        "validators",
        "link",
        "links",
        "between",
        "nodes",
        "clock",
        "region",
        "actors",
        "doctors",
        "patients",
        "labs",
        "regulators",
        "hospital",
        "steps",
        "do",
        "id",
        "at",
        "after",
        "delay",
        "timeout",
        "expect",
        "error",
        "doctor",
        "patient",
        "pmr",
        "order",
        "study",
        "request",
        "grant",
        "for",
        "custodians",
        "essential",
        "record",
        "always",
        "never",
        "eventually",
        "by",
        "from",
        "step_ok",
        "share_rule",
        "step",
        "heads_agree",
        "consult",
        "h0",
        "h1",
        "doc-1",
        "all",
        "lan",
    ]
)
_LEAVES = st.none() | st.booleans() | st.integers(-3, 9) | st.just("5s") | _WORDS | st.floats(0, 2)
_ANY = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=25,
)
_STEP_LIKE = st.dictionaries(_WORDS, _ANY, max_size=6)


@settings(deadline=None, max_examples=50)
@given(
    st.fixed_dictionaries(
        {"wardnet": st.just(1), "name": st.just("x")},
        optional={
            "run": _ANY,
            "chain": _ANY,
            "records": _ANY,
            "network": _ANY | st.fixed_dictionaries({"links": st.lists(_STEP_LIKE, max_size=2)}),
            "actors": _ANY | st.fixed_dictionaries({"doctors": _STEP_LIKE}),
            "steps": _ANY | st.lists(_STEP_LIKE, max_size=4),
            "expect": _ANY | st.lists(_STEP_LIKE, max_size=3),
        },
    )
)
def test_any_shape_of_data_gives_a_scenario_or_faults_with_positions(data: object) -> None:
    text = json.dumps(data)
    assert all(1 <= fault.column <= len(text) + 1 for fault in faults(text))


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_any_text_gives_faults_and_never_another_error(text: str) -> None:
    with pytest.raises(ScenarioFileError) as caught:
        load(text, "x.yaml")
    assert caught.value.faults
