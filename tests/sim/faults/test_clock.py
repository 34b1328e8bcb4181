"""Clocks that are wrong for a while, or for good."""

import pytest

from tests.sim.faulty import begun, played, result


@pytest.mark.parametrize(
    "fault",
    [
        "do: clock_offset, nodes: h1, by: -3s, at: 3s, lasting: 3s",
        "do: clock_drift, nodes: h1, ppm: 50000, at: 3s, lasting: 3s",
        "do: clock_step, nodes: h1, by: -5m, at: 3s",
    ],
)
def test_events_that_meet_a_wrong_clock_are_its_effects(fault):
    run = played(fault, until="10s")
    assert result(run).effects > 0
    assert result(run).nodes == ("h1",)


@pytest.mark.parametrize(
    "fault",
    [
        "do: clock_offset, nodes: h1, by: 0s, at: 3s, lasting: 3s",
        "do: clock_drift, nodes: h1, ppm: 50000, at: 3500ms, lasting: 1us",
        "do: clock_step, nodes: h1, by: 0s, at: 3s",
    ],
)
def test_a_clock_that_nobody_reads_or_that_is_right_has_no_effect(fault):
    assert result(played(fault, until="6s")).effects == 0


@pytest.mark.parametrize("ppm", [50_000, -50_000, 1])
def test_a_clock_is_right_again_to_the_microsecond(ppm):
    run = begun(
        "do: clock_offset, nodes: h1, by: 1234567us, at: 3s, lasting: 3s",
        f"do: clock_drift, nodes: h1, ppm: {ppm}, at: 3333333us, lasting: 3s",
    )
    before = run.world.hosts["h1"].clock
    run.world.kernel.run_until(5_000_000)
    assert run.world.hosts["h1"].clock != before
    run.world.kernel.run_until(7_000_000)
    assert run.world.hosts["h1"].clock == before


def test_a_drift_begins_with_the_time_that_the_clock_shows():
    run = begun("do: clock_drift, nodes: h1, ppm: 100000, at: 4s, lasting: 4s")
    host, right = run.world.hosts["h1"], run.world.hosts["h0"]
    run.world.kernel.run_until(4_000_000)
    assert host.clock.read(4_000_000) == right.clock.read(4_000_000)
    assert host.clock.read(5_000_000) == right.clock.read(5_000_000) + 100_000


def test_a_step_stays():
    run = begun("do: clock_step, nodes: h1, by: -5s, at: 3s")
    run.world.kernel.run_until(9_000_000)
    ahead = run.world.hosts["h0"].clock.read(0) - run.world.hosts["h1"].clock.read(0)
    assert ahead == 5_000_000
