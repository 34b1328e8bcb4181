"""What a patient sends to one custodian: shares of e for a grant, sealed, and a signature.

A deposit is a grant share (kind 3) and the next step (kind 4), 304 bytes.  The digests of all N
deposits come along in clear, so that each custodian can check the root which the patient signed
without seeing the others' (secret-sharing.md section 9, steps 1 to 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from node.base.ports import Entropy
from node.privacy.consent import Deposit
from node.privacy.release_errors import CustodyError
from node.privacy.release_messages import deposit_info
from node.privacy.sealing import seal
from node.sss.refresh import deposit_root
from node.sss.shares import CONTAINER_FRAME_BYTES, Container, decode_container

CONTAINER_BYTES: Final = CONTAINER_FRAME_BYTES + 32
DEPOSIT_BYTES: Final = 2 * CONTAINER_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositLetter:
    """One custodian's deposit on its way."""

    grant_id: bytes
    deal_id: bytes
    epoch: int
    index: int
    digests: tuple[bytes, ...]
    """SHA-256 of the deposits of index 1 .. N."""
    sealed: bytes
    signature: bytes
    """The patient's, over the typed ``Deposit``; the same in all N letters."""

    def typed(self) -> Deposit:
        """Give the structure that the patient signed."""
        return Deposit(
            grant_id=self.grant_id,
            deal_id=self.deal_id,
            epoch=self.epoch,
            deposit_root=deposit_root(self.digests),
        )


def deposit_letters(
    typed: Deposit,
    plains: Sequence[bytes],
    custodian_keys: Sequence[bytes],
    *,
    signature: bytes,
    entropy: Entropy,
) -> tuple[DepositLetter, ...]:
    """Seal the deposits of index 1 .. N.  raises SealingKeyError."""
    digests = digests_of(plains)
    return tuple(
        DepositLetter(
            grant_id=typed.grant_id,
            deal_id=typed.deal_id,
            epoch=typed.epoch,
            index=index,
            digests=digests,
            sealed=seal(key, deposit_info(typed.grant_id, index), plain, entropy),
            signature=signature,
        )
        for index, (key, plain) in enumerate(zip(custodian_keys, plains, strict=True), start=1)
    )


def join_deposit(grant_share: Container, step: Container) -> bytes:
    """Give the plaintext of a deposit."""
    return grant_share.encode() + step.encode()


def split_deposit(plain: bytes) -> tuple[Container, Container]:
    """Read the plaintext of a deposit: grant share, step.

    raises        CustodyError: ``layout``.  ShareFormatError: of one of the containers.
    """
    if len(plain) != DEPOSIT_BYTES:
        raise CustodyError("layout", f"{len(plain)} bytes, wants {DEPOSIT_BYTES}")
    return decode_container(plain[:CONTAINER_BYTES]), decode_container(plain[CONTAINER_BYTES:])


def digests_of(deposits: Sequence[bytes]) -> tuple[bytes, ...]:
    """Give SHA-256 of each deposit, index 1 .. N."""
    return tuple(sha256(deposit).digest() for deposit in deposits)
