"""A custodian's signed word that nothing of a deal is left with it.

It is signed after custody and block store were read again.  What it proves is who said so and
when, at which final block; it cannot prove that no copy was made before.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

from node.base.keccak import keccak256
from node.base.keys import SIGNATURE_BYTES, recover
from node.base.ports import Signer
from node.base.types import Address, Hash32
from node.privacy.release_errors import BadCertificateError, ReleaseFormatError
from node.privacy.release_messages import UNSIGNED

CERTIFICATE_BYTES: Final = 157
_BODY_BYTES: Final = CERTIFICATE_BYTES - SIGNATURE_BYTES
_MAGIC: Final = b"WSE1"
_LABEL: Final = b"wardnet/erasure-certificate/v1\x00"
_WHAT: Final = "erasure certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureCertificate:
    """157 bytes, big-endian; the body is what stands before the signature:

    0 "WSE1" | 4 format=1 | 5 index | 6 00 00 | 8 chain_id u64 | 16 deal_id 32 |
    48 head_number u64 | 56 head_hash 32 | 88 objects_destroyed u32 | 92 signature 65
    """

    index: int
    chain_id: int
    deal_id: bytes
    head_number: int
    """The custodian's final block that ordered the erasure."""
    head_hash: Hash32
    objects_destroyed: int
    """Shares, steps and blocks; 0 where nothing was left to destroy."""
    signature: bytes = UNSIGNED

    def body(self) -> bytes:
        """Give the 92 bytes that are signed."""
        return b"".join(
            (
                _MAGIC,
                bytes((1, self.index, 0, 0)),
                self.chain_id.to_bytes(8),
                self.deal_id,
                self.head_number.to_bytes(8),
                self.head_hash,
                self.objects_destroyed.to_bytes(4),
            )
        )

    def certificate_id(self) -> Hash32:
        """Give what the custodian signs and the ledger records."""
        return keccak256(_LABEL + self.body())

    def signed(self, signer: Signer) -> Self:
        """Give the certificate with the signer's signature."""
        return replace(self, signature=signer.sign(self.certificate_id()))

    def check(self, custodian: Address) -> None:
        """Check that a custodian signed this.  raises BadCertificateError."""
        if recover(self.certificate_id(), self.signature) != custodian:
            raise BadCertificateError(self.index, f"it is not signed by 0x{custodian.hex()}")

    def encode(self) -> bytes:
        """Give the 157 bytes."""
        return self.body() + self.signature

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a certificate strictly; the signature is not checked here.

        raises        ReleaseFormatError: ``length``, ``magic``, ``format``, ``index``,
                      ``reserved``.
        """
        if len(raw) != CERTIFICATE_BYTES:
            raise ReleaseFormatError(_WHAT, "length")
        if raw[:4] != _MAGIC:
            raise ReleaseFormatError(_WHAT, "magic")
        if raw[4] != 1:
            raise ReleaseFormatError(_WHAT, "format")
        if not 1 <= raw[5] <= 254:
            raise ReleaseFormatError(_WHAT, "index")
        if raw[6:8] != bytes(2):
            raise ReleaseFormatError(_WHAT, "reserved")
        return cls(
            index=raw[5],
            chain_id=int.from_bytes(raw[8:16]),
            deal_id=raw[16:48],
            head_number=int.from_bytes(raw[48:56]),
            head_hash=Hash32(raw[56:88]),
            objects_destroyed=int.from_bytes(raw[88:_BODY_BYTES]),
            signature=raw[_BODY_BYTES:],
        )
