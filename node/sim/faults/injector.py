"""Runs the faults of a scenario at their times, and accounts for what each one did."""

from dataclasses import dataclass

from node.sim.facts import Fact, HeadAt, NodeTurned, StepEnded
from node.sim.faults import access, byzantine, clock, net, process, storage
from node.sim.faults.forge import Rivals
from node.sim.faults.stage import End, Stage
from node.sim.faults.tally import Tally
from node.sim.history import JsonValue
from node.sim.kernel import Priority
from node.sim.results import FaultResult
from node.sim.schema import injection as todo
from node.sim.schema.injection import AnyFault
from node.sim.world import World


@dataclass(slots=True)
class _Planned:
    """One fault of the file."""

    fault: AnyFault
    tally: Tally
    stage: Stage


class Injector:
    """All faults of one run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rivals = Rivals()
        self._heads: dict[str, int] = {}
        self._planned = [
            _Planned(one, Tally(one.id, one.do, one.may_miss), Stage(world, one.id))
            for one in world.scenario.faults
        ]
        self._by_height = [one for one in self._planned if one.fault.at.block is not None]
        if self._planned:
            world.listeners.append(self._observe)

    def start(self) -> None:
        """Schedule what begins at a time of its own; tell who is down from the beginning."""
        for member in self._world.members:
            if member.is_late:
                self._world.tell(NodeTurned(member.name, "down"))
        for one in self._planned:
            at = one.fault.at
            if at.after is None and at.block is None:
                self._schedule(one, at.delay_us)

    def results(self) -> tuple[FaultResult, ...]:
        """Give what each fault did so far, in the order of the file."""
        return tuple(
            FaultResult(one.tally.id, one.tally.kind, tuple(one.tally.nodes), one.tally.effects)
            for one in self._planned
        )

    def vacuous(self) -> tuple[str, ...]:
        """Give the faults that changed nothing although they should have."""
        return tuple(
            one.tally.id
            for one in self._planned
            if one.tally.effects == 0 and not one.tally.may_miss
        )

    # -- inside --

    def _observe(self, fact: Fact) -> None:
        match fact:
            case StepEnded(step):
                for one in self._planned:
                    if one.fault.at.after == step:
                        self._schedule(one, self._world.kernel.now + one.fault.at.delay_us)
            case HeadAt(node, _, number) if self._by_height:
                if node in self._world.scenario.network.validators:
                    self._heads[node] = number
                    self._check_heights()
            case _:
                pass

    def _check_heights(self) -> None:
        """Begin what waits for a height that more than half of the validators have."""
        validators = self._world.scenario.network.validators
        for one in tuple(self._by_height):
            wanted = one.fault.at.block or 0
            reached = sum(number >= wanted for number in self._heads.values())
            if 2 * reached > len(validators):
                self._by_height.remove(one)
                self._schedule(one, self._world.kernel.now + one.fault.at.delay_us)

    def _schedule(self, one: _Planned, first_us: int) -> None:
        repeat = one.fault.repeat
        times, every_us = (1, 0) if repeat is None else (repeat.count, repeat.every_us)
        for index in range(times):
            self._at(first_us + index * every_us, one)

    def _at(self, t_us: int, one: _Planned) -> None:
        if t_us < self._world.scenario.run.until_us:
            self._world.kernel.at(t_us, Priority.FAULT, "", lambda: self._begin(one))

    def _begin(self, one: _Planned) -> None:
        world, fault = self._world, one.fault
        one.tally.latest = ()
        end = self._dispatch(one)
        value: JsonValue = {"nodes": one.tally.latest}
        world.history.append(world.kernel.now, fault.id, "fault", fault.do, value)
        if end is not None and fault.lasting_us is not None:
            heal_at = world.kernel.now + fault.lasting_us
            world.kernel.at(heal_at, Priority.FAULT, "", lambda: self._heal(one, end))

    def _dispatch(self, one: _Planned) -> End | None:
        fault = one.fault
        if isinstance(fault, todo.NetFault):
            return net.begin(one.stage, fault, one.tally)
        if isinstance(fault, todo.ProcessFault):
            return process.begin(one.stage, fault, one.tally)
        if isinstance(fault, todo.StorageFault):
            storage.begin(one.stage, fault, one.tally)
            return None
        if isinstance(fault, todo.ClockFault):
            return clock.begin(one.stage, fault, one.tally)
        if isinstance(fault, todo.AccessFault):
            return access.begin(one.stage, fault, one.tally)
        return byzantine.begin(one.stage, fault, one.tally, self._rivals)

    def _heal(self, one: _Planned, end: End) -> None:
        end()
        world, fault = self._world, one.fault
        value: JsonValue = {"effects": one.tally.effects}
        world.history.append(world.kernel.now, fault.id, "heal", fault.do, value)
