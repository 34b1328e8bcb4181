"""What a patient sends to one custodian to move a deal on: fresh steps instead of the old ones.

A renewal carries the steps (kind 4) into the next epochs, drawn anew: whoever gets no letter
keeps steps on polynomials that the others have left.  The patient signs the root of all N letters
as a ``Deposit`` without a grant.  Uses: a stolen e, a custodian who leaves, a new master
(secret-sharing.md section 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.base.limits import RENEWAL_STEPS_COUNT_MAX
from node.base.ports import Entropy
from node.privacy.consent import Deposit
from node.privacy.deposits import CONTAINER_BYTES, digests_of
from node.privacy.release_errors import CustodyError
from node.privacy.release_messages import OWNER_GRANT_ID
from node.privacy.sealing import seal
from node.sss.refresh import deposit_root
from node.sss.shares import Container, decode_container

_LABEL: Final = b"wardnet/renewal/v1\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalLetter:
    """One custodian's renewal on its way."""

    deal_id: bytes
    epoch: int
    """The epoch that the steps start from: the first one leads into ``epoch + 1``."""
    index: int
    digests: tuple[bytes, ...]
    """SHA-256 of the plaintexts of index 1 .. N, of those who get no letter too."""
    sealed: bytes
    signature: bytes
    """The patient's, over the typed ``Deposit``; the same in all letters of a renewal."""

    def typed(self) -> Deposit:
        """Give the structure that the patient signed."""
        return typed_renewal(self.deal_id, self.epoch, self.digests)


def typed_renewal(deal_id: bytes, epoch: int, digests: Sequence[bytes]) -> Deposit:
    """Give what a patient signs for a renewal: a deposit that lends to nobody."""
    return Deposit(
        grant_id=OWNER_GRANT_ID,
        deal_id=deal_id,
        epoch=epoch,
        deposit_root=deposit_root(digests),
    )


def renewal_letters(
    typed: Deposit,
    plains: Sequence[bytes],
    custodian_keys: Sequence[bytes],
    *,
    without: frozenset[int],
    signature: bytes,
    entropy: Entropy,
) -> tuple[RenewalLetter | None, ...]:
    """Seal the renewals of index 1 .. N; None for those who get none.  raises SealingKeyError."""
    digests = digests_of(plains)

    def letter(index: int, key: bytes, plain: bytes) -> RenewalLetter:
        return RenewalLetter(
            deal_id=typed.deal_id,
            epoch=typed.epoch,
            index=index,
            digests=digests,
            sealed=seal(key, renewal_info(typed.deal_id, index), plain, entropy),
            signature=signature,
        )

    return tuple(
        None if index in without else letter(index, key, plain)
        for index, (key, plain) in enumerate(zip(custodian_keys, plains, strict=True), start=1)
    )


def renewal_info(deal_id: bytes, index: int) -> bytes:
    """Give what a renewal is sealed for: one deal at one index."""
    return _LABEL + deal_id + bytes((index,))


def join_renewal(steps: Sequence[Container]) -> bytes:
    """Give the plaintext of a renewal, the next step first.

    raises        ValueError: none, or more than RENEWAL_STEPS_COUNT_MAX.
    """
    if not 1 <= len(steps) <= RENEWAL_STEPS_COUNT_MAX:
        raise ValueError(f"a renewal has 1 to {RENEWAL_STEPS_COUNT_MAX} steps, not {len(steps)}")
    return b"".join(step.encode() for step in steps)


def split_renewal(plain: bytes) -> tuple[Container, ...]:
    """Read the plaintext of a renewal.

    raises        CustodyError: ``layout``.  ShareFormatError: of one of the containers.
    """
    count, rest = divmod(len(plain), CONTAINER_BYTES)
    if rest or not 1 <= count <= RENEWAL_STEPS_COUNT_MAX:
        want = f"1 to {RENEWAL_STEPS_COUNT_MAX} times {CONTAINER_BYTES}"
        raise CustodyError("layout", f"{len(plain)} bytes, wants {want}")
    return tuple(
        decode_container(plain[at : at + CONTAINER_BYTES])
        for at in range(0, len(plain), CONTAINER_BYTES)
    )
