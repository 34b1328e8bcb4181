"""Seals of headers that carry the signature at the end of extraData (Clique, AuRa).

The seal hash covers every field, base fee included, and extraData without its last 65 bytes; the
block hash covers everything (consensus.md section 4.1).
"""

from dataclasses import replace

from node.base import rlp
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.ports import Signer, Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.extra_data import SEAL_BYTES

_EXTRA_DATA = 12
"""Place of extraData among the RLP items of a header."""


def seal_hash(header: Header) -> Hash32:
    """Give the digest that the seal signs; extraData must hold a seal, empty or not."""
    items = header.items()
    items[_EXTRA_DATA] = header.extra_data[:-SEAL_BYTES]
    return keccak256(rlp.encode(items))


def recover_signer(header: Header, verifier: Verifier) -> Address | None:
    """Give who sealed the header, or None: no seal, high s, v above 1, or no such point."""
    if len(header.extra_data) < SEAL_BYTES:
        return None
    return verifier.recover(seal_hash(header), header.extra_data[-SEAL_BYTES:])


def seal_header(header: Header, signer: Signer) -> Header:
    """Give the header with its (empty) seal filled in; equal input gives equal bytes."""
    seal = signer.sign(seal_hash(header))
    return replace(header, extra_data=header.extra_data[:-SEAL_BYTES] + seal)
