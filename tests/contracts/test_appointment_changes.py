"""Bookings are moved and given back by their patients, and called off by doctors."""

import pytest

from node.contracts.bindings.appointment_book import Cancelled, Moved
from node.contracts.government_actions import SuspendDoctor, SuspendHospital
from tests.contracts.booking import D1, D2, LENGTH, START, opening, refused, send, slot, with_slots
from tests.contracts.recovering import P1, next_block_at
from tests.contracts.world import World, account


@pytest.fixture
def opened(world: World) -> World:
    return with_slots(world)


# moving


def test_a_booking_moves_and_frees_what_it_leaves(opened: World) -> None:
    book, second = opened.suite.appointments, START + LENGTH
    send(opened, "p1", book.book(D1, START))
    outcome = send(opened, "p1", book.move(D1, START, D1, second))
    assert opened.events(outcome) == [Moved(P1, D1, D1, START, second)]
    free, taken = slot(opened), slot(opened, second)
    assert free is not None
    assert taken is not None
    assert (free.patient_id, taken.patient_id) == (0, P1)
    send(opened, "p1", book.book(D2, START))
    send(opened, "p2", book.book(D1, START))


def test_a_booking_moves_to_another_doctor_at_the_same_time(opened: World) -> None:
    book = opened.suite.appointments
    send(opened, "p1", book.book(D1, START))
    outcome = send(opened, "p1", book.move(D1, START, D2, START))
    assert opened.events(outcome) == [Moved(P1, D1, D2, START, START)]


def test_a_booking_does_not_move_to_where_it_is_or_another_is(opened: World) -> None:
    book, second = opened.suite.appointments, START + LENGTH
    send(opened, "p1", book.book(D1, START))
    send(opened, "p2", book.book(D1, second))
    for to in (START, second):
        assert refused(opened, "p1", book.move(D1, START, D1, to)).name == "SlotTaken"
    found = slot(opened)
    assert found is not None
    assert found.patient_id == P1


def test_a_booking_does_not_move_onto_another_of_the_same_patient(opened: World) -> None:
    book, second = opened.suite.appointments, START + LENGTH
    send(opened, "p1", book.book(D1, second))
    send(opened, "p1", book.book(D2, START))
    send(opened, "d2", opening(opened, hospital_id=2, start_s=second, count=1))
    assert refused(opened, "p1", book.move(D2, START, D2, second)).name == "PatientBusy"


def test_only_who_booked_moves(opened: World) -> None:
    book = opened.suite.appointments
    data = book.move(D1, START, D1, START + LENGTH)
    assert refused(opened, "p1", data).name == "NotBooked"
    send(opened, "p1", book.book(D1, START))
    assert refused(opened, "p2", data).name == "NotBooked"
    assert refused(opened, "d1", data).name == "PatientUnknown"


def test_nothing_moves_from_or_to_a_slot_that_is_not_there(opened: World) -> None:
    book, nowhere = opened.suite.appointments, START + 2 * LENGTH
    send(opened, "p1", book.book(D1, START))
    assert refused(opened, "p1", book.move(D1, nowhere, D1, START)).name == "SlotUnknown"
    assert refused(opened, "p1", book.move(D1, START, D1, nowhere)).name == "SlotUnknown"


def test_nothing_moves_from_or_to_the_past(opened: World) -> None:
    book, second = opened.suite.appointments, START + LENGTH
    send(opened, "p1", book.book(D1, START))
    send(opened, "p2", book.book(D1, second))
    next_block_at(opened, START)
    assert refused(opened, "p1", book.move(D1, START, D1, second)).name == "SlotOver"
    next_block_at(opened, START)
    assert refused(opened, "p2", book.move(D1, second, D2, START)).name == "SlotOver"


def test_nothing_moves_to_a_suspended_doctor_or_hospital(opened: World) -> None:
    book = opened.suite.appointments
    send(opened, "p1", book.book(D1, START))
    data = book.move(D1, START, D2, START)
    opened.enact(SuspendDoctor(2, opened.chain.time_s + 600))
    assert refused(opened, "p1", data).name == "DoctorNotActive"
    opened.chain.wait(600)
    opened.enact(SuspendHospital(account("h2")))
    assert refused(opened, "p1", data).name == "HospitalNotVerified"


# cancelling and closing


def test_a_patient_gives_a_slot_back(opened: World) -> None:
    book = opened.suite.appointments
    send(opened, "p1", book.book(D1, START))
    outcome = send(opened, "p1", book.cancel(D1, START))
    assert opened.events(outcome) == [Cancelled(D1, P1, START, closed=False)]
    send(opened, "p2", book.book(D1, START))
    send(opened, "p1", book.book(D2, START))


def test_only_who_booked_cancels(opened: World) -> None:
    book = opened.suite.appointments
    data = book.cancel(D1, START)
    assert refused(opened, "p1", data).name == "NotBooked"
    send(opened, "p1", book.book(D1, START))
    assert refused(opened, "p2", data).name == "NotBooked"
    assert refused(opened, "stranger", data).name == "PatientUnknown"
    assert refused(opened, "p1", book.cancel(D1, START + 1)).name == "SlotUnknown"


def test_a_slot_is_cancelled_until_it_begins(opened: World) -> None:
    book = opened.suite.appointments
    send(opened, "p1", book.book(D1, START))
    next_block_at(opened, START)
    assert refused(opened, "p1", book.cancel(D1, START)).name == "SlotOver"


def test_a_booking_at_a_suspended_doctor_can_be_given_back(opened: World) -> None:
    book = opened.suite.appointments
    send(opened, "p1", book.book(D1, START))
    opened.enact(SuspendDoctor(1, 2**64 - 1))
    send(opened, "p1", book.cancel(D1, START))


@pytest.mark.parametrize("booked_by", [0, P1])
def test_a_doctor_takes_a_slot_away_booked_or_not(opened: World, booked_by: int) -> None:
    book = opened.suite.appointments
    if booked_by:
        send(opened, "p1", book.book(D1, START))
    outcome = send(opened, "d1", book.close(START))
    assert opened.events(outcome) == [Cancelled(D1, booked_by, START, closed=True)]
    assert slot(opened) is None
    assert refused(opened, "p2", book.book(D1, START)).name == "SlotUnknown"
    send(opened, "p1", book.book(D2, START))
    send(opened, "d1", opening(opened, count=1))


def test_a_suspended_doctor_can_still_call_off(opened: World) -> None:
    opened.enact(SuspendDoctor(1, 2**64 - 1))
    send(opened, "d1", opened.suite.appointments.close(START))


def test_a_doctor_closes_own_slots_of_the_future_only(opened: World) -> None:
    book = opened.suite.appointments
    assert refused(opened, "d2", book.close(START + LENGTH)).name == "SlotUnknown"
    assert refused(opened, "stranger", book.close(START)).name == "SlotUnknown"
    next_block_at(opened, START)
    assert refused(opened, "d1", book.close(START)).name == "SlotOver"
