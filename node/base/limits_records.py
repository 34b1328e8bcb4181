"""Limits of records, devices, institutions and what they ask of each other."""

from typing import Final

INSTITUTION_BLOCK_GAS_MAX: Final = 2_000_000
"""Gas per block of one insurer or researcher: a claim's decision or a study's release each time."""
BATCH_READINGS_COUNT_MAX: Final = 1_024
"""Signed readings that a device files at once: about 300 kB of JSON; IomtRegistry has it too."""
BASELINE_READINGS_COUNT_MIN: Final = 12
"""Earlier readings below which a patient has no baseline yet."""
BASELINE_READINGS_COUNT_MAX: Final = 96
"""Newest readings that a baseline rests on: a day of one each quarter of an hour."""
DEVICE_BATCHES_COUNT_MAX: Final = 96
"""Newest batches that a device remembers: a baseline needs no more."""
FUNDS_WEI_MAX: Final = 10**27
"""What one account may hold in a genesis: a billion ether; far below what a uint96 holds."""
CONSENTS_COUNT_MAX: Final = 16
"""Consents that one transaction relays; ConsentRegistry refuses more."""
STUDY_K_MAX: Final = 65_535
"""A study's k: a uint16 of ResearchPool."""
STUDY_PLACES_COUNT_MAX: Final = 100_000
"""Places of a study in a scenario; the contract itself takes a uint32."""
EMERGENCY_SECONDS_MAX: Final = 86_400
"""Seconds of block time that one breaking of the glass opens; ConsentRegistry has the same."""
