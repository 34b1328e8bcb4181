import pytest

from node.sim.checkers.canaries import CanaryScanner
from node.sim.expectations import Expectation, Terms
from node.sim.predicates.base import State
from node.sim.predicates.records import PlaintextLeak


class Scripted:
    """Holds when told so."""

    def __init__(self):
        self.holds = False

    def observe(self, fact):
        self.holds = fact

    def state(self):
        return State(holds=self.holds, why=f"told {self.holds}")


def run(script, end, mode="eventually", **terms):
    expectation = Expectation(Terms(name="n", line=3, text="t", mode=mode, **terms), Scripted())
    for t_us, holds in script:
        expectation.observe(holds)
        expectation.check(t_us)
    return expectation.conclude(end)


def test_always_names_the_first_moment_at_which_it_failed():
    finding = run([(1, True), (5, False), (6, True), (7, False)], 9, "always")
    assert (finding.holds, finding.first_event_us) == (False, 5)


@pytest.mark.parametrize(("t_us", "holds"), [(9, True), (10, False), (20, False), (21, True)])
def test_always_is_judged_from_and_until_its_own_bounds(t_us, holds):
    assert run([(t_us, False), (t_us, True)], 30, "always", from_us=10, until_us=20).holds is holds


def test_always_that_nothing_contradicted_holds_at_the_end():
    assert run([(1, True)], 9, "always").holds is True


def test_always_is_judged_at_the_end_even_without_an_event():
    assert run([], 9, "always").holds is False


def test_never_is_violated_when_its_predicate_holds_once():
    finding = run([(1, False), (4, True), (5, False)], 9, "never")
    assert (finding.holds, finding.first_event_us) == (False, 4)


@pytest.mark.parametrize(("at_us", "holds"), [(10, True), (11, False)])
def test_eventually_counts_up_to_its_deadline(at_us, holds):
    assert run([(at_us, True)], 20, by_us=10).holds is holds


def test_eventually_past_its_deadline_is_violated_not_unknown():
    assert run([(1, False)], 20, by_us=10).holds is False


def test_eventually_is_unknown_when_the_run_ends_before_its_deadline():
    finding = run([(1, False)], 9, by_us=10)
    assert finding.holds is None
    assert "before it was due" in finding.why


def test_eventually_keeps_the_moment_at_which_it_was_met():
    finding = run([(2, False), (4, True), (6, False)], 20, by_us=10)
    assert (finding.holds, finding.first_event_us) == (True, 4)


def test_and_stay_fails_when_it_stops_holding():
    finding = run([(4, True), (6, False)], 20, by_us=10, and_stay=True)
    assert (finding.holds, finding.first_event_us) == (False, 6)


def test_and_stay_that_is_met_too_late_is_violated():
    assert run([(11, True)], 20, by_us=10, and_stay=True).holds is False


def test_and_stay_may_be_met_anew_before_it_is_due():
    finding = run([(4, True), (6, False), (8, True)], 20, by_us=10, and_stay=True)
    assert (finding.holds, finding.first_event_us) == (True, 8)


def test_and_stay_that_holds_anew_only_after_it_was_due_is_violated():
    finding = run([(4, True), (6, False), (11, True)], 20, by_us=10, and_stay=True)
    assert (finding.holds, finding.first_event_us) == (False, 6)


def test_only_the_search_for_leaks_reads_bytes():
    leak = PlaintextLeak(CanaryScanner([b"a canary of some length"]))
    terms = Terms(name="n", line=3, text="t", mode="never")
    assert Expectation(terms, leak).reads_bytes
    assert not Expectation(terms, Scripted()).reads_bytes
