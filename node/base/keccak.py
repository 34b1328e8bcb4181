"""Keccak-256 as Ethereum uses it (the padding from before FIPS 202)."""

import sha3

from node.base.types import Hash32


def keccak256(data: bytes) -> Hash32:
    """Hash ``data`` to 32 bytes."""
    digest: Hash32 = sha3.keccak_256(data).digest()  # no call of the type: this is a hot path
    return digest
