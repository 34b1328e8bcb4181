"""What executing a block gave, kept for the other nodes of the process (ledger.md section 7).

A memo holds what execution produced, never what a header claims: a block with a forged root is
executed once and then refused by all.  On a hit header, base fee and transactions root are still
checked by the node itself, and every root against the header.
"""

from collections import OrderedDict
from typing import Final, NamedTuple, Protocol

from node.base.limits import MEMO_BYTES_MAX, MEMO_ENTRIES_COUNT_MAX
from node.base.types import Hash32
from node.evm.blocks import ExecutionResult
from node.evm.chain_errors import MemoMismatchError

_ENTRY_BYTES: Final = 1_000
_PART_BYTES: Final = 120
"""Of an object and its place in a dict; the key of a node is 32 bytes more."""
_LOG_BYTES: Final = 260
_TOPIC_BYTES: Final = 75


class MemoKey(NamedTuple):
    """All that execution depends on: the state before, the block, the rules, who executed."""

    parent_root: Hash32
    block_hash: Hash32
    """Covers the fee recipient too: it follows from the sealed header."""
    profile: str
    executor: str


class ExecutionMemo(Protocol):
    """Where a node looks before it executes, and what it tells after it did."""

    def find(self, key: MemoKey) -> ExecutionResult | None:
        """Give what executing the block gave, or None: execute it."""
        ...

    def keep(self, key: MemoKey, result: ExecutionResult) -> None:
        """Take what executing the block gave here."""
        ...


class SharedMemo:
    """A bounded memo, least recently used out first.  Only honest nodes may write to it."""

    def __init__(
        self, *, entries_max: int = MEMO_ENTRIES_COUNT_MAX, bytes_max: int = MEMO_BYTES_MAX
    ) -> None:
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._entries: OrderedDict[MemoKey, tuple[ExecutionResult, int]] = OrderedDict()
        self._bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size_bytes(self) -> int:
        """About what the entries hold: nodes, code, receipts and transactions."""
        return self._bytes

    def find(self, key: MemoKey) -> ExecutionResult | None:
        """Give what executing the block gave, or None: execute it."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        self._entries.move_to_end(key)
        self.hits += 1
        return entry[0]

    def keep(self, key: MemoKey, result: ExecutionResult) -> None:
        """Take what executing the block gave; the first value of a key stays."""
        if key in self._entries:
            return
        size = size_bytes(result)
        if size > self._bytes_max:
            return
        self._entries[key] = (result, size)
        self._bytes += size
        while len(self._entries) > self._entries_max or self._bytes > self._bytes_max:
            _, (_, gone) = self._entries.popitem(last=False)
            self._bytes -= gone


class VerifyingMemo:
    """The memo of a node that executes everything for itself and compares."""

    def __init__(self, shared: SharedMemo) -> None:
        self._shared = shared

    def find(self, key: MemoKey) -> ExecutionResult | None:
        """Give nothing: this node executes."""

    def keep(self, key: MemoKey, result: ExecutionResult) -> None:
        """Compare with what another node got.

        raises        MemoMismatchError: two executions of one block differ.
        """
        other = self._shared.find(key)
        if other is None:
            self._shared.keep(key, result)
        elif other != result:
            raise MemoMismatchError(key.block_hash, difference(other, result))


def difference(one: ExecutionResult, other: ExecutionResult) -> str:
    """Name the first part in which two results differ."""
    for name in ("gas_used", "encoded_receipts", "receipts_root", "logs_bloom", "state_root"):
        if getattr(one, name) != getattr(other, name):
            return name
    return "writes" if one.writes != other.writes else "transactions"


def size_bytes(result: ExecutionResult) -> int:
    """Estimate what a result holds in memory."""
    parts = (
        *result.writes.nodes.values(),
        *result.writes.code.values(),
        *result.encoded_receipts,
        *(transaction.raw for transaction in result.transactions),
    )
    logs = [log for receipt in result.receipts for log in receipt.logs]
    return (
        _ENTRY_BYTES
        + sum(_PART_BYTES + len(part) for part in parts)
        + sum(_LOG_BYTES + _TOPIC_BYTES * len(log.topics) + len(log.data) for log in logs)
    )
