"""What the chain says of records: tokens, filings, grants, receipts, seats, ends."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from node.base.types import Address, Cid, Hash32
from node.contracts.abi import LedgerEvent
from node.contracts.bindings.consent_registry import EmergencyAccess
from node.contracts.bindings.insurance_registry import ClaimFiled
from node.contracts.bindings.iomt_registry import ReadingsFiled
from node.contracts.consent_registry import Granted
from node.contracts.doctor_registry import DoctorOnboarded
from node.contracts.errors import PmrIdError
from node.contracts.lab_registry import LabFiled, LabOrdered
from node.contracts.pmr_id import decode_pmr_id
from node.privacy.emergency import end_of
from node.privacy.release_facts import EmergencyFacts

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


class Party(NamedTuple):
    """An insurer or a researcher."""

    role: str
    name: str
    operator: Address
    """The hospital through whose node it reads."""


class EmergencyLine(NamedTuple):
    """A doctor who broke the glass, and the block that says so."""

    event: EmergencyAccess
    at: Moment
    ended_s: int | None = None
    """Its end as a review told it; None: nobody has reviewed it."""

    @property
    def end_s(self) -> int:
        """The second of block time from which it opens nothing, as custodians count."""
        event = self.event
        return end_of(
            EmergencyFacts(
                doctor=event.doctor,
                patient_id=event.patient_id,
                at_s=self.at.time_s,
                until_s=event.until if self.ended_s is None else self.ended_s,
            )
        )


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
    parties: dict[Address, Party] = field(default_factory=dict[Address, Party])
    """Insurers and researchers as their registers describe them last."""
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
    batches: dict[tuple[int, int], ReadingsFiled] = field(
        default_factory=dict[tuple[int, int], ReadingsFiled]
    )
    """Of devices, by PMR and index of the entry that each made."""
    claims: dict[tuple[int, int], ClaimFiled] = field(
        default_factory=dict[tuple[int, int], ClaimFiled]
    )
    """Of insurance, by PMR and index of the entry that each made."""
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
    emergencies: dict[bytes, EmergencyLine] = field(default_factory=dict[bytes, EmergencyLine])
    care: list[LedgerEvent] = field(default_factory=list[LedgerEvent])
    """Emergencies, reviews, copies asked for and issued: what ``care_book`` makes lists of."""
    review_s: int = 0
    """How long after an emergency its review is on time."""

    def patient_of(self, pmr_id: int) -> int:
        """Give the Patient-ID in a PMR-ID."""
        return pmr_id // PMR_DATE_FACTOR

    def operators_of(self, grantee: Address) -> tuple[Address, ...]:
        """Give the hospitals through whose nodes a grantee reads."""
        doctor = self.doctors.get(grantee)
        if doctor is None:
            party = self.parties.get(grantee)
            return (grantee if party is None else party.operator,)
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
        party = self.parties.get(account)
        if party is not None:
            return f"{party.role} {party.name}"
        for hospital_id, address in self.hospitals.items():
            if address == account:
                return f"hospital {hospital_id}"
        return f"0x{account.hex()}"


def is_well_formed(pmr_id: int) -> str | None:
    """Say what is wrong with a PMR-ID, None if nothing is."""
    try:
        decode_pmr_id(pmr_id)
    except PmrIdError as error:
        return str(error)
    return None
