from dataclasses import replace

import pytest
from eth_abi import encode as eth_encode

from node.base.keccak import keccak256
from node.base.types import ZERO_ADDRESS, Address, Cid, Hash32
from node.contracts.cids import RAW
from node.contracts.errors import CidFormError
from node.contracts.government_actions import RevokeHospital, SuspendHospital
from node.contracts.patient_registry import (
    PATIENT_ROLE,
    Patient,
    PatientKeyChanged,
    PatientRegistered,
    participant_id,
)
from node.contracts.reverts import RevertReason
from tests.contracts.world import STRANGER, World, account, content, x25519


def _refused(world: World, sender: str, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.patients.address, data)


def test_first_patient_id_is_the_setting_and_the_next_follows(world: World) -> None:
    patients = world.suite.patients
    assert world.view(patients.id_of(account("p1"))) == 85_437
    assert world.view(patients.id_of(account("p2"))) == 85_438
    assert world.view(patients.next_patient_id()) == 85_439


def test_registration_tells_commitments_and_cids_in_its_event(world: World) -> None:
    outcome = world.send("h2", world.suite.patients.address, world.registration("p3"))
    [event] = world.events(outcome)
    assert isinstance(event, PatientRegistered)
    assert event.patient_id == 85_439
    assert event.account == account("p3")
    assert event.hospital_id == 2
    assert event.key == x25519("p3")
    assert event.participant_id == participant_id(content("p3").commitment)
    assert event.details_content == content("p3")
    assert event.attendant_content == content("kin p3")


def test_patient_without_an_attendant_is_registered(world: World) -> None:
    data = world.suite.patients.register(account("p3"), key=x25519("p3"), details=content("p3"))
    [event] = world.events(world.send("h1", world.suite.patients.address, data))
    assert isinstance(event, PatientRegistered)
    assert event.attendant_content is None


def test_patient_is_found_by_id_and_identity_hash(world: World) -> None:
    patients = world.suite.patients
    assert world.view(patients.patient(85_437)) == Patient(85_437, account("p1"), 1, x25519("p1"))
    assert world.view(patients.account_of(85_437)) == account("p1")
    identity = participant_id(content("p1").commitment)
    assert world.view(patients.id_by_participant(identity)) == 85_437


def test_unknown_patient_is_all_zero(world: World) -> None:
    patients = world.suite.patients
    assert world.view(patients.patient(1)) == Patient(1, ZERO_ADDRESS, 0, bytes(32))
    assert world.view(patients.account_of(0)) == ZERO_ADDRESS
    assert world.view(patients.id_by_participant(Hash32(bytes(32)))) == 0


def test_participant_id_is_the_hash_of_role_and_commitment() -> None:
    commitment = content("p1").commitment
    encoded = eth_encode(["bytes32", "bytes32"], [b"patient", commitment])
    assert participant_id(commitment) == keccak256(encoded)
    assert len(PATIENT_ROLE) == 32


def test_same_identity_is_refused_with_the_existing_id(world: World) -> None:
    data = world.suite.patients.register(account("p3"), key=x25519("p3"), details=content("p1"))
    assert _refused(world, "h2", data) == RevertReason("DuplicateRegistration", (85_437,))


def test_same_account_is_refused_with_the_existing_id(world: World) -> None:
    data = world.suite.patients.register(account("p1"), key=x25519("p3"), details=content("p3"))
    assert _refused(world, "h2", data) == RevertReason("DuplicateRegistration", (85_437,))


@pytest.mark.parametrize("caller", ["stranger", "d1", "p1", "l1", "member 0"])
def test_only_a_hospitals_desk_registers(world: World, caller: str) -> None:
    assert _refused(world, caller, world.registration("p3")).name == "HospitalNotVerified"


@pytest.mark.parametrize("action", [SuspendHospital, RevokeHospital])
def test_desk_of_a_hospital_that_lost_its_status_is_refused(world: World, action: type) -> None:
    world.enact(action(account("h1")))
    assert _refused(world, "h1", world.registration("p3")).name == "HospitalNotVerified"


@pytest.mark.parametrize(("who", "key"), [(ZERO_ADDRESS, x25519("p3")), (account("p3"), bytes(32))])
def test_missing_account_or_key_is_refused(world: World, who: Address, key: bytes) -> None:
    data = world.suite.patients.register(who, key=key, details=content("p3"))
    assert _refused(world, "h1", data).name == "FieldMissing"


def test_missing_commitment_is_refused(world: World) -> None:
    empty = replace(content("p3"), commitment=Hash32(bytes(32)))
    data = world.suite.patients.register(account("p3"), key=x25519("p3"), details=empty)
    assert _refused(world, "h1", data).name == "FieldMissing"


def _with_codec(data: bytes, codec: int) -> bytes:
    return data.replace(RAW.to_bytes(32), codec.to_bytes(32), 1)


@pytest.mark.parametrize("codec", [0, 1, 0x54, 0x56, 0x72, 0xFF])
def test_contract_refuses_a_foreign_codec(world: World, codec: int) -> None:
    data = _with_codec(world.registration("p3"), codec)
    assert _refused(world, "h1", data).name == "CidNotAllowed"


@pytest.mark.parametrize("codec", [0x70, 0x71])
def test_contract_takes_both_dag_codecs(world: World, codec: int) -> None:
    data = _with_codec(world.registration("p3"), codec)
    [event] = world.events(world.send("h1", world.suite.patients.address, data))
    assert isinstance(event, PatientRegistered)
    assert event.details[1] == codec


def test_contract_refuses_a_zero_digest(world: World) -> None:
    digest = content("p3").cid[4:]
    data = world.registration("p3").replace(digest, bytes(32))
    assert _refused(world, "h1", data).name == "CidNotAllowed"


def test_contract_refuses_a_foreign_codec_of_the_attendant(world: World) -> None:
    data = world.registration("p3")
    head, tail = data[:-96], data[-96:]
    assert _refused(world, "h1", head + _with_codec(tail, 0)).name == "CidNotAllowed"


def test_binding_refuses_a_cid_of_another_form(world: World) -> None:
    with pytest.raises(CidFormError):
        world.suite.patients.register(
            account("p3"), key=x25519("p3"), details=replace(content("p3"), cid=Cid(b"\x12\x20"))
        )


def test_patient_changes_the_key(world: World) -> None:
    patients = world.suite.patients
    outcome = world.send("p1", patients.address, patients.set_key(x25519("new")))
    assert world.events(outcome) == [PatientKeyChanged(account("p1"), x25519("new"))]
    assert world.view(patients.patient(85_437)).key == x25519("new")


def test_zero_key_is_refused(world: World) -> None:
    assert _refused(world, "p1", world.suite.patients.set_key(bytes(32))).name == "FieldMissing"


def test_stranger_has_no_key_to_change(world: World) -> None:
    reason = world.refused(
        STRANGER, world.suite.patients.address, world.suite.patients.set_key(x25519("x"))
    )
    assert reason.name == "PatientUnknown"
