"""A lost key: guardian, hospital and time together give a patient a new one."""

from collections.abc import Callable
from typing import Final

import pytest

from node.base.types import ZERO_ADDRESS, Address
from node.contracts.government_actions import RevokeHospital, SuspendHospital
from node.contracts.patient_registry import (
    GuardianSet,
    Patient,
    Recovered,
    Recovery,
    RecoveryCancelled,
    RecoveryConfirmed,
    RecoveryStarted,
)
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import (
    P1,
    P2,
    confirm,
    confirmed,
    finish,
    guarded,
    next_block_at,
    recovered,
    refused,
    running,
    send,
    start,
    started,
)
from tests.contracts.world import SETTINGS, STRANGER, World, account, x25519

WAIT_S: Final = SETTINGS.recovery_seconds
NONE: Final = Recovery(ZERO_ADDRESS, bytes(32), 0, 0)


# the guardian


def test_a_patient_names_a_guardian(world: World) -> None:
    patients = world.suite.patients
    outcome = send(world, "p1", patients.set_guardian(account("kin")))
    assert world.events(outcome) == [GuardianSet(P1, account("kin"))]
    assert world.view(patients.guardian_of(P1)) == account("kin")
    assert world.view(patients.guardian_of(P2)) == ZERO_ADDRESS


def test_wards_are_counted_over_all_patients_and_changes(world: World) -> None:
    patients = world.suite.patients
    counts = []
    for patient, guardian in [("p1", "kin"), ("p2", "kin"), ("p1", "kin"), ("p1", "friend")]:
        send(world, patient, patients.set_guardian(account(guardian)))
        counts.append(world.view(patients.ward_count(account("kin"))))
    assert counts == [1, 2, 2, 1]
    assert world.view(patients.ward_count(account("friend"))) == 1


def test_a_patient_may_have_no_guardian_again(world: World) -> None:
    patients = world.suite.patients
    guarded(world)
    send(world, "p1", patients.set_guardian(ZERO_ADDRESS))
    assert world.view(patients.guardian_of(P1)) == ZERO_ADDRESS
    assert world.view(patients.ward_count(account("kin"))) == 0
    assert world.view(patients.ward_count(ZERO_ADDRESS)) == 0
    assert refused(world, "kin", start(world)).name == "NotGuardian"


def test_who_is_no_patient_has_no_guardian(world: World) -> None:
    data = world.suite.patients.set_guardian(account("kin"))
    assert refused(world, "d1", data).name == "PatientUnknown"


def test_a_patient_is_not_the_own_guardian(world: World) -> None:
    data = world.suite.patients.set_guardian(account("p1"))
    assert refused(world, "p1", data).name == "GuardianUnfit"


@pytest.mark.parametrize("stage", [started, confirmed])
def test_the_guardian_stays_while_a_recovery_runs(
    world: World, stage: Callable[[World], World]
) -> None:
    stage(world)
    for guardian in (account("friend"), ZERO_ADDRESS):
        data = world.suite.patients.set_guardian(guardian)
        assert refused(world, "p1", data).name == "RecoveryRunning"


# starting


def test_the_guardian_starts(world: World) -> None:
    outcome = send(guarded(world), "kin", start(world))
    assert world.events(outcome) == [RecoveryStarted(P1, account("p1 anew"), x25519("p1 anew"))]
    assert running(world) == Recovery(account("p1 anew"), x25519("p1 anew"), 0, 0)


@pytest.mark.parametrize("sender", ["stranger", "p1", "p2", "h1", "member 0", "p1 anew"])
def test_only_the_guardian_starts(world: World, sender: str) -> None:
    assert refused(guarded(world), sender, start(world)).name == "NotGuardian"


@pytest.mark.parametrize("patient", [P2, 7, 0])
def test_a_guardian_starts_for_the_own_ward_only(world: World, patient: int) -> None:
    data = start(world, patient=patient)
    assert refused(guarded(world), "kin", data).name == "NotGuardian"


@pytest.mark.parametrize(
    ("new", "key"), [(ZERO_ADDRESS, x25519("p1 anew")), (account("p1 anew"), bytes(32))]
)
def test_a_recovery_names_an_account_and_a_key(world: World, new: Address, key: bytes) -> None:
    data = world.suite.patients.start_recovery(P1, new_account=new, new_key=key)
    assert refused(guarded(world), "kin", data).name == "FieldMissing"


def test_a_guardian_does_not_become_the_patient(world: World) -> None:
    assert refused(guarded(world), "kin", start(world, "kin")).name == "GuardianUnfit"


@pytest.mark.parametrize(("new", "existing"), [("p1", P1), ("p2", P2), ("h1", 1), ("h2", 2)])
def test_the_new_account_is_no_patients_and_no_hospitals(
    world: World, new: str, existing: int
) -> None:
    reason = refused(guarded(world), "kin", start(world, new))
    assert reason == RevertReason("DuplicateRegistration", (existing,))


def test_a_guardian_mends_a_slip_and_the_waiting_begins_anew(world: World) -> None:
    confirmed(world)
    send(world, "kin", start(world, "p1 better"))
    assert running(world) == Recovery(account("p1 better"), x25519("p1 anew"), 0, 0)
    world.chain.wait(WAIT_S)
    assert refused(world, STRANGER, finish(world)) == RevertReason("RecoveryNotReady", (0,))


# confirming


def test_a_hospital_confirms_and_the_waiting_time_runs(world: World) -> None:
    outcome = send(started(world), "h2", confirm(world))
    ready_at = world.chain.time_s + WAIT_S
    assert world.events(outcome) == [RecoveryConfirmed(P1, 2, ready_at)]
    assert running(world) == Recovery(account("p1 anew"), x25519("p1 anew"), ready_at, 2)


@pytest.mark.parametrize("sender", ["stranger", "kin", "p1", "d1", "p1 anew"])
def test_the_guardian_alone_recovers_nobody(world: World, sender: str) -> None:
    assert refused(started(world), sender, confirm(world)).name == "HospitalNotVerified"
    world.chain.wait(WAIT_S)
    assert refused(world, sender, finish(world)) == RevertReason("RecoveryNotReady", (0,))


def test_a_suspended_hospital_does_not_confirm(world: World) -> None:
    world.enact(SuspendHospital(account("h2")))
    assert refused(started(world), "h2", confirm(world)).name == "HospitalNotVerified"


def test_a_hospital_alone_recovers_nobody(world: World) -> None:
    guarded(world)
    assert refused(world, "h2", start(world)).name == "NotGuardian"
    assert refused(world, "h2", confirm(world)).name == "RecoveryUnknown"
    assert refused(world, "h2", finish(world)).name == "RecoveryUnknown"


def test_a_hospital_that_is_the_guardian_needs_another_one(world: World) -> None:
    send(guarded(world, "h2"), "h2", start(world))
    assert refused(world, "h2", confirm(world)).name == "GuardianUnfit"
    send(world, "h1", confirm(world))
    assert running(world).hospital_id == 1


@pytest.mark.parametrize(("new", "key"), [("p1 anew", "thief"), ("thief", "p1 anew")])
def test_a_hospital_confirms_what_it_saw_and_nothing_else(world: World, new: str, key: str) -> None:
    """The guardian swaps account or key just before the confirmation is in a block."""
    started(world)
    send(world, "kin", start(world, new, key))
    assert refused(world, "h2", confirm(world)).name == "RecoveryDiffers"


def test_a_second_confirmation_does_not_prolong_the_waiting(world: World) -> None:
    ready_at = running(confirmed(world)).ready_at
    for hospital in ("h1", "h2"):
        assert refused(world, hospital, confirm(world)).name == "AlreadyConfirmed"
    assert running(world).ready_at == ready_at


# objecting


@pytest.mark.parametrize("stage", [started, confirmed])
def test_the_old_key_objects(world: World, stage: Callable[[World], World]) -> None:
    stage(world)
    outcome = send(world, "p1", world.suite.patients.cancel_recovery())
    assert world.events(outcome) == [RecoveryCancelled(P1)]
    assert running(world) == NONE
    world.chain.wait(WAIT_S)
    assert refused(world, STRANGER, finish(world)).name == "RecoveryUnknown"


def test_the_old_key_objects_in_the_last_second(world: World) -> None:
    next_block_at(world, running(confirmed(world)).ready_at - 1)
    send(world, "p1", world.suite.patients.cancel_recovery())
    assert running(world) == NONE


@pytest.mark.parametrize("late_s", [0, 1])
def test_the_old_key_objects_too_late(world: World, late_s: int) -> None:
    ready_at = running(confirmed(world)).ready_at
    next_block_at(world, ready_at + late_s)
    reason = refused(world, "p1", world.suite.patients.cancel_recovery())
    assert reason == RevertReason("RecoveryOver", (ready_at,))


def test_the_old_key_clears_away_what_can_never_be_finished(world: World) -> None:
    """Or the patient could not name another guardian until this one starts again."""
    confirmed(world)
    world.enact(RevokeHospital(account("h2")))
    world.chain.wait(WAIT_S)
    send(world, "p1", world.suite.patients.cancel_recovery())
    assert running(world) == NONE


def test_only_the_patient_objects_and_only_for_the_own_account(world: World) -> None:
    data = world.suite.patients.cancel_recovery()
    for sender in ("kin", "h2", "p1 anew", "stranger"):
        assert refused(confirmed(world.fork()), sender, data).name == "PatientUnknown"
    assert refused(confirmed(world), "p2", data).name == "RecoveryUnknown"


def test_after_an_objection_it_can_start_again(world: World) -> None:
    confirmed(world)
    send(world, "p1", world.suite.patients.cancel_recovery())
    send(world, "kin", start(world))
    assert running(world).ready_at == 0


# finishing


def test_anybody_finishes_when_the_time_is_over(world: World) -> None:
    ready_at = running(confirmed(world)).ready_at
    next_block_at(world, ready_at)
    outcome = send(world, STRANGER, finish(world))
    assert world.chain.time_s == ready_at
    new = account("p1 anew")
    assert world.events(outcome) == [Recovered(P1, account("p1"), new, x25519("p1 anew"))]
    patients = world.suite.patients
    assert world.view(patients.patient(P1)) == Patient(P1, new, 1, x25519("p1 anew"))
    assert world.view(patients.account_of(P1)) == new
    assert world.view(patients.id_of(new)) == P1
    assert world.view(patients.id_of(account("p1"))) == 0
    assert running(world) == NONE


def test_nobody_finishes_a_second_early(world: World) -> None:
    ready_at = running(confirmed(world)).ready_at
    next_block_at(world, ready_at - 1)
    reason = refused(world, STRANGER, finish(world))
    assert reason == RevertReason("RecoveryNotReady", (ready_at,))


def test_the_waiting_time_counts_seconds_and_not_blocks(world: World) -> None:
    ready_at = running(confirmed(world)).ready_at
    world.chain.set_block(world.chain.number + 10 * WAIT_S, world.chain.time_s)
    assert refused(world, STRANGER, finish(world)) == RevertReason("RecoveryNotReady", (ready_at,))
    next_block_at(world, ready_at)
    world.chain.set_block(3, world.chain.time_s)
    send(world, STRANGER, finish(world))


def test_a_recovery_is_finished_once(world: World) -> None:
    assert refused(recovered(world), STRANGER, finish(world)).name == "RecoveryUnknown"


@pytest.mark.parametrize("action", [SuspendHospital, RevokeHospital])
def test_the_word_of_a_hospital_that_fell_meanwhile_is_worth_nothing(
    world: World, action: type[SuspendHospital] | type[RevokeHospital]
) -> None:
    confirmed(world)
    world.enact(action(account("h2")))
    world.chain.wait(WAIT_S)
    assert refused(world, STRANGER, finish(world)).name == "HospitalNotVerified"
    send(world, "kin", start(world))
    send(world, "h1", confirm(world))
    assert running(world).hospital_id == 1


def test_an_account_that_became_a_patients_meanwhile_is_not_taken(world: World) -> None:
    confirmed(world)
    send(world, "h1", world.registration("p1 anew"))
    world.chain.wait(WAIT_S)
    reason = refused(world, STRANGER, finish(world))
    assert reason == RevertReason("DuplicateRegistration", (85_439,))


def test_an_account_that_became_a_hospitals_meanwhile_is_not_taken(world: World) -> None:
    confirmed(world)
    world.add_hospital("p1 anew")
    world.chain.wait(WAIT_S)
    reason = refused(world, STRANGER, finish(world))
    assert reason == RevertReason("DuplicateRegistration", (3,))


def test_an_account_that_was_left_meanwhile_is_not_taken(world: World) -> None:
    """p2 is recovered onto it, and from it to another, while p1's recovery waits."""
    confirmed(world)
    send(world, "p2", world.suite.patients.set_guardian(account("kin")))
    for new in ("p1 anew", "p2 again"):
        send(world, "kin", start(world, new, patient=P2))
        send(world, "h1", confirm(world, new, patient=P2))
        world.chain.wait(WAIT_S)
        send(world, STRANGER, finish(world, P2))
    assert refused(world, STRANGER, finish(world)).name == "AccountRetired"
