"""Byzantine nodes in a network: what they do, and that the others live with it."""

import itertools

import pytest

from node.sim.facts import NodeTurned
from tests.sim.faulty import begun, heads, heights, heights_at, played, result

OBSERVER = {"nodes": "o1: {role: observer}"}


@pytest.mark.parametrize(
    "kind",
    [
        *("silent", "withhold_block", "equivocate_proposal", "out_of_turn", "bad_seal"),
        *("replay_votes", "raise_gas_limit"),
    ],
)
def test_one_of_four_misbehaves_and_the_chain_lives(kind):
    run = played(f"do: {kind}, nodes: h1, at: 2s, lasting: 6s")
    assert result(run).effects > 0
    assert run.results({}).verdict == "valid"
    assert len(heads(run)) == 1
    assert min(heights(run).values()) >= 8


@pytest.mark.parametrize("kind", ["equivocate_vote", "always_round_change"])
def test_who_has_no_votes_cannot_misuse_them(kind):
    run = played(f"do: {kind}, nodes: h1, at: 2s, lasting: 6s", until="10s")
    assert run.results({}).cause == "vacuous_fault"


def test_a_node_is_honest_again_when_the_fault_ends():
    run = begun("do: silent, nodes: h1, at: 2s, lasting: 3s")
    told = []
    run.world.listeners.append(lambda f: told.append(f) if isinstance(f, NodeTurned) else None)
    run.world.kernel.run_until(5_000_000)
    count = result(run).effects
    run.world.kernel.run_until(11_000_000)
    assert told == [NodeTurned("h1", "byzantine"), NodeTurned("h1", "honest")]
    assert result(run).effects == count


def test_a_withheld_block_is_known_to_its_maker_alone():
    run = begun("do: withhold_block, nodes: h1, at: 1500ms")
    run.world.kernel.run_until(9_000_000)
    address = run.world.nodes["h1"].address
    signer = run.world.bends.engine("h1").signer_of
    ledger = run.world.nodes["h0"].ledger
    headers = [ledger.header_by_number(n) for n in range(2, ledger.head.number + 1)]
    assert headers
    assert all(signer(header) != address for header in headers)
    assert run.world.counters.sealed["h1"] > 0


def test_two_blocks_of_one_parent_are_evidence_against_their_maker():
    run = played("do: equivocate_proposal, nodes: h1, at: 2s")
    told = [one for one in run.world.history.as_dicts() if one["e"] == "evidence"]
    offender = f"0x{run.world.nodes['h1'].address.hex()}"
    assert told
    assert {one["v"]["offender"] for one in told} == {offender}


def test_no_block_with_a_wrong_seal_gets_in():
    run = played("do: bad_seal, nodes: h1, at: 0s")
    signer = run.world.bends.engine("h0").signer_of
    ledger = run.world.nodes["h0"].ledger
    makers = {signer(ledger.header_by_number(n)) for n in range(1, ledger.head.number + 1)}
    assert run.world.nodes["h1"].address not in makers
    assert makers <= {core.address for core in run.world.nodes.values()}


def test_the_gas_limit_rises_by_less_than_a_1024th_a_block():
    run = played("do: raise_gas_limit, nodes: all, at: 0s")
    ledger = run.world.nodes["h0"].ledger
    limits = [ledger.header_by_number(n).gas_limit for n in range(ledger.head.number + 1)]
    steps = [after - before for before, after in itertools.pairwise(limits)]
    assert all(0 < step < before / 1024 for step, before in zip(steps, limits, strict=False))


def test_an_observer_follows_and_seals_nothing():
    run = played(**OBSERVER)
    assert heights(run)["o1"] == heights(run)["h0"]
    assert "o1" not in run.world.counters.sealed


def test_a_flood_of_a_stranger_leaves_no_block_anywhere():
    run = played("do: flood, nodes: o1, at: 2s, lasting: 6s", **OBSERVER)
    stranger = run.world.nodes["o1"].address
    signer = run.world.bends.engine("h0").signer_of
    assert result(run).effects >= 16
    for core in run.world.nodes.values():
        chain = [core.ledger.header_by_number(n) for n in range(1, core.ledger.head.number + 1)]
        assert all(signer(header) != stranger for header in chain)
    assert min(heights(run).values()) >= 11


def test_an_amnesiac_loses_its_log_when_it_restarts():
    run = begun(
        "do: amnesia, nodes: h1, at: 1s", "do: crash, nodes: h1, at: 6s, lasting: 1s", until="10s"
    )
    run.world.kernel.run_until(6_500_000)
    entries = len(run.world.disks["h1"].log.entries())
    run.world.kernel.run_until(7_000_000)
    assert entries > 0
    assert result(run).effects == entries


def test_an_amnesiac_that_never_restarts_forgets_nothing():
    assert result(played("do: amnesia, nodes: h1, at: 1s", until="4s")).effects == 0


def test_a_cloned_key_lives_on_both_sides_of_a_partition():
    """Five validators: each side has two honest ones and one of the two with the key of h0."""
    split = "do: partition, at: 4s, lasting: 6s, groups: [[h0, h1, h2], [h3, h4, h0-clone]]"
    more = "expect: [{never: {height_at_least: {blocks: 100}}}]\n"
    text = {"until": "20s", "more": more}
    run = begun("do: clone_key, nodes: h0, at: 2s, lasting: 12s", split, **text, validators=5)
    before = heights_at(run, 4)
    assert before["h0-clone"] > 0
    after = heights_at(run, 10)
    assert after["h1"] > before["h1"] + 2
    assert after["h3"] > before["h3"] + 2
    assert len(heads(run)) >= 2
    assert result(run).nodes == ("h0",)


def test_both_who_have_a_key_count_as_byzantine():
    run = begun("do: clone_key, nodes: h0, at: 2s, lasting: 2s")
    told = []
    run.world.listeners.append(lambda f: told.append(f) if isinstance(f, NodeTurned) else None)
    run.world.kernel.run_until(5_000_000)
    assert told == [
        NodeTurned("h0", "byzantine"),
        NodeTurned("h0-clone", "byzantine"),
        NodeTurned("h0-clone", "up"),
        NodeTurned("h0-clone", "down"),
        NodeTurned("h0", "honest"),
    ]


def test_honest_runs_have_no_bent_engine():
    run = begun("do: crash, nodes: h1, at: 1s, lasting: 1s")
    core = run.world.nodes["h0"]
    assert core.chain._engine is run.world.bends.engine("h0")
