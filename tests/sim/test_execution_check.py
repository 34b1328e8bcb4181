"""Two runs of one scenario laid side by side."""

import pytest

from node.evm.executor_pyevm import PyevmExecutor
from node.sim import memo
from node.sim.execution_check import compare, portrait
from node.sim.runner import run_scenario
from tests.sim.small import ARRIVE, played, text

MODES = ("shared", "full")
POINTS = (("h0, block 0, hash", "aa"), ("h0, block 1, hash", "bb"), ("results.digest", "cc"))


def test_equal_runs_have_no_difference() -> None:
    check = compare(MODES, POINTS, POINTS)
    assert (check.modes, check.points, check.difference) == (MODES, 3, None)


def test_the_first_difference_is_told_with_both_values() -> None:
    other = (POINTS[0], ("h0, block 1, hash", "b0"), ("results.digest", "c0"))
    told = compare(MODES, POINTS, other).difference
    assert told == "h0, block 1, hash: bb with shared, b0 with full"


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (POINTS, POINTS[:2], "results.digest with shared, nothing with full"),
        (POINTS[:2], POINTS, "nothing with shared, results.digest with full"),
        (
            POINTS,
            POINTS[:1] + POINTS[2:],
            "h0, block 1, hash with shared, results.digest with full",
        ),
        ((), POINTS, "nothing with shared, h0, block 0, hash with full"),
    ],
)
def test_what_only_one_run_has_is_a_difference(one, other, told) -> None:
    assert compare(MODES, one, other).difference == told


@pytest.fixture(scope="module")
def run():
    return played(ARRIVE, "  - {always: heads_agree}", "30s")


def places(run) -> dict[str, str]:
    return dict(portrait(run.world, run.results({"wall_s": 1.5})))


def test_a_portrait_shows_every_block_of_every_node(run) -> None:
    found = places(run)
    for name, core in run.world.nodes.items():
        ledger = core.ledger
        for number in range(ledger.head.number + 1):
            header = ledger.header_by_number(number)
            assert found[f"{name}, block {number}, hash"] == header.hash().hex()
            assert found[f"{name}, block {number}, state root"] == header.state_root.hex()


def test_a_portrait_shows_receipts_history_and_results(run) -> None:
    found = places(run)
    ledger = run.world.nodes["h0"].ledger
    receipts = [
        receipt.encode().hex()
        for number in range(ledger.head.number + 1)
        for receipt in ledger.receipts(ledger.hash_by_number(number))
    ]
    assert len(receipts) > 3
    shown = [value for name, value in found.items() if name.startswith("h0") and "receipt" in name]
    assert shown == receipts
    lines = [value for name, value in found.items() if name.startswith("history")]
    assert lines == run.world.history.text().splitlines()
    assert found["results.digest"] == run.world.trace.digest()
    assert found["results.steps.3.name"] == "visit"


def test_a_portrait_leaves_out_how_a_run_was_executed(run) -> None:
    found = places(run)
    for key in ("execution", "executor", "versions", "volatile"):
        assert not any(name.startswith(f"results.{key}") for name in found)


def test_a_state_root_is_told_before_the_hash_that_follows_from_it(run) -> None:
    names = list(places(run))
    assert names.index("h0, block 3, state root") < names.index("h0, block 3, hash")
    assert names.index("h0, block 3, hash") < names.index("h1, block 0, state root")


@pytest.mark.parametrize("mode", MODES)
def test_a_run_can_be_asked_to_compare_itself_with_the_other_mode(tmp_path, mode) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(text(ARRIVE, until="30s"))
    events = []
    result = run_scenario(
        file,
        execution=mode,
        check_execution=True,
        out=tmp_path / "out",
        progress=lambda event: events.append(event.text),
    )
    check = result.execution_check
    assert check.difference is None
    assert check.modes == (mode, *(other for other in MODES if other != mode))
    assert check.points > 100
    assert result.results["execution"] == mode
    assert f"the same with execution {check.modes[1]}" in events


def test_a_run_that_was_not_asked_compares_nothing(tmp_path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(text(until="5s"))
    assert run_scenario(file, out=tmp_path / "out").execution_check is None


def test_an_executor_that_gives_its_first_block_another_result_is_found(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is shared it is used once for all; where it is not, each node has its own."""

    class Fickle(PyevmExecutor):
        def open(self, context, view):
            run = super().open(context, view)
            if context.number == 7 and len(made) == 1:
                run._gas_used += 1
            return run

    made = []

    def named(*_):
        made.append(Fickle())
        return made[-1]

    monkeypatch.setattr(memo, "executor_named", named)
    file = tmp_path / "small.yaml"
    file.write_text(text(ARRIVE, until="30s"))
    check = run_scenario(file, check_execution=True, out=tmp_path / "out").execution_check
    assert check.difference is not None
    assert check.difference.startswith("h0, block 7, ")
