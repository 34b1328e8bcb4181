"""Whether a Clique network can never grow again: C8, the deadlock of EIP-3436's rationale."""

from node.base.types import Address, Hash32
from node.sim.checkers.clique_seals import CliqueSealChecker
from node.sim.checkers.consensus_observed import Observed
from node.sim.facts import BlockStored, Fact, HeadAt, NodeTurned


class Deadlock:
    """All blocks delivered, and no online signer may seal on its own head.

    What every node knows is folded into one number, and how many online nodes know the same is
    counted, so that a check costs nothing until knowledge is equal everywhere.
    """

    def __init__(self, observed: Observed, seals: CliqueSealChecker) -> None:
        self._observed = observed
        self._seals = seals
        self._known: dict[str, int] = dict.fromkeys(observed.addresses, 0)
        self._stored: dict[str, set[Hash32]] = {node: set() for node in observed.addresses}
        self._equal: dict[int, int] = {0: len(self._known)}
        """Knowledge -> how many online nodes have it."""
        self._down: set[str] = set()
        """Of our own: whoever shares ``observed`` may have noted a fact there before us."""
        self._heads: dict[str, Hash32] = {}
        self._found: str | None = None
        self._is_stale = True

    def observe(self, fact: Fact) -> None:
        """Note what a node knows, follows, or that it went or came."""
        self._observed.note(fact)
        match fact:
            case BlockStored(node, block_hash):
                self._store(node, block_hash)
            case HeadAt(node, block_hash):
                self._heads[node] = block_hash
            case NodeTurned(node, state):
                self._turn(node, state)
            case _:
                return
        self._is_stale = True

    def found(self) -> str | None:
        """Say what stands still and why, or None; nothing is done unless something changed."""
        if self._is_stale:
            self._is_stale = False
            self._found = self._look()
        return self._found

    def _turn(self, node: str, state: str) -> None:
        if node not in self._known:  # it joined late
            self._known[node] = 0
            self._count(0, 1)
        if state == "down" and node not in self._down:
            self._down.add(node)
            self._count(self._known[node], -1)
        elif state == "up" and node in self._down:
            self._down.remove(node)
            self._count(self._known[node], 1)

    def _store(self, node: str, block_hash: Hash32) -> None:
        stored = self._stored.setdefault(node, set())
        if block_hash in stored:
            return
        stored.add(block_hash)
        before = self._known.get(node)
        after = (before or 0) ^ int.from_bytes(block_hash)
        self._known[node] = after
        if node not in self._down:
            if before is not None:
                self._count(before, -1)
            self._count(after, 1)

    def _count(self, known: int, change: int) -> None:
        count = self._equal.get(known, 0) + change
        if count:
            self._equal[known] = count
        else:
            self._equal.pop(known, None)

    def _look(self) -> str | None:
        if len(self._equal) != 1:
            return None  # some block is still on its way, or lies where nobody can fetch it
        online = [name for name in self._known if name not in self._down]
        heads: dict[Hash32, list[str]] = {}
        for name in online:
            head = self._heads.get(name, self._observed.genesis)
            heads.setdefault(head, []).append(name)
        eligible = {head: self._seals.eligible_on(head) for head in heads}
        for head, names in heads.items():
            if any(self._observed.addresses.get(name) in eligible[head] for name in names):
                return None
        return "no online signer may seal on its own head: " + "; ".join(
            self._side(head, sorted(names), eligible[head]) for head, names in sorted(heads.items())
        )

    def _side(self, head: Hash32, names: list[str], eligible: tuple[Address, ...]) -> str:
        block = self._observed.blocks.get(head)
        told = f"0x{head.hex()[:8]}" if block is None else block.header.name
        may = ", ".join(self._observed.name_of(one) for one in eligible) or "nobody"
        return f"{', '.join(names)} on {told}, where {may} may"
