import pytest

from node.base import limits
from node.sim.kernel import EventBudgetError, Kernel, LivelockError, Priority


def test_actions_of_one_instant_run_by_priority_then_in_the_order_they_were_scheduled():
    kernel, seen = Kernel(), []
    for name, priority in [
        ("step", Priority.STEP),
        ("first delivery", Priority.DELIVERY),
        ("fault", Priority.FAULT),
        ("second delivery", Priority.DELIVERY),
    ]:
        kernel.at(5, priority, "", lambda name=name: seen.append(name))
    kernel.run_until(5)
    assert seen == ["fault", "first delivery", "second delivery", "step"]


def test_an_action_on_the_horizon_runs_and_one_behind_it_waits():
    kernel, seen = Kernel(), []
    kernel.at(10, Priority.TIMER, "", lambda: seen.append(10))
    kernel.at(11, Priority.TIMER, "", lambda: seen.append(11))
    kernel.run_until(10)
    assert seen == [10]
    assert kernel.now == 10
    kernel.run_until(11)
    assert seen == [10, 11]


def test_what_is_scheduled_for_the_past_runs_now():
    kernel, seen = Kernel(), []
    kernel.at(10, Priority.TIMER, "", lambda: kernel.at(3, Priority.TIMER, "", seen_now))

    def seen_now():
        seen.append(kernel.now)

    kernel.run_until(20)
    assert seen == [10]


def test_the_clock_stands_at_the_horizon_when_nothing_is_left():
    kernel = Kernel()
    kernel.run_until(7)
    assert kernel.now == 7


def test_a_node_that_never_lets_time_pass_is_a_livelock():
    kernel = Kernel()

    def again():
        kernel.at(kernel.now, Priority.COMPLETION, "h0", again)

    again()
    with pytest.raises(LivelockError, match="h0"):
        kernel.run_until(1)


def test_the_event_budget_ends_a_run():
    kernel = Kernel(3)
    for t in range(4):
        kernel.at(t, Priority.TIMER, "h0", lambda: None)
    with pytest.raises(EventBudgetError, match="3 events"):
        kernel.run_until(10)
    assert limits.EVENTS_COUNT_MAX == 50_000_000


def test_the_order_does_not_depend_on_when_something_was_scheduled():
    kernel, seen = Kernel(), []
    times = [5, 3_000, 1_023, 1_024, 700_000, 1_025, 2_047, 2_048, 6, 1_024]

    def more():
        for t in times:
            kernel.at(t, Priority.TIMER, "", lambda t=t: seen.append(t))

    kernel.at(5, Priority.FAULT, "", more)
    more()
    kernel.run_until(1_000_000)
    assert seen == sorted(times * 2)


def test_what_is_scheduled_before_the_next_action_runs_before_it():
    kernel, seen = Kernel(), []
    kernel.at(1_000_000, Priority.TIMER, "", lambda: seen.append("late"))
    kernel.run_until(999_999)
    kernel.at(999_999, Priority.TIMER, "", lambda: seen.append("early"))
    kernel.at(1_000_000, Priority.FAULT, "", lambda: seen.append("first"))
    kernel.run_until(1_000_000)
    assert seen == ["early", "first", "late"]
