"""Predicates about blocks and heads."""

from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.types import Hash32
from node.sim.checkers.consensus_headers import read_header
from node.sim.checkers.reexecution import ReexecutionChecker
from node.sim.facts import BlockStored, Fact, HeadAt
from node.sim.predicates.base import State


class HeadsAgree:
    """Nodes that know the same blocks have the same head (consensus.md section 9, C7)."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._heads: dict[str, Hash32] = {}

    def observe(self, fact: Fact) -> None:
        """Fold a block into what its node knows, or note its head."""
        match fact:
            case BlockStored(node, block_hash):
                self._known[node] = self._known.get(node, 0) ^ int.from_bytes(block_hash)
            case HeadAt(node, block_hash):
                self._heads[node] = block_hash
            case _:
                pass

    def state(self) -> State:
        """Compare the heads of the nodes whose knowledge is equal."""
        first: dict[int, str] = {}
        for node in sorted(self._heads):
            other = first.setdefault(self._known.get(node, 0), node)
            if self._heads[other] != self._heads[node]:
                return State(
                    holds=False,
                    why=f"{other} and {node} know the same blocks, but their heads are "
                    f"0x{self._heads[other].hex()[:16]} and 0x{self._heads[node].hex()[:16]}",
                )
        heads = len(set(self._heads.values()))
        why = (
            f"nodes with equal knowledge have equal heads ({len(self._heads)} nodes, "
            f"{heads} head{'s' * (heads != 1)})"
        )
        return State(holds=True, why=why)


class ChainLinked:
    """Every stored block has its hash, a known parent, and the next number (I1)."""

    def __init__(self, genesis: bytes) -> None:
        self._genesis = keccak256(genesis)
        self._numbers: dict[str, dict[Hash32, int]] = {}
        self._fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Link a block to what its node already stored."""
        if isinstance(fact, BlockStored) and self._fault is None:
            self._fault = self._link(fact)

    def _link(self, fact: BlockStored) -> str | None:
        numbers = self._numbers.setdefault(fact.node, {self._genesis: 0})
        try:
            header = read_header(fact.header)
        except CodecError as error:
            return f"{fact.node} stored a header that does not decode: {error}"
        if header.hash != fact.hash:
            return f"{fact.node} stored a header under 0x{fact.hash.hex()[:16]}, not its hash"
        below = numbers.get(header.parent)
        if below is None:
            return f"{fact.node} stored {header.name} without its parent"
        if header.number != below + 1:
            return f"{fact.node} stored {header.name} on block {below}"
        numbers[fact.hash] = below + 1
        return None

    def state(self) -> State:
        """Give the first fault, if any."""
        return State(holds=self._fault is None, why=self._fault or "all stored blocks are linked")


class StateRootReproducible:
    """Drawn blocks, executed again from another node's store, give what their headers say (I3)."""

    def __init__(self, checker: ReexecutionChecker) -> None:
        self._checker = checker
        self._fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Audit a block if it is one that was drawn."""
        if isinstance(fact, BlockStored) and self._fault is None:
            self._fault = self._checker.judge(fact.node, fact.hash, fact.header)

    def state(self) -> State:
        """Give the first fault, if any."""
        told = (
            f"{self._checker.audited} of {self._checker.seen} blocks executed again, none differs"
        )
        return State(holds=self._fault is None, why=self._fault or told)


class HeightAtLeast:
    """Every node's head has reached a number."""

    def __init__(self, nodes: tuple[str, ...], blocks: int) -> None:
        self._heights = dict.fromkeys(nodes, 0)
        self._blocks = blocks

    def observe(self, fact: Fact) -> None:
        """Note the height of a head."""
        if isinstance(fact, HeadAt):
            self._heights[fact.node] = fact.number

    def state(self) -> State:
        """Compare the lowest head with the number asked for."""
        node = min(self._heights, key=lambda name: (self._heights[name], name))
        height = self._heights[node]
        return State(
            holds=height >= self._blocks,
            why=f"the lowest head is block {height}, at {node}; wants {self._blocks}",
        )
