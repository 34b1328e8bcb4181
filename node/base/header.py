"""The block header of every engine, and its bytes.

It stands in ``base`` because the executor builds headers and the engines judge them, and neither
may import the other.  15 fields (before London), 16 (London: base fee) or 20 (Cancun) are one
class: a field that does not exist in the rules of a chain is None.  Foreign chains, which are only
read here, also have 17 (Shanghai) and 21 (Prague).
"""

from dataclasses import dataclass, field
from typing import Final, Self

from node.base import rlp
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.limits import HEADER_BYTES_MAX
from node.base.types import Address, Hash32

_EXTRA_DATA: Final = 12
"""Place of extraData among the items."""
_FIELD_COUNTS: Final = (15, 16, 20)
_FOREIGN_COUNTS: Final = (15, 16, 17, 20, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A block header (Yellow Paper 4.3; EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685)."""

    parent_hash: Hash32
    ommers_hash: Hash32
    coinbase: Address
    state_root: Hash32
    transactions_root: Hash32
    receipts_root: Hash32
    logs_bloom: bytes
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    mix_hash: Hash32
    nonce: bytes
    base_fee: int | None = None
    withdrawals_root: Hash32 | None = None
    blob_gas_used: int | None = None
    excess_blob_gas: int | None = None
    parent_beacon_root: Hash32 | None = None
    requests_hash: Hash32 | None = None
    _hash: Hash32 | None = field(default=None, init=False, repr=False, compare=False)
    _encoded: bytes | None = field(default=None, init=False, repr=False, compare=False)
    _core: Hash32 | None = field(default=None, init=False, repr=False, compare=False)

    def items(self) -> list[bytes]:
        """Give the RLP items; None fields and all behind them are absent."""
        items: list[bytes] = [
            self.parent_hash,
            self.ommers_hash,
            self.coinbase,
            self.state_root,
            self.transactions_root,
            self.receipts_root,
            self.logs_bloom,
            rlp.encode_int(self.difficulty),
            rlp.encode_int(self.number),
            rlp.encode_int(self.gas_limit),
            rlp.encode_int(self.gas_used),
            rlp.encode_int(self.timestamp),
            self.extra_data,
            self.mix_hash,
            self.nonce,
        ]
        if self.base_fee is not None:
            items.append(rlp.encode_int(self.base_fee))
        if self.withdrawals_root is not None:
            assert self.base_fee is not None
            items.append(self.withdrawals_root)
        if self.parent_beacon_root is not None:
            assert self.withdrawals_root is not None
            assert self.blob_gas_used is not None
            assert self.excess_blob_gas is not None
            items += [
                rlp.encode_int(self.blob_gas_used),
                rlp.encode_int(self.excess_blob_gas),
                self.parent_beacon_root,
            ]
        else:
            assert self.blob_gas_used is None
            assert self.excess_blob_gas is None
        if self.requests_hash is not None:
            assert self.parent_beacon_root is not None
            items.append(self.requests_hash)
        return items

    def encode(self) -> bytes:
        """Give the canonical RLP.  Computed once per object: blocks are shared and sent often."""
        if self._encoded is None:
            object.__setattr__(self, "_encoded", rlp.encode(self.items()))
            assert self._encoded is not None
        return self._encoded

    def hash(self) -> Hash32:
        """Give the block hash: Keccak-256 of the canonical RLP.  Computed once per object."""
        if self._hash is None:
            object.__setattr__(self, "_hash", keccak256(self.encode()))
            assert self._hash is not None
        return self._hash

    def core_hash(self) -> Hash32:
        """Hash the header with empty extraData: what sealing does not change.  Computed once."""
        if self._core is None:
            items = self.items()
            items[_EXTRA_DATA] = b""
            object.__setattr__(self, "_core", keccak256(rlp.encode(items)))
            assert self._core is not None
        return self._core

    @classmethod
    def decode(cls, data: bytes, *, foreign: bool = False) -> Self:
        """Read a header; ``foreign`` takes the forms that no chain of ours has as well.

        raises        CodecError: not canonical RLP, wrong item count, or a field of wrong size.
        """
        if len(data) > HEADER_BYTES_MAX:
            raise CodecError("header", f"{len(data)} bytes, at most {HEADER_BYTES_MAX}")
        return cls.from_items(rlp.decode(data), foreign=foreign)

    @classmethod
    def from_items(cls, items: rlp.Decoded, *, foreign: bool = False) -> Self:
        """Read a header from decoded RLP; errors as ``decode``."""
        counts = _FOREIGN_COUNTS if foreign else _FIELD_COUNTS
        if isinstance(items, bytes) or len(items) not in counts:
            got = "no list" if isinstance(items, bytes) else f"{len(items)} items"
            wants = f"{', '.join(map(str, counts[:-1]))} or {counts[-1]}"
            raise CodecError("header", f"{got}, wants {wants} items")
        count = len(items)
        return cls(
            parent_hash=Hash32(_fixed(items[0], 32, "parentHash")),
            ommers_hash=Hash32(_fixed(items[1], 32, "sha3Uncles")),
            coinbase=Address(_fixed(items[2], 20, "miner")),
            state_root=Hash32(_fixed(items[3], 32, "stateRoot")),
            transactions_root=Hash32(_fixed(items[4], 32, "transactionsRoot")),
            receipts_root=Hash32(_fixed(items[5], 32, "receiptsRoot")),
            logs_bloom=_fixed(items[6], 256, "logsBloom"),
            difficulty=rlp.decode_int(items[7]),
            number=rlp.decode_int(items[8], bytes_max=8),
            gas_limit=rlp.decode_int(items[9], bytes_max=8),
            gas_used=rlp.decode_int(items[10], bytes_max=8),
            timestamp=rlp.decode_int(items[11], bytes_max=8),
            extra_data=_bytes(items[12], "extraData"),
            mix_hash=Hash32(_fixed(items[13], 32, "mixHash")),
            nonce=_fixed(items[14], 8, "nonce"),
            base_fee=rlp.decode_int(items[15]) if count > 15 else None,
            withdrawals_root=Hash32(_fixed(items[16], 32, "withdrawalsRoot"))
            if count > 16
            else None,
            blob_gas_used=rlp.decode_int(items[17], bytes_max=8) if count > 17 else None,
            excess_blob_gas=rlp.decode_int(items[18], bytes_max=8) if count > 17 else None,
            parent_beacon_root=Hash32(_fixed(items[19], 32, "parentBeaconBlockRoot"))
            if count > 17
            else None,
            requests_hash=Hash32(_fixed(items[20], 32, "requestsHash")) if count > 20 else None,
        )


def _bytes(item: rlp.Decoded, name: str) -> bytes:
    if not isinstance(item, bytes):
        raise CodecError("header", f"{name} is a list")
    return item


def _fixed(item: rlp.Decoded, size: int, name: str) -> bytes:
    value = _bytes(item, name)
    if len(value) != size:
        raise CodecError("header", f"{name} has {len(value)} bytes, wants {size}")
    return value
