import pytest

from node.base.types import ZERO_ADDRESS, Address
from node.contracts.abi import selector
from node.contracts.doctor_registry import (
    Doctor,
    DoctorAffiliated,
    DoctorKeyChanged,
    DoctorOnboarded,
    DoctorSuspended,
    registration_of,
)
from node.contracts.government_actions import (
    SUSPENDED_FOR_GOOD,
    RevokeHospital,
    SuspendDoctor,
    SuspendHospital,
)
from node.contracts.registration import registration_word
from node.contracts.reverts import RevertReason
from tests.contracts.world import DAY, STRANGER, World, account, x25519


def _is_active(world: World, name: str) -> bool:
    return world.view(world.suite.doctors.is_active(account(name)))


def _onboarding_refused(world: World, hospital: str, data: bytes) -> RevertReason:
    return world.refused(hospital, world.suite.doctors.address, data)


def test_onboarding_gives_the_next_id_and_the_first_affiliation(world: World) -> None:
    outcome = world.send("h1", world.suite.doctors.address, world.onboarding("d3"))
    onboarded, affiliated = world.events(outcome)
    assert onboarded == DoctorOnboarded(
        3,
        account("d3"),
        registration_word("UPRN-d3"),
        1,
        "Dr d3",
        "cardiology",
        "dr@example.org",
        x25519("d3"),
    )
    assert affiliated == DoctorAffiliated(3, 1)
    assert world.view(world.suite.doctors.doctor_count()) == 3


def test_event_tells_the_registration_as_text(world: World) -> None:
    outcome = world.send("h1", world.suite.doctors.address, world.onboarding("d3"))
    [onboarded] = [each for each in world.events(outcome) if isinstance(each, DoctorOnboarded)]
    assert registration_of(onboarded) == "UPRN-D3"


def test_doctor_is_found_by_id_account_and_registration(world: World) -> None:
    doctors = world.suite.doctors
    assert world.view(doctors.doctor(1)) == Doctor(1, account("d1"), 1, 0, x25519("d1"))
    assert world.view(doctors.id_of(account("d1"))) == 1
    assert world.view(doctors.id_by_registration("uprn-D1")) == 1


def test_unknown_doctor_is_all_zero(world: World) -> None:
    doctors = world.suite.doctors
    assert world.view(doctors.doctor(9)) == Doctor(9, ZERO_ADDRESS, 0, 0, bytes(32))
    assert world.view(doctors.id_of(STRANGER)) == 0
    assert world.view(doctors.id_by_registration("NONE")) == 0
    assert world.view(doctors.affiliations(9)) == ()


def test_registration_number_is_unique_in_the_whole_network(world: World) -> None:
    reason = _onboarding_refused(world, "h2", world.onboarding("d3", "UPRN-D1"))
    assert reason == RevertReason("DuplicateRegistration", (1,))


def test_account_of_a_doctor_is_refused_with_the_id(world: World) -> None:
    reason = _onboarding_refused(world, "h2", world.onboarding("d1", "UPRN-NEW"))
    assert reason == RevertReason("DuplicateRegistration", (1,))


@pytest.mark.parametrize("caller", ["stranger", "d1", "p1", "member 0"])
def test_only_a_hospital_onboards(world: World, caller: str) -> None:
    assert _onboarding_refused(world, caller, world.onboarding("d3")).name == "HospitalNotVerified"


def test_applicant_cannot_onboard(world: World) -> None:
    world.send("h3", world.suite.hospitals.address, world.application("h3"))
    assert _onboarding_refused(world, "h3", world.onboarding("d3")).name == "HospitalNotVerified"


def test_suspended_hospital_cannot_onboard(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert _onboarding_refused(world, "h1", world.onboarding("d3")).name == "HospitalNotVerified"


@pytest.mark.parametrize(
    ("who", "name", "key"),
    [
        (ZERO_ADDRESS, "Dr X", x25519("x")),
        (account("x"), "", x25519("x")),
        (account("x"), "Dr X", bytes(32)),
    ],
)
def test_missing_account_name_or_key_is_refused(
    world: World, who: Address, name: str, key: bytes
) -> None:
    data = world.suite.doctors.onboard(
        who, "U-X", name=name, specialisation="", contact="", key=key
    )
    assert _onboarding_refused(world, "h1", data).name == "FieldMissing"


@pytest.mark.parametrize("spelling", [b"", b"uprn-d1", b"UPRN\0D1", b"\0UPRN", b"UPRN D1"])
def test_contract_itself_refuses_another_spelling(world: World, spelling: bytes) -> None:
    data = world.onboarding("d3", "PLACEHOLDER")
    data = data.replace(registration_word("PLACEHOLDER"), spelling.ljust(32, b"\0"))
    assert _onboarding_refused(world, "h1", data).name == "RegistrationCode"


def _affiliate(world: World, doctor_id: int) -> bytes:
    return world.suite.doctors.affiliate(doctor_id)


def test_second_hospital_adds_an_affiliation(world: World) -> None:
    outcome = world.send("h2", world.suite.doctors.address, _affiliate(world, 1))
    assert world.events(outcome) == [DoctorAffiliated(1, 2)]
    assert world.view(world.suite.doctors.affiliations(1)) == (1, 2)


@pytest.mark.parametrize("hospital", ["h1", "h2"])
def test_affiliation_twice_is_refused(world: World, hospital: str) -> None:
    if hospital == "h2":
        world.send("h2", world.suite.doctors.address, _affiliate(world, 1))
    reason = world.refused(hospital, world.suite.doctors.address, _affiliate(world, 1))
    assert reason == RevertReason("DuplicateRegistration", (1,))


def test_unknown_doctor_cannot_be_affiliated(world: World) -> None:
    reason = world.refused("h2", world.suite.doctors.address, _affiliate(world, 9))
    assert reason.name == "DoctorUnknown"


def test_stranger_cannot_affiliate(world: World) -> None:
    reason = world.refused(STRANGER, world.suite.doctors.address, _affiliate(world, 1))
    assert reason.name == "HospitalNotVerified"


def test_affiliations_end_at_sixteen(world: World) -> None:
    for number in range(3, 18):
        world.add_hospital(f"h{number}")
        world.send(f"h{number}", world.suite.doctors.address, _affiliate(world, 1))
    assert len(world.view(world.suite.doctors.affiliations(1))) == 16
    reason = world.refused("h2", world.suite.doctors.address, _affiliate(world, 1))
    assert reason.name == "AffiliationLimit"


def test_doctor_of_a_verified_hospital_is_active(world: World) -> None:
    assert _is_active(world, "d1")


def test_stranger_is_not_active(world: World) -> None:
    assert not _is_active(world, "stranger")


def test_suspension_for_a_time_ends_with_its_second(world: World) -> None:
    until = world.chain.time_s + DAY
    outcome = world.enact(SuspendDoctor(1, until))
    assert DoctorSuspended(1, until) in world.events(outcome)
    world.chain.set_block(world.chain.number, until - 1)
    assert not _is_active(world, "d1")
    world.chain.set_block(world.chain.number, until)
    assert _is_active(world, "d1")


def test_suspension_for_good_does_not_end(world: World) -> None:
    world.enact(SuspendDoctor(1, SUSPENDED_FOR_GOOD))
    world.chain.set_block(world.chain.number, 2**60)
    assert not _is_active(world, "d1")
    assert world.view(world.suite.doctors.doctor(1)).suspended_until_s == SUSPENDED_FOR_GOOD


def test_suspension_can_be_lifted(world: World) -> None:
    world.enact(SuspendDoctor(1, SUSPENDED_FOR_GOOD))
    world.enact(SuspendDoctor(1, 0))
    assert _is_active(world, "d1")
    assert world.view(world.suite.doctors.doctor(1)).home_hospital_id == 1


def test_unknown_doctor_cannot_be_suspended(world: World) -> None:
    assert world.enact_refused(SuspendDoctor(9, 0)).name == "DoctorUnknown"


def test_nobody_but_the_authority_suspends(world: World) -> None:
    data = selector("suspend(uint64,uint64)") + (1).to_bytes(32) + (0).to_bytes(32)
    for caller in ("stranger", "h1", "member 0", "d1"):
        reason = world.refused(caller, world.suite.doctors.address, data)
        assert reason.name == "NotGovernment"


@pytest.mark.parametrize("action", [SuspendHospital, RevokeHospital])
def test_doctor_without_a_verified_hospital_is_not_active(world: World, action: type) -> None:
    world.enact(action(account("h1")))
    assert not _is_active(world, "d1")


def test_doctor_of_a_second_verified_hospital_stays_active(world: World) -> None:
    world.send("h2", world.suite.doctors.address, _affiliate(world, 1))
    world.enact(SuspendHospital(account("h1")))
    assert _is_active(world, "d1")


def test_doctor_changes_the_key(world: World) -> None:
    doctors = world.suite.doctors
    outcome = world.send("d1", doctors.address, doctors.set_key(x25519("new")))
    assert world.events(outcome) == [DoctorKeyChanged(account("d1"), x25519("new"))]
    assert world.view(doctors.doctor(1)).key == x25519("new")


def test_zero_key_is_refused(world: World) -> None:
    doctors = world.suite.doctors
    assert world.refused("d1", doctors.address, doctors.set_key(bytes(32))).name == "FieldMissing"


def test_stranger_has_no_key_to_change(world: World) -> None:
    doctors = world.suite.doctors
    reason = world.refused(STRANGER, doctors.address, doctors.set_key(x25519("new")))
    assert reason.name == "DoctorUnknown"
