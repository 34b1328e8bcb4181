"""Everything that grows has a limit with a name here: ``<WHAT>_<UNIT>_<MAX|MIN>``.

Reaching one is a normal event with an error or a drop, never a crash.
"""

from typing import Final

FRAME_BYTES_MAX: Final = 10 * 2**20
"""One wire frame; geth's own hard limit for eth messages."""
TRANSACTION_BYTES_MAX: Final = 131_072
"""One encoded transaction; geth's pool limit."""
BLOCK_TRANSACTIONS_MAX: Final = 8_192
HEADER_BYTES_MAX: Final = 16_384
EXTRA_DATA_BYTES_MAX: Final = 8_192
"""Longest extraData: a checkpoint or certificate of 100 validators fits several times."""
RLP_DEPTH_MAX: Final = 64
"""Nesting of lists; headers, votes and certificates need five."""
VALIDATORS_COUNT_MAX: Final = 100
PARKED_BLOCKS_MAX: Final = 256
"""Blocks from the near future that a node keeps for later."""
FUTURE_SECONDS_MAX: Final = 30
"""How far ahead of the own clock a parked block may lie."""
BLOCK_BYTES_MAX: Final = 2 * 2**20
"""One block of the content store."""
CID_BYTES_MAX: Final = 168
MSGPACK_BYTES_MAX: Final = FRAME_BYTES_MAX
RECORD_BYTES_MAX: Final = 2**36 - 32
"""One record under one AES-GCM nonce (NIST SP 800-38D, section 5.2.1.1)."""
HOLDERS_COUNT_MAX: Final = 255
"""Holders of one deal: the nonzero elements of GF(2^8)."""
CALL_GAS_MAX: Final = 50_000_000
"""Gas of one read-only call; geth's default RPC gas cap."""
SCENARIO_BYTES_MAX: Final = 2**20
SCENARIO_DEPTH_MAX: Final = 12
SCENARIO_FAULTS_MAX: Final = 20
"""Faults of a scenario file that are printed before "and n more"."""
EVENTS_COUNT_MAX: Final = 50_000_000
"""Events of one simulated run (``run.budget.events``)."""
SAME_INSTANT_EVENTS_MAX: Final = 10_000
"""Events of one node at one instant: more is a livelock."""
