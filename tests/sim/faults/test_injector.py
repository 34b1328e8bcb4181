"""Faults begin and end at their times, and are accounted for."""

from tests.sim import small
from tests.sim.faulty import begun, heights, lines, played, result


def test_a_fault_at_a_height_begins_when_most_validators_have_it():
    run = begun("do: crash, id: c, nodes: h3, at: {block: 3, delay: 10ms}")
    run.world.kernel.run_until(2_900_000)
    assert lines(run, "fault") == []
    run.world.kernel.run_until(3_900_000)
    (line,) = lines(run, "fault")
    assert sum(height >= 3 for height in heights(run).values()) >= 3
    assert line["t"] >= 3_010_000


def test_a_fault_begins_after_a_step_ended():
    faults = "faults: [{do: pause, id: f, nodes: h1, at: {after: d, delay: 1s}, lasting: 1s}]\n"
    text = small.text("- {do: onboard_doctor, id: d, doctor: d0}", until="20s") + faults
    run = small._Run(small.load(text, "x.yaml"), {}, lambda _event: None)
    run.play()
    ended = small.outcome(run, "d").ended_us
    assert [one["t"] for one in small.events(run, "fault")] == [ended + 1_000_000]
    assert [one["t"] for one in small.events(run, "heal")] == [ended + 2_000_000]


def test_a_fault_comes_again_as_often_as_it_says():
    run = played("do: pause, nodes: h1, at: 1s, lasting: 1s, repeat: {every: 3s, count: 3}")
    assert [one["t"] for one in lines(run, "fault")] == [1_000_000, 4_000_000, 7_000_000]
    assert len(lines(run, "heal")) == 3


def test_repeats_behind_the_end_of_the_run_do_not_begin():
    run = played("do: disconnect, at: 2s, repeat: {every: 3s, count: 9}", until="6s")
    assert len(lines(run, "fault")) == 2


def test_a_fault_without_an_end_lasts_to_the_end_of_the_run():
    run = played("do: crash, nodes: h1, at: 2s", until="6s")
    assert lines(run, "heal") == []
    assert not run.world.is_up("h1")


def test_results_name_each_fault_in_the_order_of_the_file():
    run = played(
        "do: crash, id: later, nodes: h1, at: 4s, lasting: 1s",
        "do: pause, id: early, nodes: h2, at: 2s, lasting: 1s",
        until="8s",
    )
    found = run.results({}).as_dict()["faults"]
    assert [one["id"] for one in found] == ["later", "early"]
    assert found[0] == {"id": "later", "kind": "crash", "nodes": ["h1"], "effects": 1}


def test_one_vacuous_fault_among_others_makes_the_run_unknown():
    run = played(
        "do: crash, nodes: h1, at: 2s, lasting: 1s",
        "do: loss, p: 0, at: 2s, lasting: 1s",
        until="5s",
    )
    assert run.injector.vacuous() == ("loss-1",)
    assert run.results({}).verdict == "unknown"


def test_equal_seeds_make_equal_runs_and_faults_do_not_shift_other_draws():
    faults = ("do: isolate, nodes: random(1), at: 2s, lasting: 2s", "do: silent, nodes: h1, at: 1s")
    first, again = played(*faults), played(*faults)
    assert first.world.trace.digest() == again.world.trace.digest()
    assert first.world.history.text() == again.world.history.text()
    only = played(faults[0])
    assert result(only).nodes == result(first).nodes


def test_a_run_without_faults_is_as_before():
    run = played()
    assert run.injector.results() == ()
    assert run.results({}).verdict == "valid"
