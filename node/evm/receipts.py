"""Receipts and logs: what a transaction left behind (EIP-658, EIP-2718)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from node.base import rlp
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.types import Address, Hash32
from node.evm.blooms import BLOOM_BYTES, bloom_of
from node.evm.transactions import NEWEST_TYPE, Transaction


@dataclass(frozen=True, slots=True)
class Log:
    """One event of a contract."""

    address: Address
    topics: tuple[Hash32, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of one transaction."""

    type: int
    status: int | None
    """1: done; 0: failed, and only gas and nonce are spent; None: ``state_root`` stands there."""
    cumulative_gas_used: int
    """Gas of this and all earlier transactions of the block."""
    bloom: bytes
    logs: tuple[Log, ...]
    state_root: Hash32 | None = None
    """The state after the transaction: on foreign chains, before Byzantium."""

    @classmethod
    def of(
        cls,
        kind: int,
        status: int | None,
        cumulative_gas_used: int,
        logs: tuple[Log, ...],
        state_root: Hash32 | None = None,
    ) -> Self:
        """Make a receipt and its filter."""
        bloom = bloom_of(item for log in logs for item in (log.address, *log.topics))
        return cls(kind, status, cumulative_gas_used, bloom, logs, state_root)

    def encode(self) -> bytes:
        """Give the envelope as it stands in the receipts trie."""
        logs: list[rlp.Item] = [[log.address, log.topics, log.data] for log in self.logs]
        outcome: bytes
        if self.state_root is None:
            assert self.status is not None
            outcome = rlp.encode_int(self.status)
        else:
            outcome = self.state_root
        body = rlp.encode(
            [
                outcome,
                rlp.encode_int(self.cumulative_gas_used),
                self.bloom,
                logs,
            ]
        )
        return bytes((self.type,)) + body if self.type else body

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read an envelope.

        raises        CodecError: it is no receipt of a type that we know.
        """
        kind = raw[0] if raw and 0 < raw[0] <= NEWEST_TYPE else 0
        items = rlp.decode(raw[1:] if kind else raw)
        if isinstance(items, bytes) or len(items) != 4:
            raise CodecError("receipt", "wants a list of status, gas, bloom, logs")
        outcome, gas, bloom, logs = items
        if not isinstance(bloom, bytes) or len(bloom) != BLOOM_BYTES or isinstance(logs, bytes):
            raise CodecError("receipt", f"wants a bloom of {BLOOM_BYTES} bytes and a list of logs")
        cumulative = rlp.decode_int(gas, bytes_max=8)
        entries = tuple(_log(item) for item in logs)
        if isinstance(outcome, bytes) and len(outcome) == 32 and not kind:
            return cls(kind, None, cumulative, bloom, entries, Hash32(outcome))
        flag = rlp.decode_int(outcome, bytes_max=1)
        if flag > 1:
            raise CodecError("receipt", f"status {flag}, wants 0 or 1")
        return cls(kind, flag, cumulative, bloom, entries)


def _log(item: rlp.Decoded) -> Log:
    if isinstance(item, bytes) or len(item) != 3:
        raise CodecError("receipt", "a log is no list of address, topics, data")
    address, topics, data = item
    if not isinstance(address, bytes) or len(address) != 20:
        raise CodecError("receipt", "the address of a log has not 20 bytes")
    if isinstance(topics, bytes) or not isinstance(data, bytes):
        raise CodecError("receipt", "a log has no list of topics, or a list for its data")
    words: list[Hash32] = []
    for topic in topics:
        if not isinstance(topic, bytes) or len(topic) != 32:
            raise CodecError("receipt", "a topic has not 32 bytes")
        words.append(Hash32(topic))
    return Log(Address(address), tuple(words), data)


def gas_used_by(receipts: Sequence[Receipt], index: int) -> int:
    """Give the gas of one transaction of a block."""
    before = receipts[index - 1].cumulative_gas_used if index else 0
    return receipts[index].cumulative_gas_used - before


def created_address(transaction: Transaction) -> Address | None:
    """Give the address of the contract that a transaction makes; None: it makes none."""
    if transaction.to is not None:
        return None
    return contract_address(transaction.sender, transaction.nonce)


def contract_address(sender: Address, nonce: int) -> Address:
    """Give the address of what ``sender`` creates with ``nonce`` (Yellow Paper, equation 88)."""
    return Address(bytes(keccak256(rlp.encode([sender, rlp.encode_int(nonce)]))[12:]))
