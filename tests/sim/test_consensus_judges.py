from dataclasses import replace

import pytest

from node.app.events import Noted
from node.sim.consensus_judges import rules_of
from node.sim.facts import HeadAt, NodeTurned, ValidatorsAfter
from node.sim.loader import resolve
from node.sim.runner import _Run
from tests.sim.small import ARRIVE, played, prepared, scenario

FINE = """
  - {always: agreement}
  - {always: integrity}
  - {always: seal_authorised}
  - {always: validator_set_pure}
  - {always: no_honest_double_sign}
  - {always: bft_rules}
  - {always: clique_rules}
  - {always: aura_rules}
  - {always: registry_rules}
  - {always: times_possible}
  - {never: deadlock}
  - {never: {reorg_deeper_than: {blocks: 2}}}
  - {eventually: {height_grows: {nodes: all}}, from: 0s}
  - {never: {stalled: {nodes: all, for: 10s}}, until: 20s}
  - {always: {in_validator_set: {node: h1}}}
  - {never: {evidence_against: {node: h0}}}
""".replace(", from: 0s", "")


def finding(run, name):
    return next(one for one in run.findings if one.terms.name == name)


def engine_run(engine: str, expect: str, until: str) -> _Run:
    resolved = resolve(scenario("", expect, until), {"chain.consensus": engine})
    return _Run(resolved, {}, lambda _event: None)


def test_an_honest_run_keeps_every_rule() -> None:
    run = played(ARRIVE, FINE, until="24s")
    assert [one.why for one in run.findings if one.holds is not True] == []
    assert finding(run, "stalled").terms.text == "never stalled nodes=h0|h1 for=10s until 20s"


def test_a_network_that_loses_half_of_two_signers_is_deadlocked_and_stalls() -> None:
    """The last one up sealed lately, and may not seal again before the other did."""
    expect = """
  - {eventually: deadlock, by: 9s}
  - {eventually: {stalled: {nodes: all, for: 5s}}, by: 16s}
  - {never: {height_grows: {nodes: all}}, from: 12s}
"""
    run = prepared("", expect, until="20s")
    world = run.world

    def stop() -> None:
        host = world.hosts["h1"]
        host.offer = lambda *_: None
        world.tell(NodeTurned("h1", "down"))

    world.kernel.at(5_500_000, 4, "", stop)
    run.play()
    assert [one.why for one in run.findings if one.holds is not True] == []
    assert "no online signer may seal on its own head" in finding(run, "deadlock").why
    assert 10_000_000 <= finding(run, "stalled").first_event_us <= 12_000_000


@pytest.mark.parametrize(
    ("when", "count"),
    [("{chain.consensus: qbft}", 0), ("{chain.consensus: [qbft, clique]}", 1)],
)
def test_an_expectation_counts_only_when_its_conditions_are_met(when, count) -> None:
    run = prepared("", f"  - {{always: heads_agree, when: {when}}}", until="3s")
    run.play()
    assert [one.terms.name for one in run.findings].count("heads_agree") == count


def test_a_reading_of_another_set_is_found_in_a_run() -> None:
    run = prepared("", "  - {always: validator_set_pure}", until="5s")
    world = run.world
    genesis = world.nodes["h0"].ledger.genesis_header.hash()
    told = ValidatorsAfter("h1", genesis, world.addresses["h0"])
    world.kernel.at(2_500_000, 4, "", lambda: world.tell(told))
    run.play()
    assert "h1 reads [0x" in finding(run, "validator_set_pure").why


@pytest.mark.parametrize("engine", ["qbft", "clique", "aura", "ibft1"])
def test_an_engine_that_reads_another_set_is_found_in_a_run(engine: str) -> None:
    """``validator_set_pure`` judges what engines say, not only what a test tells."""
    run = engine_run(engine, "  - {always: validator_set_pure}", until="5s")
    desk = run.world.nodes["h1"].chain
    own = desk._engine.validators_after_block
    desk._engine.validators_after_block = lambda block: own(block)[:1]
    run.play()
    told = finding(run, "validator_set_pure")
    assert not told.holds
    assert "h1 reads [0x" in told.why


@pytest.mark.parametrize("engine", ["qbft", "clique", "aura", "ibft1"])
def test_honest_engines_read_one_set(engine: str) -> None:
    run = engine_run(engine, "  - {always: validator_set_pure}", until="5s")
    told = []
    run.world.listeners.append(lambda f: told.append(f) if isinstance(f, ValidatorsAfter) else None)
    run.play()
    assert finding(run, "validator_set_pure").holds
    assert {one.node for one in told} == {"h0", "h1"}


def test_a_head_that_falls_in_difficulty_is_found_in_a_run() -> None:
    run = prepared("", "  - {always: clique_rules}", until="8s")
    world = run.world

    def fall() -> None:
        ledger = world.nodes["h0"].ledger
        world.tell(HeadAt("h0", ledger.hash_by_number(2), 2))

    world.kernel.at(5_500_000, 4, "", fall)
    run.play()
    assert "of total difficulty" in finding(run, "clique_rules").why


def test_rules_follow_the_scenario() -> None:
    found = rules_of(scenario())
    assert (found.engine, found.period, found.epoch, found.future_us) == ("clique", 1, 30_000, 0)
    assert replace(found, engine="qbft").quorum_of(6) == 4


def test_evidence_that_a_node_notes_is_against_its_offender() -> None:
    run = prepared("", "  - {eventually: {evidence_against: {node: h1}}}", until="3s")
    world = run.world
    report = {"offender": world.addresses["h1"], "kind": "double_seal", "proof": b"proof"}
    noted = Noted("consensus.evidence", report)
    world.kernel.at(1_500_000, 4, "", lambda: world.noted("h0", noted))
    run.play()
    found = finding(run, "evidence_against")
    assert (found.holds, found.why) == (True, "h0 reported double_seal by h1")
