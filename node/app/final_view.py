"""What a custodian reads of the chain, all at its own final block F (secret-sharing.md §9)."""

from collections.abc import Mapping
from typing import Final, TypeVar

from node.app.chain_desk import ChainDesk
from node.app.deal_places import DealPlaces
from node.app.final_book import FinalBook
from node.base.limits import VIEW_ANSWERS_COUNT_MAX
from node.base.types import ZERO_ADDRESS, Address, Cid, Hash32
from node.contracts.abi import View
from node.contracts.insurance_registry import InsuranceRegistry
from node.contracts.pmr_entries import EntryKind
from node.contracts.research_pool import ResearchPool
from node.contracts.suite import ContractSuite
from node.privacy.consent import ALL_SECTIONS, scope_of
from node.privacy.release_facts import EmergencyFacts, GrantFacts, RecordFacts
from node.privacy.release_messages import Head

T = TypeVar("T")

NEVER_US: Final = -(2**62)
"""A time so long ago that everything that rests on it is stale."""
SECTIONS: Final[Mapping[int, int]] = {
    EntryKind.LAB: scope_of(("lab_reports",)),
    EntryKind.IOMT: scope_of(("iomt",)),
    EntryKind.INSURANCE: scope_of(("insurance",)),
}
"""What an entry of a kind is a section of; of others, all."""


class FinalView:
    """``GrantView`` on a ledger."""

    def __init__(
        self,
        chain: ChainDesk,
        book: FinalBook,
        contracts: ContractSuite,
        *,
        own: Address,
        period_us: int,
        places: DealPlaces,
    ) -> None:
        self._ledger = chain.ledger
        self._header = chain.final
        self._hash = self._header.hash()
        self._book = book
        self._contracts = contracts
        self._registers = contracts.insurance, contracts.research
        self._own = own
        self._period_us = period_us
        self._places = places
        self._answers: dict[tuple[Address, bytes], bytes] = {}

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        return self._ledger.chain_id

    @property
    def head(self) -> Head:
        """F."""
        return Head(self._header.number, self._hash, self._header.timestamp)

    @property
    def hash(self) -> Hash32:
        """The hash of F."""
        return self._hash

    @property
    def head_advanced_us(self) -> int:
        """When F last advanced, by the local clock; never, if not all up to F could be read."""
        return self._book.advanced_us if self._book.read_to == self._hash else NEVER_US

    @property
    def block_period_us(self) -> int:
        """The period of the chain."""
        return self._period_us

    def block_hash(self, number: int) -> Hash32 | None:
        """Give the hash of F or of its ancestor with this number."""
        return self._ledger.hash_by_number(number) if number <= self._header.number else None

    def is_own_licence_active(self) -> bool:
        """Say whether the own hospital is Verified in F."""
        return self._ask(self._contracts.hospitals.hospital(self._own)).is_verified

    def is_registered_grantee(self, account: Address) -> bool:
        """Say whether an account is a doctor, a hospital, a patient or a party in F."""
        return (
            self._ask(self._contracts.doctors.id_of(account)) != 0
            or self._ask(self._contracts.hospitals.id_of(account)) != 0
            or self._book.home_of(account) is not None
            or any(self._ask(each.operator_of(account)) != ZERO_ADDRESS for each in self._registers)
        )

    def is_active_grantee(self, account: Address) -> bool:
        """Say whether a doctor and a hospital of theirs, a hospital, or a party is active in F."""
        return (
            self._ask(self._contracts.doctors.is_active(account))
            or self._ask(self._contracts.hospitals.hospital(account)).is_verified
            or self._register_of(account) is not None
        )

    def owner_key(self, account: Address) -> bytes | None:
        """Give the X25519 key of a patient in F."""
        patient_id = self._ask(self._contracts.patients.id_of(account))
        return self._ask(self._contracts.patients.patient(patient_id)).key if patient_id else None

    def grant(self, grant_id: bytes) -> GrantFacts | None:
        """Give a grant of the final chain."""
        return self._book.grant(grant_id)

    def emergency(self, emergency_id: bytes) -> EmergencyFacts | None:
        """Give an emergency of the final chain."""
        return self._book.emergencies.get(emergency_id)

    def emergencies_of(self, patient_id: int) -> tuple[EmergencyFacts, ...]:
        """Give the emergencies of a patient on the final chain, oldest first."""
        return self._book.emergencies.of_patient(patient_id)

    def doctor_key(self, account: Address) -> bytes | None:
        """Give the X25519 key of a doctor in F."""
        doctor_id = self._ask(self._contracts.doctors.id_of(account))
        return self._ask(self._contracts.doctors.doctor(doctor_id)).key if doctor_id else None

    def record(self, deal_id: bytes) -> RecordFacts | None:
        """Give the record an entry of which names, or once named, the manifest of a deal."""
        place = self._places.get(deal_id)
        if place is None:
            return None
        book, pmr_id = self._book, place.pmr_id
        entry, patient = book.entry(pmr_id, place.manifest_cid), book.owner(pmr_id)
        if entry is None or patient is None:
            return None
        return RecordFacts(
            patient=patient,
            pmr_id=pmr_id,
            sections=SECTIONS.get(entry.kind, ALL_SECTIONS),
            filed_s=entry.filed_s,
            is_current=book.manifest(pmr_id, entry.index) == place.manifest_cid,
            is_erased=book.is_erased(pmr_id),
        )

    def holders_of(self, deal_id: bytes) -> tuple[Address, ...]:
        """Give who holds the shares of index 1 .. N of a deal in custody; none if it is not."""
        place = self._places.get(deal_id)
        if place is None:
            return ()
        return tuple(
            self._book.holder(place.pmr_id, deal_id, index, original)
            for index, original in enumerate(place.custodians, start=1)
        )

    def seated(self, deal_id: bytes) -> tuple[Address, ...]:
        """Give who was named to hold shares of a deal after the manifest, in place or anew."""
        place = self._places.get(deal_id)
        if place is None:
            return ()
        seats = (self.seat_of(deal_id, index + 1) for index in range(len(place.custodians)))
        return tuple(seat for seat in seats if seat is not None)

    def seat_of(self, deal_id: bytes, index: int) -> Address | None:
        """Give who was named to hold a share after the manifest; None: nobody was."""
        place = self._places.get(deal_id)
        if place is None or not 1 <= index <= len(place.custodians):
            return None
        seat = self._book.seat(place.pmr_id, deal_id, index, place.custodians[index - 1])
        return None if seat is None else seat.holder

    def custody_key(self, account: Address) -> bytes | None:
        """Give the X25519 key of a Verified hospital."""
        hospital = self._ask(self._contracts.hospitals.hospital(account))
        return hospital.custody_key if hospital.is_verified else None

    def recovered_key(self, lost: Address) -> bytes | None:
        """Give the X25519 key of whom the registry recovered an account to; None: of nobody."""
        account = self._book.recovered(lost)
        return None if account is None else self.owner_key(account)

    def home_of(self, patient: Address) -> Address | None:
        """Give the hospital whose desk registered a patient, as an account."""
        hospital_id = self._book.home_of(patient)
        if hospital_id is None:
            return None
        return self._ask(self._contracts.hospitals.account_of(hospital_id))

    def grants_of(self, patient: Address) -> tuple[GrantFacts, ...]:
        """Give a patient's grants on the final chain, in the order in which they were given."""
        return self._book.grants_of(patient)

    def manifest_of(self, deal_id: bytes) -> Cid | None:
        """Give the CID of a deal's manifest, None if the deal is not held."""
        place = self._places.get(deal_id)
        return None if place is None else place.manifest_cid

    def operators_of(self, grantee: Address) -> tuple[Address, ...]:
        """Give the hospitals through whose nodes a grantee reads; none if it is not active."""
        if not self.is_active_grantee(grantee):
            return ()
        if self._ask(self._contracts.hospitals.id_of(grantee)) != 0:
            return (grantee,)
        doctor_id = self._ask(self._contracts.doctors.id_of(grantee))
        register = self._register_of(grantee)
        if doctor_id == 0 and register is not None:
            return (self._ask(register.operator_of(grantee)),)
        hospitals = self._ask(self._contracts.doctors.affiliations(doctor_id))
        return tuple(self._ask(self._contracts.hospitals.account_of(one)) for one in hospitals)

    def _register_of(self, account: Address) -> InsuranceRegistry | ResearchPool | None:
        """Give the register that lists an account as an insurer or a researcher, if any."""
        active = (each for each in self._registers if self._ask(each.is_active(account)))
        return next(active, None)

    def _ask(self, question: View[T]) -> T:
        """Ask a contract at F; the answer is good for as long as this view is."""
        key = question.to, question.data
        data = self._answers.get(key)
        if data is None:
            if len(self._answers) >= VIEW_ANSWERS_COUNT_MAX:
                self._answers.clear()
            data = self._answers[key] = self._ledger.call(*key, at=self._hash)
        return question.decode(data)
