"""F1 to F9 of the failure catalogue: each engine comes to the verdict of its file, and why."""

from itertools import pairwise

import pytest

from tests.sim.incidents.played import ENGINES, Played, changed, incident

QUICK = ("two-validators", "geth-18402-three-signers", "near-genesis", "rinkeby-2018-recents")
LONGER = (
    "clones-ndss20",
    "eip3436-eight-signers",
    "eip3436-eight-signers-eip3436",
    "eip3436-eight-signers-geth",
    "geth-18402-three-signers-eip3436",
    "geth-18402-three-signers-geth",
    "geth-24705-tie",
    "geth-24705-tie-eip3436",
    "geth-24705-tie-geth",
    "near-genesis-underflow",
    "parity-half-second",
    "parity-several-seconds",
    "votes-across-epoch",
)
TIES = ("geth-24705-tie", "geth-18402-three-signers", "eip3436-eight-signers")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", QUICK)
def test_quick_incident_ends_as_its_file_says(name: str, engine: str) -> None:
    one = incident(name, engine)
    assert one.results.verdict == one.expected, (one.failed, one.results.cause)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", LONGER)
def test_longer_incident_ends_as_its_file_says(name: str, engine: str) -> None:
    one = incident(name, engine)
    assert one.results.verdict == one.expected, (one.failed, one.results.cause)


def refused_as(one: Played, error: str) -> set[str]:
    """Give the nodes that refused a block by this rule."""
    rule = "consensus.Clique.BlockRefused"
    return {node for node, name, data in one.told if name == rule and data["error"] == error}


# -- F1 --


@pytest.mark.slow
def test_clones_make_clique_leave_blocks_that_hospitals_held_for_final() -> None:
    one = incident("clones-ndss20", "clique")
    assert list(one.failed) == ["never reorg_deeper_than"]
    assert one.results.chain.deepest_reorg > 20
    assert {note["p"] for note in one.notes("chain.final_left")} >= {"h2", "h3"}


@pytest.mark.slow
def test_clones_make_aura_finalise_twice_and_somebody_reports_the_key() -> None:
    one = incident("clones-ndss20", "aura")
    assert list(one.failed) == ["always agreement"]
    proofs = [line for line in one.run.world.history.as_dicts() if line["e"] == "evidence"]
    offender = f"0x{one.run.world.addresses['h4'].hex()}"
    assert {line["v"]["offender"] for line in proofs} == {offender}


@pytest.mark.slow
def test_clones_make_ibft1_decide_twice_and_the_checker_names_the_key() -> None:
    why = incident("clones-ndss20", "ibft1").failed["always agreement"]
    assert "h4 (Byzantine) " in why
    assert "two quorums of 3 of 5 share 1 validators" in why


@pytest.mark.slow
def test_clones_stop_qbft_on_both_sides_until_the_heal() -> None:
    one = incident("clones-ndss20", "qbft")
    stored = one.run.world.stored_at.values()
    first = sorted(min(times.values()) for times in stored)
    assert not [t_us for t_us in first if 11_000_000 < t_us < 59_000_000]
    assert first[-1] > 100_000_000


# -- F2, F3, F4 --


@pytest.mark.parametrize("name", TIES[:2])
def test_first_seen_stands_still_although_all_know_all_blocks(name: str) -> None:
    one = incident(name, "clique")
    assert list(one.failed) == ["never deadlock", "never stalled"]
    assert "no online signer may seal on its own head" in one.failed["never deadlock"]


@pytest.mark.slow
def test_first_seen_stands_still_in_the_first_scenario_of_the_eip() -> None:
    why = incident("eip3436-eight-signers", "clique").failed["never deadlock"]
    assert "h0, h2 on block 17" in why
    assert "h1, h3, h5 on block 18" in why


@pytest.mark.slow
@pytest.mark.parametrize(("name", "depth"), [("geth-24705-tie", 2), ("eip3436-eight-signers", 3)])
@pytest.mark.parametrize("rule", ["geth", "eip3436"])
def test_the_lower_number_ends_a_tie(name: str, depth: int, rule: str) -> None:
    """Those on the longer side leave it, and nobody else leaves anything."""
    one = incident(f"{name}-{rule}", "clique")
    assert one.failed == {}
    assert one.results.chain.deepest_reorg == depth


@pytest.mark.slow
def test_geth_keeps_two_own_blocks_of_equal_number_apart() -> None:
    one = incident("geth-18402-three-signers-geth", "clique")
    assert list(one.failed) == ["never deadlock", "never stalled"]
    assert (one.height("h0"), one.height("h1")) == (8, 8)


@pytest.mark.slow
def test_a_tie_of_clique_does_not_stop_five_of_eight_but_qbft() -> None:
    assert "the highest is block 15" in incident("eip3436-eight-signers", "qbft").why("stalled")


@pytest.mark.parametrize("name", TIES)
def test_signers_are_in_the_order_of_their_names(name: str) -> None:
    """Turns follow addresses, and these files speak of turns by name."""
    addresses = incident(name, "clique").run.world.addresses
    assert list(addresses.values()) == sorted(addresses.values())


# -- F5 --


def test_the_last_of_two_seals_one_block_more_and_waits() -> None:
    one = incident("two-validators", "clique")
    assert one.height("h0") == one.height("h1") + 1 == 6
    assert "h0 on block 6" in one.failed["never deadlock"]


def test_the_last_of_two_makes_every_second_step_of_aura_and_finalises_nothing() -> None:
    one = incident("two-validators", "aura")
    core = one.run.world.nodes["h0"]
    assert core.ledger.head.number > 15
    assert core.chain.final.number <= one.height("h1")
    period_us = one.run.scenario.chain.period_us
    times = [core.ledger.header_by_number(number).timestamp for number in range(8, 12)]
    gaps = {(later - earlier) * 1_000_000 for earlier, later in pairwise(times)}
    assert gaps == {2 * period_us}


def test_the_last_of_two_decides_alone_by_the_quorum_of_ibft1() -> None:
    one = incident("two-validators", "ibft1")
    assert one.run.world.nodes["h0"].ledger.finalized > 15


def test_the_last_of_two_decides_nothing_in_qbft() -> None:
    assert incident("two-validators", "qbft").height("h0") == 5


# -- F6 --


def test_who_forgets_recent_signers_seals_twice_and_nobody_takes_it() -> None:
    one = incident("rinkeby-2018-recents", "clique")
    assert one.effects("bug") > 0
    assert one.sealers(6)["h3"] == {"h0", "h1", "h2", "h3"}
    assert one.sealers(7) == {"h3": {"h3"}, "h0": {"h0", "h1", "h2", "h3"}}
    assert refused_as(one, "recently_signed") == {"h0", "h1", "h2"}
    reorgs = [line for line in one.run.world.history.as_dicts() if line["f"] == "reorg"]
    assert "h3" in {line["p"] for line in reorgs}


# -- F7 --


@pytest.mark.parametrize("engine", ["qbft", "clique", "ibft1"])
def test_without_an_epoch_between_them_the_three_votes_pass(engine: str) -> None:
    """So the epoch is what keeps the set as it is in the incident."""
    one = changed("votes-across-epoch", engine, ("epoch: 14", "epoch: 1000"))
    assert list(one.failed) == ["always in_validator_set", "never in_validator_set"]


@pytest.mark.parametrize(
    ("engine", "set_from"), [("qbft", "contract"), ("aura", "header"), ("aura", "contract")]
)
def test_who_reads_the_set_from_the_contract_knows_no_votes(engine: str, set_from: str) -> None:
    changes = ("epoch: 14, validators_from: header", f"epoch: 1000, validators_from: {set_from}")
    assert changed("votes-across-epoch", engine, changes).failed == {}


# -- F8 --


def test_a_second_block_of_one_signer_near_genesis_is_refused() -> None:
    one = incident("near-genesis", "clique")
    assert one.effects("bug") > 0
    sealers = one.sealers(2)
    assert sealers.pop("h1") == {"h1"}
    assert len(sealers) == 1
    assert refused_as(one, "recently_signed") == {"h0", "h3"}


def test_unsigned_numbers_near_genesis_make_a_head_that_nobody_can_extend() -> None:
    one = incident("near-genesis-underflow", "clique")
    assert list(one.failed) == ["never deadlock", "never stalled"]
    assert "h0, h1, h3 on block 2" in one.failed["never deadlock"]
    assert "where nobody may" in one.failed["never deadlock"]


# -- F9 --


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_with_right_clocks_nothing_forks(engine: str) -> None:
    """So the clock is what makes the forks of the incident."""
    fault = "  - {do: clock_offset, id: fast, nodes: h2, at: 5500ms, by: 500ms}\n"
    assert changed("parity-half-second", engine, (fault, "")).failed == {}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["clique", "aura"])
@pytest.mark.parametrize("name", ["parity-half-second", "parity-several-seconds"])
def test_a_fast_clock_forks_engines_without_votes(name: str, engine: str) -> None:
    assert list(incident(name, engine).failed) == ["never reorg_deeper_than"]


def test_a_fast_proposer_costs_bft_engines_time_and_nothing_else() -> None:
    fast = incident("parity-several-seconds", "qbft")
    right = changed("parity-several-seconds", "qbft", ("offset: 3s", "offset: 0s"))
    assert fast.height("h0") < right.height("h0")
    assert fast.results.chain.deepest_reorg == 0


def test_blocks_of_a_fast_clock_are_parked() -> None:
    told = incident("parity-several-seconds", "clique").told
    assert {node for node, rule, _ in told if rule == "consensus.Clique.BlockParked"} == {
        "h0",
        "h1",
        "h3",
    }
