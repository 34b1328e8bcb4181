"""Faults of the network: what is cut, held, slowed or lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from node.sim.fabric import Change, Ends
from node.sim.faults.stage import End, Stage
from node.sim.faults.tally import Tally
from node.sim.link import Link, LinkSpec
from node.sim.schema import injection as todo


def begin(stage: Stage, fault: todo.NetFault, tally: Tally) -> End | None:
    """Begin a fault; give what ends it, None for one that has ended."""
    match fault:
        case todo.Partition():
            groups = _groups(stage, fault)
            tally.hit(tuple(name for group in groups for name in group))
            return _cut(stage, tally, _between(stage, groups))
        case todo.PartitionOneway():
            sources, targets = stage.nodes(fault.from_), stage.nodes(fault.to)
            tally.hit((*sources, *targets))
            pairs = ((source, target) for source in sources for target in targets)
            return _cut(stage, tally, tuple(e for e in pairs if e in stage.world.fabric.links))
        case todo.Isolate():
            alone = stage.nodes(fault.nodes)
            tally.hit(alone)
            links = stage.world.fabric.links
            return _cut(stage, tally, tuple(e for e in links if e[0] in alone or e[1] in alone))
        case todo.Latency():
            return _slow(stage, fault, tally)
        case todo.Loss():
            return _lossy(stage, fault, tally)
        case todo.Clog():
            ends = stage.links(fault.links)
            tally.hit(_ends_of(ends))
            fabric = stage.world.fabric
            fabric.clog(ends, tally)
            return lambda: fabric.unclog(ends, tally)
        case todo.Disconnect():
            ends = stage.links(fault.links)
            tally.hit(_ends_of(ends))
            stage.world.fabric.disconnect(ends, tally)
            return None
        case _:
            assert_never(fault)


def _cut(stage: Stage, tally: Tally, ends: tuple[Ends, ...]) -> End:
    fabric = stage.world.fabric
    fabric.cut(ends, tally)
    return lambda: fabric.mend(ends, tally)


def _groups(stage: Stage, fault: todo.Partition) -> tuple[tuple[str, ...], ...]:
    if fault.groups is not None:
        return fault.groups
    names = tuple(one.name for one in stage.world.members if not one.is_clone)
    if fault.shape == "random":
        names = stage.shuffled(names)
    half = (len(names) + 1) // 2
    return names[:half], names[half:]


def _between(stage: Stage, groups: tuple[tuple[str, ...], ...]) -> tuple[Ends, ...]:
    """Give the links that no group holds whole."""
    side = {name: index for index, group in enumerate(groups) for name in group}
    return tuple(
        (source, target)
        for source, target in stage.world.fabric.links
        if source not in side or side[source] != side.get(target)
    )


def _slow(stage: Stage, fault: todo.Latency, tally: Tally) -> End:
    def change(spec: LinkSpec) -> LinkSpec:
        return replace(
            spec,
            base_us=spec.base_us + fault.add_us,
            jitter_mean_us=spec.jitter_mean_us + fault.jitter_us,
        )

    return _changed(stage, fault, tally, change, lambda link: link.frames)


def _lossy(stage: Stage, fault: todo.Loss, tally: Tally) -> End:
    return _changed(
        stage, fault, tally, lambda spec: spec.losing(fault.p_ppm), lambda link: link.losses
    )


def _changed(
    stage: Stage,
    fault: todo.Latency | todo.Loss,
    tally: Tally,
    change: Change,
    effects: Callable[[Link], int],
) -> End:
    """Make links behave otherwise; what ``effects`` counts of a link grows by is the effect."""
    ends = stage.links(fault.links)
    tally.hit(_ends_of(ends))
    fabric = stage.world.fabric
    stop = tally.meter(lambda: sum(effects(fabric.links[one]) for one in ends))
    fabric.change(ends, tally, change)

    def end() -> None:
        fabric.restore(ends, tally)
        stop()

    return end


def _ends_of(ends: tuple[Ends, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in ends for name in one))
