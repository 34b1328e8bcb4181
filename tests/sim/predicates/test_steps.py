import pytest

from node.sim.facts import StepEnded
from node.sim.predicates.steps import LivesDone, StepStatus


def test_a_step_that_has_not_ended_has_no_status():
    assert not StepStatus("read-1", "ok").state().holds


def test_the_status_of_the_step_decides():
    predicate = StepStatus("read-1", "refused", "revert")
    predicate.observe(StepEnded("read-1", "revert"))
    assert predicate.state().holds


def test_the_status_of_another_step_does_not():
    predicate = StepStatus("read-1", "ok")
    predicate.observe(StepEnded("read-2", "ok"))
    assert not predicate.state().holds


def test_another_status_is_named():
    predicate = StepStatus("read-1", "ok")
    predicate.observe(StepEnded("read-1", "timeout"))
    assert predicate.state().why == "step read-1 ended with timeout"


def lived(*statuses, planned=4, ratio_ppm=500_000):
    predicate = LivesDone([f"life-{k}" for k in range(planned)], ratio_ppm)
    for k, status in enumerate(statuses):
        predicate.observe(StepEnded(f"life-{k}", status))
    return predicate.state()


@pytest.mark.parametrize(
    ("statuses", "holds"),
    [((), False), (("ok",), False), (("ok", "ok"), True), (("ok", "refused", "timeout"), False)],
)
def test_lives_are_done_when_enough_of_the_planned_steps_ended_well(statuses, holds):
    assert lived(*statuses).holds is holds


def test_lives_say_how_many_steps_ended_how():
    assert lived("ok", "revert").why == "1 of 4 steps ended well, 1 otherwise"


def test_a_step_counts_once_and_others_never():
    predicate = LivesDone(["a", "b"], 1_000_000)
    for step in ("a", "a", "c"):
        predicate.observe(StepEnded(step, "ok"))
    assert not predicate.state().holds


def test_nobody_lives_where_nothing_was_planned():
    assert not lived(planned=0, ratio_ppm=0).holds
