"""Mistakes of other clients, planted into Clique: made while their fault lasts, and only then."""

import pytest

from node.consensus_poa.clique.snapshot import Snapshot
from node.sim.faults.planted import PlantedClique, plants
from tests.sim.faulty import begun, heads, played, result, scenario

LOST = "do: planted_bug, nodes: h1, bug: recents_lost_at_epoch, at: 1s, may_miss: true"
UNSIGNED = "do: planted_bug, nodes: h1, bug: underflow_near_genesis, at: 500ms, may_miss: true"


def after(run, node: str, number: int) -> Snapshot:
    core = run.world.nodes[node]
    found = run.world.bends.engine(node).voting_state(core.ledger.hash_by_number(number))
    assert found is not None
    return found


def with_epoch(fault: str, seconds: int):
    """Play four signers with checkpoints each four blocks up to a second."""
    run = begun(fault, chain="epoch: 4")
    run.world.kernel.run_until(seconds * 1_000_000)
    return run


def test_recents_are_gone_at_a_checkpoint_of_the_node_with_the_mistake_only():
    run = with_epoch(LOST, 6)
    assert after(run, "h1", 4).recents == {}
    assert sorted(after(run, "h0", 4).recents) == [2, 3, 4]
    assert sorted(after(run, "h1", 3).recents) == [1, 2, 3]
    assert result(run).effects == 1


def test_a_mistake_ends_with_its_fault():
    run = with_epoch(f"{LOST}, lasting: 5s", 10)
    assert after(run, "h1", 4).recents == {}
    assert sorted(after(run, "h1", 8).recents) == [6, 7, 8]


def test_only_the_named_nodes_run_the_mistaken_software():
    found = plants(scenario(LOST))
    assert {name: plant.bug for name, plant in found.items()} == {"h1": "recents_lost_at_epoch"}
    run = begun(LOST)
    assert isinstance(run.world.bends.engine("h1"), PlantedClique)
    assert not isinstance(run.world.bends.engine("h0"), PlantedClique)


def test_nobody_is_recent_below_the_limit_to_unsigned_numbers():
    run = begun(UNSIGNED)
    run.world.kernel.run_until(1_500_000)
    before = {node: after(run, node, 1) for node in ("h0", "h1")}
    (sealer,) = before["h0"].recents.values()
    assert before["h0"].is_recent(2, sealer)
    assert not before["h1"].is_recent(2, sealer)
    assert before["h1"].is_recent(3, sealer), "3 is no longer below SIGNER_LIMIT"


@pytest.mark.parametrize("engine", ["qbft", "aura", "ibft1"])
def test_engines_without_recent_signers_have_no_room_for_the_mistakes(engine: str):
    run = played(LOST, engine=engine, until="6s")
    assert run.results({}).verdict == "valid"
    assert result(run).effects == 0
    assert not run.world.bends.is_byzantine("h1")
    assert len(heads(run)) == 1
