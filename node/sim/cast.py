"""The people and institutions of a scenario, with keys that follow from the seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from node.base.keys import PrivateKey
from node.base.ports import Entropy
from node.base.rng import TreeEntropy
from node.base.types import MICROS_PER_SECOND, Address
from node.contracts.suite import ContractSuite
from node.privacy.consent import Domain
from node.privacy.grantee import Grantee
from node.privacy.sealing import derive_private_key, public_key_of
from node.privacy.synthetic import make_person
from node.privacy.wallet import Wallet
from node.sim.schema import actors
from node.sim.schema.scenario import Scenario
from node.sss.drbg import SeedsUsed
from node.sss.terms import Profile
from node.workflows.ward import (
    Device,
    Doctor,
    Guardian,
    Hospital,
    Institution,
    Lab,
    Patient,
    Regulator,
    Sharing,
    Ward,
)

_SECRET_BYTES: Final = 32
_REGISTRATION_CHARS_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """What one participant keeps."""

    signer: PrivateKey
    sealing: bytes
    """X25519 private key."""
    extra: bytes
    """32 more secret bytes: a wallet's master, a hospital's site key."""


def secrets_of(seed: int, name: str) -> Secrets:
    """Draw the keys of a participant; they do not depend on who else takes part."""
    return fresh_secrets(TreeEntropy(seed, "node", name, "entropy"))


def new_wallet_entropy(seed: int, patient: str) -> Entropy:
    """Give what the keys of a patient who lost all are drawn from."""
    return TreeEntropy(seed, "node", patient, "new wallet")


def fresh_secrets(entropy: Entropy) -> Secrets:
    """Draw keys."""
    return Secrets(
        signer=PrivateKey.from_bytes(entropy.take(_SECRET_BYTES)),
        sealing=derive_private_key(entropy.take(_SECRET_BYTES)),
        extra=entropy.take(_SECRET_BYTES),
    )


def cast_hospitals(scenario: Scenario) -> dict[str, Hospital]:
    """Give the hospitals by node id; each one's account is its validator key."""
    hospitals: dict[str, Hospital] = {}
    for name in scenario.network.validators:
        secrets = secrets_of(scenario.run.seed, name)
        settings = scenario.network.nodes.get(name)
        hospitals[name] = Hospital(
            name=name,
            signer=secrets.signer,
            custody_key=public_key_of(secrets.sealing),
            site_key=secrets.extra,
            registration=_registration("GOV-", name),
            title=f"Hospital {name}",
            location=(settings.region if settings else None) or "unspecified",
            specialisation="general",
            contact=f"desk@{name}.wardnet",
            reader=Grantee(signer=secrets.signer, sealing_private=secrets.sealing),
        )
    return hospitals


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, by id."""

    ward: Ward
    hospitals: dict[str, Hospital]
    regulators: dict[str, Regulator]
    doctors: dict[str, Doctor]
    patients: dict[str, Patient]
    labs: dict[str, Lab]
    guardians: dict[str, Guardian]
    devices: dict[str, Device]
    insurers: dict[str, Institution]
    researchers: dict[str, Institution]

    def name_of(self, address: Address) -> str:
        """Give the id of a hospital by its account."""
        return next(name for name, one in self.hospitals.items() if one.signer.address == address)


def fresh_account(ward: Ward, entropy: Entropy) -> tuple[PrivateKey, Wallet]:
    """Draw a patient's keys and give them with an empty wallet."""
    secrets = fresh_secrets(entropy)
    wallet = Wallet(
        signer=secrets.signer,
        sealing_private=secrets.sealing,
        master=secrets.extra,
        domain=Domain(ward.chain_id, ward.contracts.consents.address),
        seeds=ward.seeds,
    )
    return secrets.signer, wallet


def regulator_keys(scenario: Scenario) -> dict[str, PrivateKey]:
    """Give the keys of the authority's members."""
    seed = scenario.run.seed
    return {name: secrets_of(seed, name).signer for name in scenario.actors.regulators}


def cast_all(scenario: Scenario, hospitals: dict[str, Hospital], contracts: ContractSuite) -> Cast:
    """Give everybody a key and a place."""
    seed = scenario.run.seed
    ward = Ward(
        chain_id=scenario.chain.id,
        contracts=contracts,
        sharing=Sharing(scenario.records.sharing.t, scenario.records.sharing.n),
        zone=timedelta(seconds=scenario.utc_offset_s),
        profile=Profile.SIMULATION,
        seeds=SeedsUsed(),
        hospitals=tuple(hospitals.values()),
        period_s=scenario.chain.period_us // MICROS_PER_SECOND,
        steps_at_ends=scenario.records.revocation == "standard",
    )
    names = tuple(hospitals)
    regulators = {
        name: Regulator(name, key, hospitals[names[k % len(names)]].node)
        for k, (name, key) in enumerate(regulator_keys(scenario).items())
    }
    who = scenario.actors
    labs = {
        name: Lab(name, secrets_of(seed, name).signer, hospitals[lab.hospital])
        for name, lab in who.labs.items()
    }
    guardians = {
        name: Guardian(name, secrets_of(seed, name).signer, hospitals[guardian.hospital])
        for name, guardian in who.guardians.items()
    }
    devices = {
        name: Device(name, secrets_of(seed, name).signer, hospitals[device.hospital])
        for name, device in who.devices.items()
    }
    return Cast(
        ward,
        hospitals,
        regulators,
        _doctors(scenario, hospitals),
        _patients(scenario, hospitals, ward),
        labs,
        guardians,
        devices,
        cast_institutions(scenario, hospitals, who.insurers, "IRDAI-"),
        cast_institutions(scenario, hospitals, who.researchers, "RES-"),
    )


def _doctors(scenario: Scenario, hospitals: Mapping[str, Hospital]) -> dict[str, Doctor]:
    doctors: dict[str, Doctor] = {}
    for name, doctor in scenario.actors.doctors.items():
        secrets = secrets_of(scenario.run.seed, name)
        doctors[name] = Doctor(
            name=name,
            signer=secrets.signer,
            reader=Grantee(signer=secrets.signer, sealing_private=secrets.sealing),
            hospital=hospitals[doctor.hospital],
            registration=_registration("UPRN-", name),
            title=f"Doctor {name}",
            specialisation=doctor.specialisation,
            contact=f"{name}@{doctor.hospital}.wardnet",
        )
    return doctors


def _patients(
    scenario: Scenario, hospitals: Mapping[str, Hospital], ward: Ward
) -> dict[str, Patient]:
    seed = scenario.run.seed
    domain = Domain(ward.chain_id, ward.contracts.consents.address)
    patients: dict[str, Patient] = {}
    for name, patient in scenario.actors.patients.items():
        secrets = secrets_of(seed, name)
        patients[name] = Patient(
            name=name,
            signer=secrets.signer,
            wallet=Wallet(
                signer=secrets.signer,
                sealing_private=secrets.sealing,
                master=secrets.extra,
                domain=domain,
                seeds=ward.seeds,
            ),
            hospital=hospitals[patient.hospital],
            person=make_person(TreeEntropy(seed, "node", name, "person")),
            has_attendant=patient.attendant,
            leaves_for_emergencies=patient.emergency,
        )
    return patients


def cast_institutions(
    scenario: Scenario,
    hospitals: Mapping[str, Hospital],
    listed: Mapping[str, actors.Institution],
    prefix: str,
) -> dict[str, Institution]:
    """Give insurers or researchers by id; ``prefix`` begins their registration numbers."""
    found: dict[str, Institution] = {}
    for name, actor in listed.items():
        secrets = secrets_of(scenario.run.seed, name)
        found[name] = Institution(
            name=name,
            signer=secrets.signer,
            reader=Grantee(signer=secrets.signer, sealing_private=secrets.sealing),
            hospital=hospitals[actor.hospital],
            registration=_registration(prefix, name),
            title=f"Institution {name}",
            contact=f"{name}@wardnet",
        )
    return found


def _registration(prefix: str, name: str) -> str:
    """Give the number that an authority gave; a long id stands alone, since a number has 32."""
    return name if len(prefix) + len(name) > _REGISTRATION_CHARS_MAX else prefix + name
