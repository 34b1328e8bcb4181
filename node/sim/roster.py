"""Which nodes a network has: validators, nodes without a vote, and second nodes of one key."""

from collections.abc import Iterable
from dataclasses import dataclass

from node.sim.schema.fault_checks import CLONE
from node.sim.schema.injection import CloneKey, Fault, LateJoin
from node.sim.schema.network import Network


@dataclass(frozen=True, slots=True)
class Member:
    """One machine of the network."""

    name: str
    key_of: str
    """Whose key it has: another node's, if it is a clone."""
    is_validator: bool
    """Whether its key is in the validator set of the genesis."""
    is_late: bool = False
    """Whether it is down until a fault starts it."""

    @property
    def is_clone(self) -> bool:
        """Say whether another node has the same key."""
        return self.name != self.key_of


def members(network: Network, faults: Iterable[Fault] = ()) -> tuple[Member, ...]:
    """Give all nodes: validators and others in the order of the file, then clones."""
    found = list(faults)
    late = {name for one in found if isinstance(one, LateJoin) for name in one.nodes.ids}
    own = [
        Member(name, name, name in network.validators, name in late)
        for name in (*network.validators, *network.extras)
    ]
    cloned = dict.fromkeys(
        name for one in found if isinstance(one, CloneKey) for name in one.nodes.ids
    )
    clones = [Member(name + CLONE, name, is_validator=True, is_late=True) for name in cloned]
    return (*own, *clones)
