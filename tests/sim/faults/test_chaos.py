"""Chaos becomes plain faults, within what the network must bear."""

import pytest

from node.sim.faults.chaos import Setting, expand_chaos
from node.sim.schema.injection import Chaos
from tests.sim.faulty import heads, played, scenario

ALL = ("net", "process", "clock", "byzantine")


def chaos(*families: str, every: str = "2s", active: int = 3, until: str = "60s") -> Chaos:
    return Chaos.model_validate(
        {"families": families, "every": every, "active": active, "until": until}
    )


def setting(seed: int = 1, consensus: str = "qbft", count: int = 7) -> Setting:
    return Setting(seed, consensus, tuple(f"h{index}" for index in range(count)))


def spans(faults):
    return [(one.at.delay_us, one.at.delay_us + one.lasting_us, one) for one in faults]


def costs(fault) -> set[str]:
    free = ("partition", "isolate", "partition_oneway", "latency", "loss", "clog")
    return set() if fault.do in free else set(fault.nodes.ids)


@pytest.mark.parametrize(
    ("consensus", "count", "budget"),
    [("qbft", 4, 1), ("ibft1", 7, 2), ("qbft", 3, 0), ("clique", 4, 1), ("aura", 5, 2)],
)
def test_the_budget_is_that_of_the_engine(consensus, count, budget):
    assert setting(consensus=consensus, count=count).budget == budget


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("consensus", ["qbft", "clique"])
def test_never_more_at_a_time_than_the_budget(seed, consensus):
    where = setting(seed, consensus)
    found = spans(expand_chaos(where, chaos(*ALL)))
    for begins, _, _ in found:
        now = [one for start, end, one in found if start <= begins < end]
        assert len(now) <= 3
        out = set().union(*(costs(one) for one in now))
        assert len(out) <= where.budget


@pytest.mark.parametrize("seed", range(20))
def test_all_has_ended_before_until(seed):
    found = spans(expand_chaos(setting(seed), chaos(*ALL, until="20s")))
    assert found
    assert all(end < 20_000_000 for _, end, _ in found)


def test_seeds_draw_different_faults_and_equal_seeds_equal_ones():
    first, again = (expand_chaos(setting(5), chaos(*ALL)) for _ in range(2))
    assert first == again
    assert first != expand_chaos(setting(6), chaos(*ALL))


def test_every_family_comes_and_only_those_named():
    kinds = {one.do for seed in range(30) for one in expand_chaos(setting(seed), chaos(*ALL))}
    assert {"partition", "crash", "clock_drift", "silent", "equivocate_vote"} <= kinds
    nets = {one.do for seed in range(10) for one in expand_chaos(setting(seed), chaos("net"))}
    assert nets <= {"partition", "isolate", "partition_oneway", "latency", "loss", "clog"}


def test_an_engine_without_votes_gets_no_faults_of_votes():
    where = [setting(seed, "clique") for seed in range(30)]
    kinds = {one.do for one in where for one in expand_chaos(one, chaos("byzantine"))}
    assert kinds
    assert not kinds & {"equivocate_vote", "always_round_change"}


def test_a_network_without_a_budget_gets_faults_of_the_net_alone():
    kinds = {one.do for one in expand_chaos(setting(count=3), chaos(*ALL))}
    assert kinds <= {"partition", "isolate", "partition_oneway", "latency", "loss", "clog"}


def test_the_resolved_file_has_the_faults_and_no_chaos():
    found = scenario(more="chaos: {families: [net, process], every: 1s, until: 8s}\n")
    assert found.chaos is None
    assert found.resolved()["faults"][0]["id"] == "chaos-1"
    assert all(one.may_miss for one in found.faults)


@pytest.mark.parametrize("seed", range(6))
def test_a_network_lives_after_chaos(seed):
    more = "chaos: {families: [net, process, clock, byzantine], every: 1s, until: 8s}\n"
    run = played(more=more, seed=seed, until="20s")
    assert run.results({}).verdict == "valid"
    assert len(heads(run)) == 1
