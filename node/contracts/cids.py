"""Content identifiers on the ledger: the codec byte and the SHA-256 digest.

A CIDv1 with sha2-256 is 36 bytes: 01 codec 12 20 digest.  Three of its parts are the same for
every record, so contracts take, keep and log (codec, digest): one storage slot for the digest,
one byte beside other small fields for the codec.  CIDv0 and other hash functions are refused.
Source: the CID specification of multiformats, section "CIDv1"; codec table of multicodec.
"""

from dataclasses import dataclass
from typing import Final, Self

from node.base.types import Cid, Hash32
from node.contracts.errors import CidFormError

RAW: Final = 0x55
DAG_PB: Final = 0x70
DAG_CBOR: Final = 0x71
CODECS: Final = frozenset({RAW, DAG_PB, DAG_CBOR})
_CID_BYTES: Final = 36
_SHA2_256: Final = b"\x12\x20"


@dataclass(frozen=True, slots=True)
class Content:
    """Off-chain bytes as a contract sees them: where they lie and what they must hash to."""

    commitment: Hash32
    """keccak256(salt + canonical JSON): records.md section 2."""
    cid: Cid

    def as_abi(self) -> tuple[bytes, int, bytes]:
        """Give the Solidity struct ``Content(bytes32 commitment,uint8 codec,bytes32 digest)``.

        raises        CidFormError: not a CIDv1 of sha2-256 with a known codec.
        """
        return (self.commitment, *split_cid(self.cid))

    @classmethod
    def from_abi(cls, commitment: bytes, codec: int, digest: bytes) -> Self:
        """Read the Solidity struct."""
        return cls(Hash32(commitment), join_cid(codec, digest))


def split_cid(cid: Cid) -> tuple[int, Hash32]:
    """Give (codec, digest) of a 36-byte CIDv1.

    raises        CidFormError: another version, length, codec or hash function.
    """
    if len(cid) != _CID_BYTES or cid[0] != 1:
        raise CidFormError(cid, f"{len(cid)} bytes; the ledger takes CIDv1 of {_CID_BYTES}")
    if cid[1] not in CODECS:
        raise CidFormError(cid, f"codec 0x{cid[1]:02x}; the ledger takes raw, dag-pb, dag-cbor")
    if cid[2:4] != _SHA2_256:
        raise CidFormError(cid, "the hash function must be sha2-256")
    return cid[1], Hash32(bytes(cid[4:]))


def join_cid(codec: int, digest: bytes) -> Cid:
    """Give the 36 bytes again.

    raises        CidFormError: the digest is not 32 bytes or the codec not one the ledger takes.
    """
    if len(digest) != 32 or codec not in CODECS:
        raise CidFormError(digest, f"codec {codec} with a digest of {len(digest)} bytes")
    return Cid(bytes((1, codec)) + _SHA2_256 + digest)
