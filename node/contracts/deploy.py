"""Builds all contracts on an empty scratch state; its dump is the genesis ``alloc``.

The constructors run in the order of records.md section 3 from one fixed account.  Contracts need
each other's addresses, and a CREATE address depends on sender and nonce only, so all addresses
are known beforehand and go in as constructor arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from node.base.keccak import keccak256
from node.base.rlp import encode, encode_int
from node.base.types import Address
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
    pmr_entries,
    research_pool,
)
from node.contracts.compile import load_artifact
from node.contracts.errors import DeploymentError
from node.contracts.names import ERC721, TOKENS, contract_names

DEPLOYER: Final = Address(bytes(keccak256(b"wardnet/contracts/deployer")[12:]))
"""Builds the contracts in genesis.  Nobody holds its key, and no contract gives it a right."""
DAY_SECONDS: Final = 86_400
RECOVERY_SECONDS: Final = 2 * DAY_SECONDS
"""How long the old key can object to a confirmed recovery, where nobody chooses."""
REVIEW_SECONDS: Final = 3 * DAY_SECONDS
"""How long after an emergency its review by the authority is on time, where nobody chooses."""
RETENTION_SECONDS: Final = 3 * 365 * DAY_SECONDS
"""How long a record is erased only on a legal basis (IMC 2002, 1.3.1)."""


class Scratch(Protocol):
    """A state that runs transactions one after the other, at no gas price."""

    def deploy(self, initcode: bytes, sender: Address) -> Address:
        """Run initcode as a contract creation and give the new address; bumps the nonce.

        raises        CallRevertedError: the constructor reverted.
        """
        ...

    def call(self, sender: Address, to: Address, data: bytes) -> bytes:
        """Run a transaction that changes the state and give its return data.

        raises        CallRevertedError: the call reverted.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeploySettings:
    """Constructor arguments that a network chooses."""

    members: tuple[Address, ...]
    """The government authority; at least one."""
    validators: tuple[Address, ...]
    """First validator keys; at least ``min_validators``, in any order."""
    min_validators: int = 4
    voting_seconds: int = 7 * DAY_SECONDS
    first_patient_id: int = 1
    utc_offset_seconds: int = 0
    """How far the hospitals' local time is ahead of UTC; India: 19 800."""
    grant_seconds_max: int = 30 * DAY_SECONDS
    recovery_seconds: int = RECOVERY_SECONDS
    """At least 1 s, at most 3,650 days."""
    retention_seconds: int = RETENTION_SECONDS
    """At most 36,500 days; 0: a record is erased whenever its patient says so."""
    review_seconds: int = REVIEW_SECONDS
    """For the review of an emergency; at least 1 s, at most 3,650 days."""
    retention_from_commencement: bool = False
    """The time runs from a record's first entry, else from its newest: that is the longer one."""
    token: str = ERC721
    """What stands for a record: a key of ``TOKENS``."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts stand: contract name to address, for ``config.ward.contracts``."""

    addresses: Mapping[str, Address]


def created_address(sender: Address, nonce: int) -> Address:
    """Give the address of a contract that ``sender`` creates with ``nonce`` (CREATE)."""
    return Address(bytes(keccak256(encode([sender, encode_int(nonce)]))[12:]))


def predict_addresses(sender: Address = DEPLOYER, token: str = ERC721) -> dict[str, Address]:
    """Give the addresses of all contracts, built in order from nonce 0.

    raises        DeploymentError: there is no such token.
    """
    names = contract_names(token)
    return {name: created_address(sender, nonce) for nonce, name in enumerate(names)}


def constructor_arguments(
    addresses: Mapping[str, Address], settings: DeploySettings
) -> dict[str, bytes]:
    """Give the ABI-encoded constructor arguments of every contract."""
    return {
        "GovernmentRegistry": government_registry.constructor(
            settings.members,
            settings.validators,
            min_validators=settings.min_validators,
            voting_seconds=settings.voting_seconds,
            hospitals=addresses["HospitalRegistry"],
            doctors=addresses["DoctorRegistry"],
            insurers=addresses["InsuranceRegistry"],
            researchers=addresses["ResearchPool"],
            complaints=addresses["ConsentRegistry"],
        ),
        **_registries(addresses, settings),
        **_records(addresses, settings),
        **_services(addresses, settings),
    }


def _registries(addresses: Mapping[str, Address], settings: DeploySettings) -> dict[str, bytes]:
    government, hospitals = addresses["GovernmentRegistry"], addresses["HospitalRegistry"]
    return {
        "HospitalRegistry": hospital_registry.constructor(government=government),
        "DoctorRegistry": doctor_registry.constructor(government=government, hospitals=hospitals),
        "PatientRegistry": patient_registry.constructor(
            hospitals=hospitals,
            consents=addresses["ConsentRegistry"],
            first_patient_id=settings.first_patient_id,
            recovery_seconds=settings.recovery_seconds,
        ),
    }


def _records(addresses: Mapping[str, Address], settings: DeploySettings) -> dict[str, bytes]:
    hospitals, doctors = addresses["HospitalRegistry"], addresses["DoctorRegistry"]
    record = TOKENS[settings.token]
    patients, pmr = addresses["PatientRegistry"], addresses[record]
    offset = settings.utc_offset_seconds
    return {
        record: pmr_entries.construction(
            record,
            doctors=doctors,
            patients=patients,
            labs=addresses["LabRegistry"],
            devices=addresses["IomtRegistry"],
            insurance=addresses["InsuranceRegistry"],
            consents=addresses["ConsentRegistry"],
            utc_offset_seconds=offset,
            retention_seconds=settings.retention_seconds,
            retention_from_commencement=settings.retention_from_commencement,
        ),
        "LabRegistry": lab_registry.constructor(
            hospitals=hospitals, doctors=doctors, pmr=pmr, utc_offset_seconds=offset
        ),
        "ConsentRegistry": _consents(addresses, settings),
        "CustodyLedger": custody_ledger.constructor(
            hospitals=hospitals,
            doctors=doctors,
            patients=patients,
            pmr=pmr,
            government=addresses["GovernmentRegistry"],
        ),
    }


def _services(addresses: Mapping[str, Address], settings: DeploySettings) -> dict[str, bytes]:
    doctors, patients = addresses["DoctorRegistry"], addresses["PatientRegistry"]
    hospitals, government = addresses["HospitalRegistry"], addresses["GovernmentRegistry"]
    pmr = addresses[TOKENS[settings.token]]
    return {
        "IomtRegistry": iomt_registry.constructor(
            hospitals=addresses["HospitalRegistry"], doctors=doctors, patients=patients, pmr=pmr
        ),
        "InsuranceRegistry": insurance_registry.constructor(
            government=government,
            hospitals=hospitals,
            patients=patients,
            pmr=pmr,
            consents=addresses["ConsentRegistry"],
        ),
        "ResearchPool": research_pool.constructor(
            government=government, hospitals=addresses["HospitalRegistry"], patients=patients
        ),
        "AppointmentBook": appointment_book.constructor(doctors=doctors, patients=patients),
    }


def _consents(addresses: Mapping[str, Address], settings: DeploySettings) -> bytes:
    return consent_registry.constructor(
        government=addresses["GovernmentRegistry"],
        hospitals=addresses["HospitalRegistry"],
        doctors=addresses["DoctorRegistry"],
        patients=addresses["PatientRegistry"],
        pmr=addresses[TOKENS[settings.token]],
        insurers=addresses["InsuranceRegistry"],
        researchers=addresses["ResearchPool"],
        grant_seconds_max=settings.grant_seconds_max,
        review_seconds=settings.review_seconds,
    )


def deploy_all(scratch: Scratch, settings: DeploySettings) -> Deployment:
    """Build every contract, in order, from ``DEPLOYER``.

    raises        CallRevertedError: a constructor refused its settings.
                  DeploymentError: there is no such token; an address differs, so the deployer
                  was used before.
    """
    addresses = predict_addresses(token=settings.token)
    arguments = constructor_arguments(addresses, settings)
    for name in addresses:
        built = scratch.deploy(load_artifact(name).bytecode + arguments[name], DEPLOYER)
        if built != addresses[name]:
            raise DeploymentError(
                f"{name} was built at 0x{built.hex()} instead of 0x{addresses[name].hex()}: "
                "the deployer's nonce on an empty state must be 0"
            )
    return Deployment(addresses)
