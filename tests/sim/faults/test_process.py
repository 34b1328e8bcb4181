"""Machines that stop, wait and start late."""

import pytest

from node.sim.facts import NodeTurned
from tests.sim import small
from tests.sim.faulty import begun, heads, heights, heights_at, played, result


def test_a_crashed_node_stands_still_and_catches_up():
    run = begun("do: crash, nodes: h2, at: 3s, lasting: 5s", until="20s")
    before = heights_at(run, 3)["h2"]
    after = heights_at(run, 7)
    assert after["h2"] == before
    assert after["h0"] > before
    heights_at(run, 12)
    assert len(heads(run)) == 1


def test_a_node_starts_again_from_its_disk_and_not_from_genesis():
    run = begun("do: crash, nodes: h2, at: 5s, lasting: 2s")
    before = heights_at(run, 5)["h2"]
    core = run.world.nodes["h2"]
    run.world.kernel.run_until(7_000_000)
    assert run.world.nodes["h2"] is not core
    assert heights(run)["h2"] == before > 0


def test_a_node_that_sealed_before_its_crash_does_not_seal_another_child():
    """The log outlives the core: no parent gets two children of one signer."""
    run = played("do: rolling_restart, nodes: all, gap: 700ms, down: 200ms, at: 2s", until="12s")
    children: dict[tuple[bytes, bytes], set[bytes]] = {}
    for name, core in run.world.nodes.items():
        engine, ledger = run.world.bends.engine(name), core.ledger
        for number in range(1, ledger.head.number + 1):
            header = ledger.header_by_number(number)
            seal = (header.parent_hash, engine.signer_of(header))
            children.setdefault(seal, set()).add(header.hash())
    assert result(run).effects == 4
    assert all(len(hashes) == 1 for hashes in children.values())


@pytest.mark.parametrize(
    ("fault", "effects"),
    [
        ("do: crash, nodes: [h1, h2], at: 3s, lasting: 2s", 2),
        ("do: crash, nodes: h1, at: 2s, lasting: 1s, repeat: {every: 3s, count: 3}", 3),
        ("do: rolling_restart, nodes: validators, gap: 1s, down: 500ms, at: 3s", 4),
        ("do: late_join, nodes: h3, at: 4s", 1),
    ],
)
def test_each_stop_or_start_counts_once(fault, effects):
    run = played(fault)
    assert result(run).effects == effects
    assert run.results({}).verdict == "valid"
    assert len(heads(run)) == 1


def test_who_is_down_already_is_no_effect_and_stays_down():
    run = begun(
        "do: crash, nodes: h1, at: 2s, lasting: 6s", "do: crash, nodes: h1, at: 3s, lasting: 1s"
    )
    run.world.kernel.run_until(5_000_000)
    assert not run.world.is_up("h1")
    assert [result(run, index).effects for index in (0, 1)] == [1, 0]
    run.world.kernel.run_until(8_000_000)
    assert run.world.is_up("h1")


def test_a_late_node_is_down_until_it_joins_and_then_has_the_chain():
    run = begun("do: late_join, nodes: h3, at: 6s", until="20s")
    assert heights_at(run, 5)["h3"] == 0
    assert not run.world.is_up("h3")
    heights_at(run, 12)
    assert len(heads(run)) == 1


def test_a_paused_node_handles_nothing_and_then_all_of_it():
    run = begun("do: pause, nodes: h1, at: 3s, lasting: 4s")
    run.world.kernel.run_until(3_100_000)
    handled = run.world.hosts["h1"].handled
    run.world.kernel.run_until(6_900_000)
    assert run.world.hosts["h1"].handled == handled
    run.world.kernel.run_until(7_100_000)
    assert run.world.hosts["h1"].handled > handled
    assert result(run).effects > 0


def test_a_pause_in_which_nothing_comes_misses():
    assert result(played("do: pause, nodes: h1, at: 3500ms, lasting: 1us", until="5s")).effects == 0


def test_checkers_hear_who_is_down_and_up_again():
    run = begun("do: crash, nodes: h2, at: 3s, lasting: 2s", "do: late_join, nodes: h3, at: 1s")
    told = []
    run.world.listeners.append(lambda f: told.append(f) if isinstance(f, NodeTurned) else None)
    run.world.kernel.run_until(6_000_000)
    assert told == [NodeTurned("h3", "up"), NodeTurned("h2", "down"), NodeTurned("h2", "up")]


def test_the_proposer_of_a_height_may_be_the_one_that_crashes():
    run = played("do: crash, nodes: proposer, at: {block: 4}")
    (name,) = result(run).nodes
    ledger = run.world.nodes["h0"].ledger
    signer = run.world.bends.engine("h0").signer_of(ledger.header_by_number(5))
    assert signer != run.world.nodes[name].address


def test_a_custodian_that_restarted_still_serves_what_it_holds():
    """Its deals are on its disk; what it had derived from them comes back by itself."""
    fault = "faults: [{do: crash, nodes: h1, at: {after: visit, delay: 1s}, lasting: 2s}]\n"
    late = small.GRANT.replace("id: given", "id: given, at: {after: visit, delay: 6s}")
    read = "\n  - {do: read_record, id: read, doctor: d1, pmr: visit}\n"
    text = small.text(small.ARRIVE.rstrip() + late.rstrip() + read, until="45s") + fault
    run = small._Run(small.load(text, "small.yaml"), {}, lambda _event: None)
    run.play()
    assert result(run).effects == 1
    assert small.outcome(run, "read").status == "ok"
