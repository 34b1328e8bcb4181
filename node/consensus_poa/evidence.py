"""Proofs that a validator broke a rule which an honest one cannot break by accident."""

from typing import Final

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.effects import ReportEvidence
from node.consensus_poa.header import recover_signer

DOUBLE_SEAL: Final = "double_seal"
EQUIVOCATION: Final = "equivocation"
INVALID_PROPOSAL: Final = "invalid_proposal"
INVALID_JUSTIFICATION: Final = "invalid_justification"

SealKey = tuple[Hash32, Address]
"""Parent hash and signer: an honest signer seals one child of a parent, ever."""
_REPORTED: Final = b""


def note_seal(
    seals: Bounded[SealKey, bytes], header: Header, signer: Address
) -> ReportEvidence | None:
    """Remember a header whose seal is verified; give evidence if it is a second child.

    A signer is reported once per parent; the proof is rlp([first header, second header]).
    """
    key = (header.parent_hash, signer)
    encoded = header.encode()
    first = seals.get(key)
    if first is None:
        seals[key] = encoded
        return None
    if first in (_REPORTED, encoded):
        return None
    seals[key] = _REPORTED
    proof = rlp.encode([rlp.decode(first), rlp.decode(encoded)])
    return ReportEvidence(signer, DOUBLE_SEAL, proof)


def equivocation_proof(first: bytes, second: bytes) -> bytes:
    """Give rlp([first message, second message]): two values of one author in one slot."""
    return rlp.encode([first, second])


def double_sealer(proof: bytes, verifier: Verifier) -> Address | None:
    """Give who sealed both headers of a ``double_seal`` proof, or None if it proves nothing."""
    try:
        items = rlp.decode(proof)
        if isinstance(items, bytes) or len(items) != 2:
            return None
        first, second = Header.from_items(items[0]), Header.from_items(items[1])
    except CodecError:
        return None
    if first == second or first.parent_hash != second.parent_hash:
        return None
    signer = recover_signer(first, verifier)
    return signer if signer == recover_signer(second, verifier) else None
