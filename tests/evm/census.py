"""What the transactions of a block really did, counted by kind: so that coverage is no guess."""

from collections import Counter
from typing import Any, ClassVar

from node.base.types import Address, Hash32
from node.evm.faults import REVERTED
from node.evm.ledger import Ledger
from node.evm.receipts import gas_used_by
from node.evm.traced_machine import Frame, FrameEnd, Tracer
from node.evm.tracer import trace_block
from node.evm.transactions import Transaction

_PRECOMPILES = tuple(Address(n.to_bytes(20)) for n in range(1, 11))
_COUNTED = {
    0x20: "hash", 0x40: "BLOCKHASH", 0x54: "SLOAD", 0x55: "SSTORE", 0x5C: "TLOAD",
    0x5D: "TSTORE", 0x5E: "MCOPY", 0x3E: "RETURNDATACOPY",
}  # fmt: skip


class _Visit(Tracer):
    """Counts what one transaction runs, in frames that fail as well."""

    wants_steps: ClassVar[bool] = True

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._frames: list[Frame] = []

    def begin(self, transaction: Transaction) -> None:
        """Count the transaction by its type and by what it carries."""
        self.counts[f"type {transaction.type}"] += 1
        self.counts["access list"] += bool(transaction.access_list)
        self.counts["fee"] += bool(transaction.max_fee and transaction.max_tip)
        self.counts["deployment"] += transaction.is_create

    def enter(self, frame: Frame) -> None:
        """Count a frame below the first, and any of a precompiled contract."""
        self.counts[frame.kind] += bool(self._frames)
        if frame.to in _PRECOMPILES and not frame.kind.startswith("CREATE"):
            self.counts[f"precompile {frame.to[-1]}"] += 1
        self._frames.append(frame)

    def leave(self, end: FrameEnd) -> None:
        """Count how a frame below the first ends."""
        frame = self._frames.pop()
        if not self._frames:
            return
        if end.error == REVERTED:
            self.counts["nested revert"] += 1
        elif end.error is not None:
            self.counts["nested fault"] += 1
        elif frame.kind.startswith("CREATE"):
            self.counts["nested creation"] += 1

    def step(self, computation: Any, position: int, opcode: int) -> None:
        """Count an opcode."""
        del computation, position
        name = _COUNTED.get(opcode)
        if name is not None:
            self.counts[name] += 1


def census(book: Ledger, block_hash: Hash32, fee_recipient: Address) -> list[Counter[str]]:
    """Count by replaying a stored block in py-evm; one counter per transaction."""
    visits = trace_block(book, block_hash, _Visit, fee_recipient=fee_recipient)
    receipts = book.receipts(block_hash)
    for index, (visit, receipt) in enumerate(zip(visits, receipts, strict=True)):
        visit.counts["success" if receipt.status else "failure"] += 1
        visit.counts["log"] += len(receipt.logs)
        visit.counts["gas"] += gas_used_by(receipts, index)
    return [visit.counts for visit in visits]
