"""Byzantine faults: which behaviour a fault gives to which node, and for how long."""

from collections.abc import Callable

from node.base.types import Address
from node.sim.cast import secrets_of
from node.sim.facts import NodeTurned
from node.sim.faults import behaviours
from node.sim.faults.behaviours import Bench
from node.sim.faults.bent import Behaviour
from node.sim.faults.forge import Forge, Rivals, SealForge
from node.sim.faults.forge_ibft1 import Ibft1Forge
from node.sim.faults.forge_qbft import QbftForge
from node.sim.faults.stage import End, Stage
from node.sim.faults.tally import Tally
from node.sim.roster import Member
from node.sim.schema import injection as todo
from node.sim.schema.fault_checks import CLONE
from node.sim.world import World


def begin(
    stage: Stage, fault: todo.EngineFault | todo.CloneKey, tally: Tally, rivals: Rivals
) -> End:
    """Let nodes misbehave; give what makes them honest again."""
    if isinstance(fault, todo.CloneKey):
        return _clone(stage, fault.nodes.ids, tally)
    world = stage.world
    names = stage.nodes(fault.nodes)
    tally.hit(names)
    ends = [_bend(world, name, fault, tally, rivals) for name in names]

    def end() -> None:
        for one in ends:
            one()

    return end


def _bend(world: World, name: str, fault: todo.EngineFault, tally: Tally, rivals: Rivals) -> End:
    if isinstance(fault, todo.PlantedBug):
        return _plant(world, name, tally)
    if not world.bends.is_byzantine(name):
        world.tell(NodeTurned(name, "byzantine"))
    member = next(one for one in world.members if one.name == name)
    behaviour = _behaviour(world, member, fault, tally, rivals)
    forget = _forgetful(world, name, tally) if isinstance(fault, todo.Amnesia) else None
    world.bends.add(name, behaviour)

    def end() -> None:
        world.bends.remove(name, behaviour)
        if forget is not None:
            world.before_start.remove(forget)
        if not world.bends.is_byzantine(name):
            world.tell(NodeTurned(name, "honest"))

    return end


def _plant(world: World, name: str, tally: Tally) -> End:
    """Let the software of a node make its mistake, if its engine has room for it."""
    plant = world.bends.plants.get(name)
    if plant is None:
        return lambda: None
    plant.tally = tally
    behaviour = Behaviour()
    if not world.bends.is_byzantine(name):
        world.tell(NodeTurned(name, "byzantine"))
    world.bends.add(name, behaviour)

    def end() -> None:
        plant.tally = None
        world.bends.remove(name, behaviour)
        if not world.bends.is_byzantine(name):
            world.tell(NodeTurned(name, "honest"))

    return end


def _forgetful(world: World, name: str, tally: Tally) -> Callable[[str], None]:
    """Have a node lose its log before it starts again; the effects are the entries."""

    def forget(starting: str) -> None:
        if starting == name:
            tally.count(len(world.disks[name].log.entries()))
            world.disks[name].log.replace(())

    world.before_start.append(forget)
    return forget


def _behaviour(
    world: World, member: Member, fault: todo.EngineFault, tally: Tally, rivals: Rivals
) -> Behaviour:
    match fault:
        case todo.Amnesia():
            return Behaviour()
        case todo.Censor():
            sender = None if fault.sender is None else _address_of(world, fault.sender)
            return behaviours.Censor(tally, sender)
        case todo.RaiseGasLimit():
            return behaviours.RaiseGasLimit(tally)
        case _:
            return _talking(fault, _bench(world, member, tally, rivals))


def _talking(fault: todo.EngineFault, bench: Bench) -> Behaviour:
    match fault:
        case todo.Silent():
            return behaviours.Silent(bench)
        case todo.WithholdBlock():
            return behaviours.WithholdBlock(bench)
        case todo.EquivocateProposal():
            return behaviours.EquivocateProposal(bench)
        case todo.EquivocateVote():
            return behaviours.EquivocateVote(bench)
        case todo.OutOfTurn():
            return behaviours.OutOfTurn(bench)
        case todo.BadSeal():
            return behaviours.BadSeal(bench)
        case todo.AlwaysRoundChange():
            return behaviours.AlwaysRoundChange(bench)
        case todo.ReplayVotes():
            return behaviours.ReplayVotes(bench)
        case todo.Flood():
            return behaviours.Flood(bench, fault.blocks)
        case _:
            raise AssertionError(f"{fault.do} says nothing to its peers")


def _bench(world: World, member: Member, tally: Tally, rivals: Rivals) -> Bench:
    key = secrets_of(world.scenario.run.seed, member.key_of).signer
    forge: Forge
    match str(world.scenario.chain.consensus):
        case "qbft":
            forge = QbftForge(key, rivals)
        case "ibft1":
            forge = Ibft1Forge(key, rivals)
        case _:
            forge = SealForge(key)
    return Bench(
        address=key.address,
        forge=forge,
        tally=tally,
        engine=lambda: world.bends.engine(member.name),
        sides=lambda: _sides(world, key.address),
    )


def _sides(world: World, own: Address) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Part the others: honest ones in two halves, accomplices with the first.

    All adversaries part the same nodes alike, or their votes would not add up on either side.
    """
    honest: dict[Address, None] = {}
    accomplices: dict[Address, None] = {}
    for name, core in world.nodes.items():
        kind = accomplices if world.bends.is_byzantine(name) else honest
        kind[core.address] = None
    first = [*list(honest)[::2], *(one for one in accomplices if one != own)]
    second = list(honest)[1::2]
    return (
        tuple(one for one in first if one != own),
        tuple(one for one in second if one != own),
    )


def _address_of(world: World, name: str) -> Address:
    """Give the account of somebody who can send transactions; the loader knows the name."""
    cast = world.cast
    for people in (cast.hospitals, cast.doctors, cast.patients, cast.labs):
        if name in people:
            return people[name].signer.address
    return secrets_of(world.scenario.run.seed, name).signer.address


def _clone(stage: Stage, names: tuple[str, ...], tally: Tally) -> End:
    """Start second nodes of keys, on empty disks; both of a key count as Byzantine."""
    world = stage.world
    tally.hit(names)
    started = tuple(name for name in names if not world.is_up(name + CLONE))
    for name in started:
        tally.count()
        world.tell(NodeTurned(name, "byzantine"))
        world.tell(NodeTurned(name + CLONE, "byzantine"))
        world.start_node(name + CLONE)

    def end() -> None:
        for name in started:
            world.stop_node(name + CLONE)
            if not world.bends.is_byzantine(name):
                world.tell(NodeTurned(name, "honest"))

    return end
