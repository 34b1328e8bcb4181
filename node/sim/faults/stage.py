"""What a fault acts on, and how its selectors become nodes and links when it begins."""

from collections.abc import Callable
from typing import TypeAlias

from node.base.rng import TreeEntropy
from node.base.types import MICROS_PER_SECOND, Address
from node.consensus_poa.proposer import proposer
from node.sim.fabric import Ends
from node.sim.schema.selectors import Links, Nodes
from node.sim.world import World

End: TypeAlias = Callable[[], None]
"""What ends an activation; called at most once."""


class Stage:
    """The world of one activation.  Draws are counted per fault, in the order of activations."""

    def __init__(self, world: World, fault: str) -> None:
        self.world = world
        self._entropy = TreeEntropy(world.scenario.run.seed, "fault", fault, "nodes")

    def nodes(self, wanted: Nodes) -> tuple[str, ...]:
        """Give the nodes that a selector means now; clones only where they are named."""
        everybody = tuple(one.name for one in self.world.members if not one.is_clone)
        match wanted.kind:
            case "ids":
                return wanted.ids
            case "all":
                return everybody
            case "validators":
                return self.world.scenario.network.validators
            case "not":
                return tuple(name for name in everybody if name not in wanted.ids)
            case "random":
                return self.shuffled(everybody)[: wanted.count]
            case "proposer":
                return (self.proposer(),)

    def links(self, wanted: Links) -> tuple[Ends, ...]:
        """Give both directions of the links that a selector means now."""
        links = self.world.fabric.links
        if wanted.nodes is None:
            both = (ends for one, two in wanted.pairs for ends in ((one, two), (two, one)))
            return tuple(ends for ends in dict.fromkeys(both) if ends in links)
        chosen = set(self.nodes(wanted.nodes))
        return tuple(ends for ends in links if ends[0] in chosen or ends[1] in chosen)

    def below(self, bound: int) -> int:
        """Draw a number of 0 to ``bound`` - 1."""
        return self._entropy.below(bound)

    def shuffled(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Give names in drawn order."""
        left, drawn = list(names), list[str]()
        while left:
            drawn.append(left.pop(self._entropy.below(len(left))))
        return tuple(drawn)

    def proposer(self) -> str:
        """Give who should make the block behind the highest head."""
        world = self.world
        name = max(world.nodes, key=lambda one: world.nodes[one].ledger.head.number)
        head = world.nodes[name].ledger.head
        signers = world.bends.engine(name).validators_after_block(head.hash())
        chain = world.scenario.chain
        match str(chain.consensus):
            case "clique":
                leader = signers[(head.number + 1) % len(signers)]
            case "aura":
                period = chain.period_us // MICROS_PER_SECOND
                now = (world.scenario.run.epoch_us + world.kernel.now) // MICROS_PER_SECOND
                leader = signers[(now // period + 1) % len(signers)]
            case _:
                leader = proposer(signers, head.coinbase, 0)
        return self._name_of(leader)

    def _name_of(self, address: Address) -> str:
        nodes = self.world.nodes
        return next(name for name, core in nodes.items() if core.address == address)
