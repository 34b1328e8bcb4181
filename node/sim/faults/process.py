"""Faults of machines: they stop, wait, start late."""

from typing import assert_never

from node.sim.faults.stage import End, Stage
from node.sim.faults.tally import Tally
from node.sim.kernel import Priority
from node.sim.schema import injection as todo


def begin(stage: Stage, fault: todo.ProcessFault, tally: Tally) -> End | None:
    """Begin a fault; give what ends it, None for one that ends by itself."""
    match fault:
        case todo.Crash():
            return _crash(stage, stage.nodes(fault.nodes), tally)
        case todo.RollingRestart():
            names = stage.nodes(fault.nodes)
            for index, name in enumerate(names):
                _restart(stage, name, fault, index * fault.gap_us, tally)
            return None
        case todo.Pause():
            return _pause(stage, fault, tally)
        case todo.LateJoin():
            names = fault.nodes.ids
            tally.hit(names)
            for name in names:
                if not stage.world.is_up(name):
                    tally.count()
                    stage.world.start_node(name)
            return None
        case _:
            assert_never(fault)


def _crash(stage: Stage, names: tuple[str, ...], tally: Tally) -> End:
    """Stop who runs; only they start again at the end: who was down is another fault's."""
    world = stage.world
    stopped = tuple(name for name in names if world.is_up(name))
    tally.hit(names)
    for name in stopped:
        tally.count()
        world.stop_node(name)

    def end() -> None:
        for name in stopped:
            world.start_node(name)

    return end


def _restart(
    stage: Stage, name: str, fault: todo.RollingRestart, after_us: int, tally: Tally
) -> None:
    kernel = stage.world.kernel

    def stop() -> None:
        start = _crash(stage, (name,), tally)
        kernel.at(kernel.now + fault.down_us, Priority.FAULT, "", start)

    kernel.at(kernel.now + after_us, Priority.FAULT, "", stop)


def _pause(stage: Stage, fault: todo.Pause, tally: Tally) -> End:
    names = stage.nodes(fault.nodes)
    tally.hit(names)
    hosts = [stage.world.hosts[name] for name in names]
    paused = [host for host in hosts if host.is_up and not host.is_paused]
    for host in paused:
        host.pause()

    def end() -> None:
        for host in paused:
            tally.count(host.resume())

    return end
