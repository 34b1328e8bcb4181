"""Workflow 6: a doctor or another party asks, a patient grants, denies, or takes a grant back.

A grant is usable when its Consent is final and enough custodians keep their deposits; until then
custodians refuse.  Expiry needs nobody: custodians compare with the time of their final block.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from node.base.ports import Entropy
from node.base.types import Hash32
from node.contracts import consent_registry
from node.contracts.consent_registry import AccessRequested
from node.privacy.consent import ALL_SECTIONS, Consent, Purpose, scope_of
from node.privacy.wallet_consents import SignedConsent
from node.workflows.asking import head, view
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.errors import ContractRevertError
from node.workflows.lending import lend_records
from node.workflows.own_grants import note_end
from node.workflows.requests import Flow
from node.workflows.transacting import CALL_GAS, event_of, transact
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
    others: tuple["GrantMade", ...] = ()
    """Those that the same transaction relayed, for other records."""


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


def direct_request(
    grantee: Recipient,
    patient: Patient,
    pmr_id: int,
    *,
    purpose: Purpose = Purpose.TREATMENT,
    sections: Sequence[str] | None = None,
) -> AccessRequest:
    """Give what a patient grants who scanned a grantee's code: nobody asked on the ledger.

    ``pmr_id``    0: all records.  ``sections``  None: all.
    raises        ConsentFieldError: a section that is none.
    """
    scope = ALL_SECTIONS if sections is None else scope_of(sections)
    return AccessRequest(Hash32(bytes(32)), grantee, patient, pmr_id, purpose, scope)


def grant(ward: Ward, *requests: AccessRequest, seconds: int, entropy: Entropy) -> Flow[GrantMade]:
    """Sign a Consent for each request, let the grantee's hospital relay them, and deposit.

    Several go in one transaction: all stand or none.  All are of one patient and one grantee.
    Grants of the patient that were cut off before their deposits are gone on with first.

    raises        ContractRevertError: ConsentNonce, ConsentPeriod, GranteeNotActive, ...
                  CustodiansMissingError: too few keep their deposits; the Consents stand.
    """
    patient, grantee = requests[0].patient, requests[0].grantee
    consents = ward.contracts.consents
    yield from _finish_grants(ward, patient, entropy)
    nonce = yield from view(patient.node, consents.nonce(patient.wallet.address))
    now = yield from head(patient.node)
    signed = [
        patient.wallet.consent(
            pmr_id=request.pmr_id,
            grantee=grantee.signer.address,
            grantee_key=grantee.reader.sealing_public,
            purpose=request.purpose,
            scope=request.scope,
            valid_from_s=now.timestamp,
            valid_until_s=now.timestamp + seconds,
            nonce=nonce + place,
        )
        for place, request in enumerate(requests)
    ]
    relay = grantee.hospital
    pairs = [(on_ledger(one.consent), one.signature) for one in signed]
    data = consents.grant(*pairs[0]) if len(pairs) == 1 else consents.grant_many(pairs)
    gas = CALL_GAS * len(pairs)
    patient.granting |= {one.grant_id: (grantee, one) for one in signed}
    yield from transact(ward, relay.node, relay.signer, consents.address, data, gas=gas)
    first = yield from _lend(ward, patient, grantee, signed[0], entropy)
    others: tuple[GrantMade, ...] = ()
    for one in signed[1:]:
        others += ((yield from _lend(ward, patient, grantee, one, entropy)),)
    return replace(first, others=others)


def _finish_grants(ward: Ward, patient: Patient, entropy: Entropy) -> Flow[None]:
    """Deposit for grants that the ledger has and whose flow was cut off; drop the others.

    Where custodians are still missing it is tried again with the next grant.
    """
    consents = ward.contracts.consents
    for grant_id, (grantee, signed) in tuple(patient.granting.items()):
        standing = consents.is_standing(on_ledger(signed.consent))
        now = yield from head(patient.node)
        is_running = now.timestamp < signed.consent.valid_until_s
        if not (is_running and (yield from view(patient.node, standing))):
            del patient.granting[grant_id]
            continue
        with suppress(CustodiansMissingError):
            yield from _lend(ward, patient, grantee, signed, entropy)


def _lend(
    ward: Ward, patient: Patient, grantee: Recipient, signed: SignedConsent, entropy: Entropy
) -> Flow[GrantMade]:
    """Deposit what a Consent on the ledger covers, and tell the grantee of it."""
    consent = signed.consent
    patient.granted[signed.grant_id] = GivenGrant(
        consent.pmr_id, consent.valid_until_s, consent.scope
    )
    kept = yield from lend_records(ward, patient, signed.grant_id, consent.pmr_id, entropy)
    until_s = consent.valid_until_s
    held = HeldGrant(signed.grant_id, consent.pmr_id, patient.wallet.address, until_s)
    grantee.grants.append(held)
    patient.granting.pop(signed.grant_id, None)
    return GrantMade(
        signed.grant_id,
        grantee,
        patient,
        consent.pmr_id,
        consent.valid_from_s,
        until_s,
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
    """Take a grant back, and those made with it, with the patient's key; give the last hash.

    Of a list that was cut off, those that are back already are passed over.

    raises        ContractRevertError: GrantUnknown (none of them stands), GrantNotActive, ...
    """
    patient, consents = made.patient, ward.contracts.consents
    grantee = made.grantee.signer.address
    tx_hash: Hash32 | None = None
    gone: ContractRevertError | None = None
    for one in (made, *made.others):
        data = consents.revoke(one.grant_id, grantee=grantee, pmr_id=one.pmr_id)
        try:
            done = yield from transact(ward, patient.node, patient.signer, consents.address, data)
        except ContractRevertError as error:
            if error.name != "GrantUnknown":
                raise
            gone = error
            continue
        note_end(patient, one.grant_id, done.timestamp)
        tx_hash = done.tx_hash
    if tx_hash is None:
        assert gone is not None, "each was taken back or refused"
        raise gone
    return tx_hash


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
