"""All contracts of a network behind their addresses: typed calls in, typed events out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Self

from node.base.types import Address, Hash32
from node.contracts import (
    appointment_book,
    consent_registry,
    custody_ledger,
    doctor_registry,
    government_registry,
    hospital_registry,
    insurance_registry,
    iomt_registry,
    lab_registry,
    patient_registry,
    pmr_multi_token,
    pmr_token,
    research_pool,
)
from node.contracts.abi import LedgerEvent
from node.contracts.appointment_book import AppointmentBook
from node.contracts.consent_registry import ConsentRegistry
from node.contracts.custody_ledger import CustodyLedger
from node.contracts.doctor_registry import DoctorRegistry
from node.contracts.errors import DeploymentError
from node.contracts.government_registry import GovernmentRegistry
from node.contracts.hospital_registry import HospitalRegistry
from node.contracts.insurance_registry import InsuranceRegistry
from node.contracts.iomt_registry import IomtRegistry
from node.contracts.lab_registry import LabRegistry
from node.contracts.names import ERC721, ERC1155, contract_names
from node.contracts.patient_registry import PatientRegistry
from node.contracts.pmr_multi_token import PmrMultiToken
from node.contracts.pmr_token import PmrToken
from node.contracts.research_pool import ResearchPool

EVENTS: Final[Mapping[str, tuple[type[LedgerEvent], ...]]] = {
    "GovernmentRegistry": government_registry.EVENTS,
    "HospitalRegistry": hospital_registry.EVENTS,
    "DoctorRegistry": doctor_registry.EVENTS,
    "PatientRegistry": patient_registry.EVENTS,
    "PmrToken": pmr_token.EVENTS,
    "PmrMultiToken": pmr_multi_token.EVENTS,
    "LabRegistry": lab_registry.EVENTS,
    "ConsentRegistry": consent_registry.EVENTS,
    "CustodyLedger": custody_ledger.EVENTS,
    "IomtRegistry": iomt_registry.EVENTS,
    "InsuranceRegistry": insurance_registry.EVENTS,
    "ResearchPool": research_pool.EVENTS,
    "AppointmentBook": appointment_book.EVENTS,
}
_BY_TOPIC: Final = {
    (name, event.SPEC.topic): event for name, events in EVENTS.items() for event in events
}
_EVENTS_READ: Final = 4_096
"""Logs that stay decoded: several parts of a node, and of its neighbours, read each of them."""


@lru_cache(maxsize=_EVENTS_READ)
def _decoded(contract: str, topics: tuple[bytes, ...], data: bytes) -> LedgerEvent | None:
    event = _BY_TOPIC.get((contract, Hash32(topics[0])))
    return event.decode(topics, data) if event else None


@dataclass(frozen=True)
class ContractSuite:
    """The bindings of one network."""

    government: GovernmentRegistry
    hospitals: HospitalRegistry
    doctors: DoctorRegistry
    patients: PatientRegistry
    pmr: PmrToken | PmrMultiToken
    labs: LabRegistry
    consents: ConsentRegistry
    custody: CustodyLedger
    devices: IomtRegistry
    insurance: InsuranceRegistry
    research: ResearchPool
    appointments: AppointmentBook

    @classmethod
    def at(cls, addresses: Mapping[str, Address]) -> Self:
        """Bind the addresses of ``config.ward.contracts`` (contract name to address).

        raises        DeploymentError: a contract is missing.
        """
        is_multi = "PmrMultiToken" in addresses
        names = contract_names(ERC1155 if is_multi else ERC721)
        missing = [name for name in names if name not in addresses]
        if missing:
            raise DeploymentError(f"no address for {', '.join(missing)}")
        return cls(
            GovernmentRegistry(addresses["GovernmentRegistry"]),
            HospitalRegistry(addresses["HospitalRegistry"]),
            DoctorRegistry(addresses["DoctorRegistry"]),
            PatientRegistry(addresses["PatientRegistry"]),
            PmrMultiToken(addresses["PmrMultiToken"])
            if is_multi
            else PmrToken(addresses["PmrToken"]),
            LabRegistry(addresses["LabRegistry"]),
            ConsentRegistry(addresses["ConsentRegistry"]),
            CustodyLedger(addresses["CustodyLedger"]),
            IomtRegistry(addresses["IomtRegistry"]),
            InsuranceRegistry(addresses["InsuranceRegistry"]),
            ResearchPool(addresses["ResearchPool"]),
            AppointmentBook(addresses["AppointmentBook"]),
        )

    def name_of(self, address: Address) -> str | None:
        """The name of the contract at an address, or None for a foreign address."""
        return self._names.get(address)

    def decode_log(
        self, address: Address, topics: Sequence[bytes], data: bytes
    ) -> LedgerEvent | None:
        """Give the typed event of a log, or None for a foreign contract or an unbound event.

        raises        AbiDataError: the log has a bound topic and another shape.
        """
        name = self._names.get(address)
        return _decoded(name, tuple(topics), data) if name and topics else None

    @cached_property
    def _names(self) -> dict[Address, str]:
        bound = (
            self.government,
            self.hospitals,
            self.doctors,
            self.patients,
            self.pmr,
            self.labs,
            self.consents,
            self.custody,
            self.devices,
            self.insurance,
            self.research,
            self.appointments,
        )
        return {each.address: type(each).__name__ for each in bound}
