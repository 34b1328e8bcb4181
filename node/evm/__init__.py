"""Execution, state trie, transactions, pool: the only importer of py-evm."""

import os

# The keccak backend of py-evm, frozen at its first use: with pycryptodome beside it, eth-hash would
# pick that one, six times slower on 32 bytes (ledger.md section 1).
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
