"""Rule profiles: the two sets of rules that our chains run under (ledger.md section 2.1)."""

from dataclasses import dataclass
from typing import Final

from node.base.limits import INITCODE_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Profile:
    """What differs between the rules of one fork and another, outside the interpreter."""

    name: str
    initcode_bytes_max: int | None
    """Longest initcode of a transaction; None: no limit before Shanghai (EIP-3860)."""
    initcode_word_gas: int
    """Intrinsic gas per 32 bytes of initcode (EIP-3860)."""
    has_cancun_header: bool
    """20 header fields instead of 16 (EIP-4895, EIP-4844, EIP-4788)."""


LONDON: Final = Profile("london", None, 0, has_cancun_header=False)
"""Chains of clique, aura and ibft1."""
CANCUN: Final = Profile("cancun", INITCODE_BYTES_MAX, 2, has_cancun_header=True)
"""Chains of qbft."""
PROFILES: Final = {profile.name: profile for profile in (LONDON, CANCUN)}
