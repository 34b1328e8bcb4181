"""Execution, state trie, transactions, pool: the only importer of py-evm."""
