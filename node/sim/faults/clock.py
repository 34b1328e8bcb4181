"""Faults of clocks: off, fast, slow, set.  Effects are the events that met a wrong clock."""

from typing import assert_never

from node.sim.faults.stage import End, Stage
from node.sim.faults.tally import Tally
from node.sim.hosts import Host
from node.sim.schema import injection as todo


def begin(stage: Stage, fault: todo.ClockFault, tally: Tally) -> End | None:
    """Begin a fault; give what ends it, None for a step, which nobody takes back."""
    names = stage.nodes(fault.nodes)
    tally.hit(names)
    hosts = [stage.world.hosts[name] for name in names]
    now = stage.world.kernel.now
    match fault:
        case todo.ClockOffset(by_us=by_us) | todo.ClockStep(by_us=by_us):
            off_us, ppm = by_us, 0
        case todo.ClockDrift():
            off_us, ppm = 0, fault.ppm
        case _:
            assert_never(fault)
    stops = [_metered(host, tally) for host in hosts if off_us or ppm]
    for host in hosts:
        host.clock = host.clock.shifted(off_us).drifting(ppm, now)
    if isinstance(fault, todo.ClockStep):
        return None

    def end() -> None:
        for host in hosts:
            # from the same moment as above, so that what the drift has added goes too
            host.clock = host.clock.shifted(-off_us).drifting(-ppm, now)
        for stop in stops:
            stop()

    return end


def _metered(host: Host, tally: Tally) -> End:
    return tally.meter(lambda: host.handled)
