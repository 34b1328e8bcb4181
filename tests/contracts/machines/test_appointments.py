"""AppointmentBook beside a model: who has which slot, and that nobody is at two places at once."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.contracts.appointment_book import GRAIN_SECONDS, SLOTS_COUNT_MAX, SlotBook
from node.contracts.government_actions import SuspendDoctor
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.recovering import P1, P2
from tests.contracts.stock_chain import BLOCK_SECONDS, GENESIS_S
from tests.contracts.world import account

BEGIN = GENESIS_S + 3600
GRAINS = 10
DOCTORS = ("d1", "d2")
PATIENTS = {"p1": P1, "p2": P2, "stranger": 0}
starts = st.integers(-1, GRAINS).map(lambda grain: BEGIN + grain * GRAIN_SECONDS)
doctors = st.sampled_from(DOCTORS)
places = st.integers(0, 7)
"""A slot: of those that stand, in the order of time; the last one is of nobody."""
patients = st.sampled_from(tuple(PATIENTS))


@dataclass
class Slot:
    """What the book knows of one."""

    end_s: int
    booked_by: str = ""


class AppointmentsMachine(ContractMachine):
    """Two doctors with a clinic of 50 minutes, two patients, and somebody who is none."""

    def start(self) -> None:
        self.slots: dict[tuple[str, int], Slot] = {}
        self.suspended_until_s = dict.fromkeys(DOCTORS, 0)
        self.told = SlotBook()
        for doctor, start_s in (("d1", BEGIN), ("d2", BEGIN + GRAIN_SECONDS)):
            self.open_slots(doctor, start_s, 2 * GRAIN_SECONDS, 2)

    def at(self, place: int) -> tuple[str, int]:
        """Give doctor and start of a place."""
        stand = sorted(self.slots, key=lambda one: (one[1], one[0]))
        return stand[place % len(stand)] if stand and place != 7 else ("d1", BEGIN + 1)

    def overlaps(self, start_s: int, end_s: int, *, doctor: str = "", patient: str = "") -> bool:
        """Say whether a doctor's slot, or one that a patient booked, is in a span."""
        return any(
            start < end_s and start_s < slot.end_s
            for (who, start), slot in self.slots.items()
            if who == doctor or (patient and slot.booked_by == patient)
        )

    def is_active(self, doctor: str) -> bool:
        return self.next_s >= self.suspended_until_s[doctor]

    def act(self, error: str | None, sender: str, data: bytes) -> bool:
        """Send, and let the list of events follow what was done."""
        outcome = self.expect(error, sender, self.suite.appointments.address, data)
        for event in [] if outcome is None else self.events(outcome):
            self.told.apply(event)
        return outcome is not None

    def not_free(self, doctor: str, start_s: int) -> tuple[tuple[bool, str], ...]:
        slot = self.slots.get((doctor, start_s))
        return (
            (slot is None, "SlotUnknown"),
            (start_s <= self.next_s, "SlotOver"),
            (slot is not None and slot.booked_by != "", "SlotTaken"),
            (not self.is_active(doctor), "DoctorNotActive"),
        )

    def not_booked(self, patient: str, doctor: str, start_s: int) -> tuple[tuple[bool, str], ...]:
        slot = self.slots.get((doctor, start_s))
        return (
            (not PATIENTS[patient], "PatientUnknown"),
            (slot is None, "SlotUnknown"),
            (start_s <= self.next_s, "SlotOver"),
            (slot is not None and slot.booked_by != patient, "NotBooked"),
        )

    @rule(
        doctor=doctors,
        start_s=starts,
        length_s=st.sampled_from((GRAIN_SECONDS, 2 * GRAIN_SECONDS, 3 * GRAIN_SECONDS, 1)),
        count=st.sampled_from((1, 2, 3, 4, SLOTS_COUNT_MAX + 1)),
    )
    def open_slots(self, doctor: str, start_s: int, length_s: int, count: int) -> None:
        hospital_id = DOCTORS.index(doctor) + 1
        bad = not 0 < count <= SLOTS_COUNT_MAX or not length_s or length_s % GRAIN_SECONDS != 0
        taken = self.overlaps(start_s, start_s + count * length_s, doctor=doctor)
        error = first_of(
            (not self.is_active(doctor), "DoctorNotActive"),
            (bad, "SlotTimes"),
            (start_s <= self.next_s, "SlotOver"),
            (taken, "SlotTaken"),
        )
        data = self.suite.appointments.open_slots(
            hospital_id=hospital_id, start_s=start_s, length_s=length_s, count=count
        )
        if self.act(error, doctor, data):
            for place in range(count):
                begin = start_s + place * length_s
                self.slots[doctor, begin] = Slot(begin + length_s)

    @rule(patient=patients, place=places)
    def book(self, patient: str, place: int) -> None:
        doctor, start_s = self.at(place)
        slot = self.slots.get((doctor, start_s))
        busy = slot is not None and self.overlaps(start_s, slot.end_s, patient=patient)
        error = first_of(
            (not PATIENTS[patient], "PatientUnknown"),
            *self.not_free(doctor, start_s),
            (busy, "PatientBusy"),
        )
        data = self.suite.appointments.book(account(doctor), start_s)
        if self.act(error, patient, data):
            self.slots[doctor, start_s].booked_by = patient

    @rule(patient=patients, from_place=places, to_place=places)
    def move(self, patient: str, from_place: int, to_place: int) -> None:
        old, new = self.at(from_place), self.at(to_place)
        refusal = first_of(*self.not_booked(patient, *old), *self.not_free(*new))
        error = refusal
        if refusal is None:
            self.slots[old].booked_by = ""
            if self.overlaps(new[1], self.slots[new].end_s, patient=patient):
                error = "PatientBusy"
        data = self.suite.appointments.move(account(old[0]), old[1], account(new[0]), new[1])
        if self.act(error, patient, data):
            self.slots[new].booked_by = patient
        elif refusal is None:
            self.slots[old].booked_by = patient

    @rule(patient=patients, place=places)
    def cancel(self, patient: str, place: int) -> None:
        doctor, start_s = self.at(place)
        error = first_of(*self.not_booked(patient, doctor, start_s))
        data = self.suite.appointments.cancel(account(doctor), start_s)
        if self.act(error, patient, data):
            self.slots[doctor, start_s].booked_by = ""

    @rule(place=places)
    def close(self, place: int) -> None:
        doctor, start_s = self.at(place)
        error = first_of(
            ((doctor, start_s) not in self.slots, "SlotUnknown"),
            (start_s <= self.next_s, "SlotOver"),
        )
        if self.act(error, doctor, self.suite.appointments.close(start_s)):
            del self.slots[doctor, start_s]

    @rule(doctor=doctors, seconds=st.sampled_from((0, 15, 20, 600)))
    def suspend(self, doctor: str, seconds: int) -> None:
        if not seconds and not self.suspended_until_s[doctor]:
            return
        until_s = self.next_s + seconds if seconds else 0
        self.world.enact(SuspendDoctor(DOCTORS.index(doctor) + 1, until_s))
        self.suspended_until_s[doctor] = until_s

    @rule(grain=st.integers(0, GRAINS), early_s=st.sampled_from((1, 0)))
    def wait_for_the_beginning_of_a_slot(self, grain: int, early_s: int) -> None:
        if grain <= 1 or self.next_s > BEGIN:  # or most examples would be over at once
            self.wait_until(BEGIN + grain * GRAIN_SECONDS - early_s)

    @invariant()
    def nobody_is_at_two_places_at_once(self) -> None:
        for name in PATIENTS:
            held = sorted((at, s.end_s) for (_, at), s in self.slots.items() if s.booked_by == name)
            assert all(a[1] <= b[0] for a, b in pairwise(held))

    def teardown(self) -> None:
        """The contract, the list of its events and the model agree on every slot."""
        contract = self.suite.appointments
        told = {one: one for doctor in DOCTORS for one in self.told.of_doctor(account(doctor))}
        assert len(told) == len(self.slots)
        for (doctor, start_s), slot in self.slots.items():
            found = self.view(contract.slot(account(doctor), start_s))
            assert found in told
            assert found is not None
            assert (found.end_s, found.patient_id) == (
                slot.end_s,
                PATIENTS[slot.booked_by] if slot.booked_by else 0,
            )
        assert self.view(contract.slot(account("d1"), BEGIN + BLOCK_SECONDS)) is None


TestAppointments = as_tests(AppointmentsMachine)
