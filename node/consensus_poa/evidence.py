"""Proofs that a validator broke a rule which an honest one cannot break by accident."""

from collections.abc import Callable
from typing import Final

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.ports import Verifier
from node.base.types import Address
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.effects import ReportEvidence
from node.consensus_poa.header import recover_signer

DOUBLE_SEAL: Final = "double_seal"
EQUIVOCATION: Final = "equivocation"
INVALID_PROPOSAL: Final = "invalid_proposal"
INVALID_JUSTIFICATION: Final = "invalid_justification"

SealKey = tuple[bytes, Address]
"""Slot and signer: an honest signer seals one block in a slot, ever."""
_REPORTED: Final = b""


def parent_slot(header: Header) -> bytes:
    """Give what of a header its signer may seal once: a child of this parent (Clique)."""
    return header.parent_hash


def note_seal(
    seals: Bounded[SealKey, bytes], slot: bytes, header: Header, signer: Address
) -> tuple[ReportEvidence, ...]:
    """Remember a header whose seal is verified; give evidence if it is the second of its slot.

    A signer is reported once per slot; the proof is rlp([first header, second header]).
    """
    key = (slot, signer)
    encoded = header.encode()
    first = seals.get(key)
    if first is None:
        seals[key] = encoded
        return ()
    if first in (_REPORTED, encoded):
        return ()
    seals[key] = _REPORTED
    proof = rlp.encode([rlp.decode(first), rlp.decode(encoded)])
    return (ReportEvidence(signer, DOUBLE_SEAL, proof),)


def equivocation_proof(first: bytes, second: bytes) -> bytes:
    """Give rlp([first message, second message]): two values of one author in one slot."""
    return rlp.encode([first, second])


def double_sealer(
    proof: bytes, verifier: Verifier, slot_of: Callable[[Header], bytes] = parent_slot
) -> Address | None:
    """Give who sealed both headers of a ``double_seal`` proof, or None if it proves nothing."""
    try:
        items = rlp.decode(proof)
        if isinstance(items, bytes) or len(items) != 2:
            return None
        first, second = Header.from_items(items[0]), Header.from_items(items[1])
    except CodecError:
        return None
    if first == second or slot_of(first) != slot_of(second):
        return None
    signer = recover_signer(first, verifier)
    return signer if signer == recover_signer(second, verifier) else None
