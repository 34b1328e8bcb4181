"""The facts of a chain, read once from its logs: each event adds its own."""

from collections.abc import Callable
from typing import Final

from node.app.audit.ledger_facts import (
    EmergencyLine,
    EpochLine,
    Filing,
    GrantLine,
    LedgerFacts,
    Moment,
    Party,
    Posted,
    Seated,
)
from node.base.types import ZERO_ADDRESS, Cid
from node.contracts.abi import LedgerEvent
from node.contracts.bindings import insurance_registry, iomt_registry, research_pool
from node.contracts.bindings.consent_registry import (
    CopyIssued,
    CopyRequested,
    EmergencyAccess,
    EmergencyReviewed,
)
from node.contracts.cids import join_cid
from node.contracts.consent_registry import Granted, Revoked
from node.contracts.custody_ledger import (
    CustodianReplaced,
    EpochRefreshed,
    GenerationRotated,
    ShareErased,
    ShareRefused,
    ShareReleased,
)
from node.contracts.doctor_registry import DoctorAffiliated, DoctorOnboarded
from node.contracts.errors import CidFormError
from node.contracts.grant_tag import tag_of
from node.contracts.hospital_registry import HospitalRegistered
from node.contracts.lab_registry import LabFiled, LabOrdered
from node.contracts.patient_registry import PatientRegistered, Recovered
from node.contracts.pmr_multi_token import TransferSingle, is_visit
from node.contracts.pmr_token import EntryAdded, Erased, Transfer
from node.contracts.suite import ContractSuite
from node.evm.blooms import EMPTY_BLOOM
from node.evm.ledger import Ledger


def read_ledger(ledger: Ledger, contracts: ContractSuite) -> LedgerFacts:
    """Read a chain from its genesis to its head.

    raises        AbiDataError: a log of a contract has another shape than its event.
    """
    facts = LedgerFacts(Moment(ledger.head.number, ledger.head.timestamp))
    _found(facts, ledger, contracts)
    for number in range(ledger.head.number + 1):
        block_hash, block = ledger.hash_by_number(number), ledger.header_by_number(number)
        assert block_hash is not None, "a chain has every number up to its head"
        assert block is not None, "and a header at each"
        facts.hashes[number] = block_hash, block.timestamp
        if block.logs_bloom == EMPTY_BLOOM:
            continue
        at = Moment(number, block.timestamp)
        for receipt in ledger.receipts(block_hash):
            for log in receipt.logs:
                event = contracts.decode_log(log.address, log.topics, log.data)
                fold = None if event is None else _FOLDS.get(type(event))
                if event is not None and fold is not None:
                    fold(facts, event, at)
    _ask_for_parties(facts, ledger, contracts)
    return facts


def _found(facts: LedgerFacts, ledger: Ledger, contracts: ContractSuite) -> None:
    """Take what the genesis says: hospitals whose registration left no log, and a deadline."""
    due = contracts.consents.review_seconds()
    facts.review_s = due.decode(ledger.call(due.to, due.data, at=ledger.genesis_hash))
    registry = contracts.hospitals
    question = registry.hospital_count()
    count = question.decode(ledger.call(question.to, question.data, at=ledger.genesis_hash))
    for hospital_id in range(1, count + 1):
        asked = registry.account_of(hospital_id)
        account = asked.decode(ledger.call(asked.to, asked.data, at=ledger.genesis_hash))
        if account != ZERO_ADDRESS:
            facts.hospitals[hospital_id] = account


def _ask_for_parties(facts: LedgerFacts, ledger: Ledger, contracts: ContractSuite) -> None:
    """Ask who reads for grantees of whom no log tells: parties that the genesis lists.

    Their names stood in a log of its making, and a node has none of those.
    """
    registers = (("insurer", contracts.insurance), ("researcher", contracts.research))
    for account in dict.fromkeys(line.event.grantee for line in facts.grants.values()):
        if account in facts.parties or account in facts.doctors:
            continue
        for role, register in registers:
            asked = register.operator_of(account)
            operator = asked.decode(ledger.call(asked.to, asked.data, at=ledger.genesis_hash))
            if operator != ZERO_ADDRESS:
                facts.parties[account] = Party(role, f"0x{account.hex()}", operator)


def _hospital(facts: LedgerFacts, event: HospitalRegistered, _at: Moment) -> None:
    facts.hospitals[event.hospital_id] = event.account


def _doctor(facts: LedgerFacts, event: DoctorOnboarded, _at: Moment) -> None:
    facts.doctors[event.account] = event


def _insurer(facts: LedgerFacts, event: insurance_registry.PartyDescribed, _at: Moment) -> None:
    facts.parties[event.account] = Party("insurer", event.name, event.operator)


def _researcher(facts: LedgerFacts, event: research_pool.PartyDescribed, _at: Moment) -> None:
    facts.parties[event.account] = Party("researcher", event.name, event.operator)


def _affiliated(facts: LedgerFacts, event: DoctorAffiliated, _at: Moment) -> None:
    facts.affiliations.setdefault(event.doctor_id, []).append(event.hospital_id)


def _patient(facts: LedgerFacts, event: PatientRegistered, at: Moment) -> None:
    patient_id = event.patient_id
    facts.accounts[patient_id] = [event.account]
    facts.patients[event.account] = patient_id
    facts.homes[patient_id] = event.hospital_id
    for index, (words, what) in enumerate(
        ((event.details, "details"), (event.attendant, "attendant"))
    ):
        commitment, codec, digest = words
        if commitment == bytes(32):
            continue
        name = f"patient {patient_id} {what}"
        cid = _cid(codec, digest)
        facts.filings[0, patient_id, index] = Filing(
            name, patient_id, 0, index, 0, commitment, at, [(at, cid)]
        )


def _recovered(facts: LedgerFacts, event: Recovered, _at: Moment) -> None:
    facts.accounts.setdefault(event.patient_id, []).append(event.new_account)
    facts.patients[event.new_account] = event.patient_id


def _minted(facts: LedgerFacts, event: Transfer, at: Moment) -> None:
    if event.sender == ZERO_ADDRESS:
        facts.mints.setdefault(event.token_id, []).append(at)


def _unit_minted(facts: LedgerFacts, event: TransferSingle, at: Moment) -> None:
    # units beside the visit's count its entries of a kind
    if event.sender == ZERO_ADDRESS and is_visit(event.id):
        facts.mints.setdefault(event.id, []).append(at)


def _entry(facts: LedgerFacts, event: EntryAdded, at: Moment) -> None:
    pmr_id, index = event.pmr_id, event.index
    if (pmr_id, index, 0) in facts.filings:
        facts.repeated.append((pmr_id, index))
        return
    facts.filings[pmr_id, index, 0] = Filing(
        f"PMR {pmr_id} entry {index}",
        facts.patient_of(pmr_id),
        pmr_id,
        index,
        event.kind,
        event.commitment,
        at,
        [(at, _cid(event.codec, event.digest))],
    )


def _rotated(facts: LedgerFacts, event: GenerationRotated, at: Moment) -> None:
    filing = facts.filings.get((event.pmr_id, event.entry_index, 0))
    if filing is not None:
        filing.generations.append((at, _cid(event.codec, event.digest)))


def _erased(facts: LedgerFacts, event: Erased, at: Moment) -> None:
    facts.erased[event.pmr_id] = at
    for (pmr_id, _, _), filing in facts.filings.items():
        if pmr_id == event.pmr_id:
            filing.erased = at


def _ordered(facts: LedgerFacts, event: LabOrdered, _at: Moment) -> None:
    facts.orders[event.order_id] = event


def _filed(facts: LedgerFacts, event: LabFiled, at: Moment) -> None:
    facts.filed_orders.append((event, at))


def _batch(facts: LedgerFacts, event: iomt_registry.ReadingsFiled, _at: Moment) -> None:
    facts.batches[event.pmr_id, event.entry_index] = event


def _claim(facts: LedgerFacts, event: insurance_registry.ClaimFiled, _at: Moment) -> None:
    facts.claims[event.pmr_id, event.entry_index] = event


def _granted(facts: LedgerFacts, event: Granted, at: Moment) -> None:
    facts.grants[event.grant_id] = GrantLine(event, at)


def _revoked(facts: LedgerFacts, event: Revoked, at: Moment) -> None:
    tag = tag_of(event.grant_id)
    exact = facts.grants.get(event.grant_id)
    lines = (
        [exact]
        if exact is not None
        else [one for known, one in facts.grants.items() if tag_of(known) == tag]
    )
    for line in lines:
        line.revoked = line.revoked or at


def _receipt(facts: LedgerFacts, event: ShareReleased | ShareRefused, at: Moment) -> None:
    facts.posted.setdefault(event.custodian, []).append(
        Posted(
            event.custodian,
            event.sequence,
            event.receipt_id,
            event.grant_id,
            event.deal_id,
            event.status if isinstance(event, ShareRefused) else 0,
            at,
        )
    )


def _epoch(facts: LedgerFacts, event: EpochRefreshed, at: Moment) -> None:
    facts.epochs[event.deal_id, event.custodian] = EpochLine(event.epoch, event.digest, at)


def _replaced(facts: LedgerFacts, event: CustodianReplaced, at: Moment) -> None:
    seats = facts.seats.setdefault((event.pmr_id, event.deal_id), [])
    seats.append(Seated(event.index, event.old, event.new, at))


def _certified(facts: LedgerFacts, event: ShareErased, at: Moment) -> None:
    facts.certified[event.deal_id, event.custodian] = event.certificate, at


def _emergency(facts: LedgerFacts, event: EmergencyAccess, at: Moment) -> None:
    facts.emergencies[event.emergency_id] = EmergencyLine(event, at)
    facts.care.append(event)


def _reviewed(facts: LedgerFacts, event: EmergencyReviewed, _at: Moment) -> None:
    line = facts.emergencies.get(event.emergency_id)
    if line is not None:
        facts.emergencies[event.emergency_id] = line._replace(ended_s=event.until)
    facts.care.append(event)


def _care(facts: LedgerFacts, event: CopyRequested | CopyIssued, _at: Moment) -> None:
    facts.care.append(event)


_FOLDS: Final[dict[type[LedgerEvent], Callable[..., None]]] = {
    HospitalRegistered: _hospital,
    DoctorOnboarded: _doctor,
    DoctorAffiliated: _affiliated,
    insurance_registry.PartyDescribed: _insurer,
    research_pool.PartyDescribed: _researcher,
    PatientRegistered: _patient,
    Recovered: _recovered,
    Transfer: _minted,
    TransferSingle: _unit_minted,
    EntryAdded: _entry,
    GenerationRotated: _rotated,
    Erased: _erased,
    LabOrdered: _ordered,
    LabFiled: _filed,
    iomt_registry.ReadingsFiled: _batch,
    insurance_registry.ClaimFiled: _claim,
    Granted: _granted,
    Revoked: _revoked,
    ShareReleased: _receipt,
    ShareRefused: _receipt,
    EpochRefreshed: _epoch,
    CustodianReplaced: _replaced,
    ShareErased: _certified,
    EmergencyAccess: _emergency,
    EmergencyReviewed: _reviewed,
    CopyRequested: _care,
    CopyIssued: _care,
}
"""What each event adds; one of another kind gets its line here."""


def _cid(codec: int, digest: bytes) -> Cid | None:
    try:
        return join_cid(codec, digest)
    except CidFormError:
        return None
