"""What contracts refuse each other, and tell, when one of ours is the caller."""

import pytest

from node.base.types import ZERO_ADDRESS
from node.contracts.abi import Function, View
from node.contracts.doctor_registry import DoctorSuspended
from node.contracts.government_actions import SuspendDoctor, SuspendHospital
from node.contracts.hospital_registry import HospitalRegistered
from node.contracts.pmr_token import EntryAdded, EntryKind
from node.contracts.registration import registration_word
from tests.contracts.world import DAY, PMR_ID, STRANGER, World, account, cid, content

VERIFY = Function("verify(address)", ("uint64",))
SUSPEND = Function("suspend(address)", ("uint64",))
REVOKE = Function("revoke(address)", ("uint64",))
SUSPEND_DOCTOR = Function("suspend(uint64,uint64)")
FILE_ENTRY = Function(
    "fileEntry(uint256,uint64,uint64,uint8,(bytes32,uint8,bytes32))", ("uint256",)
)
MOVE_WALLET = Function("moveWallet(address,address)")
REQUIRE_VERIFIED = Function("requireVerified(address)", ("uint64",))
REQUIRE_WRITER = Function("requireWriter(address,uint64)", ("uint64",))


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (VERIFY, "HospitalStatusWrong"),
        (REVOKE, "HospitalStatusWrong"),
        (SUSPEND, "HospitalNotVerified"),
    ],
)
def test_the_authority_cannot_change_a_hospital_that_never_applied(
    world: World, function: Function, error: str
) -> None:
    suite = world.suite
    data = function.encode(STRANGER)
    assert world.refused(suite.government.address, suite.hospitals.address, data).name == error


def test_the_authority_cannot_verify_a_verified_hospital_again(world: World) -> None:
    suite = world.suite
    data = VERIFY.encode(account("h1"))
    reason = world.refused(suite.government.address, suite.hospitals.address, data)
    assert reason.name == "HospitalStatusWrong"


def test_a_hospital_id_is_told_by_its_registry(world: World) -> None:
    suite, new = world.suite, account("h3")
    world.send(new, suite.hospitals.address, world.application("h3"))
    outcome = world.send(suite.government.address, suite.hospitals.address, VERIFY.encode(new))
    assert world.events(outcome) == [HospitalRegistered(3, new, registration_word("IN/h3"))]


def test_the_authority_cannot_suspend_a_doctor_that_is_unknown(world: World) -> None:
    suite = world.suite
    data = SUSPEND_DOCTOR.encode(99, 0)
    reason = world.refused(suite.government.address, suite.doctors.address, data)
    assert reason.name == "DoctorUnknown"


def test_a_suspension_is_told_by_the_doctors_registry(world: World) -> None:
    suite = world.suite
    outcome = world.send(
        suite.government.address, suite.doctors.address, SUSPEND_DOCTOR.encode(1, 77)
    )
    assert world.events(outcome) == [DoctorSuspended(1, 77)]


def test_the_lab_registry_files_an_entry_that_is_told(world: World) -> None:
    suite, study = world.suite, content("study")
    data = FILE_ENTRY.encode(PMR_ID, 1, 1, 4, study.as_abi())
    outcome = world.send(suite.labs.address, suite.pmr.address, data)
    codec, digest = study.as_abi()[1:]
    assert world.events(outcome) == [
        EntryAdded(PMR_ID, 1, 1, 1, EntryKind.LAB, codec, digest, study.commitment)
    ]
    assert int.from_bytes(outcome.output) == 1
    assert world.view(suite.pmr.entry(PMR_ID, 1)).content.cid == cid("study")


@pytest.mark.parametrize("name", ["stranger", "d1", "p1", "l1"])
def test_who_is_no_verified_hospital_is_not_taken_for_one(world: World, name: str) -> None:
    question = REQUIRE_VERIFIED.view(world.suite.hospitals.address, int, account(name))
    assert world.view_refused(question).name == "HospitalNotVerified"


def test_a_suspended_hospital_is_not_taken_for_a_verified_one(world: World) -> None:
    question = REQUIRE_VERIFIED.view(world.suite.hospitals.address, int, account("h1"))
    assert world.view(question) == 1
    world.enact(SuspendHospital(account("h1")))
    assert world.view_refused(question).name == "HospitalNotVerified"


def _writer(world: World, name: str, hospital_id: int) -> View[int]:
    return REQUIRE_WRITER.view(world.suite.doctors.address, int, account(name), hospital_id)


@pytest.mark.parametrize(("name", "hospital_id"), [("stranger", 1), ("d1", 2), ("h1", 1)])
def test_who_does_not_work_there_is_no_writer(world: World, name: str, hospital_id: int) -> None:
    assert world.view_refused(_writer(world, name, hospital_id)).name == "DoctorNotActive"


def test_a_suspended_doctor_is_no_writer(world: World) -> None:
    assert world.view(_writer(world, "d1", 1)) == 1
    world.enact(SuspendDoctor(1, world.chain.time_s + DAY))
    assert world.view_refused(_writer(world, "d1", 1)).name == "DoctorNotActive"


def test_a_doctor_of_a_suspended_hospital_is_no_writer_there(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert world.view_refused(_writer(world, "d1", 1)).name == "HospitalNotVerified"


def test_the_zero_account_is_no_writer(world: World) -> None:
    question = REQUIRE_WRITER.view(world.suite.doctors.address, int, ZERO_ADDRESS, 0)
    assert world.view_refused(question).name == "DoctorNotActive"


def test_the_lab_registry_files_nothing_on_an_erased_record(world: World) -> None:
    suite = world.suite
    world.send("p1", suite.pmr.address, suite.pmr.erase(PMR_ID, REQUIRE_WRITER.selector * 8))
    data = FILE_ENTRY.encode(PMR_ID, 1, 1, 4, content("study").as_abi())
    assert world.refused(suite.labs.address, suite.pmr.address, data).name == "RecordErased"


def test_the_patients_registry_moves_a_nonce(world: World) -> None:
    suite = world.suite
    world.grant()
    data = MOVE_WALLET.encode(account("p1"), account("p1 anew"))
    outcome = world.send(suite.patients.address, suite.consents.address, data)
    assert outcome.logs == ()  # PatientRegistry tells it
    assert world.view(suite.consents.nonce(account("p1"))) == 0
    assert world.view(suite.consents.nonce(account("p1 anew"))) == 1
