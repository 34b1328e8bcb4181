"""results.json: keys in their order; verdicts and exit codes."""

import json
from collections.abc import Sequence

import pytest

from node.sim.course import CourseResult
from node.sim.results import (
    ExpectationResult,
    NodeResult,
    Results,
    StepResult,
    exit_code,
    step_meets,
    verdict_of,
    worst_verdict,
)


def _results() -> Results:
    return Results(
        scenario="x",
        seed=7,
        driver="des",
        execution="full",
        executor="py-evm",
        engine="qbft",
        verdict="invalid",
        cause="expectation",
        digest="00",
        expectations=(ExpectationResult("heads_agree", 3, "always heads_agree", True, None, "y"),),
        chain=CourseResult(True, False, 3, 0, 1),
        faults=(),
        steps=(StepResult("grant-1", "grant", "ok", 5_000, 79_000),),
        nodes=(NodeResult("h0", "0x00", 3, "0x01", "0x02", 1, 4),),
        metrics={"b": {"count": 1}, "a": {"count": 2}},
        versions={"wardnet": "0.1.0", "py-evm": "0"},
        volatile={"wall_s": 1.5},
    )


def test_keys_are_those_of_the_specification_in_their_order() -> None:
    assert list(_results().as_dict()) == [
        *("schema", "scenario", "seed", "driver", "execution", "executor", "engine", "verdict"),
        *(
            "exit_code",
            "cause",
            "digest",
            "expectations",
            "chain",
            "faults",
            "steps",
            "nodes",
            "metrics",
            "versions",
            "volatile",
        ),
    ]


def test_keys_of_the_rows_are_those_of_the_specification() -> None:
    found = _results().as_dict()
    assert list(found["expectations"][0]) == [
        *("name", "line", "text", "holds", "first_event", "why"),
    ]
    assert list(found["steps"][0]) == ["name", "action", "status", "virtual_ms", "gas"]
    assert list(found["nodes"][0]) == [
        *("name", "address", "height", "head_hash", "state_root", "blocks_sealed", "store_blocks"),
        "repair",
    ]


def test_metrics_and_versions_are_sorted() -> None:
    found = _results().as_dict()
    assert (list(found["metrics"]), list(found["versions"])) == (["a", "b"], ["py-evm", "wardnet"])


def test_text_reads_back_as_the_object_and_ends_with_a_line_end() -> None:
    results = _results()
    assert json.loads(results.text()) == results.as_dict()
    assert results.text().endswith("}\n")


def test_exit_code_in_the_file_is_that_of_the_verdict() -> None:
    assert _results().as_dict()["exit_code"] == 1


@pytest.mark.parametrize(("verdict", "code"), [("valid", 0), ("invalid", 1), ("unknown", 3)])
def test_exit_code_of_a_verdict(verdict, code) -> None:
    assert exit_code(verdict) == code


@pytest.mark.parametrize(
    ("holds", "cause", "verdict"),
    [
        ([], None, "valid"),
        ([True], None, "valid"),
        ([True, None], None, "unknown"),
        ([True, False], None, "invalid"),
        ([None, False], None, "invalid"),
        ([True], "budget", "unknown"),
        ([False], "budget", "invalid"),
    ],
)
def test_verdict_of_expectations(holds: Sequence[bool | None], cause, verdict) -> None:
    assert verdict_of(holds, cause) == verdict


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ([], "unknown"),
        (["valid"], "valid"),
        (["valid", "unknown"], "unknown"),
        (["unknown", "invalid", "valid"], "invalid"),
    ],
)
def test_invalid_beats_unknown_beats_valid(verdicts, worst) -> None:
    assert worst_verdict(verdicts) == worst


@pytest.mark.parametrize(
    ("status", "got", "expect", "error", "meets"),
    [
        ("ok", None, "ok", None, True),
        ("refused", "EXPIRED", "ok", None, False),
        ("timeout", None, "ok", None, False),
        ("refused", "EXPIRED", "refused", None, True),
        ("refused", "EXPIRED", "refused", "EXPIRED", True),
        ("refused", "REVOKED", "refused", "EXPIRED", False),
        ("revert", "NotPatient", "refused", "NotPatient", False),
        ("ok", None, "refused", "EXPIRED", False),
        ("revert", None, "any", None, True),
        ("timeout", None, "timeout", None, True),
        ("error", None, "any", None, None),
        ("skipped", None, "ok", None, None),
    ],
)
def test_step_meets_what_its_file_expects(status, got, expect, error, meets) -> None:
    assert step_meets(status, got, expect, error) is meets
