"""F1 to F9 of the failure catalogue: each engine comes to the verdict of its file, and why."""

from itertools import pairwise

import pytest

from tests.sim.incidents.playing import ENGINES, played

QUICK = ("two-validators", "geth-24705-tie", "geth-18402-three-signers")
LONGER = (
    "clones-ndss20",
    "eip3436-eight-signers",
    "eip3436-eight-signers-eip3436",
    "eip3436-eight-signers-geth",
    "geth-18402-three-signers-eip3436",
    "geth-18402-three-signers-geth",
    "geth-24705-tie-eip3436",
    "geth-24705-tie-geth",
)
TIES = ("geth-24705-tie", "geth-18402-three-signers", "eip3436-eight-signers")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", QUICK)
def test_quick_incident_ends_as_its_file_says(name: str, engine: str) -> None:
    one = played(name, engine)
    assert one.results.verdict == one.expected, (one.failed, one.results.cause)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", LONGER)
def test_longer_incident_ends_as_its_file_says(name: str, engine: str) -> None:
    one = played(name, engine)
    assert one.results.verdict == one.expected, (one.failed, one.results.cause)


# -- F1 --


@pytest.mark.slow
def test_clones_make_clique_leave_blocks_that_hospitals_held_for_final() -> None:
    one = played("clones-ndss20", "clique")
    assert list(one.failed) == ["never reorg_deeper_than"]
    assert one.results.chain.deepest_reorg > 20
    assert {note["p"] for note in one.notes("chain.final_left")} >= {"h2", "h3"}


@pytest.mark.slow
def test_clones_make_aura_finalise_twice_and_somebody_reports_the_key() -> None:
    one = played("clones-ndss20", "aura")
    assert list(one.failed) == ["always agreement"]
    proofs = [line for line in one.run.world.history.as_dicts() if line["e"] == "evidence"]
    offender = f"0x{one.run.world.addresses['h4'].hex()}"
    assert {line["v"]["offender"] for line in proofs} == {offender}


@pytest.mark.slow
def test_clones_make_ibft1_decide_twice_and_the_checker_names_the_key() -> None:
    why = played("clones-ndss20", "ibft1").failed["always agreement"]
    assert "h4 (Byzantine) " in why
    assert "two quorums of 3 of 5 share 1 validators" in why


@pytest.mark.slow
def test_clones_stop_qbft_on_both_sides_until_the_heal() -> None:
    one = played("clones-ndss20", "qbft")
    stored = one.run.world.stored_at.values()
    first = sorted(min(times.values()) for times in stored)
    assert not [t_us for t_us in first if 11_000_000 < t_us < 59_000_000]
    assert first[-1] > 100_000_000


# -- F2, F3, F4 --


@pytest.mark.parametrize("name", TIES[:2])
def test_first_seen_stands_still_although_all_know_all_blocks(name: str) -> None:
    one = played(name, "clique")
    assert list(one.failed) == ["never deadlock", "never stalled"]
    assert "no online signer may seal on its own head" in one.failed["never deadlock"]


@pytest.mark.slow
def test_first_seen_stands_still_in_the_first_scenario_of_the_eip() -> None:
    why = played("eip3436-eight-signers", "clique").failed["never deadlock"]
    assert "h0, h2 on block 17" in why
    assert "h1, h3, h5 on block 18" in why


@pytest.mark.slow
@pytest.mark.parametrize(("name", "depth"), [("geth-24705-tie", 2), ("eip3436-eight-signers", 3)])
@pytest.mark.parametrize("rule", ["geth", "eip3436"])
def test_the_lower_number_ends_a_tie(name: str, depth: int, rule: str) -> None:
    """Those on the longer side leave it, and nobody else leaves anything."""
    one = played(f"{name}-{rule}", "clique")
    assert one.failed == {}
    assert one.results.chain.deepest_reorg == depth


@pytest.mark.slow
def test_geth_keeps_two_own_blocks_of_equal_number_apart() -> None:
    one = played("geth-18402-three-signers-geth", "clique")
    assert list(one.failed) == ["never deadlock", "never stalled"]
    assert (one.height("h0"), one.height("h1")) == (8, 8)


@pytest.mark.slow
def test_a_tie_of_clique_does_not_stop_five_of_eight_but_qbft() -> None:
    assert "the highest is block 15" in played("eip3436-eight-signers", "qbft").why("stalled")


@pytest.mark.parametrize("name", TIES)
def test_signers_are_in_the_order_of_their_names(name: str) -> None:
    """Turns follow addresses, and these files speak of turns by name."""
    addresses = played(name, "clique").run.world.addresses
    assert list(addresses.values()) == sorted(addresses.values())


# -- F5 --


def test_the_last_of_two_seals_one_block_more_and_waits() -> None:
    one = played("two-validators", "clique")
    assert one.height("h0") == one.height("h1") + 1 == 6
    assert "h0 on block 6" in one.failed["never deadlock"]


def test_the_last_of_two_makes_every_second_step_of_aura_and_finalises_nothing() -> None:
    one = played("two-validators", "aura")
    core = one.run.world.nodes["h0"]
    assert core.ledger.head.number > 15
    assert core.chain.final.number <= one.height("h1")
    period_us = one.scenario.chain.period_us
    times = [core.ledger.header_by_number(number).timestamp for number in range(8, 12)]
    gaps = {(later - earlier) * 1_000_000 for earlier, later in pairwise(times)}
    assert gaps == {2 * period_us}


def test_the_last_of_two_decides_alone_by_the_quorum_of_ibft1() -> None:
    one = played("two-validators", "ibft1")
    assert one.run.world.nodes["h0"].ledger.finalized > 15


def test_the_last_of_two_decides_nothing_in_qbft() -> None:
    assert played("two-validators", "qbft").height("h0") == 5
