from node.app.events import (
    Answered,
    Asked,
    ClearTimer,
    FrameReceived,
    Outcome,
    SendFrame,
    SendToMany,
    SetTimer,
    Started,
    TimerFired,
    Work,
)
from node.sim.hosts import CpuSpec, Host, LocalClock
from node.sim.kernel import Kernel, Priority
from node.sim.trace import Trace
from node.workflows.requests import TakeHead

PEER = bytes(20)


class ScriptedCore:
    def __init__(self, answers):
        self.answers, self.seen = answers, []

    def handle(self, event, now):
        self.seen.append((now, event))
        answer = self.answers.get(type(event), Outcome((), Work()))
        return answer(event) if callable(answer) else answer


class World:
    def __init__(self, kernel):
        self.kernel, self.sent, self.answers = kernel, [], []

    def transmit(self, source, peers, payload):
        self.sent += [(self.kernel.now, source, payload) for _ in peers]

    def answered(self, call, value):
        self.answers.append((self.kernel.now, call, value))


def host(answers, *, clock=LocalClock(0), cpu=CpuSpec(message_us=10, signature_us=100)):  # noqa: B008
    kernel = Kernel()
    core, world = ScriptedCore(answers), World(kernel)
    machine = Host("h0", core, clock=clock, cpu=cpu, kernel=kernel, trace=Trace(), world=world)
    return kernel, core, world, machine


def test_effects_appear_after_the_cost_of_their_event():
    reply = Outcome((SendFrame(PEER, b"\x92\x10"),), Work(signatures=2))
    kernel, _, world, machine = host({FrameReceived: reply})
    machine.offer(Priority.DELIVERY, FrameReceived(PEER, b"x"))
    kernel.run_until(1_000)
    assert world.sent == [(210, "h0", b"\x92\x10")]


def test_an_event_waits_until_the_one_before_it_is_done():
    kernel, core, _, machine = host({FrameReceived: Outcome((), Work(signatures=1))})
    machine.offer(Priority.DELIVERY, FrameReceived(PEER, b"1"))
    machine.offer(Priority.DELIVERY, FrameReceived(PEER, b"2"))
    kernel.run_until(1_000)
    assert [now for now, _ in core.seen] == [0, 110]


def test_gas_costs_time():
    assert CpuSpec(message_us=0, gas_per_second=40_000_000).cost_us(Work(gas=40_000)) == 1_000


def test_no_event_is_free():
    assert CpuSpec(message_us=0).cost_us(Work()) == 1


def test_a_timer_fires_when_the_local_clock_shows_its_time():
    arm = Outcome((SetTimer(("block",), 1_002_000),), Work())
    clock = LocalClock(1_000_000, offset_us=500, drift_ppm=1_000)
    kernel, core, _, machine = host({Started: arm}, clock=clock)
    machine.offer(Priority.TIMER, Started())
    kernel.run_until(10_000)
    now, event = core.seen[-1]
    assert event == TimerFired(("block",))
    assert 1_002_000 <= now <= 1_002_001


def test_setting_a_timer_again_replaces_it():
    effects = (SetTimer(("a",), 100), SetTimer(("a",), 300))
    kernel, core, _, machine = host({Started: Outcome(effects, Work())})
    machine.offer(Priority.TIMER, Started())
    kernel.run_until(1_000)
    assert [now for now, event in core.seen if isinstance(event, TimerFired)] == [300]


def test_a_cleared_timer_does_not_fire():
    effects = (SetTimer(("a",), 100), ClearTimer(("a",)))
    kernel, core, _, machine = host({Started: Outcome(effects, Work())})
    machine.offer(Priority.TIMER, Started())
    kernel.run_until(1_000)
    assert len(core.seen) == 1


def test_an_answer_reaches_the_client_that_asked():
    kernel, _, world, machine = host(
        {Asked: lambda event: Outcome((Answered(event.call, "yes"),), Work())}
    )
    machine.offer(Priority.STEP, Asked(7, TakeHead()))
    kernel.run_until(1_000)
    assert world.answers == [(10, 7, "yes")]


def test_a_machine_that_stops_forgets_timers_effects_and_what_waits():
    reply = Outcome((SendFrame(PEER, b"\x92\x10"), SetTimer(("t",), 900)), Work())
    kernel, core, world, machine = host({FrameReceived: reply})
    machine.offer(Priority.DELIVERY, FrameReceived(PEER, b"1"))
    kernel.run_until(100)
    machine.offer(Priority.DELIVERY, FrameReceived(PEER, b"2"))
    machine.stop()
    machine.offer(Priority.DELIVERY, FrameReceived(PEER, b"3"))
    kernel.run_until(2_000)
    assert [event.payload for _, event in core.seen] == [b"1"]
    assert len(world.sent) == 1


def test_a_machine_that_starts_runs_the_new_core_alone():
    kernel, core, _, machine = host({Started: Outcome((SetTimer(("t",), 500),), Work())})
    machine.offer(Priority.COMPLETION, Started())
    kernel.run_until(100)
    machine.stop()
    fresh = ScriptedCore({})
    machine.start(fresh)
    machine.offer(Priority.COMPLETION, Started())
    kernel.run_until(2_000)
    assert [type(event) for _, event in core.seen] == [Started]
    assert [type(event) for _, event in fresh.seen] == [Started]


def test_a_paused_machine_lets_everything_wait_and_then_handles_it_in_order():
    kernel, core, _, machine = host({Started: Outcome((SetTimer(("t",), 50),), Work())})
    machine.offer(Priority.COMPLETION, Started())
    kernel.run_until(20)
    machine.pause()
    machine.offer(Priority.DELIVERY, FrameReceived(PEER, b"1"))
    kernel.run_until(1_000)
    assert len(core.seen) == 1
    assert machine.resume() == 2
    kernel.run_until(2_000)
    assert [event for _, event in core.seen[1:]] == [FrameReceived(PEER, b"1"), TimerFired(("t",))]
    assert all(now >= 1_000 for now, _ in core.seen[1:])


def test_a_pause_between_two_events_holds_the_second():
    kernel, core, _, machine = host({})
    for payload in (b"1", b"2"):
        machine.offer(Priority.DELIVERY, FrameReceived(PEER, payload))
    kernel.run_until(0)
    machine.pause()
    kernel.run_until(1_000)
    assert len(core.seen) == 1
    machine.resume()
    kernel.run_until(2_000)
    assert len(core.seen) == 2


def test_one_effect_sends_a_frame_to_many():
    reply = Outcome((SendToMany((PEER, PEER), b"\x92\x10"),), Work(signatures=2))
    kernel, _, world, machine = host({FrameReceived: reply})
    machine.offer(Priority.DELIVERY, FrameReceived(PEER, b"\x92\x10"))
    kernel.run_until(1_000)
    assert world.sent == [(210, "h0", b"\x92\x10")] * 2
