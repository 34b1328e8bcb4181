"""Workflow 6: a doctor or another party asks, a patient grants, denies, or takes a grant back.

A grant is usable when its Consent is final and enough custodians keep their deposits; until then
custodians refuse.  Expiry needs nobody: custodians compare with the time of their final block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.base.ports import Entropy
from node.base.types import Hash32
from node.contracts import consent_registry
from node.contracts.consent_registry import AccessRequested
from node.privacy.consent import ALL_SECTIONS, Consent, Purpose, scope_of
from node.workflows.asking import head, view
from node.workflows.lending import lend_records
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import GivenGrant, HeldGrant, Patient, Recipient, Ward

REQUEST_SECONDS: Final = 86_400
"""The window that a request asks for; the patient decides on another."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What a request leaves."""

    request_id: Hash32
    grantee: Recipient
    patient: Patient
    pmr_id: int
    purpose: Purpose
    scope: int


@dataclass(frozen=True, slots=True)
class GrantMade:
    """What a grant leaves."""

    grant_id: Hash32
    grantee: Recipient
    patient: Patient
    pmr_id: int
    valid_from_s: int
    valid_until_s: int
    deposits: int
    """Letters that custodians keep."""


def request_access(
    ward: Ward,
    grantee: Recipient,
    patient: Patient,
    pmr_id: int,
    *,
    purpose: Purpose,
    sections: Sequence[str] | None,
) -> Flow[AccessRequest]:
    """Ask on the ledger, with the key of who asks.

    raises        ContractRevertError: GranteeNotActive, PatientUnknown, ConsentScope, ...
    """
    consents = ward.contracts.consents
    scope = ALL_SECTIONS if sections is None else scope_of(sections)
    now = yield from head(grantee.node)
    data = consents.request_access(
        patient.wallet.address,
        pmr_id=pmr_id,
        purpose=purpose.encode(),
        scope=scope.to_bytes(32),
        grantee_key=grantee.reader.sealing_public,
        valid_from_s=now.timestamp,
        valid_until_s=now.timestamp + REQUEST_SECONDS,
    )
    inclusion = yield from transact(ward, grantee.node, grantee.signer, consents.address, data)
    asked = event_of(inclusion, consents.address, AccessRequested)
    assert isinstance(asked, AccessRequested)
    return AccessRequest(asked.request_id, grantee, patient, pmr_id, purpose, scope)


def direct_request(grantee: Recipient, patient: Patient, pmr_id: int) -> AccessRequest:
    """Give what a patient grants who scanned a grantee's code: nobody asked on the ledger."""
    return AccessRequest(
        Hash32(bytes(32)), grantee, patient, pmr_id, Purpose.TREATMENT, ALL_SECTIONS
    )


def grant(ward: Ward, request: AccessRequest, *, seconds: int, entropy: Entropy) -> Flow[GrantMade]:
    """Sign a Consent, let the grantee's hospital relay it, and deposit with the custodians.

    raises        ContractRevertError: ConsentNonce, ConsentPeriod, GranteeNotActive, ...
                  CustodiansMissingError: too few keep their deposits; the Consent stands.
    """
    patient, grantee = request.patient, request.grantee
    consents = ward.contracts.consents
    nonce = yield from view(patient.node, consents.nonce(patient.wallet.address))
    now = yield from head(patient.node)
    signed = patient.wallet.consent(
        pmr_id=request.pmr_id,
        grantee=grantee.signer.address,
        grantee_key=grantee.reader.sealing_public,
        purpose=request.purpose,
        scope=request.scope,
        valid_from_s=now.timestamp,
        valid_until_s=now.timestamp + seconds,
        nonce=nonce,
    )
    relay = grantee.hospital
    data = consents.grant(on_ledger(signed.consent), signed.signature)
    yield from transact(ward, relay.node, relay.signer, consents.address, data)
    patient.granted[signed.grant_id] = GivenGrant(request.pmr_id, signed.consent.valid_until_s)
    kept = yield from lend_records(ward, patient, signed.grant_id, request.pmr_id, entropy)
    held = HeldGrant(
        signed.grant_id, request.pmr_id, patient.wallet.address, signed.consent.valid_until_s
    )
    grantee.grants.append(held)
    return GrantMade(
        signed.grant_id,
        grantee,
        patient,
        request.pmr_id,
        signed.consent.valid_from_s,
        signed.consent.valid_until_s,
        kept,
    )


def deny(ward: Ward, request: AccessRequest) -> Flow[Hash32]:
    """Turn a request down, with the patient's key; give the transaction's hash.

    raises        ContractRevertError: RequestUnknown.
    """
    patient, consents = request.patient, ward.contracts.consents
    data = consents.deny(request.request_id)
    done = yield from transact(ward, patient.node, patient.signer, consents.address, data)
    return done.tx_hash


def revoke(ward: Ward, made: GrantMade) -> Flow[Hash32]:
    """Take a grant back, with the patient's key; give the transaction's hash.

    raises        ContractRevertError: GrantUnknown, NotPatient, ...
    """
    patient, consents = made.patient, ward.contracts.consents
    data = consents.revoke(made.grant_id, grantee=made.grantee.signer.address, pmr_id=made.pmr_id)
    done = yield from transact(ward, patient.node, patient.signer, consents.address, data)
    given = patient.granted.get(made.grant_id)
    if given is not None:
        given.ends_s = min(given.ends_s, done.timestamp)
    return done.tx_hash


def on_ledger(consent: Consent) -> consent_registry.Consent:
    """Give a Consent in the form of the contract's binding; the fields are the same."""
    return consent_registry.Consent(
        pmr_id=consent.pmr_id,
        patient=consent.patient,
        grantee=consent.grantee,
        purpose=consent.purpose.encode(),
        scope=consent.scope.to_bytes(32),
        grantee_key=consent.grantee_key,
        valid_from_s=consent.valid_from_s,
        valid_until_s=consent.valid_until_s,
        nonce=consent.nonce,
    )
