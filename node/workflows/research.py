"""Workflow 14: a study is funded, joined and left, its dataset released, everybody paid.

Joining opens a patient's visit to the researcher under a Consent with purpose HRESCH, for its
diagnosis; the patient's device tells bands of age, weight and height (``Demographics``), since
registration details never leave the patient.  The researcher reads, de-identifies and releases: the
ledger gets counts and the commitment to the dataset, the block store the dataset itself.

Every flow that was cut off can be run again: what stands on the ledger is not done twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.base.ports import Entropy
from node.contracts.abi import LedgerEvent
from node.contracts.cids import Content
from node.contracts.pmr_id import decode_pmr_id
from node.contracts.research_pool import (
    HospitalPaid,
    Paid,
    Refunded,
    Standing,
    StudyFunded,
    StudyTerms,
)
from node.ipfs_lite.blocks import BlockClass
from node.privacy.consent import Purpose
from node.privacy.record import PmrEntry
from node.privacy.release_errors import GrantNotActiveError
from node.privacy.research_export import (
    Dataset,
    Demographics,
    Participant,
    export,
    generalise,
    short_code,
)
from node.sss.errors import ShareMissingError, WrongKeyError
from node.workflows.access import GrantMade, direct_request, grant, revoke
from node.workflows.asking import call, head, put, view
from node.workflows.dealing import UNWRITTEN
from node.workflows.errors import (
    CommitmentError,
    ContractRevertError,
    FetchFailedError,
    FragmentsMissingError,
    NoGrantError,
)
from node.workflows.own_grants import note_end
from node.workflows.read_record import Reading, read_record
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Hospital, Institution, Patient, Ward

READING_SECONDS: Final = 86_400
"""How long after a study's deadline its grants let the researcher read."""
SECTIONS: Final = ("diagnosis",)
"""What a participant opens."""
PERCENT: Final = 100
_UNREADABLE: Final = (
    NoGrantError,
    GrantNotActiveError,
    CommitmentError,
    FetchFailedError,
    FragmentsMissingError,
    ShareMissingError,
    WrongKeyError,
)
"""Why a participant's record may stay closed: the others are exported without it."""


@dataclass(frozen=True, slots=True)
class FundedStudy:
    """A study with its money in escrow."""

    study_id: int
    researcher: Institution
    purpose: str
    terms: StudyTerms


@dataclass(frozen=True, slots=True)
class Joined:
    """A participant's yes: what the device told, and the Consent."""

    study: FundedStudy
    patient: Patient
    pmr_id: int
    demographics: Demographics
    grant: GrantMade


@dataclass(frozen=True, slots=True)
class Exported:
    """A dataset that stands on the ledger."""

    study: FundedStudy
    dataset: Dataset
    content: Content
    unread: tuple[tuple[int, str], ...]
    """Patient-IDs of participants whose records stayed closed, and why."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that left the escrow."""

    study_id: int
    amount_wei: int


def fund_study(
    ward: Ward,
    researcher: Institution,
    *,
    purpose: str,
    k: int,
    places: int,
    price_wei: int,
    share_percent: int,
    seconds: int,
) -> Flow[FundedStudy]:
    """Open a study with the price of all places in escrow.

    ``share_percent``  of each price, on top, for the hospital that registered the participant.
    ``seconds``        from now to the deadline.
    raises        ContractRevertError: NotResearcher, SettingOutOfRange, FieldMissing.
                  CallFailedError: the researcher has less than the escrow.
    """
    pool = ward.contracts.research
    now = yield from head(researcher.node)
    terms = StudyTerms(
        deadline_s=now.timestamp + seconds,
        k=k,
        places=places,
        price_wei=price_wei,
        share_wei=price_wei * share_percent // PERCENT,
    )
    inclusion = yield from transact(
        ward,
        researcher.node,
        researcher.signer,
        pool.address,
        pool.fund(purpose, terms),
        value_wei=terms.escrow_wei,
    )
    event = event_of(inclusion, pool.address, StudyFunded)
    assert isinstance(event, StudyFunded)
    return FundedStudy(event.study_id, researcher, purpose, terms)


def join_study(
    ward: Ward, patient: Patient, study: FundedStudy, pmr_id: int, entropy: Entropy
) -> Flow[Joined]:
    """Opt in, and let the researcher read the diagnosis of one visit until after the deadline.

    One who has joined without a Consent, because the flow was cut off, only gives it.

    raises        ContractRevertError: StudyClosed, StudyFull, AlreadyJoined, NotPatient,
                  ConsentPeriod, ...
                  CustodiansMissingError: too few keep their deposits; the Consent stands.
    """
    pool, node = ward.contracts.research, patient.node
    standing = yield from _standing(ward, patient, study)
    if standing is not Standing.JOINED or _has_consented(patient, study, pmr_id):
        data = pool.join(study.study_id)
        yield from transact(ward, node, patient.signer, pool.address, data)
    now = yield from head(node)
    request = direct_request(
        study.researcher, patient, pmr_id, purpose=Purpose.RESEARCH, sections=SECTIONS
    )
    seconds = study.terms.deadline_s + READING_SECONDS - now.timestamp
    made = yield from grant(ward, request, seconds=seconds, entropy=entropy)
    return Joined(study, patient, pmr_id, generalise(patient.person.details), made)


def leave_study(ward: Ward, joined: Joined) -> Flow[None]:
    """Opt out again: the Consent is taken back first, so that leaving never leaves it behind.

    raises        ContractRevertError: NotJoined, StudyClosed, StudyUnknown.
    """
    pool, patient = ward.contracts.research, joined.patient
    data = pool.leave(joined.study.study_id)
    yield from call(patient.node, pool.address, data, patient.signer.address)
    now = yield from head(patient.node)
    given = patient.granted.get(joined.grant.grant_id)
    if given is None or now.timestamp < given.ends_s:
        try:
            yield from revoke(ward, joined.grant)
        except ContractRevertError as error:
            if error.name != "GrantUnknown":
                raise
            # an order that was cut off took it back already, and the patient did not see it
            note_end(patient, joined.grant.grant_id, now.timestamp)
    yield from transact(ward, patient.node, patient.signer, pool.address, data)


def export_dataset(
    ward: Ward,
    researcher: Institution,
    study: FundedStudy,
    joined: Sequence[Joined],
    *,
    diversity: int,
    entropy: Entropy,
) -> Flow[Exported]:
    """Read the participants' records under their grants, de-identify, and release.

    The release is tried before a record is read: what the contract refuses costs nobody a look.

    ``joined``    who said yes to the researcher; one who has left since is left out.
    ``diversity`` different diagnoses in each class, at least.
    raises        ContractRevertError: StudyRunning, TooFewParticipants, NotResearcher, StudyClosed.
                  ExportTooSmallError, ExportSuppressedError: nothing was released.
    """
    pool = ward.contracts.research
    unwritten = pool.release(study.study_id, rows=study.terms.k, dataset=UNWRITTEN)
    yield from call(researcher.node, pool.address, unwritten, researcher.signer.address)
    participants: list[Participant] = []
    unread: list[tuple[int, str]] = []
    for one in sorted(joined, key=lambda one: one.patient.patient_id):
        standing = yield from _standing(ward, one.patient, study)
        if standing not in (Standing.JOINED, Standing.PAID):
            continue
        try:
            reading = yield from read_record(ward, researcher, one.pmr_id, entropy)
        except _UNREADABLE as error:
            unread.append((one.patient.patient_id, type(error).__name__))
            continue
        participants.append((yield from _participant(ward, one, reading)))
    dataset = export(
        participants,
        site_key=researcher.hospital.site_key,
        study=f"{study.study_id}",
        purpose=study.purpose,
        k=study.terms.k,
        l=diversity,
    )
    cid = yield from put(researcher.node, dataset.data, BlockClass.PUBLIC)
    content = Content(dataset.commitment, cid)
    data = pool.release(study.study_id, rows=len(dataset.rows), dataset=content)
    yield from transact(ward, researcher.node, researcher.signer, pool.address, data)
    cohort = [one.identifier for one in participants]
    warnings = researcher.exports.note(study.purpose, cohort, researcher.hospital.site_key)
    return Exported(study, dataset, content, tuple(unread), warnings)


def pay_out(ward: Ward, patient: Patient, study: FundedStudy) -> Flow[Payment]:
    """Pull a participant's payment to the account that is theirs now.

    raises        ContractRevertError: StudyRunning, NothingToPay, PaymentFailed.
    """
    pool = ward.contracts.research
    data = pool.pay_out(study.study_id)
    done = yield from transact(ward, patient.node, patient.signer, pool.address, data)
    return _payment(event_of(done, pool.address, Paid))


def collect_share(ward: Ward, hospital: Hospital, study: FundedStudy) -> Flow[Payment]:
    """Pull a hospital's shares for the participants whom it registered.

    raises        ContractRevertError: StudyRunning, NothingToPay, PaymentFailed.
    """
    pool = ward.contracts.research
    data = pool.pay_hospital(study.study_id)
    done = yield from transact(ward, hospital.node, hospital.signer, pool.address, data)
    return _payment(event_of(done, pool.address, HospitalPaid))


def refund_study(ward: Ward, researcher: Institution, study: FundedStudy) -> Flow[Payment]:
    """Pull back what nobody is owed.

    raises        ContractRevertError: NotResearcher, StudyRunning, NothingToPay, PaymentFailed.
    """
    pool = ward.contracts.research
    data = pool.refund(study.study_id)
    done = yield from transact(ward, researcher.node, researcher.signer, pool.address, data)
    return _payment(event_of(done, pool.address, Refunded))


def _payment(event: LedgerEvent) -> Payment:
    assert isinstance(event, Paid | HospitalPaid | Refunded)
    return Payment(event.study_id, event.amount)


def _standing(ward: Ward, patient: Patient, study: FundedStudy) -> Flow[Standing]:
    question = ward.contracts.research.participation(study.study_id, patient.patient_id)
    return (yield from view(study.researcher.node, question)).standing


def _has_consented(patient: Patient, study: FundedStudy, pmr_id: int) -> bool:
    """Say whether the researcher was told of a grant that outlasts the study."""
    return any(
        held.patient == patient.wallet.address
        and held.pmr_id == pmr_id
        and held.valid_until_s >= study.terms.deadline_s
        and held.valid_until_s == patient.granted[held.grant_id].ends_s
        for held in study.researcher.grants
        if held.grant_id in patient.granted
    )


def _participant(ward: Ward, joined: Joined, reading: Reading) -> Flow[Participant]:
    """Put together what an export may use: the newest coded diagnosis, where and when it was."""
    node, pmr_id = joined.study.researcher.node, joined.pmr_id
    code = ""
    for one in reading.entries:
        if isinstance(one.record, PmrEntry):
            found = [each.code for each in one.record.diagnosis if short_code(each.code)]
            code = found[0] if found else code
    entry = yield from view(node, ward.contracts.pmr.entry(pmr_id, reading.entries[-1].index))
    account = yield from view(node, ward.contracts.hospitals.account_of(entry.hospital_id))
    places = {each.signer.address: each.location for each in ward.hospitals}
    parts = decode_pmr_id(pmr_id)
    return Participant(
        identifier=f"{parts.patient_id}".encode(),
        demographics=joined.demographics,
        region=places.get(account, ""),
        year=parts.visit.year,
        code=code,
    )
