"""What the chain says, read once from its logs: tokens, filings, grants, receipts, seats, ends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from node.base.types import ZERO_ADDRESS, Address, Cid, Hash32
from node.contracts.abi import LedgerEvent
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
from node.contracts.errors import CidFormError, PmrIdError
from node.contracts.hospital_registry import HospitalRegistered
from node.contracts.lab_registry import LabFiled, LabOrdered
from node.contracts.patient_registry import PatientRegistered, Recovered
from node.contracts.pmr_id import decode_pmr_id
from node.contracts.pmr_token import EntryAdded, Erased, Transfer
from node.contracts.suite import ContractSuite
from node.evm.blooms import EMPTY_BLOOM
from node.evm.ledger import Ledger

_TAG_BYTES: Final = 16
"""How much of a grant's id the contract keeps, so that an event of revocation may lie below."""
PMR_DATE_FACTOR: Final = 10**8


class Moment(NamedTuple):
    """A block."""

    number: int
    time_s: int


@dataclass(slots=True)
class Filing:
    """One thing that the ledger commits to: an entry of a token, or a desk's record of a person."""

    name: str
    patient_id: int
    pmr_id: int
    """0: of a desk, under no token."""
    index: int
    kind: int
    commitment: bytes
    filed: Moment
    generations: list[tuple[Moment, Cid | None]]
    """Manifests, the newest last; None: a name that no store can hold."""
    erased: Moment | None = None

    @property
    def manifest(self) -> Cid | None:
        """The manifest of now."""
        return self.generations[-1][1]


@dataclass(slots=True)
class GrantLine:
    """A grant, and its end before its time."""

    event: Granted
    granted: Moment
    revoked: Moment | None = None


class Posted(NamedTuple):
    """A receipt on the ledger."""

    custodian: Address
    sequence: int
    receipt_id: bytes
    grant_id: bytes
    deal_id: bytes
    status: int
    at: Moment


@dataclass(frozen=True, slots=True)
class Seated:
    """A change of a share's holder."""

    index: int
    old: Address
    new: Address
    at: Moment


class EpochLine(NamedTuple):
    """What a custodian recorded of a share last."""

    epoch: int
    digest: bytes
    at: Moment


@dataclass(slots=True)
class LedgerFacts:
    """All of it; every mapping is in the order of the chain."""

    head: Moment
    hashes: dict[int, tuple[Hash32, int]] = field(default_factory=dict[int, tuple[Hash32, int]])
    """Hash and time by number."""
    hospitals: dict[int, Address] = field(default_factory=dict[int, Address])
    accounts: dict[int, list[Address]] = field(default_factory=dict[int, list[Address]])
    """Of a patient: the newest last."""
    patients: dict[Address, int] = field(default_factory=dict[Address, int])
    homes: dict[int, int] = field(default_factory=dict[int, int])
    """Hospital-ID of the desk by Patient-ID."""
    doctors: dict[Address, DoctorOnboarded] = field(default_factory=dict[Address, DoctorOnboarded])
    affiliations: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    mints: dict[int, list[Moment]] = field(default_factory=dict[int, list[Moment]])
    filings: dict[tuple[int, int, int], Filing] = field(
        default_factory=dict[tuple[int, int, int], Filing]
    )
    """By PMR-ID and index; under PMR-ID 0 by Patient-ID: (0, patient, 0 details, 1 attendant)."""
    repeated: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """PMR and index of entries that were written twice."""
    orders: dict[int, LabOrdered] = field(default_factory=dict[int, LabOrdered])
    filed_orders: list[tuple[LabFiled, Moment]] = field(
        default_factory=list[tuple[LabFiled, Moment]]
    )
    erased: dict[int, Moment] = field(default_factory=dict[int, Moment])
    grants: dict[bytes, GrantLine] = field(default_factory=dict[bytes, GrantLine])
    posted: dict[Address, list[Posted]] = field(default_factory=dict[Address, list[Posted]])
    epochs: dict[tuple[bytes, Address], EpochLine] = field(
        default_factory=dict[tuple[bytes, Address], EpochLine]
    )
    seats: dict[tuple[int, bytes], list[Seated]] = field(
        default_factory=dict[tuple[int, bytes], list[Seated]]
    )
    """By PMR and deal."""
    certified: dict[tuple[bytes, Address], tuple[bytes, Moment]] = field(
        default_factory=dict[tuple[bytes, Address], tuple[bytes, Moment]]
    )
    """Id of the certificate of erasure by deal and custodian."""

    def patient_of(self, pmr_id: int) -> int:
        """Give the Patient-ID in a PMR-ID."""
        return pmr_id // PMR_DATE_FACTOR

    def operators_of(self, grantee: Address) -> tuple[Address, ...]:
        """Give the hospitals through whose nodes a grantee reads."""
        doctor = self.doctors.get(grantee)
        if doctor is None:
            return (grantee,)
        ids = self.affiliations.get(doctor.doctor_id, [doctor.hospital_id])
        return tuple(self.hospitals[one] for one in ids if one in self.hospitals)

    def name_of(self, account: Address) -> str:
        """Give what to call a grantee."""
        doctor = self.doctors.get(account)
        if doctor is not None:
            return f"doctor {doctor.doctor_id} ({doctor.name})"
        patient = self.patients.get(account)
        if patient is not None:
            return f"patient {patient}"
        for hospital_id, address in self.hospitals.items():
            if address == account:
                return f"hospital {hospital_id}"
        return f"0x{account.hex()}"


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
    return facts


def _found(facts: LedgerFacts, ledger: Ledger, contracts: ContractSuite) -> None:
    """Take the hospitals of the genesis: their registration left no log."""
    registry = contracts.hospitals
    question = registry.hospital_count()
    count = question.decode(ledger.call(question.to, question.data, at=ledger.genesis_hash))
    for hospital_id in range(1, count + 1):
        asked = registry.account_of(hospital_id)
        account = asked.decode(ledger.call(asked.to, asked.data, at=ledger.genesis_hash))
        if account != ZERO_ADDRESS:
            facts.hospitals[hospital_id] = account


def _hospital(facts: LedgerFacts, event: HospitalRegistered, _at: Moment) -> None:
    facts.hospitals[event.hospital_id] = event.account


def _doctor(facts: LedgerFacts, event: DoctorOnboarded, _at: Moment) -> None:
    facts.doctors[event.account] = event


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


def _granted(facts: LedgerFacts, event: Granted, at: Moment) -> None:
    facts.grants[event.grant_id] = GrantLine(event, at)


def _revoked(facts: LedgerFacts, event: Revoked, at: Moment) -> None:
    tag = event.grant_id[:_TAG_BYTES]
    exact = facts.grants.get(event.grant_id)
    lines = (
        [exact]
        if exact is not None
        else [one for known, one in facts.grants.items() if known[:_TAG_BYTES] == tag]
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


_FOLDS: Final[dict[type[LedgerEvent], Callable[..., None]]] = {
    HospitalRegistered: _hospital,
    DoctorOnboarded: _doctor,
    DoctorAffiliated: _affiliated,
    PatientRegistered: _patient,
    Recovered: _recovered,
    Transfer: _minted,
    EntryAdded: _entry,
    GenerationRotated: _rotated,
    Erased: _erased,
    LabOrdered: _ordered,
    LabFiled: _filed,
    Granted: _granted,
    Revoked: _revoked,
    ShareReleased: _receipt,
    ShareRefused: _receipt,
    EpochRefreshed: _epoch,
    CustodianReplaced: _replaced,
    ShareErased: _certified,
}
"""What each event adds; one of another kind, such as an emergency, gets its line here."""


def _cid(codec: int, digest: bytes) -> Cid | None:
    try:
        return join_cid(codec, digest)
    except CidFormError:
        return None


def is_well_formed(pmr_id: int) -> str | None:
    """Say what is wrong with a PMR-ID, None if nothing is."""
    try:
        decode_pmr_id(pmr_id)
    except PmrIdError as error:
        return str(error)
    return None
