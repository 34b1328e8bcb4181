import pytest

from node.contracts.appointment_book import GRAIN_SECONDS
from node.sim.flow_driver import Ended
from node.workflows.appointments import (
    SLOT_SECONDS,
    Appointment,
    OpenSlots,
    book_appointment,
    cancel_appointment,
    move_appointment,
    open_slots,
)
from tests.workflows.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0", "d1").register("p0", "p1")


@pytest.fixture
def slots(stage: Stage) -> OpenSlots:
    """Four slots that no other test touches."""
    stage.clinics = getattr(stage, "clinics", 0) + 1
    return stage.do(opening(stage, in_s=stage.clinics * 7_200))


def opening(stage: Stage, doctor: str = "d0", in_s: int = 3_600):
    who = stage.doctor(doctor)
    return open_slots(stage.ward, who, in_s=in_s, length_s=SLOT_SECONDS, count=4)


def booking(stage: Stage, slots: OpenSlots, place: int = 0, patient: str = "p0"):
    start_s = slots.starts_s[place]
    return book_appointment(stage.ward, stage.patient(patient), slots.doctor, start_s)


def booked_by(stage: Stage, slots: OpenSlots, place: int) -> int | None:
    question = stage.contracts.appointments.slot(slots.doctor.signer.address, slots.starts_s[place])
    found = stage.view(question, slots.doctor.hospital.name)
    return None if found is None else found.patient_id


def test_slots_lie_on_the_grid_and_not_sooner_than_asked(stage: Stage, slots: OpenSlots) -> None:
    first = slots.starts_s[0]
    assert all(start % GRAIN_SECONDS == 0 for start in slots.starts_s)
    assert first - stage.head_s() > 7_200 - GRAIN_SECONDS
    assert slots.starts_s == tuple(first + k * SLOT_SECONDS for k in range(4))
    assert [booked_by(stage, slots, place) for place in range(4)] == [0, 0, 0, 0]


def test_a_booking_goes_from_slot_to_slot_and_back_to_nobody(
    stage: Stage, slots: OpenSlots
) -> None:
    patient = stage.patient("p0")
    booked = stage.do(booking(stage, slots))
    assert booked == Appointment(slots.doctor, patient, slots.starts_s[0])
    assert booked_by(stage, slots, 0) == patient.patient_id
    assert stage.revert(booking(stage, slots, patient="p1")).name == "SlotTaken"
    moved = stage.do(move_appointment(stage.ward, booked, slots.doctor, slots.starts_s[2]))
    assert [booked_by(stage, slots, place) for place in (0, 2)] == [0, patient.patient_id]
    stage.do(cancel_appointment(stage.ward, moved, by_doctor=False))
    assert booked_by(stage, slots, 2) == 0
    gone = cancel_appointment(stage.ward, moved, by_doctor=False)
    assert stage.revert(gone).name == "NotBooked"


def test_a_doctor_calls_off_and_the_slot_is_gone(stage: Stage, slots: OpenSlots) -> None:
    booked = stage.do(booking(stage, slots, 1))
    stage.do(cancel_appointment(stage.ward, booked, by_doctor=True))
    assert booked_by(stage, slots, 1) is None
    assert stage.revert(booking(stage, slots, 1)).name == "SlotUnknown"


def test_a_stranger_to_the_registry_opens_nothing(stage: Stage) -> None:
    assert stage.revert(opening(stage, "d3")).name == "DoctorNotActive"


def test_a_booking_whose_node_fell_is_made_or_not_and_can_be_ordered_again() -> None:
    """One transaction each: nothing is left half done."""
    stage = Stage().onboard("d0").register("p0", "p1")
    slots = stage.do(opening(stage))
    ended: list[Ended] = []
    stage.world.flows.start(
        "flow", booking(stage, slots, patient="p1"), timeout_us=5_000_000, done=ended.append
    )
    stage.run(0.01)  # submitted, and in no block
    stage.world.stop_node("h1")
    stage.until(lambda: bool(ended))
    assert ended[0].value is None
    stage.world.start_node("h1")
    stage.run(20)
    if booked_by(stage, slots, 0):
        assert stage.revert(booking(stage, slots, patient="p1")).name == "SlotTaken"
    else:
        stage.do(booking(stage, slots, patient="p1"))
    assert booked_by(stage, slots, 0) == stage.patient("p1").patient_id
