"""Workflow 12, appointments: a doctor opens slots; a patient books, moves and gives back.

Each of these flows is one transaction, so one that is cut off has either happened or not; the
same order again is then refused by name (SlotTaken, NotBooked) or done.
"""

from dataclasses import dataclass
from typing import Final

from node.contracts.appointment_book import GRAIN_SECONDS
from node.workflows.asking import head, view
from node.workflows.requests import Flow
from node.workflows.transacting import transact
from node.workflows.ward import Doctor, Patient, Ward

SLOT_SECONDS: Final = 3 * GRAIN_SECONDS
"""How long a slot is where nobody says."""


@dataclass(frozen=True, slots=True)
class OpenSlots:
    """Slots that a doctor has opened."""

    doctor: Doctor
    starts_s: tuple[int, ...]
    """Block time, in order."""
    length_s: int


@dataclass(frozen=True, slots=True)
class Appointment:
    """A slot that a patient has booked."""

    doctor: Doctor
    patient: Patient
    start_s: int


def open_slots(
    ward: Ward, doctor: Doctor, *, in_s: int, length_s: int, count: int
) -> Flow[OpenSlots]:
    """Open ``count`` slots at the doctor's hospital, from the first grain that begins in ``in_s``.

    raises        ContractRevertError: DoctorNotActive, SlotTimes, SlotTaken, ...
    """
    hospital = doctor.hospital.signer.address
    hospital_id = yield from view(doctor.node, ward.contracts.hospitals.id_of(hospital))
    now = yield from head(doctor.node)
    start_s = -(-(now.timestamp + in_s) // GRAIN_SECONDS) * GRAIN_SECONDS
    book = ward.contracts.appointments
    data = book.open_slots(hospital_id=hospital_id, start_s=start_s, length_s=length_s, count=count)
    yield from transact(ward, doctor.node, doctor.signer, book.address, data)
    starts_s = tuple(start_s + place * length_s for place in range(count))
    return OpenSlots(doctor, starts_s, length_s)


def book_appointment(
    ward: Ward, patient: Patient, doctor: Doctor, start_s: int
) -> Flow[Appointment]:
    """Book a slot, with the patient's key.

    raises        ContractRevertError: SlotTaken, SlotOver, PatientBusy, DoctorNotActive, ...
    """
    book = ward.contracts.appointments
    data = book.book(doctor.signer.address, start_s)
    yield from transact(ward, patient.node, patient.signer, book.address, data)
    return Appointment(doctor, patient, start_s)


def move_appointment(
    ward: Ward, appointment: Appointment, doctor: Doctor, start_s: int
) -> Flow[Appointment]:
    """Give one slot back and take another, maybe another doctor's; both or neither.

    raises        ContractRevertError: NotBooked, SlotTaken, SlotOver, PatientBusy, ...
    """
    patient, book = appointment.patient, ward.contracts.appointments
    old = appointment.doctor.signer.address
    data = book.move(old, appointment.start_s, doctor.signer.address, start_s)
    yield from transact(ward, patient.node, patient.signer, book.address, data)
    return Appointment(doctor, patient, start_s)


def cancel_appointment(
    ward: Ward, appointment: Appointment, *, by_doctor: bool
) -> Flow[Appointment]:
    """Call an appointment off; its doctor takes the slot away, its patient leaves it to others.

    raises        ContractRevertError: NotBooked, SlotOver, SlotUnknown, ...
    """
    book, doctor, patient = ward.contracts.appointments, appointment.doctor, appointment.patient
    if by_doctor:
        data = book.close(appointment.start_s)
        yield from transact(ward, doctor.node, doctor.signer, book.address, data)
    else:
        data = book.cancel(doctor.signer.address, appointment.start_s)
        yield from transact(ward, patient.node, patient.signer, book.address, data)
    return appointment
