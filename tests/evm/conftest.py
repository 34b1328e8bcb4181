"""Lets the ledger pick its keccak backend before a test imports py-evm."""

import node.evm  # noqa: F401
