"""Breaking the glass and its review, to the second."""

from dataclasses import replace

import pytest

from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.contracts.bindings.consent_registry import EmergencyAccess, EmergencyReviewed
from node.contracts.emergencies import Emergency
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import SuspendDoctor, SuspendHospital
from tests.contracts.world import (
    DAY,
    MEMBERS,
    SETTINGS,
    World,
    account,
    people,
)

P1_ID, P2_ID = 85_437, 85_438
REASON = "unconscious"


def _break(world: World, *, hospital_id: int = 2, reason: str = REASON, seconds: int = DAY,
           patient_id: int = P1_ID) -> bytes:  # fmt: skip
    return world.suite.consents.emergency_access(
        patient_id, hospital_id=hospital_id, reason=reason, seconds=seconds
    )


def _emergency(world: World, doctor: str = "d2", **changes: object) -> EmergencyAccess:
    hospital = {"d1": 1, "d2": 2}[doctor]
    data = _break(world, **{"hospital_id": hospital, **changes})  # type: ignore[arg-type]
    [event] = world.events(world.send(doctor, world.suite.consents.address, data))
    assert isinstance(event, EmergencyAccess)
    return event


def _refused(world: World, sender: str, **changes: object) -> str:
    data = _break(world, **changes)  # type: ignore[arg-type]
    return world.refused(sender, world.suite.consents.address, data).name


def _until(world: World, event: EmergencyAccess) -> int:
    return world.view(world.suite.consents.emergency_of(event.emergency_id)).until_s


def _review(
    world: World, emergency_id: Hash32, outcome: str = "needed", *, is_justified: bool = True
) -> bytes:
    return world.suite.consents.review_emergency(
        emergency_id, outcome=outcome, is_justified=is_justified
    )


def _review_refused(world: World, by: str | Address, data: bytes) -> str:
    return world.refused(by, world.suite.consents.address, data).name


# breaking the glass


def test_doctor_breaks_the_glass_and_everybody_is_told(world: World) -> None:
    event = _emergency(world, seconds=3600)
    now = world.chain.time_s
    assert event == EmergencyAccess(
        event.emergency_id, P1_ID, account("d2"), account("p1"), 2,
        Hash32(REASON.encode().ljust(32, b"\0")), now + 3600,
    )  # fmt: skip
    kept = world.view(world.suite.consents.emergency_of(event.emergency_id))
    assert kept == Emergency(account("d2"), now, now + 3600, False, P1_ID, 2)


def test_doctor_of_the_own_hospital_may_too(world: World) -> None:
    assert _emergency(world, "d1").hospital_id == 1


def test_longest_is_a_day(world: World) -> None:
    assert world.view(world.suite.consents.emergency_seconds_max()) == DAY
    assert _emergency(world, seconds=DAY).until == world.chain.time_s + DAY
    assert _refused(world, "d2", seconds=DAY + 1) == "ConsentPeriod"


@pytest.mark.parametrize("seconds", [0, 2**64 - 1])
def test_window_that_cannot_be_is_refused(world: World, seconds: int) -> None:
    assert _refused(world, "d2", seconds=seconds) == "ConsentPeriod"


def test_reason_must_be_given(world: World) -> None:
    assert _refused(world, "d2", reason="") == "ReasonMissing"
    with pytest.raises(CallArgumentError):
        _break(world, reason="r" * 33)


def test_patient_must_be_one(world: World) -> None:
    assert _refused(world, "d2", patient_id=1) == "PatientUnknown"


@pytest.mark.parametrize("sender", ["p1", "p2", "h2", "l1", "stranger", "member 0"])
def test_only_doctors_break_the_glass(world: World, sender: str) -> None:
    assert _refused(world, sender) == "DoctorNotActive"


def test_doctor_acts_for_a_hospital_of_the_own(world: World) -> None:
    assert _refused(world, "d2", hospital_id=1) == "DoctorNotActive"


def test_suspended_doctor_does_not(world: World) -> None:
    world.enact(SuspendDoctor(2, 2**64 - 1))
    assert _refused(world, "d2") == "DoctorNotActive"


def test_doctor_of_a_suspended_hospital_does_not(world: World) -> None:
    world.enact(SuspendHospital(account("h2")))
    assert _refused(world, "d2") == "HospitalNotVerified"


# longer than a day


def test_longer_than_a_day_takes_an_event_of_its_own(world: World) -> None:
    first = _emergency(world)
    world.chain.set_block(world.chain.number, first.until - 15)
    second = _emergency(world)
    assert second.emergency_id != first.emergency_id
    assert second.until == world.chain.time_s + DAY
    assert _until(world, first) == first.until


def test_two_in_one_block_differ(world: World) -> None:
    one = world.send("d2", world.suite.consents.address, _break(world), block=False)
    other = world.send("d2", world.suite.consents.address, _break(world), block=False)
    assert one.output != other.output
    assert world.view(world.suite.consents.emergency_count()) == 2


def test_shorter_one_takes_nothing_from_a_longer_one(world: World) -> None:
    long = _emergency(world, seconds=DAY)
    short = _emergency(world, seconds=1)
    assert _until(world, long) == long.until > short.until


def test_window_stands_after_its_hospital_is_suspended(world: World) -> None:
    """Who may read is the custodians' to say: they look at the licence too."""
    event = _emergency(world)
    world.enact(SuspendHospital(account("h2")))
    assert _until(world, event) == event.until


# the review


@pytest.mark.parametrize("is_justified", [True, False])
def test_member_reviews(world: World, is_justified: bool) -> None:
    event = _emergency(world)
    data = world.suite.consents.review_emergency(
        event.emergency_id, outcome="checked", is_justified=is_justified
    )
    [told] = world.events(world.send(MEMBERS[2], world.suite.consents.address, data))
    outcome = Hash32(b"checked".ljust(32, b"\0"))
    late = False
    until = event.until if is_justified else world.chain.time_s
    assert told == EmergencyReviewed(
        event.emergency_id, MEMBERS[2], outcome, is_justified, late, until
    )
    assert _until(world, event) == until
    assert world.view(world.suite.consents.emergency_of(event.emergency_id)).is_reviewed


@pytest.mark.parametrize(("past_s", "is_late"), [(0, False), (1, True), (365 * DAY, True)])
def test_late_review_counts_and_says_so(past_s: int, is_late: bool) -> None:
    world = World.deployed(replace(SETTINGS, review_seconds=1000))
    people(world)
    event = _emergency(world, seconds=600)
    begun = event.until - 600
    world.chain.set_block(world.chain.number, begun + 1000 + past_s)
    data = _review(world, event.emergency_id)
    [told] = world.events(world.send(MEMBERS[0], world.suite.consents.address, data, block=False))
    assert isinstance(told, EmergencyReviewed)
    assert told.late is is_late


def test_three_days_are_the_custom(world: World) -> None:
    assert world.view(world.suite.consents.review_seconds()) == 3 * DAY


@pytest.mark.parametrize("sender", ["d2", "p1", "h1", "stranger"])
def test_only_the_authority_reviews(world: World, sender: str) -> None:
    data = _review(world, _emergency(world).emergency_id)
    assert _review_refused(world, sender, data) == "NotAuthorityMember"


def test_what_never_was_is_not_reviewed(world: World) -> None:
    data = _review(world, Hash32(b"\x01" * 32))
    assert _review_refused(world, MEMBERS[0], data) == "EmergencyUnknown"


def test_review_is_once(world: World) -> None:
    data = _review(world, _emergency(world).emergency_id)
    world.send(MEMBERS[0], world.suite.consents.address, data)
    assert _review_refused(world, MEMBERS[1], data) == "AlreadyReviewed"


def test_outcome_must_be_given(world: World) -> None:
    data = _review(world, _emergency(world).emergency_id, outcome="")
    assert _review_refused(world, MEMBERS[0], data) == "ReasonMissing"


def test_unknown_emergency_reads_as_nothing(world: World) -> None:
    nothing = world.view(world.suite.consents.emergency_of(Hash32(b"\x01" * 32)))
    assert nothing == Emergency(ZERO_ADDRESS, 0, 0, False, 0, 0)


def test_what_was_no_emergency_ends_with_its_review(world: World) -> None:
    one, other = _emergency(world), _emergency(world)
    data = _review(world, one.emergency_id, is_justified=False)
    world.send(MEMBERS[0], world.suite.consents.address, data)
    assert _until(world, one) == world.chain.time_s < one.until
    assert _until(world, other) == other.until


@pytest.mark.parametrize("past_s", [0, 1, DAY])
def test_a_review_makes_no_emergency_longer(world: World, past_s: int) -> None:
    event = _emergency(world, seconds=600)
    world.chain.set_block(world.chain.number, event.until + past_s)
    data = _review(world, event.emergency_id, is_justified=False)
    [told] = world.events(world.send(MEMBERS[0], world.suite.consents.address, data, block=False))
    assert isinstance(told, EmergencyReviewed)
    assert told.until == _until(world, event) == event.until


def test_who_was_found_out_breaks_the_glass_again_until_the_licence_ends(world: World) -> None:
    data = _review(world, _emergency(world).emergency_id, is_justified=False)
    world.send(MEMBERS[0], world.suite.consents.address, data)
    assert _emergency(world).until > world.chain.time_s
    world.enact(SuspendDoctor(2, 2**64 - 1))
    assert _refused(world, "d2") == "DoctorNotActive"
