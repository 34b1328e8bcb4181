from dataclasses import replace

import pytest

from node.base.types import ZERO_ADDRESS
from node.contracts.abi import selector
from node.contracts.government_actions import RevokeHospital, SuspendHospital, VerifyHospital
from node.contracts.hospital_registry import (
    Hospital,
    HospitalApplied,
    HospitalKeyChanged,
    HospitalRegistered,
    HospitalStatus,
)
from node.contracts.registration import RegistrationCodeError, registration_word
from node.contracts.reverts import RevertReason
from tests.contracts.world import STRANGER, World, account, x25519


def _hospital(world: World, name: str) -> Hospital:
    return world.view(world.suite.hospitals.hospital(account(name)))


def _apply(world: World, name: str, registration: str | None = None) -> None:
    world.send(name, world.suite.hospitals.address, world.application(name, registration))


def _application_refused(world: World, name: str, data: bytes) -> RevertReason:
    return world.refused(name, world.suite.hospitals.address, data)


def test_application_is_kept_without_an_id(world: World) -> None:
    _apply(world, "h3")
    assert _hospital(world, "h3") == Hospital(
        account("h3"), 0, HospitalStatus.APPLIED, "IN/H3", x25519("h3")
    )


def test_application_tells_all_details_in_its_event(world: World) -> None:
    outcome = world.send("h3", world.suite.hospitals.address, world.application("h3"))
    assert world.events(outcome) == [
        HospitalApplied(
            account("h3"),
            registration_word("IN/h3"),
            "h3",
            "Chennai",
            "general",
            "desk@example.org",
            x25519("h3"),
        )
    ]


def test_account_that_never_applied_is_unknown(world: World) -> None:
    hospital = _hospital(world, "nobody")
    assert hospital == Hospital(account("nobody"), 0, HospitalStatus.UNKNOWN, "", bytes(32))


def test_verification_issues_the_next_id_and_never_before(world: World) -> None:
    assert world.view(world.suite.hospitals.hospital_count()) == 2
    _apply(world, "h3")
    assert world.view(world.suite.hospitals.hospital_count()) == 2
    outcome = world.enact(VerifyHospital(account("h3")))
    registered = HospitalRegistered(3, account("h3"), registration_word("IN/h3"))
    assert registered in world.events(outcome)
    assert _hospital(world, "h3").hospital_id == 3
    assert _hospital(world, "h3").is_verified


def test_id_leads_to_the_account_and_back(world: World) -> None:
    hospitals = world.suite.hospitals
    assert world.view(hospitals.account_of(1)) == account("h1")
    assert world.view(hospitals.id_of(account("h1"))) == 1
    assert world.view(hospitals.account_by_registration("in/h1")) == account("h1")


def test_unknown_id_has_no_account_and_is_not_verified(world: World) -> None:
    hospitals = world.suite.hospitals
    assert world.view(hospitals.account_of(0)) == ZERO_ADDRESS
    assert not world.view(hospitals.is_verified(0))
    assert not world.view(hospitals.is_verified(99))


def test_second_application_of_an_account_is_refused_with_its_id(world: World) -> None:
    reason = _application_refused(world, "h1", world.application("h1", "IN/OTHER"))
    assert reason == RevertReason("DuplicateRegistration", (1,))


def test_registration_of_another_hospital_is_refused_with_that_id(world: World) -> None:
    reason = _application_refused(world, "h3", world.application("h3", "IN/H2"))
    assert reason == RevertReason("DuplicateRegistration", (2,))


def test_registration_in_another_spelling_is_the_same(world: World) -> None:
    reason = _application_refused(world, "h3", world.application("h3", " in/h2 "))
    assert reason == RevertReason("DuplicateRegistration", (2,))


def test_registration_that_is_only_applied_for_is_refused_with_id_zero(world: World) -> None:
    _apply(world, "h3", "IN/NEW")
    reason = _application_refused(world, "h4", world.application("h4", "IN/NEW"))
    assert reason == RevertReason("DuplicateRegistration", (0,))


def _raw_application(world: World, word: bytes) -> bytes:
    data = world.application("h3", "PLACEHOLDER")
    return data.replace(registration_word("PLACEHOLDER"), word)


@pytest.mark.parametrize(
    "word",
    [
        bytes(32),
        b"\0A".ljust(32, b"\0"),
        b"A\0B".ljust(32, b"\0"),
        b"abc".ljust(32, b"\0"),
        b"A B".ljust(32, b"\0"),
        b"A,".ljust(32, b"\0"),
        b"A:".ljust(32, b"\0"),
        b"A@".ljust(32, b"\0"),
        b"A[".ljust(32, b"\0"),
        b"A" * 31 + b"\xff",
    ],
)
def test_contract_itself_refuses_other_spellings(world: World, word: bytes) -> None:
    reason = _application_refused(world, "h3", _raw_application(world, word))
    assert reason.name == "RegistrationCode"


@pytest.mark.parametrize("word", [b"-./09AZ".ljust(32, b"\0"), b"Z" * 32])
def test_border_characters_and_full_length_are_taken(world: World, word: bytes) -> None:
    world.send("h3", world.suite.hospitals.address, _raw_application(world, word))
    assert _hospital(world, "h3").status is HospitalStatus.APPLIED


def test_binding_refuses_what_the_contract_would(world: World) -> None:
    with pytest.raises(RegistrationCodeError):
        world.application("h3", "A_B")


@pytest.mark.parametrize(("name", "key"), [("", x25519("h3")), ("Apollo", bytes(32))])
def test_missing_name_or_key_is_refused(world: World, name: str, key: bytes) -> None:
    data = world.suite.hospitals.submit_application(
        "IN/3", name=name, location="", specialisation="", contact="", custody_key=key
    )
    assert _application_refused(world, "h3", data).name == "FieldMissing"


def test_application_that_was_turned_down_may_be_repeated(world: World) -> None:
    _apply(world, "h3")
    world.enact(RevokeHospital(account("h3")))
    assert _hospital(world, "h3").status is HospitalStatus.UNKNOWN
    _apply(world, "h4", "IN/H3")
    _apply(world, "h3", "IN/H3-B")
    assert _hospital(world, "h4").status is HospitalStatus.APPLIED
    assert _hospital(world, "h3").status is HospitalStatus.APPLIED


def test_suspension_and_its_end_keep_the_id(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert _hospital(world, "h1").status is HospitalStatus.SUSPENDED
    assert not world.view(world.suite.hospitals.is_verified(1))
    assert not world.view(world.suite.hospitals.is_active(account("h1")))
    world.enact(VerifyHospital(account("h1")))
    assert _hospital(world, "h1").hospital_id == 1
    assert world.view(world.suite.hospitals.is_verified(1))
    assert world.view(world.suite.hospitals.is_active(account("h1")))


def test_revocation_is_for_good(world: World) -> None:
    world.enact(RevokeHospital(account("h1")))
    assert _hospital(world, "h1").status is HospitalStatus.REVOKED
    assert world.enact_refused(VerifyHospital(account("h1"))).name == "HospitalStatusWrong"
    assert world.enact_refused(RevokeHospital(account("h1"))).name == "HospitalStatusWrong"


def test_revoked_hospital_keeps_its_registration(world: World) -> None:
    world.enact(RevokeHospital(account("h1")))
    reason = _application_refused(world, "h3", world.application("h3", "IN/H1"))
    assert reason == RevertReason("DuplicateRegistration", (1,))


def test_suspended_hospital_can_be_revoked(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    world.enact(RevokeHospital(account("h1")))
    assert _hospital(world, "h1").status is HospitalStatus.REVOKED


@pytest.mark.parametrize("name", ["h1", "nobody"])
def test_only_an_applicant_can_be_verified(world: World, name: str) -> None:
    assert world.enact_refused(VerifyHospital(account(name))).name == "HospitalStatusWrong"


def test_only_a_verified_hospital_can_be_suspended(world: World) -> None:
    _apply(world, "h3")
    assert world.enact_refused(SuspendHospital(account("h3"))).name == "HospitalNotVerified"


@pytest.mark.parametrize("function", ["verify(address)", "suspend(address)", "revoke(address)"])
def test_nobody_but_the_authority_changes_a_status(world: World, function: str) -> None:
    _apply(world, "h3")
    data = selector(function) + bytes(12) + account("h3")
    for caller in (STRANGER, account("h3"), account("h1"), account("member 0")):
        assert world.refused(caller, world.suite.hospitals.address, data).name == "NotGovernment"


def test_hospital_changes_its_custody_key(world: World) -> None:
    hospitals = world.suite.hospitals
    before = _hospital(world, "h1")
    outcome = world.send("h1", hospitals.address, hospitals.set_key(x25519("new")))
    assert world.events(outcome) == [HospitalKeyChanged(account("h1"), x25519("new"))]
    assert _hospital(world, "h1") == replace(before, custody_key=x25519("new"))


def test_zero_key_is_refused(world: World) -> None:
    hospitals = world.suite.hospitals
    data = hospitals.set_key(bytes(32))
    assert world.refused("h1", hospitals.address, data).name == "FieldMissing"


def test_stranger_has_no_key_to_change(world: World) -> None:
    hospitals = world.suite.hospitals
    data = hospitals.set_key(x25519("new"))
    assert world.refused(STRANGER, hospitals.address, data).name == "HospitalStatusWrong"
