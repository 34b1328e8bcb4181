"""Workflow 12, insurance: a policy is offered and bound, a claim is filed, read and decided.

The number of a policy and the details of a claim never reach the ledger.  The first stands there
as a salted commitment that insurer and patient can open; the second is a record like any other,
sealed under the patient's essential share, and an entry of the PMR that it is about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.base.ports import Entropy
from node.base.types import Hash32
from node.contracts.bindings.insurance_registry import ClaimFiled, PolicyOffered
from node.contracts.cids import Content
from node.contracts.insurance_registry import COVERABLE, PolicyStatus
from node.contracts.pmr_token import EntryKind
from node.privacy.canonical_json import encode
from node.privacy.consent import LATER_BIT
from node.privacy.record import SALT_BYTES, ClaimDetails, commitment
from node.workflows.asking import await_inclusion, call, final_block, head, view
from node.workflows.consult import Visit
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.dealing import UNWRITTEN, file_record
from node.workflows.errors import ClaimDiffersError, ClaimUnreadError, CommitmentError
from node.workflows.lending import lend_deal
from node.workflows.own_grants import hear_verdicts
from node.workflows.read_record import Reading, read_record
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Hospital, Institution, Patient, PolicyOffer, Ward

CURRENCY: Final = "INR"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that is bound, as insurer and patient know it."""

    policy_id: int
    insurer: Institution
    patient: Patient
    offer: PolicyOffer
    """Its number and the salt, which open the commitment on the ledger."""


@dataclass(frozen=True, slots=True)
class ClaimMade(Visit):
    """What a claim leaves: an entry of the PMR, beside those that it is for."""

    claim_id: int
    policy: Policy
    entries: tuple[int, ...]
    amount: int
    """In the smallest unit of the policy's currency."""
    lent: int
    """Letters by which the insurer may read the claim itself; 0: no grant of later records stands,
    or too few custodians took theirs, which then go out with the next grant."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision leaves."""

    claim: ClaimMade
    approved: int
    reason: str
    reading: Reading
    """What the insurer read before."""


def bind_policy(
    ward: Ward,
    insurer: Institution,
    patient: Patient,
    *,
    seconds: int,
    kinds: Sequence[EntryKind] | None,
    entropy: Entropy,
) -> Flow[Policy]:
    """Let an insurer offer a policy from the next block on, and its patient bind it.

    ``kinds``     what entries it covers; None: all that can be.
    Where an earlier order for these two was cut off, its offer is bound instead of a new one.

    raises        ContractRevertError: NotInsurer, PatientUnknown, OfferClosed, PolicyEnded, ...
                  CommitmentError: the insurer told the patient another number than it offered.
    """
    insurance = ward.contracts.insurance
    covered = COVERABLE if kinds is None else tuple(kinds)
    policy_id = yield from _standing_offer(ward, insurer, patient)
    if policy_id is None:
        policy_id = yield from _offer(
            ward, insurer, patient, kinds=covered, seconds=seconds, entropy=entropy
        )
    offer = insurer.offers[policy_id]
    if commitment(offer.salt, number_body(offer.number)) != offer.commitment:
        raise CommitmentError(f"policy {policy_id}")
    yield from await_inclusion(patient.node, offer.tx_hash, final=False)
    standing = yield from view(patient.node, insurance.policy(policy_id))
    if standing.status is not PolicyStatus.BOUND:
        data = insurance.bind_policy(policy_id)
        yield from transact(ward, patient.node, patient.signer, insurance.address, data)
    del insurer.offers[policy_id]
    return Policy(policy_id, insurer, patient, offer)


def number_body(number: str) -> bytes:
    """Give what a policy's number is committed by."""
    return encode({"policy": number})


def _standing_offer(ward: Ward, insurer: Institution, patient: Patient) -> Flow[int | None]:
    """Give the newest offer of an order that was cut off, if it is bound or can still be."""
    insurance = ward.contracts.insurance
    now = yield from head(insurer.node)
    for policy_id in reversed(insurer.offers):
        if insurer.offers[policy_id].patient is patient:
            found = yield from view(insurer.node, insurance.policy(policy_id))
            is_open = found.status in (PolicyStatus.OFFERED, PolicyStatus.BOUND)
            if is_open and found.valid_until_s > now.timestamp:
                return policy_id
    return None


def _offer(
    ward: Ward,
    insurer: Institution,
    patient: Patient,
    *,
    kinds: tuple[EntryKind, ...],
    seconds: int,
    entropy: Entropy,
) -> Flow[int]:
    insurance = ward.contracts.insurance
    patient_id = yield from view(
        insurer.node, ward.contracts.patients.id_of(patient.wallet.address)
    )
    now = yield from head(insurer.node)
    number, salt = patient.person.policy, entropy.take(SALT_BYTES)
    data = insurance.offer_policy(
        patient_id,
        commitment=commitment(salt, number_body(number)),
        kinds=kinds,
        currency=CURRENCY,
        valid_from_s=now.timestamp + 1,
        valid_until_s=now.timestamp + 1 + seconds,
    )
    done = yield from transact(ward, insurer.node, insurer.signer, insurance.address, data)
    event = event_of(done, insurance.address, PolicyOffered)
    assert isinstance(event, PolicyOffered)
    offer = PolicyOffer(patient, number, salt, Hash32(event.commitment), done.tx_hash)
    insurer.offers[event.policy_id] = offer
    return event.policy_id


def claim_insurance(
    ward: Ward,
    policy: Policy,
    pmr_id: int,
    entries: Sequence[int],
    *,
    amount: int,
    note: str,
    claimant: Patient | Hospital,
    entropy: Entropy,
) -> Flow[ClaimMade]:
    """Claim for entries of a record, as the patient or the hospital that wrote them.

    The claim is sealed and split before the ledger hears of it; with a grant of later records to
    the insurer, the patient lends it at once.

    raises        ContractRevertError: ClaimNotCovered, GrantNotActive, AlreadyClaimed, ...: then
                  nothing was sealed or handed out.
    """
    insurance, patient, node = ward.contracts.insurance, policy.patient, claimant.node

    def filing(content: Content) -> bytes:
        return insurance.file_claim(
            policy.policy_id, pmr_id=pmr_id, entries=entries, amount=amount, content=content
        )

    dealer = claimant.signer.address
    yield from call(node, insurance.address, filing(UNWRITTEN), dealer)
    details = ClaimDetails(policy.offer.number, CURRENCY, amount, tuple(entries), note)
    filed = yield from file_record(
        ward, patient, details, node=node, dealer=dealer, pmr_id=pmr_id, entropy=entropy
    )
    done = yield from transact(
        ward, node, claimant.signer, insurance.address, filing(filed.content)
    )
    event = event_of(done, insurance.address, ClaimFiled)
    assert isinstance(event, ClaimFiled)
    lent = yield from _lend(ward, policy, pmr_id, filed.deal_id, entropy)
    return ClaimMade(
        pmr_id,
        event.entry_index,
        patient,
        filed,
        event.claim_id,
        policy,
        tuple(entries),
        amount,
        lent,
    )


def _lend(ward: Ward, policy: Policy, pmr_id: int, deal_id: bytes, entropy: Entropy) -> Flow[int]:
    """Deposit a claim under the patient's newest grant of later records to the insurer."""
    patient = policy.patient
    final = yield from final_block(patient.node)
    for held in reversed(policy.insurer.grants):
        given = patient.granted.get(held.grant_id)
        if given is None or held.pmr_id not in (0, pmr_id) or not given.scope & LATER_BIT:
            continue
        yield from hear_verdicts(ward, patient, (held.grant_id,))
        if final.timestamp < given.ends_s:
            try:
                return (yield from lend_deal(ward, patient, held.grant_id, deal_id, entropy))
            except CustodiansMissingError:
                return 0
    return 0


def decide_claim(
    ward: Ward, claim: ClaimMade, *, approved: int | None, reason: str, entropy: Entropy
) -> Flow[Decision]:
    """Let the insurer read what is claimed, under its grant, and then decide.

    What the contract refuses anyway is refused before a custodian is asked.

    ``approved``  None: all that was claimed.
    raises        NoGrantError, GrantNotActiveError, ...: as ``read_record``; nothing is decided.
                  ClaimUnreadError: an entry that is claimed for is not among what the grant opens.
                  ClaimDiffersError: the claim that was read is not the one on the ledger.
                  ContractRevertError: AlreadyDecided, NotInsurer, AmountWrong, ReasonMissing.
    """
    insurance, insurer = ward.contracts.insurance, claim.policy.insurer
    standing = yield from view(insurer.node, insurance.claim(claim.claim_id))
    sum_approved = standing.amount if approved is None else approved
    data = insurance.decide_claim(claim.claim_id, approved=sum_approved, reason=reason)
    yield from call(insurer.node, insurance.address, data, insurer.signer.address)
    reading = yield from read_record(ward, insurer, claim.pmr_id, entropy)
    _check(claim, standing.amount, reading)
    yield from transact(ward, insurer.node, insurer.signer, insurance.address, data)
    return Decision(claim, sum_approved, reason, reading)


def _check(claim: ClaimMade, amount: int, reading: Reading) -> None:
    opened = {one.index: one.record for one in reading.entries}
    missing = tuple(index for index in claim.entries if index not in opened)
    if missing:
        raise ClaimUnreadError(claim.claim_id, missing)
    details = opened.get(claim.entry_index)
    if details is None:
        return  # the grant is of earlier records only: the ledger says what is claimed
    if not isinstance(details, ClaimDetails):
        raise ClaimDiffersError(claim.claim_id, "is no claim")
    if (details.amount, details.entries) != (amount, claim.entries):
        raise ClaimDiffersError(claim.claim_id, "is for another amount or other entries")
    if details.policy != claim.policy.offer.number:
        raise ClaimDiffersError(claim.claim_id, "is under another policy")
