"""expect: modes, predicates, and how an expectation reads."""

import pytest

from node.sim.schema.expectations import PREDICATE_MODELS, HeadsAgree, ShareRule, StepOk
from tests.sim.schema.texts import CAST, VISIT, lines, scenario


def _expectation(text: str):
    (found,) = scenario(CAST + VISIT + f"expect: [{{{text}}}]\n").expect
    return found


def test_built_predicates_are_those_of_this_version() -> None:
    assert sorted(PREDICATE_MODELS) == [
        *("agreement", "aura_rules", "bft_rules", "chain_linked", "clique_rules", "copies"),
        *("deadlock", "erased"),
        *("evidence_against", "finalised_at_least", "grant_window_respected", "heads_agree"),
        *("height_at_least", "height_grows", "in_validator_set", "integrity", "lives_done"),
        *("no_honest_double_sign", "no_unaudited_release", "over_exposure", "plaintext_leak"),
        *("record_readable", "refused", "registry_rules"),
        *("reorg_deeper_than", "seal_authorised", "share_rule", "stalled"),
        *(
            "state_root_reproducible",
            "step_ok",
            "stores_sound",
            "times_possible",
            "validator_set_pure",
        ),
    ]


@pytest.mark.parametrize("mode", ["always", "never", "eventually"])
def test_mode_and_predicate(mode: str) -> None:
    found = _expectation(f"{mode}: heads_agree")
    assert found.mode == mode
    assert found.predicate == HeadsAgree(name="heads_agree")


def test_predicate_takes_its_arguments() -> None:
    assert _expectation("eventually: {step_ok: {step: v}}").predicate == StepOk(
        name="step_ok", step="v"
    )
    assert _expectation("always: {share_rule: {record: v}}").predicate == ShareRule(
        name="share_rule", record="v"
    )


@pytest.mark.parametrize("form", ["heads_agree", "{heads_agree: }", "{heads_agree: {}}"])
def test_predicate_without_arguments_may_be_written_in_three_ways(form: str) -> None:
    assert _expectation(f"always: {form}").predicate == HeadsAgree(name="heads_agree")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("always: heads_agree", "always heads_agree"),
        ("never: plaintext_leak, from: 10s, until: 1m", "never plaintext_leak from 10s until 1m"),
        ("eventually: {step_ok: {step: v}}, by: 90s", "eventually step_ok step=v by 90s"),
        ("eventually: heads_agree, and_stay: true", "eventually heads_agree, and stay"),
        (
            "never: {stalled: {nodes: h0, for: 30s}}, when: {chain.consensus: [qbft, aura]}",
            "never stalled nodes=h0 for=30s when chain.consensus=qbft|aura",
        ),
        ("eventually: {height_at_least: {blocks: 3}}", "eventually height_at_least blocks=3"),
    ],
)
def test_expectation_reads_as_a_line(text: str, sentence: str) -> None:
    assert _expectation(text).text == sentence


def test_line_of_the_file_is_known() -> None:
    assert _expectation("always: heads_agree").line == 6


@pytest.mark.parametrize(
    "text",
    [
        "by: 3s",
        "always: concord",
        "always: 5",
        "always: {}",
        "always: {heads_agree: 5}",
        "always: {heads_agree: {node: h0}}",
        "always: {heads_agree: {name: heads_agree}}",
        "always: {step_ok: {}}",
        "always: step_ok",
        "always: {step_ok: {step: w}}",
        "always: {height_at_least: {blocks: 0}}",
        "always: {heads_agree: , plaintext_leak: }",
        "eventually: heads_agree, and_stay: 1",
        "always: heads_agree, when: {a: b}",
        "always: heads_agree, never: plaintext_leak",
        "always: heads_agree, by: 5s",
        "eventually: heads_agree, from: 5s, by: 5s",
        "eventually: heads_agree, by: 0s",
        "always: heads_agree, from: 2m",
        "always: heads_agree, from: 5s, until: 5s",
        "always: heads_agree, until: 3m",
    ],
)
def test_bad_expectation_is_one_fault(text: str) -> None:
    assert len(lines(CAST + VISIT + f"expect: [{{{text}}}]\n")) == 1


def test_all_stands_for_every_node() -> None:
    found = _expectation("eventually: {height_grows: {nodes: all}}").predicate
    assert found.nodes == ("h0", "h1", "h2", "h3")
    assert _expectation("never: {stalled: {nodes: h1, for: 5s}}").predicate.nodes == ("h1",)


@pytest.mark.parametrize(
    "text",
    [
        "always: {height_grows: {nodes: h9}}",
        "always: {height_grows: {nodes: []}}",
        "always: {stalled: {nodes: all}}",
        "always: {stalled: {nodes: all, for: 0s}}",
        "always: {in_validator_set: {node: h9}}",
        "never: {reorg_deeper_than: {blocks: -1}}",
        "eventually: {finalised_at_least: {blocks: 0}}",
    ],
)
def test_bad_argument_of_a_predicate_is_one_fault(text: str) -> None:
    assert len(lines(CAST + VISIT + f"expect: [{{{text}}}]\n")) == 1
