"""Slots are opened by doctors, booked, moved and given back by patients, and never held twice."""

import pytest

from node.base.types import Address
from node.contracts.appointment_book import (
    GRAIN_SECONDS,
    GRAINS_COUNT_MAX,
    SLOTS_COUNT_MAX,
    Slot,
    SlotBook,
)
from node.contracts.bindings import appointment_book as abi
from node.contracts.bindings.appointment_book import Booked, SlotOpened
from node.contracts.errors import AbiDataError
from node.contracts.government_actions import SuspendDoctor, SuspendHospital
from tests.contracts.booking import D1, D2, LENGTH, START, opening, refused, send, slot, with_slots
from tests.contracts.recovering import P1, P2, next_block_at, recovered
from tests.contracts.stock_chain import BLOCK_SECONDS, GENESIS_S
from tests.contracts.world import DAY, World, account


@pytest.fixture
def opened(world: World) -> World:
    return with_slots(world)


# opening


def test_a_doctor_opens_slots_one_after_the_other(world: World) -> None:
    outcome = send(world, "d1", opening(world))
    second = START + LENGTH
    assert world.events(outcome) == [
        SlotOpened(D1, 1, START, second),
        SlotOpened(D1, 1, second, second + LENGTH),
    ]
    assert slot(world) == Slot(D1, 1, START, second, 0)
    assert slot(world, second) == Slot(D1, 1, second, second + LENGTH, 0)
    assert slot(world, START + 2 * LENGTH) is None
    assert slot(world, doctor=D2) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"count": SLOTS_COUNT_MAX, "length_s": GRAIN_SECONDS},
        {"count": 1, "length_s": GRAINS_COUNT_MAX * GRAIN_SECONDS},
        {"count": 16, "length_s": GRAINS_COUNT_MAX // 16 * GRAIN_SECONDS},
        {"count": 1, "start_s": GENESIS_S + 366 * DAY},
    ],
)
def test_border_slots_are_taken(world: World, changes: dict[str, int]) -> None:
    assert len(world.events(send(world, "d1", opening(world, **changes)))) == changes["count"]


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 0},
        {"count": SLOTS_COUNT_MAX + 1, "length_s": GRAIN_SECONDS},
        {"count": 2**256 - 1},
        {"length_s": 0},
        {"length_s": LENGTH + 1},
        {"length_s": 2**64 - GRAIN_SECONDS},
        {"count": 1, "length_s": (GRAINS_COUNT_MAX + 1) * GRAIN_SECONDS},
        {"count": 16, "length_s": (GRAINS_COUNT_MAX // 16 + 1) * GRAIN_SECONDS},
        {"start_s": START + 1},
        {"start_s": START - 1},
        {"start_s": GENESIS_S + 367 * DAY},
        {"start_s": (2**64 - 1) // GRAIN_SECONDS * GRAIN_SECONDS},
    ],
)
def test_slots_off_the_grid_or_out_of_bounds_are_refused(
    world: World, changes: dict[str, int]
) -> None:
    assert refused(world, "d1", opening(world, **changes)).name == "SlotTimes"


def test_slots_are_opened_for_the_future_only(world: World) -> None:
    next_block_at(world, START)
    assert refused(world, "d1", opening(world)).name == "SlotOver"
    next_block_at(world, START - 1)
    send(world, "d1", opening(world))


@pytest.mark.parametrize(
    ("start_s", "length_s", "count"),
    [
        (START, LENGTH, 1),
        (START - GRAIN_SECONDS, 2 * GRAIN_SECONDS, 1),
        (START + 2 * LENGTH - GRAIN_SECONDS, GRAIN_SECONDS, 1),
        (START - LENGTH, LENGTH, 4),
        (START - 100 * GRAIN_SECONDS, 200 * GRAIN_SECONDS, 1),
    ],
)
def test_slots_that_overlap_own_ones_are_refused(
    opened: World, start_s: int, length_s: int, count: int
) -> None:
    data = opening(opened, start_s=start_s, length_s=length_s, count=count)
    assert refused(opened, "d1", data).name == "SlotTaken"


@pytest.mark.parametrize("start_s", [START - LENGTH, START + 2 * LENGTH])
def test_slots_beside_own_ones_are_taken(opened: World, start_s: int) -> None:
    send(opened, "d1", opening(opened, start_s=start_s, count=1))


def test_slots_on_both_sides_of_a_word_keep_each_other_out(world: World) -> None:
    """The calendar has a word for 256 grains; a span may lie in two."""
    word_s = GRAINS_COUNT_MAX * GRAIN_SECONDS
    border = -(-START // word_s) * word_s
    across = {"start_s": border - LENGTH, "length_s": 2 * LENGTH, "count": 1}
    send(world, "d1", opening(world, **across))
    for start_s in (border - GRAIN_SECONDS, border, border + LENGTH - GRAIN_SECONDS):
        data = opening(world, start_s=start_s, length_s=GRAIN_SECONDS, count=1)
        assert refused(world, "d1", data).name == "SlotTaken"
    for start_s in (border - LENGTH - GRAIN_SECONDS, border + LENGTH):
        send(world, "d1", opening(world, start_s=start_s, length_s=GRAIN_SECONDS, count=1))


@pytest.mark.parametrize("caller", ["stranger", "p1", "h1"])
def test_only_doctors_open_slots(world: World, caller: str) -> None:
    assert refused(world, caller, opening(world)).name == "DoctorNotActive"


def test_a_doctor_opens_no_slots_at_another_hospital(world: World) -> None:
    assert refused(world, "d1", opening(world, hospital_id=2)).name == "DoctorNotActive"


def test_nobody_opens_slots_at_a_suspended_hospital(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert refused(world, "d1", opening(world)).name == "HospitalNotVerified"


# booking


def test_a_patient_books_a_slot(opened: World) -> None:
    outcome = send(opened, "p1", opened.suite.appointments.book(D1, START))
    assert opened.events(outcome) == [Booked(D1, P1, START)]
    assert slot(opened) == Slot(D1, 1, START, START + LENGTH, P1)


@pytest.mark.parametrize("caller", ["p1", "p2"])
def test_a_booked_slot_is_taken_for_everybody(opened: World, caller: str) -> None:
    book = opened.suite.appointments.book(D1, START)
    send(opened, "p1", book)
    assert refused(opened, caller, book).name == "SlotTaken"


def test_a_patient_is_at_one_place_at_a_time(opened: World) -> None:
    book = opened.suite.appointments
    send(opened, "p1", book.book(D1, START))
    assert refused(opened, "p1", book.book(D2, START)).name == "PatientBusy"
    send(opened, "p2", book.book(D2, START))


def test_what_overlaps_a_booking_by_five_minutes_is_refused(opened: World) -> None:
    book, late = opened.suite.appointments, START + LENGTH - GRAIN_SECONDS
    send(opened, "p1", book.book(D1, START))
    send(opened, "d2", opening(opened, hospital_id=2, start_s=late + LENGTH, count=1))
    send(opened, "p1", book.book(D2, late + LENGTH))
    assert refused(opened, "p1", book.book(D1, START + LENGTH)).name == "PatientBusy"


def test_only_patients_book(opened: World) -> None:
    data = opened.suite.appointments.book(D1, START)
    for caller in ("stranger", "d1", "h1"):
        assert refused(opened, caller, data).name == "PatientUnknown"


@pytest.mark.parametrize(
    ("doctor", "start_s"),
    [(D1, START + GRAIN_SECONDS), (D1, START + 2 * LENGTH), (D2, START + LENGTH), (D1, 0)],
)
def test_a_slot_that_was_not_opened_is_unknown(
    opened: World, doctor: Address, start_s: int
) -> None:
    data = opened.suite.appointments.book(doctor, start_s)
    assert refused(opened, "p1", data).name == "SlotUnknown"


def test_a_slot_is_booked_until_it_begins(opened: World) -> None:
    data = opened.suite.appointments.book(D1, START)
    next_block_at(opened, START)
    assert refused(opened, "p1", data).name == "SlotOver"
    next_block_at(opened, START - 1)
    send(opened, "p1", data)


def test_slots_of_a_suspended_doctor_are_not_booked(opened: World) -> None:
    book = opened.suite.appointments
    opened.enact(SuspendDoctor(1, opened.chain.time_s + DAY // 2))
    assert refused(opened, "p1", book.book(D1, START)).name == "DoctorNotActive"
    send(opened, "p1", book.book(D2, START))


def test_slots_at_a_suspended_hospital_are_not_booked(opened: World) -> None:
    opened.enact(SuspendHospital(account("h1")))
    data = opened.suite.appointments.book(D1, START)
    assert refused(opened, "p1", data).name == "HospitalNotVerified"


# who a patient is


def test_after_a_recovery_the_new_account_has_the_booking(opened: World) -> None:
    book = opened.suite.appointments
    far = START + 5 * DAY
    send(opened, "d1", opening(opened, start_s=far))
    send(opened, "p1", book.book(D1, far))
    recovered(opened)
    assert opened.chain.time_s < far - BLOCK_SECONDS
    for data in (book.cancel(D1, far), book.book(D1, far + LENGTH)):
        assert refused(opened, "p1", data).name == "PatientUnknown"
    send(opened, "p1 anew", book.move(D1, far, D1, far + LENGTH))
    assert refused(opened, "p1 anew", book.book(D1, far + LENGTH)).name == "SlotTaken"
    send(opened, "p1 anew", book.cancel(D1, far + LENGTH))


# lists


def test_lists_of_both_sides_are_rebuilt_from_events(opened: World) -> None:
    contract, second = opened.suite.appointments, START + LENGTH
    book = SlotBook([SlotOpened(D2, 2, START, START + LENGTH)])
    steps = [
        ("d1", opening(opened, start_s=START - LENGTH, count=1)),
        ("p1", contract.book(D1, START)),
        ("p1", contract.move(D1, START, D2, START)),
        ("p2", contract.book(D1, second)),
        ("p2", contract.cancel(D1, second)),
        ("p2", contract.book(D1, START)),
        ("d1", contract.close(START)),
    ]
    for start in (START, second):
        book.apply(SlotOpened(D1, 1, start, start + LENGTH))
    for sender, data in steps:
        for event in opened.events(send(opened, sender, data)):
            book.apply(event)
    assert [one.start_s for one in book.of_doctor(D1)] == [START - LENGTH, second]
    assert book.of_patient(P1) == (Slot(D2, 2, START, START + LENGTH, P1),)
    assert book.of_patient(P2) == ()
    for one in (*book.of_doctor(D1), *book.of_doctor(D2)):
        assert opened.view(contract.slot(one.doctor, one.start_s)) == one


def test_a_booking_of_a_slot_that_nobody_opened_is_no_history() -> None:
    with pytest.raises(AbiDataError, match="no slot of 0x"):
        SlotBook([Booked(D1, P1, START)])


def test_the_face_knows_the_limits_of_the_contract(world: World) -> None:
    address = world.suite.appointments.address
    assert world.view(abi.slots_max(address)) == SLOTS_COUNT_MAX
