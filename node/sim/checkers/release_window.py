"""Whether shares were released only inside the window of their grant, by block time.

Reads the receipts that custodians signed, byte for byte, and asks a chain for the grant as it
stood at the block the custodian judged by.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.base.keccak import keccak256
from node.base.types import Hash32

RECEIPT_BYTES: Final = 297
_RELEASED: Final = 0
_OWN: Final = bytes(32)
"""Instead of a grant id: the share went to the record's own patient."""
_RECEIPT_LABEL: Final = b"wardnet/release-receipt/v1\x00"
_SIGNED_BYTES: Final = 232


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open time of a grant, and how it stood at the block asked about."""

    valid_from: int
    valid_until: int
    revoked: bool
    block_time: int
    """The time of that block by the chain, whatever the receipt says."""


@dataclass(frozen=True, slots=True)
class SignedRelease:
    """The fields of a receipt that this judge needs (secret-sharing.md section 9)."""

    status: int
    grant_id: Hash32
    head_hash: Hash32
    head_timestamp: int
    receipt_id: Hash32


def read_receipt(receipt: bytes) -> SignedRelease | None:
    """Read a receipt; None if it has another length or magic."""
    if len(receipt) != RECEIPT_BYTES or receipt[:4] != b"WSC1":
        return None
    return SignedRelease(
        status=receipt[6],
        grant_id=Hash32(receipt[40:72]),
        head_hash=Hash32(receipt[120:152]),
        head_timestamp=int.from_bytes(receipt[152:160]),
        receipt_id=keccak256(_RECEIPT_LABEL + receipt[:_SIGNED_BYTES]),
    )


class ReleaseWindowChecker:
    """Judges each receipt once."""

    def __init__(self, grant_at: Callable[[Hash32, Hash32], Window | None]) -> None:
        self._grant_at = grant_at
        """(grant id, block hash) -> the grant in the state of that block."""

    def judge(self, node: str, receipt: bytes) -> str | None:
        """Say why a release was outside its grant, or None."""
        read = read_receipt(receipt)
        if read is None:
            return f"{node} signed {len(receipt)} bytes that are no receipt"
        if read.status != _RELEASED or read.grant_id == _OWN:
            return None  # to a record's owner there is no window
        grant = self._grant_at(read.grant_id, read.head_hash)
        name = f"grant 0x{read.grant_id.hex()[:16]}"
        if grant is None:
            return f"{node} released a share for {name}, which does not exist at its block"
        if grant.revoked:
            return f"{node} released a share for {name} after its revocation"
        if read.head_timestamp != grant.block_time:
            return (
                f"{node} signed that its block is of {read.head_timestamp}; "
                f"the chain says {grant.block_time}"
            )
        if not grant.valid_from <= grant.block_time < grant.valid_until:
            return (
                f"{node} released a share for {name} at {grant.block_time}, outside "
                f"{grant.valid_from} .. {grant.valid_until}"
            )
        return None
