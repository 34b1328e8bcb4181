"""The people of the gas report, and the worlds that its cases start from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from node.base.types import Address
from node.bench.gas_world import (
    FIRST_PATIENT_ID,
    PMR_ID,
    TODAY,
    Call,
    GasWorld,
    account,
    content,
    word,
)
from node.contracts.government_actions import VerifyHospital
from node.contracts.lab_registry import SharePlan
from node.contracts.names import ERC721, ERC1155
from node.contracts.pmr_id import encode_pmr_id

TOMORROW_ID: Final = encode_pmr_id(FIRST_PATIENT_ID, TODAY + timedelta(days=1))
"""The first patient's next visit."""
FIRST_VISIT_ID: Final = encode_pmr_id(FIRST_PATIENT_ID + 1, TODAY)
"""The first visit ever of the second patient."""
VALIDATORS_MAX: Final = 100
MEMBERS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the report; contract and function follow from the call."""

    label: str
    prepare: Callable[[GasWorld], Call]
    """Brings the world to where the call is measured, and gives the call."""
    budget: int | None = None
    """Of records.md section 3, in gas."""
    world: str = "clinic"
    """A name of ``WORLDS``."""


def clinic(token: str = ERC721) -> GasWorld:
    """Hospitals h1 h2, doctors d1 d2, patients p1 p2, lab l1 of h1, one record of p1."""
    world = GasWorld.found(token=token)
    for hospital in ("h1", "h2"):
        add_hospital(world, hospital)
    for call in (
        onboarding(world, "d1"),
        onboarding(world, "d2", "h2"),
        registration(world, "p1"),
        registration(world, "p2"),
        listing(world, "l1"),
        visit(world),
    ):
        world.send(call)
    return world


def full() -> GasWorld:
    """As many validators as there can be; v0 is also a Verified hospital."""
    world = GasWorld.found(validators=VALIDATORS_MAX)
    add_hospital(world, "v0")
    return world


def crowd() -> GasWorld:
    """As many members as the authority can have."""
    return GasWorld.found(members=MEMBERS_MAX)


WORLDS: Final[dict[str, Callable[[], GasWorld]]] = {
    "clinic": clinic,
    "clinic, erc1155": lambda: clinic(ERC1155),
    "full": full,
    "crowd": crowd,
}


def add_hospital(world: GasWorld, name: str) -> None:
    """Let a hospital apply and be verified."""
    world.send(application(world, name))
    world.send(world.enact(VerifyHospital(account(name))))


def application(world: GasWorld, name: str) -> Call:
    """Give a hospital's application."""
    data = world.suite.hospitals.submit_application(
        f"TN/2004/{name}",
        name=f"General Hospital {name}",
        location="Chennai, Tamil Nadu",
        specialisation="general medicine",
        contact="desk@hospital.example",
        custody_key=word(f"x25519 {name}"),
    )
    return Call(name, world.suite.hospitals.address, data)


def onboarding(world: GasWorld, name: str, hospital: str = "h1") -> Call:
    """Give a doctor's onboarding."""
    data = world.suite.doctors.onboard(
        account(name),
        f"UPRN-2021-{name}",
        name=f"Dr Lakshmi {name}",
        specialisation="cardiology",
        contact="doctor@hospital.example",
        key=word(f"x25519 {name}"),
    )
    return Call(hospital, world.suite.doctors.address, data)


def registration(world: GasWorld, name: str) -> Call:
    """Give a patient's registration, with an attendant, at the desk of h1."""
    data = world.suite.patients.register(
        account(name),
        key=word(f"x25519 {name}"),
        details=content(f"details {name}"),
        attendant=content(f"attendant {name}"),
    )
    return Call("h1", world.suite.patients.address, data)


def listing(world: GasWorld, name: str) -> Call:
    """Give the listing of a lab by h1."""
    labs = world.suite.labs
    return Call("h1", labs.address, labs.list_lab(account(name), "Central Laboratory"))


def visit(world: GasWorld, pmr_id: int = PMR_ID) -> Call:
    """Give a consultation by d1."""
    data = world.suite.pmr.consult(pmr_id, hospital_id=1, content=content("visit"))
    return Call("d1", world.suite.pmr.address, data)


def lab_order(world: GasWorld) -> Call:
    """Give an order of d1 to l1."""
    labs = world.suite.labs
    data = labs.order(PMR_ID, hospital_id=1, lab=account("l1"), modality="CT", reason="R07.9")
    return Call("d1", labs.address, data)


def lab_filing(world: GasWorld) -> Call:
    """Give the filing of the first order."""
    labs = world.suite.labs
    data = labs.file(
        1,
        modality="CT",
        captured=TODAY,
        reason="R07.9",
        content=content("study"),
        plan=SharePlan(scheme_id=4, needed=3, total=5),
    )
    return Call("l1", labs.address, data)


def guardian(world: GasWorld, name: str = "kin") -> Call:
    """Let p1 name a guardian."""
    return to_patients(world, "p1", world.suite.patients.set_guardian(account(name)))


def recovery_start(world: GasWorld) -> Call:
    """Give what the guardian starts, once named."""
    world.send(guardian(world))
    data = world.suite.patients.start_recovery(
        FIRST_PATIENT_ID, new_account=account("p1 anew"), new_key=word("x25519 p1 anew")
    )
    return to_patients(world, "kin", data)


def recovery_confirmation(world: GasWorld) -> Call:
    """Give what h2 confirms, once started."""
    world.send(recovery_start(world))
    data = world.suite.patients.confirm_recovery(
        FIRST_PATIENT_ID, new_account=account("p1 anew"), new_key=word("x25519 p1 anew")
    )
    return to_patients(world, "h2", data)


def recovery_end(world: GasWorld) -> Call:
    """Give what anybody finishes, once confirmed and waited for."""
    world.send(recovery_confirmation(world))
    world.wait(world.view(world.suite.patients.recovery_seconds()))
    return to_patients(world, "relay", world.suite.patients.finish_recovery(FIRST_PATIENT_ID))


def to_patients(world: GasWorld, sender: str, data: bytes) -> Call:
    """Address the registry of patients."""
    return Call(sender, world.suite.patients.address, data)


def to_government(world: GasWorld, sender: str, data: bytes) -> Call:
    """Address the authority."""
    return Call(sender, world.suite.government.address, data)


def to_custody(world: GasWorld, sender: str, data: bytes) -> Call:
    """Address the ledger of custody."""
    return Call(sender, world.suite.custody.address, data)


def to_consents(world: GasWorld, sender: str, data: bytes) -> Call:
    """Address the registry of consents."""
    return Call(sender, world.suite.consents.address, data)


def lowest_key() -> Address:
    """Give a key below all others, each of which it moves by a place."""
    return Address(bytes(19) + b"\x01")
