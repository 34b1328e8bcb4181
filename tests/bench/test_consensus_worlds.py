from dataclasses import replace

import pytest

from node.bench import consensus_worlds
from node.bench.consensus_worlds import WARM_S, run_world
from node.bench.errors import CandidateFaultError


@pytest.mark.parametrize("engine", ["qbft", "clique"])
def test_checkers_and_full_verification_leave_the_run_as_it_is(engine: str) -> None:
    bare, judged, full = (
        run_world(engine, 4, seconds=10, **extra)  # type: ignore[arg-type]
        for extra in ({}, {"checkers": True}, {"verify": "full"})
    )
    assert bare.digest == judged.digest == full.digest
    assert bare.heads == judged.heads == full.heads
    assert judged.violated == ()
    assert bare.blocks == 2
    assert (bare.warm_s, bare.steady_s) == (WARM_S, 10)


def test_rates_are_simulated_seconds_by_cpu_seconds() -> None:
    ran = run_world("clique", 1, seconds=10)
    ran = replace(ran, founding_cpu_s=1.0, warm_cpu_s=1.5, steady_cpu_s=0.5)
    assert ran.steady_rate == 20
    assert ran.whole_rate == pytest.approx(20 / 3)


@pytest.mark.parametrize("validators", [4, 5])
def test_every_vote_of_qbft_is_a_frame(validators: int) -> None:
    """Per block: the proposal and the sealed block once, Prepare and Commit of everybody."""
    ran = run_world("qbft", validators, seconds=10)
    assert ran.frames == ran.blocks * (validators - 1) * (2 + 2 * validators)


def test_chain_that_stands_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus_worlds, "_height", lambda _world: 0)
    with pytest.raises(CandidateFaultError, match="no block"):
        run_world("clique", 1, seconds=5)
