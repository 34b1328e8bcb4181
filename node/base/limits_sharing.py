"""Limits of sharing long records and of the files of shares; see ``limits``."""

from typing import Final

XOR_SECRET_BYTES_MAX: Final = 64 * 2**20
"""One record of xor-1tn, whose n shares are each as long as it."""
NLSS_SECRET_BYTES_MAX: Final = 64 * 2**20
"""One record of nlss-q, held in memory like one of xor-1tn."""
UNWARNED_SECRET_BYTES_MAX: Final = 64 * 2**10
"""A longer record of xor-1tn is dealt with a warning: ssms-1tn stores a fraction of its bytes."""
SUBSETS_COUNT_MAX: Final = 70
"""Sets of k custodians of one nlss-q deal: each has a tie plane (secret-sharing.md section 6)."""
SECRETS_TRIED_BYTES_MAX: Final = 8 * 2**30
"""What is rebuilt in search of the liars of one xor-1tn or nlss-q deal: about a minute."""
STREAMED_ROWS_BYTES_MAX: Final = 4 * 2**20
"""All rows of a block of a record that is streamed: half of the 8 MiB that it may work in."""
SIMULATED_SHARES_COUNT_MAX: Final = 50_000_000
"""Shares whose fate one simulation of deals draws: about ten seconds."""
FILE_MANIFEST_BYTES_MAX: Final = 2**17
"""The manifest in the file of a holder: with 254 custodians 30 kB, 78 kB with nlss-q's vectors."""
ROW_PROGRAM_CELLS_COUNT_MAX: Final = 100
"""Elements of a matrix that is searched for cheaper ways; the search takes 3 ms at this size."""
ROW_PROGRAM_PAIRS_COUNT_MAX: Final = 4
"""Sums of two rows that are kept while a block is worked on: more would leave the cache."""
