"""Who may have sealed an AuRa block, and what is final on a branch (invariants I2, A1 to A3, R1).

The set changes by finality (consensus.md section 5): it is read at the last final block of the
branch, and the block after the one that made it final starts with an empty queue.
"""

from dataclasses import dataclass
from typing import Final

from node.base.errors import CodecError
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.sim.checkers.consensus_headers import (
    SEAL_BYTES,
    VANITY_BYTES,
    BlockHeader,
    end_sealer,
    read_header,
)
from node.sim.checkers.consensus_registry import RegistryReader
from node.sim.checkers.consensus_rules import Rules

_SCORE_BASE: Final = 2**128 - 1


@dataclass(frozen=True, slots=True)
class BranchState:
    """What holds on the branch that ends in a block."""

    number: int
    step: int
    members: tuple[Address, ...]
    queue: tuple[tuple[Hash32, int, Address], ...]
    """(hash, number, signer) of the blocks that are not final yet, oldest first."""
    final: tuple[Hash32, int]


def push(
    queue: tuple[tuple[Hash32, int, Address], ...],
    block: tuple[Hash32, int, Address],
    count: int,
    *,
    two_thirds: bool,
) -> tuple[tuple[tuple[Hash32, int, Address], ...], int]:
    """Append a block signed by one of ``count``; give the queue, and how many became final."""
    queue = (*queue, block)
    popped = 0
    while True:
        distinct = len({signer for _, _, signer in queue[popped:]})
        enough = distinct * 3 > 2 * count if two_thirds else distinct * 2 > count
        if not enough:
            return queue[popped:], popped
        popped += 1


class AuraSeals:
    """Follows every branch that it is shown."""

    def __init__(
        self,
        genesis: bytes,
        first: tuple[Address, ...],
        rules: Rules,
        verifier: Verifier,
        registry: RegistryReader | None = None,
    ) -> None:
        """``first``: the validators of genesis; without a registry they stay."""
        read = read_header(genesis)
        self._rules = rules
        self._verifier = verifier
        self._registry = registry
        start = BranchState(0, _step(read), tuple(sorted(first)), (), (read.hash, 0))
        self._after: dict[Hash32, BranchState] = {read.hash: start}

    def judge(self, header: bytes, certificate: bytes | None = None) -> str | None:
        """Say what is wrong with a header, or None."""
        del certificate  # everything stands in the header
        return self.learn(header)

    def learn(self, header: bytes) -> str | None:
        """Say what is wrong with a header, or None and its branch is followed."""
        try:
            read = read_header(header)
        except CodecError as error:
            return f"a header that cannot be read: {error}"
        if read.hash in self._after:
            return None
        below = self._after.get(read.parent)
        if below is None:
            return f"{read.name}: its parent 0x{read.parent.hex()[:8]} was never shown"
        if read.number != below.number + 1:
            return f"{read.name} stands on block {below.number}"
        fault = self._fault(read, below)
        if fault is not None:
            return f"{read.name}: {fault}"
        self._after[read.hash] = self._extended(read, below)
        return None

    def after(self, block_hash: Hash32) -> tuple[Address, ...] | None:
        """Give the set that may seal on a block, ascending."""
        known = self._after.get(block_hash)
        return None if known is None else known.members

    def branch(self, block_hash: Hash32) -> BranchState | None:
        """Give what holds on the branch that ends in a block."""
        return self._after.get(block_hash)

    def _fault(self, header: BlockHeader, below: BranchState) -> str | None:
        step = _step(header)
        if step <= below.step:
            return f"its step {step} is not above its parent's, {below.step}"
        if len(header.extra) != VANITY_BYTES + SEAL_BYTES or header.nonce != bytes(8):
            return "its extraData or nonce is not AuRa's"
        signer = end_sealer(header, self._verifier)
        primary = below.members[step % len(below.members)]
        if signer != primary or header.coinbase != primary:
            who = "nobody" if signer is None else f"0x{signer.hex()}"
            return f"sealed by {who}, the primary of step {step} is 0x{primary.hex()}"
        score = _SCORE_BASE + below.step - step
        if header.difficulty != score:
            return f"difficulty {header.difficulty}, its step makes {score}"
        return None

    def _extended(self, header: BlockHeader, below: BranchState) -> BranchState:
        block = (header.hash, header.number, header.coinbase)
        queue, popped = push(
            below.queue, block, len(below.members), two_thirds=self._rules.two_thirds
        )
        if self._registry is not None:
            self._registry.learn(header)
        final = below.final
        members = below.members
        if popped:
            final = (*below.queue, block)[popped - 1][:2]
            named = None if self._registry is None else self._registry.after(final[0])
            if named is not None and named != members:
                members, queue = named, ()
        return BranchState(header.number, _step(header), members, queue, final)


def _step(header: BlockHeader) -> int:
    return int.from_bytes(header.mix)
