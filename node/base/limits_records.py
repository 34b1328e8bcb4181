"""Limits of records, devices, institutions and what they ask of each other."""

from typing import Final

INSTITUTION_BLOCK_GAS_MAX: Final = 2_000_000
"""Gas per block of one insurer or researcher: a claim's decision or a study's release each time."""
CONSENTS_COUNT_MAX: Final = 16
"""Consents that one transaction relays; ConsentRegistry refuses more."""
