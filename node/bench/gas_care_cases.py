"""Cases of the gas report: complaints, emergencies, their review, and copies for patients."""

from typing import Final

from node.base.keccak import keccak256
from node.base.types import Hash32
from node.bench.gas_people import Case, to_consents
from node.bench.gas_world import (
    CHAIN_ID,
    DAY_SECONDS,
    FIRST_PATIENT_ID,
    Call,
    GasWorld,
    content,
    word,
)
from node.contracts.abi import encode_values
from node.contracts.government_actions import UpholdComplaint

_ID_FIELDS: Final = ("string", "uint256", "address", "uint256", "uint64")


def _emergency(world: GasWorld) -> Call:
    data = world.suite.consents.emergency_access(
        FIRST_PATIENT_ID, hospital_id=2, reason="unconscious", seconds=DAY_SECONDS
    )
    return to_consents(world, "d2", data)


def _second_emergency(world: GasWorld) -> Call:
    world.send(_emergency(world))
    return _emergency(world)


def _review(world: GasWorld) -> Call:
    world.send(_emergency(world))
    consents = world.suite.consents
    # what the contract hashes for its first emergency
    fields = ("emergency", CHAIN_ID, consents.address, 1, FIRST_PATIENT_ID)
    emergency_id = Hash32(keccak256(encode_values("emergency", _ID_FIELDS, fields)))
    data = consents.review_emergency(emergency_id, outcome="life-saving", is_justified=True)
    return to_consents(world, "m0", data)


def _request(world: GasWorld) -> Call:
    return to_consents(world, "p1", world.suite.consents.request_copy(0))


def _issue(world: GasWorld) -> Call:
    world.send(_request(world))
    return to_consents(world, "h1", world.suite.consents.issue_copy(1, content("copy")))


def _complaint(world: GasWorld) -> Call:
    consent = world.consent()
    world.send(world.grant(consent))
    consents = world.suite.consents
    data = consents.complain_of_grant(
        world.view(consents.grant_id_of(consent)),
        patient_id=FIRST_PATIENT_ID,
        grantee=consent.grantee,
        pmr_id=consent.pmr_id,
        evidence=word("evidence"),
    )
    return to_consents(world, "h1", data)


def upheld(world: GasWorld) -> Call:
    """Give the vote that ends a grant of the first patient."""
    complaint = _complaint(world)
    world.send(complaint)
    return world.enact(UpholdComplaint(Hash32(complaint.data[4:36])))


CASES: Final = (
    Case("typical", _complaint),
    Case("typical", _emergency),
    Case("while one runs", _second_emergency),
    Case("typical", _review),
    Case("all records", _request),
    Case("by the desk", _issue),
)
