from node.base.errors import ConfigError
from node.base.types import Address, Hash32
from node.sim.flow_driver import FlowDriver, NodeDownError
from node.sim.kernel import Kernel, Priority
from node.workflows.requests import Ask, Inclusion, NextNonce

NODE = Address(b"\1" * 20)


class FakeHost:
    """Answers each request after 10 us with what the script says."""

    name, is_up = "h0", True

    def __init__(self, kernel, script):
        self.kernel, self.script, self.driver, self.asked = kernel, list(script), None, []

    def offer(self, priority, event):
        self.asked.append((self.kernel.now, priority, event.request))
        if not self.script:
            return
        answer = self.script.pop(0)
        send = self.driver.failed if isinstance(answer, Exception) else self.driver.answered
        self.kernel.at(
            self.kernel.now + 10, Priority.COMPLETION, "", lambda: send(event.call, answer)
        )


def run(flow, script, timeout_us=1_000):
    kernel = Kernel()
    host = FakeHost(kernel, script)
    driver = FlowDriver(kernel, {NODE: host})
    host.driver = driver
    ended = []
    driver.start("f", flow, timeout_us=timeout_us, done=lambda e: ended.append((kernel.now, e)))
    kernel.run_until(10_000)
    assert len(ended) == 1
    return ended[0], host


def ask(times):
    total = 0
    for _ in range(times):
        total += yield Ask(NODE, NextNonce(NODE))
    return total


def inclusion(tx, gas):
    return Inclusion(Hash32(tx * 32), Hash32(b"\2" * 32), 1, 5, True, gas, ())


def gather(count):
    for _ in range(count):
        yield Ask(NODE, NextNonce(NODE))


def test_a_flow_ends_with_what_it_returns():
    (at, ended), host = run(ask(2), [3, 4])
    assert (at, ended.value, ended.error) == (20, 7, None)
    assert [priority for _, priority, _ in host.asked] == [Priority.STEP] * 2


def test_a_flow_that_asks_nothing_ends_at_once():
    (at, ended), _ = run(ask(0), [])
    assert (at, ended.value) == (0, 0)


def test_an_error_of_the_node_is_thrown_into_the_flow():
    def careful():
        try:
            yield Ask(NODE, NextNonce(NODE))
        except ConfigError as error:
            return f"caught {error}"

    (_, ended), _ = run(careful(), [ConfigError("no")])
    assert ended.value == "caught no"


def test_an_error_that_the_flow_does_not_answer_ends_it():
    (_, ended), _ = run(ask(1), [ConfigError("no")])
    assert str(ended.error) == "no"


def test_a_flow_without_an_answer_runs_out_of_time():
    (at, ended), _ = run(ask(1), [], timeout_us=500)
    assert (at, ended.timed_out) == (500, True)


def test_a_late_answer_to_a_flow_out_of_time_changes_nothing():
    (_, ended), _ = run(ask(1), [5], timeout_us=5)
    assert ended.timed_out


def test_the_gas_of_each_transaction_counts_once():
    answers = [inclusion(b"\1", 100), inclusion(b"\1", 100), inclusion(b"\3", 7)]
    (_, ended), _ = run(gather(3), answers)
    assert ended.gas == 107
    assert [one.gas_used for one in ended.transactions] == [100, 7]


def test_an_answer_at_the_very_instant_of_the_deadline_is_late() -> None:
    """The flow must not go on without a deadline after it was declared out of time."""
    (at, ended), host = run(ask(2), [5, 6], timeout_us=10)
    assert (at, ended.timed_out) == (10, True)
    assert len(host.asked) == 1


def test_a_deadline_that_falls_between_answer_and_resumption_still_counts() -> None:
    kernel = Kernel()
    driver = FlowDriver(kernel, {NODE: FakeHost(kernel, [])})
    ended = []
    driver.start("f", ask(2), timeout_us=10, done=ended.append)
    kernel.at(10, Priority.DELIVERY, "", lambda: driver.answered(1, 5))
    kernel.run_until(1_000)
    assert [one.timed_out for one in ended] == [True]


def test_a_node_that_is_down_answers_at_once_with_that():
    kernel = Kernel()
    host = FakeHost(kernel, [])
    host.is_up = False
    driver = FlowDriver(kernel, {NODE: host})
    ended = []
    driver.start("f", ask(1), timeout_us=1_000, done=ended.append)
    kernel.run_until(10)
    assert [str(one.error) for one in ended] == ["h0 is down"]
    assert host.asked == []


def test_who_waits_for_a_node_learns_that_it_stopped():
    kernel = Kernel()
    host = FakeHost(kernel, [])
    driver = FlowDriver(kernel, {NODE: host})
    ended = []
    driver.start("f", ask(1), timeout_us=1_000, done=ended.append)
    kernel.run_until(5)
    driver.stopped(FakeHost(kernel, []))
    assert ended == []
    driver.stopped(host)
    kernel.run_until(5)
    assert [type(one.error) for one in ended] == [NodeDownError]
