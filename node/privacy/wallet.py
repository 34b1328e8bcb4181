"""The patient's wallet: essential shares, consents, deposits, revocations.

Pure: entropy is an argument and nothing is stored on disk here.  Three secrets: a secp256k1
signer, an X25519 key for what is sealed to the patient, and a 32-byte master from which the
essential shares of later epochs follow (secret-sharing.md sections 6, 8 and 9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.base.ports import Entropy, Signer
from node.base.types import Address, Hash32
from node.privacy.consent import Consent, Deposit, Domain, Purpose, Revoke, grant_id_of, sign
from node.privacy.deposits import DepositLetter, digests_of, join_deposit
from node.privacy.release_errors import CustodyError, UnknownDealError
from node.privacy.release_messages import deposit_info
from node.privacy.sealing import open_sealed, public_key_of, seal
from node.sss.commitments import Manifest
from node.sss.derivation import EssentialContext, essential_of
from node.sss.drbg import SeedsUsed, fresh_stream
from node.sss.errors import WrongEssentialShareError
from node.sss.refresh import delta_shares, deposit_root, grant_shares
from node.sss.shares import Container, Kind, Octets, container_of, decode_container

_ESSENTIAL_LABEL: Final = b"wardnet/essential/v1\x00"


@dataclass(frozen=True, slots=True)
class SignedConsent:
    """A consent, its grant id, and the patient's signature (v in {0, 1})."""

    consent: Consent
    grant_id: Hash32
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedRevoke:
    """A revocation and the patient's signature (v in {0, 1})."""

    revoke: Revoke
    signature: bytes


@dataclass(slots=True)
class _Held:
    """One deal in the wallet."""

    manifest: Manifest
    first: Container
    epoch: int
    steps: int
    """Number of the last step that has been deposited; steps are numbered by epoch."""


def seal_essential(essential: Container, patient_key: bytes, entropy: Entropy) -> bytes:
    """Seal the essential share to its patient: what the dealer sends, and then forgets.

    raises        SealingKeyError.
    """
    info = _ESSENTIAL_LABEL + essential.deal_id
    return seal(patient_key, info, essential.encode(), entropy)


class Wallet:
    """One patient's wallet."""

    def __init__(
        self,
        *,
        signer: Signer,
        sealing_private: bytes,
        master: bytes,
        domain: Domain,
        seeds: SeedsUsed,
    ) -> None:
        """Open an empty wallet; ``sealing_private`` and ``master`` have 32 bytes."""
        self._signer = signer
        self._sealing_private = sealing_private
        self._master = master
        self._domain = domain
        self._seeds = seeds
        self._held: dict[bytes, _Held] = {}

    def __repr__(self) -> str:
        return f"Wallet(0x{self.address.hex()}, {len(self._held)} deals)"

    @property
    def address(self) -> Address:
        """The patient's account."""
        return self._signer.address

    @property
    def sealing_public(self) -> bytes:
        """The X25519 key that stands in PatientRegistry."""
        return public_key_of(self._sealing_private)

    @property
    def deals(self) -> tuple[bytes, ...]:
        """The ids of all deals, in the order of their arrival."""
        return tuple(self._held)

    # ---- essential shares

    def accept(self, manifest: Octets, sealed: bytes) -> bytes:
        """Take the essential share that a dealer sealed to this wallet; give the deal id.

        raises        SealedBoxError, ShareFormatError.
                      WrongEssentialShareError: not of index 0, or not the manifest's.
                      CustodyError: ``twice``, the deal is here with another share.
        """
        listed = Manifest.decode(manifest)
        deal_id = listed.header.deal_id()
        plain = open_sealed(self._sealing_private, _ESSENTIAL_LABEL + deal_id, sealed)
        essential = decode_container(plain, listed.header)
        if essential.kind is not Kind.ESSENTIAL:
            raise WrongEssentialShareError("no index 0")
        if essential.digest() != listed.digests[0] or essential.epoch != listed.epoch:
            raise WrongEssentialShareError("its digest is not the manifest's")
        known = self._held.get(deal_id)
        if known is not None and known.first != essential:
            raise CustodyError("twice", f"deal {deal_id.hex()} is held with another share")
        if known is None:
            self._held[deal_id] = _Held(listed, essential, listed.epoch, listed.epoch)
        return deal_id

    def manifest(self, deal_id: bytes) -> Manifest:
        """Give the manifest that came with a deal.  raises UnknownDealError."""
        return self._deal(deal_id).manifest

    def epoch(self, deal_id: bytes) -> int:
        """Give the epoch of a deal as far as the wallet knows.  raises UnknownDealError."""
        return self._deal(deal_id).epoch

    def essential(self, deal_id: bytes, epoch: int | None = None) -> Container:
        """Give the essential container of an epoch, the current one by default.

        The dealer drew that of the first epoch; all later ones follow from the master.

        raises        UnknownDealError.  WrongEssentialShareError: before the first epoch.
        """
        held = self._deal(deal_id)
        wanted = held.epoch if epoch is None else epoch
        if wanted == held.first.epoch:
            return held.first
        if wanted < held.first.epoch:
            raise WrongEssentialShareError(f"the wallet knows no e of epoch {wanted}")
        header = held.manifest.header
        derived = essential_of(
            self._master,
            EssentialContext(
                header.chain_id, header.pmr_id, header.record_version, header.generation, wanted
            ),
        )
        return container_of(header, Kind.ESSENTIAL, 0, derived.salt, derived.share, epoch=wanted)

    def advance(self, deal_id: bytes) -> int:
        """Follow the custodians into the next epoch; give its number.

        raises        UnknownDealError.  CustodyError: ``step``, none was deposited for it.
        """
        held = self._deal(deal_id)
        if held.epoch >= held.steps:
            raise CustodyError("step", f"no step into epoch {held.epoch + 1} was deposited")
        held.epoch += 1
        return held.epoch

    def _deal(self, deal_id: bytes) -> _Held:
        held = self._held.get(deal_id)
        if held is None:
            raise UnknownDealError(deal_id)
        return held

    # ---- grants

    def consent(
        self,
        *,
        pmr_id: int,
        grantee: Address,
        grantee_key: bytes,
        purpose: Purpose,
        scope: int,
        valid_from_s: int,
        valid_until_s: int,
        nonce: int,
    ) -> SignedConsent:
        """Sign a consent; anyone may relay it.  raises ConsentFieldError."""
        consent = Consent(
            pmr_id=pmr_id,
            patient=self.address,
            grantee=grantee,
            purpose=purpose,
            scope=scope,
            grantee_key=grantee_key,
            valid_from_s=valid_from_s,
            valid_until_s=valid_until_s,
            nonce=nonce,
        )
        grant_id = grant_id_of(consent, self._domain)
        return SignedConsent(consent, grant_id, sign(consent, self._domain, self._signer))

    def revoke(self, grant_id: bytes, *, nonce: int) -> SignedRevoke:
        """Sign a revocation; it counts when it is final.  raises ConsentFieldError."""
        revoke = Revoke(grant_id=grant_id, nonce=nonce)
        return SignedRevoke(revoke, sign(revoke, self._domain, self._signer))

    def deposit(
        self,
        grant_id: bytes,
        deal_id: bytes,
        custodian_keys: Sequence[bytes],
        entropy: Entropy,
    ) -> tuple[DepositLetter, ...]:
        """Lend a deal under a grant: one letter for each custodian, index 1 .. N.

        Every call spends one step number: the letters of one call go out together or, resent,
        as they are.

        ``custodian_keys``  X25519 keys of index 1 .. N, from HospitalRegistry.
        raises        UnknownDealError, SealingKeyError, SeedReuseError.
                      ValueError: not one key for each custodian.
        """
        held = self._deal(deal_id)
        header = held.manifest.header
        if len(custodian_keys) != header.custodians:
            raise ValueError(f"this deal has {header.custodians} custodians")
        step = held.steps + 1
        lent = grant_shares(
            header,
            self.essential(deal_id).payload,
            epoch=held.epoch,
            stream=fresh_stream(entropy, self._seeds),
        )
        deltas = delta_shares(
            header,
            self.essential(deal_id, step - 1).payload,
            self.essential(deal_id, step).payload,
            epoch=step,
            stream=fresh_stream(entropy, self._seeds),
        )
        plains = [join_deposit(*pair) for pair in zip(lent, deltas, strict=True)]
        digests = digests_of(plains)
        typed = Deposit(
            grant_id=grant_id,
            deal_id=deal_id,
            epoch=held.epoch,
            deposit_root=deposit_root(digests),
        )
        signature = sign(typed, self._domain, self._signer)
        letters = tuple(
            DepositLetter(
                grant_id=grant_id,
                deal_id=deal_id,
                epoch=held.epoch,
                index=index,
                digests=digests,
                sealed=seal(key, deposit_info(grant_id, index), plain, entropy),
                signature=signature,
            )
            for index, (key, plain) in enumerate(zip(custodian_keys, plains, strict=True), start=1)
        )
        held.steps = step
        return letters
