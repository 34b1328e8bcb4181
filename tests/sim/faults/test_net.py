"""Faults of the network have effect, end, and miss where nothing is sent."""

import pytest

from node.sim.facts import BlockStored
from tests.sim.faulty import begun, heads, heights_at, lines, played, result

HALVES = "do: partition, id: split, at: 3s, lasting: 5s, groups: [[h0, h1], [h2, h3]]"


def test_sides_of_a_partition_go_apart_and_agree_again():
    run = begun(HALVES, until="20s")
    heights_at(run, 8)
    assert len(heads(run)) == 2
    heights_at(run, 16)
    assert len(heads(run)) == 1


def test_a_side_learns_nothing_of_the_other_while_it_lasts():
    run = begun(HALVES)
    run.world.kernel.run_until(3_000_000)
    stored: dict[bytes, set[str]] = {}

    def note(fact):
        if isinstance(fact, BlockStored):
            stored.setdefault(fact.hash, set()).add(fact.node)

    run.world.listeners.append(note)
    run.world.kernel.run_until(8_000_000 - 1)
    assert stored
    assert all(nodes <= {"h0", "h1"} or nodes <= {"h2", "h3"} for nodes in stored.values())


@pytest.mark.parametrize(
    ("fault", "nodes"),
    [
        (HALVES, {"h0", "h1", "h2", "h3"}),
        ("do: partition, at: 3s, lasting: 3s, shape: halves", {"h0", "h1", "h2", "h3"}),
        ("do: partition, at: 3s, lasting: 3s, shape: random", {"h0", "h1", "h2", "h3"}),
        ("do: partition_oneway, from: h0, to: [h1, h2], at: 3s, lasting: 3s", {"h0", "h1", "h2"}),
        ("do: isolate, nodes: h3, at: 3s, lasting: 3s", {"h3"}),
        ("do: latency, links: [[h0, h1]], add: 50ms, at: 3s, lasting: 3s", {"h0", "h1"}),
        ("do: loss, p: 0.5, at: 3s, lasting: 3s", {"h0", "h1", "h2", "h3"}),
        ("do: clog, links: [[h0, h1]], at: 3s, lasting: 3s", {"h0", "h1"}),
        ("do: disconnect, links: [[h0, h1]], at: 3s", {"h0", "h1"}),
    ],
)
def test_a_fault_counts_what_it_does_and_names_whom(fault, nodes):
    run = played(fault, until="10s")
    assert result(run).effects > 0
    assert set(result(run).nodes) == nodes
    assert run.results({}).verdict == "valid"
    assert len(heads(run)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        "do: partition, at: 3500ms, lasting: 1us, shape: halves",
        "do: isolate, nodes: h3, at: 3500ms, lasting: 1us",
        "do: latency, links: [[h0, h1]], add: 50ms, at: 3500ms, lasting: 1us",
        "do: loss, p: 0, at: 3s, lasting: 3s",
        "do: clog, at: 3500ms, lasting: 1us",
    ],
)
def test_a_fault_at_a_quiet_moment_misses_and_the_run_says_nothing(fault):
    run = played(fault, until="6s")
    assert result(run).effects == 0
    found = run.results({})
    assert (found.verdict, found.cause) == ("unknown", "vacuous_fault")


def test_a_fault_that_may_miss_leaves_the_verdict_alone():
    run = played("do: loss, p: 0, at: 3s, lasting: 3s, may_miss: true", until="6s")
    assert run.results({}).verdict == "valid"


def test_one_direction_is_cut_and_the_other_is_not():
    run = begun("do: partition_oneway, from: h0, to: all, at: 3s")
    run.world.kernel.run_until(3_000_000)
    assert run.world.fabric.is_cut("h0", "h1")
    assert not run.world.fabric.is_cut("h1", "h0")


def test_nodes_outside_all_groups_are_alone():
    run = begun("do: partition, at: 3s, groups: [[h0], [h1]]")
    run.world.kernel.run_until(3_000_000)
    assert run.world.fabric.is_cut("h2", "h3")


def test_overlapping_partitions_end_one_by_one():
    run = begun(
        "do: isolate, nodes: h0, at: 2s, lasting: 2s", "do: isolate, nodes: h0, at: 3s, lasting: 4s"
    )
    run.world.kernel.run_until(5_000_000)
    assert run.world.fabric.is_cut("h0", "h1")
    run.world.kernel.run_until(7_000_000)
    assert not run.world.fabric.is_cut("h0", "h1")


def test_latency_and_loss_leave_links_as_they_were():
    run = begun(
        "do: latency, add: 1s, jitter: 1s, at: 2s, lasting: 2s",
        "do: loss, p: 0.5, at: 3s, lasting: 2s",
    )
    link = run.world.fabric.links["h0", "h1"]
    before = link.spec
    run.world.kernel.run_until(3_000_000)
    assert link.spec.base_us == before.base_us + 1_000_000
    assert link.spec.loss_ppm == 500_000
    run.world.kernel.run_until(5_000_000)
    assert link.spec == before


def test_the_history_tells_beginning_and_end():
    run = played(HALVES, until="10s")
    (begin,), (end,) = lines(run, "fault"), lines(run, "heal")
    assert (begin["t"], begin["p"], begin["f"]) == (3_000_000, "split", "partition")
    assert begin["v"] == {"nodes": ("h0", "h1", "h2", "h3")}
    assert (end["t"], end["v"]["effects"]) == (8_000_000, result(run).effects)
