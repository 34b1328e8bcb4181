"""Limits of records, devices, institutions and what they ask of each other."""

from typing import Final

INSTITUTION_BLOCK_GAS_MAX: Final = 2_000_000
"""Gas per block of one insurer or researcher: a claim's decision or a study's release each time."""
FUNDS_WEI_MAX: Final = 10**27
"""What one account may hold in a genesis: a billion ether; far below what a uint96 holds."""
CONSENTS_COUNT_MAX: Final = 16
"""Consents that one transaction relays; ConsentRegistry refuses more."""
