from node.sim.facts import StepEnded
from node.sim.predicates.steps import StepStatus


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
