"""Rule profiles: what differs between the rules of one fork and another (ledger.md section 2.1).

Our own chains run under one of two profiles for good.  A foreign chain, which is only read here,
has a profile per fork that it went through (``foreign_forks``).
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from node.base.limits import INITCODE_BYTES_MAX

GAS_PER_BLOB: Final = 131_072
"""EIP-4844."""


class Fork(IntEnum):
    """The forks that change execution, in their order; ice ages are none of them."""

    FRONTIER = 0
    HOMESTEAD = 1
    TANGERINE_WHISTLE = 2
    SPURIOUS_DRAGON = 3
    BYZANTIUM = 4
    CONSTANTINOPLE = 5
    PETERSBURG = 6
    ISTANBUL = 7
    BERLIN = 8
    LONDON = 9
    PARIS = 10
    SHANGHAI = 11
    CANCUN = 12
    PRAGUE = 13


@dataclass(frozen=True, slots=True)
class BlobLimits:
    """How many blobs a block has, and how fast their fee moves (EIP-4844, EIP-7840)."""

    target: int
    maximum: int
    update_fraction: int

    def base_fee(self, excess_blob_gas: int) -> int:
        """Give the wei per blob gas: e^(excess / fraction), by EIP-4844's Taylor series."""
        total = 0
        term = self.update_fraction
        step = 1
        while term > 0:
            total += term
            term = term * excess_blob_gas // (self.update_fraction * step)
            step += 1
        return total // self.update_fraction


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of a block: which interpreter, and what differs outside of it."""

    name: str
    fork: Fork
    is_foreign: bool = False
    """Of a chain that is only read: its blocks may have what ours never have."""
    is_replay_protected: bool = True
    """Signatures may name a chain (EIP-155)."""
    blobs: BlobLimits | None = None
    """Only of foreign chains: ours have no blobs."""

    # What follows from these, worked out once: a transaction asks for most of it.
    initcode_bytes_max: int | None = field(init=False)
    """Longest initcode of a transaction; None: no limit before Shanghai (EIP-3860)."""
    initcode_word_gas: int = field(init=False)
    """Intrinsic gas per 32 bytes of initcode (EIP-3860)."""
    creation_gas: int = field(init=False)
    """Intrinsic gas of making a contract, above that of any transaction (EIP-2)."""
    data_byte_gas: int = field(init=False)
    """Intrinsic gas of a data byte that is not 0 (EIP-2028)."""
    refund_quotient: int = field(init=False)
    """At most this part of the gas spent is refunded (EIP-3529)."""
    highest_type: int = field(init=False)
    """The newest type of transactions that a block may hold (EIP-2718)."""
    has_cancun_header: bool = field(init=False)
    """20 header fields instead of 16 (EIP-4895, EIP-4844, EIP-4788)."""
    has_receipt_roots: bool = field(init=False)
    """A receipt holds the state root after its transaction, not a status (EIP-658)."""
    has_gas_floor: bool = field(init=False)
    """Data has a price that no refund lowers (EIP-7623)."""
    has_delegations: bool = field(init=False)
    """An account may run the code of another (EIP-7702)."""

    def __post_init__(self) -> None:
        fork = self.fork
        since_shanghai = fork >= Fork.SHANGHAI
        types = (Fork.BERLIN, Fork.LONDON, Fork.CANCUN, Fork.PRAGUE)
        derived: dict[str, int | None] = {
            "initcode_bytes_max": INITCODE_BYTES_MAX if since_shanghai else None,
            "initcode_word_gas": 2 if since_shanghai else 0,
            "creation_gas": 32_000 if fork >= Fork.HOMESTEAD else 0,
            "data_byte_gas": 16 if fork >= Fork.ISTANBUL else 68,
            "refund_quotient": 5 if fork >= Fork.LONDON else 2,
            "highest_type": sum(fork >= first for first in types) if self.is_foreign else 2,
            "has_cancun_header": fork >= Fork.CANCUN,
            "has_receipt_roots": fork < Fork.BYZANTIUM,
            "has_gas_floor": fork >= Fork.PRAGUE,
            "has_delegations": fork >= Fork.PRAGUE,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)


LONDON: Final = Profile("london", Fork.LONDON)
"""Chains of clique, aura and ibft1."""
CANCUN: Final = Profile("cancun", Fork.CANCUN)
"""Chains of qbft."""
PROFILES: Final = {profile.name: profile for profile in (LONDON, CANCUN)}
