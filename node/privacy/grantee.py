"""The grantee's side: ask custodians, check what they sign, find K, open the record.

A custodian that lies learns nothing and is named: its signed receipt and the opened share are
the evidence (secret-sharing.md section 9, "Grantee").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from node.base.ports import Entropy, Signer
from node.base.types import Address
from node.privacy.release_errors import (
    BadReceiptError,
    GrantNotActiveError,
    ReleaseFormatError,
    SealedBoxError,
)
from node.privacy.release_messages import (
    Answer,
    Head,
    Receipt,
    Request,
    Status,
    release_info,
)
from node.privacy.sealing import open_sealed, public_key_of
from node.sss.commitments import Manifest
from node.sss.record_key import FoundKey, OpenedRecord, find_key
from node.sss.shares import Octets
from node.sss.ssms import decrypt
from node.sss.terms import Profile, check_profile

_NONCE_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Collected:
    """What the answers of the custodians came to, by index."""

    points: Mapping[int, bytes]
    """Shares of K."""
    refusals: Mapping[int, Status]
    receipts: Mapping[int, Receipt]
    """All that stand, refusals included."""
    faults: Mapping[int, str]
    """Answers that do not stand, and why."""

    def __repr__(self) -> str:
        return (
            f"Collected(released={sorted(self.points)}, refusals={dict(self.refusals)}, "
            f"faults={dict(self.faults)})"
        )


class Grantee:
    """A practitioner, hospital, insurer or researcher who reads under a grant."""

    def __init__(self, *, signer: Signer, sealing_private: bytes) -> None:
        """``sealing_private`` is the X25519 key whose public half stands in the consent."""
        self._signer = signer
        self._sealing_private = sealing_private

    def __repr__(self) -> str:
        return f"Grantee(0x{self.address.hex()})"

    @property
    def address(self) -> Address:
        """The account that grants name."""
        return self._signer.address

    @property
    def sealing_public(self) -> bytes:
        """The key that shares are sealed to."""
        return public_key_of(self._sealing_private)

    def requests(
        self,
        manifest: Manifest,
        *,
        grant_id: bytes,
        head: Head,
        indices: Iterable[int],
        entropy: Entropy,
        epoch: int | None = None,
    ) -> tuple[Request, ...]:
        """Make one signed request for each index.

        ``head``      a block that the grantee takes for final, at most 64 behind the custodians'.
        ``epoch``     the custodians' own; None is the manifest's.
        """
        header = manifest.header
        return tuple(
            Request(
                index=index,
                chain_id=header.chain_id,
                grant_id=grant_id,
                deal_id=header.deal_id(),
                epoch=manifest.epoch if epoch is None else epoch,
                grantee=self.address,
                head_number=head.number,
                head_hash=head.hash,
                nonce=entropy.take(_NONCE_BYTES),
            ).signed(self._signer)
            for index in indices
        )

    def collect(
        self, manifest: Manifest, requests: Sequence[Request], answers: Mapping[int, bytes]
    ) -> Collected:
        """Check and unseal the answers, by index; an answer that is missing is simply not there."""
        points: dict[int, bytes] = {}
        refusals: dict[int, Status] = {}
        receipts: dict[int, Receipt] = {}
        faults: dict[int, str] = {}
        for request in requests:
            raw = answers.get(request.index)
            if raw is None:
                continue
            try:
                got = Answer.decode(raw)
                check_receipt(got.receipt, request, manifest)
                receipts[request.index] = got.receipt
                if got.receipt.status is Status.RELEASED:
                    points[request.index] = self._unseal(request, got.sealed)
                else:
                    refusals[request.index] = got.receipt.status
            except (ReleaseFormatError, BadReceiptError, SealedBoxError) as error:
                faults[request.index] = str(error)
        return Collected(points, refusals, receipts, faults)

    def _unseal(self, request: Request, sealed: bytes) -> bytes:
        info = release_info(request.request_id(), request.index)
        return open_sealed(self._sealing_private, info, sealed)


def check_receipt(receipt: Receipt, request: Request, manifest: Manifest) -> None:
    """Check that a receipt answers this request and is signed by the custodian of its index.

    raises        BadReceiptError.
    """
    index = request.index
    same = (
        receipt.index == index
        and receipt.request_id == request.request_id()
        and receipt.grant_id == request.grant_id
        and receipt.deal_id == request.deal_id
        and receipt.epoch == request.epoch
    )
    if not same:
        raise BadReceiptError(index, "it answers another request")
    if not 1 <= index <= len(manifest.custodians):
        raise BadReceiptError(index, "the manifest has no such index")
    if receipt.signer() != manifest.address_of(index):
        raise BadReceiptError(index, "it is not signed by the custodian of the manifest")


def find_released_key(manifest: Manifest, collected: Collected) -> FoundKey:
    """Give K and the indices that lied.

    raises        GrantNotActiveError: too few shares, and custodians refused.
                  ShareMissingError: too few shares, and nobody refused.
                  WrongKeyError: no set of answers that was tried makes the key.
    """
    if len(collected.points) < manifest.header.needed and collected.refusals:
        refusals = tuple(sorted(collected.refusals.items()))
        raise GrantNotActiveError(
            refusals[0][1].name, tuple((index, status.name) for index, status in refusals)
        )
    return find_key(manifest.header, collected.points)


def open_released(
    manifest: Manifest, collected: Collected, fragments: Iterable[Octets], *, profile: Profile
) -> OpenedRecord:
    """Open a record from what custodians released; ``liars`` are named in the result.

    raises        SimulatedSecretError, and what ``find_released_key`` and ``ssms.decrypt`` raise.
    """
    check_profile(manifest.header, profile)
    found = find_released_key(manifest, collected)
    return OpenedRecord(decrypt(manifest, found.key, fragments), found.liars)
