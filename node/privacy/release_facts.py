"""What a release rests on: facts of the chain at F, and the ports that they are read through.

All chain facts are those of the custodian's OWN finalised block F (secret-sharing.md section 9).
"""

from dataclasses import dataclass
from typing import Final, Protocol

from node.base.types import Address, Hash32
from node.privacy.consent import ALL_SECTIONS, LATER_BIT
from node.privacy.release_messages import Head

PMR_DATE_FACTOR: Final = 10**8
"""A PMR-ID is the Patient-ID followed by the visit date in eight digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFacts:
    """A grant as ConsentRegistry has it in F."""

    patient: Address
    grantee: Address
    grantee_key: bytes
    pmr_id: int
    """0: all records of the patient."""
    scope: int
    valid_from_s: int
    valid_until_s: int
    granted_s: int
    """Block time at which the grant was made: what "later" is measured from."""
    is_revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyFacts:
    """A doctor's emergency as ConsentRegistry has it in F."""

    doctor: Address
    patient_id: int
    at_s: int
    """Block time of the event."""
    until_s: int
    """Half-open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """The record of a deal as the registries have it in F."""

    patient: Address
    pmr_id: int
    sections: int
    """Bits 0 .. 6: what the deal contains; a lab image is ``lab_reports``."""
    filed_s: int
    """Block time at which the record was filed."""
    is_current: bool
    """Whether the deal is the record's current generation."""
    is_erased: bool
    """Whether the record's owner has had it erased."""

    @property
    def patient_id(self) -> int:
        """The number that the PMR-ID begins with; it stays when the account changes."""
        return self.pmr_id // PMR_DATE_FACTOR


class GrantView(Protocol):
    """What a custodian reads from the chain, all at its finalised block F."""

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        ...

    @property
    def head(self) -> Head:
        """F."""
        ...

    @property
    def head_advanced_us(self) -> int:
        """Monotonic reading at which F last advanced."""
        ...

    @property
    def block_period_us(self) -> int:
        """The longest time between two blocks when all is well."""
        ...

    def block_hash(self, number: int) -> Hash32 | None:
        """Give the hash of F or of its ancestor with this number; None above F or unknown."""
        ...

    def is_own_licence_active(self) -> bool:
        """Say whether the custodian's own hospital is active."""
        ...

    def is_registered_grantee(self, account: Address) -> bool:
        """Say whether an account is known as doctor, hospital, insurer, researcher or patient."""
        ...

    def is_active_grantee(self, account: Address) -> bool:
        """Say whether a grantee is active, and for a doctor also the hospital."""
        ...

    def owner_key(self, account: Address) -> bytes | None:
        """Give the X25519 key of a patient in PatientRegistry, None for anybody else."""
        ...

    def grant(self, grant_id: bytes) -> GrantFacts | None:
        """Give a grant, None if there is none."""
        ...

    def emergency(self, emergency_id: bytes) -> EmergencyFacts | None:
        """Give an emergency, None if there is none."""
        ...

    def doctor_key(self, account: Address) -> bytes | None:
        """Give the X25519 key of a doctor in DoctorRegistry, None for anybody else."""
        ...

    def record(self, deal_id: bytes) -> RecordFacts | None:
        """Give the record that a deal is of, None if no record names the deal."""
        ...


class CustodyView(Protocol):
    """What a custodian reads from its own custody."""

    def index_of(self, deal_id: bytes) -> int | None:
        """Give the own index in a deal, None if nothing of it is held."""
        ...

    def has_token(self, grantee: Address, now_us: int) -> bool:
        """Say whether a grantee may ask now: a bucket for each."""
        ...

    def is_nonce_seen(self, grant_id: bytes, nonce: bytes) -> bool:
        """Say whether a nonce has been used under a grant."""
        ...

    def share(self, deal_id: bytes) -> bytes | None:
        """Give the own container of kind 1."""
        ...

    def grant_share(self, grant_id: bytes, deal_id: bytes) -> bytes | None:
        """Give the deposited container of kind 3."""
        ...

    def releases(self, grant_id: bytes) -> int:
        """Give the number of shares released under a grant so far."""
        ...


def is_open(record: RecordFacts) -> bool:
    """Say whether anything of a deal may leave at all: it is the current one of a record."""
    return record.is_current and not record.is_erased


def covers(grant: GrantFacts, record: RecordFacts) -> bool:
    """Say whether a grant is about a record (rule 8), whether or not it stands."""
    if not is_open(record) or record.patient != grant.patient:
        return False
    if grant.pmr_id not in (0, record.pmr_id):
        return False
    if not grant.scope & record.sections & ALL_SECTIONS:
        return False
    return record.filed_s <= grant.granted_s or bool(grant.scope & LATER_BIT)
