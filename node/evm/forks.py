"""Rule profiles: what differs between the rules of one fork and another (ledger.md section 2.1).

Our own chains run under one of two profiles for good.  A foreign chain, which is only read here,
has a profile per fork that it went through (``foreign_forks``).
"""

from dataclasses import dataclass
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

    @property
    def initcode_bytes_max(self) -> int | None:
        """Longest initcode of a transaction; None: no limit before Shanghai (EIP-3860)."""
        return INITCODE_BYTES_MAX if self.fork >= Fork.SHANGHAI else None

    @property
    def initcode_word_gas(self) -> int:
        """Intrinsic gas per 32 bytes of initcode (EIP-3860)."""
        return 2 if self.fork >= Fork.SHANGHAI else 0

    @property
    def creation_gas(self) -> int:
        """Intrinsic gas of making a contract, above that of any transaction (EIP-2)."""
        return 32_000 if self.fork >= Fork.HOMESTEAD else 0

    @property
    def data_byte_gas(self) -> int:
        """Intrinsic gas of a data byte that is not 0 (EIP-2028)."""
        return 16 if self.fork >= Fork.ISTANBUL else 68

    @property
    def refund_quotient(self) -> int:
        """At most this part of the gas spent is refunded (EIP-3529)."""
        return 5 if self.fork >= Fork.LONDON else 2

    @property
    def highest_type(self) -> int:
        """The newest type of transactions that a block may hold (EIP-2718)."""
        if not self.is_foreign:
            return 2
        firsts = (Fork.BERLIN, Fork.LONDON, Fork.CANCUN, Fork.PRAGUE)
        return sum(self.fork >= fork for fork in firsts)

    @property
    def has_cancun_header(self) -> bool:
        """20 header fields instead of 16 (EIP-4895, EIP-4844, EIP-4788)."""
        return self.fork >= Fork.CANCUN

    @property
    def has_receipt_roots(self) -> bool:
        """A receipt holds the state root after its transaction, not a status (EIP-658)."""
        return self.fork < Fork.BYZANTIUM


LONDON: Final = Profile("london", Fork.LONDON)
"""Chains of clique, aura and ibft1."""
CANCUN: Final = Profile("cancun", Fork.CANCUN)
"""Chains of qbft."""
PROFILES: Final = {profile.name: profile for profile in (LONDON, CANCUN)}
