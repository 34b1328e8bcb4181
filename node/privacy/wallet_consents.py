"""What a patient signs for the ledger: consents and their ends."""

from dataclasses import dataclass

from node.base.ports import Signer
from node.base.types import Address, Hash32
from node.privacy.consent import Consent, Domain, Purpose, Revoke, grant_id_of, sign


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


class ConsentSigner:
    """The part of a wallet that needs no share: an account and where its signatures count."""

    def __init__(self, signer: Signer, domain: Domain) -> None:
        self._signer = signer
        self._domain = domain

    @property
    def address(self) -> Address:
        """The patient's account."""
        return self._signer.address

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
