"""What all checkers of consensus know of a run: its blocks, its keys, who is honest, who is up.

One object serves all of them.  Each passes on every fact that it is told; a fact that was noted
costs one look-up, so their number matters little.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from node.base.errors import CodecError
from node.base.types import Address, Hash32
from node.sim.checkers.consensus_headers import BlockHeader, read_header
from node.sim.checkers.consensus_messages import MessageReader
from node.sim.checkers.consensus_rules import BFT, Rules
from node.sim.checkers.consensus_seals import SealJudge
from node.sim.facts import BlockStored, Fact, NodeTurned


@dataclass(frozen=True, slots=True)
class TreeBlock:
    """A block in the tree of all blocks of all nodes."""

    header: BlockHeader
    total_difficulty: int


class Observed:
    """The blocks, keys and states of nodes so far."""

    def __init__(
        self,
        rules: Rules,
        genesis: bytes,
        addresses: Mapping[str, Address],
        seals: SealJudge,
        reader: MessageReader,
    ) -> None:
        """``addresses``: the key of each node; two nodes may have one (a cloned key)."""
        self.rules = rules
        self.addresses = addresses
        self.seals = seals
        self.reader = reader
        first = read_header(genesis)
        self.genesis = first.hash
        self.blocks: dict[Hash32, TreeBlock] = {first.hash: TreeBlock(first, first.difficulty)}
        self.byzantine: set[Address] = set()
        """Keys that were Byzantine at any time so far."""
        self.down: set[str] = set()

    @property
    def is_bft(self) -> bool:
        """Say whether a decided block is final at once."""
        return self.rules.engine in BFT

    def note(self, fact: Fact) -> None:
        """Take note of a fact; again does nothing."""
        if isinstance(fact, BlockStored):
            if fact.hash not in self.blocks:
                self._add(fact)
        elif isinstance(fact, NodeTurned):
            self._turn(fact)

    def is_honest(self, node: str) -> bool:
        """Say whether a node's key never served a Byzantine node so far."""
        return self.addresses.get(node) not in self.byzantine

    def name_of(self, key: Address) -> str:
        """Give the node of a key and, if it is not honest, say so."""
        node = next((name for name, one in self.addresses.items() if one == key), None)
        name = f"0x{key.hex()[:8]}" if node is None else node
        return f"{name} (Byzantine)" if key in self.byzantine else name

    def block_below(self, block_hash: Hash32, number: int) -> Hash32 | None:
        """Give the ancestor of that number; None if some block on the way was never shown."""
        block = self.blocks.get(block_hash)
        while block is not None and block.header.number > number:
            block = self.blocks.get(block.header.parent)
        return None if block is None or block.header.number < number else block.header.hash

    def common_block(self, one: Hash32, other: Hash32) -> BlockHeader | None:
        """Give the last block that two branches share."""
        left, right = self.blocks.get(one), self.blocks.get(other)
        while left is not None and right is not None:
            if left.header.hash == right.header.hash:
                return left.header
            if left.header.number >= right.header.number:
                left = self.blocks.get(left.header.parent)
            else:
                right = self.blocks.get(right.header.parent)
        return None

    def _add(self, fact: BlockStored) -> None:
        try:
            header = read_header(fact.header)
        except CodecError:
            return  # chain_linked tells
        below = self.blocks.get(header.parent)
        if below is None or header.hash != fact.hash:
            return
        total = below.total_difficulty + header.difficulty
        self.blocks[fact.hash] = TreeBlock(header, total)
        self.seals.learn(fact.header)

    def _turn(self, fact: NodeTurned) -> None:
        match fact.state:
            case "byzantine":
                key = self.addresses.get(fact.node)
                if key is not None:
                    self.byzantine.add(key)
            case "down":
                self.down.add(fact.node)
            case "up":
                self.down.discard(fact.node)
            case "honest":
                pass  # what its key signed before stays out there
