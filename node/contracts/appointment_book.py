"""Binding of ``AppointmentBook``: slots of doctors and who booked them (records.md section 3).

A slot is named by its doctor's account and its start, and lies on a grid of ``GRAIN_SECONDS``.
Lists are not kept in the contract: ``SlotBook`` rebuilds them from its events.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from node.base.types import Address
from node.contracts.abi import LedgerEvent, View
from node.contracts.bindings import appointment_book as bound
from node.contracts.bindings.appointment_book import Booked, Cancelled, Moved, SlotOpened
from node.contracts.errors import AbiDataError

CONSTRUCTOR = bound.CONSTRUCTOR
FUNCTIONS = bound.FUNCTIONS
EVENTS = bound.EVENTS
constructor = bound.constructor

GRAIN_SECONDS: Final = 300
"""Slots begin and end at whole multiples of this, in block time."""
GRAINS_COUNT_MAX: Final = 256
"""Length of the slots of one call together, in grains: 21 h 20 min."""
SLOTS_COUNT_MAX: Final = 24
"""Slots that one call opens."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot that stands; times are block time in seconds."""

    doctor: Address
    hospital_id: int
    start_s: int
    end_s: int
    """Exclusive."""
    patient_id: int
    """0: free."""


@dataclass(frozen=True, slots=True)
class AppointmentBook:
    """Calls of the contract at ``address``."""

    address: Address

    def open_slots(self, *, hospital_id: int, start_s: int, length_s: int, count: int) -> bytes:
        """Open ``count`` slots one after the other, as an active doctor of the hospital.

        Refused: ``SlotTimes`` (off the grid, too many, too long, over a year ahead), ``SlotOver``
        (not in the future), ``SlotTaken`` (overlaps an own slot).
        """
        return bound.open_slots(hospital_id, start_s, length_s, count)

    def book(self, doctor: Address, start_s: int) -> bytes:
        """Book a slot, as a registered patient who is free at that time."""
        return bound.book(doctor, start_s)

    def move(self, doctor: Address, start_s: int, to_doctor: Address, to_start_s: int) -> bytes:
        """Give an own slot back and take another, as its patient; both or neither."""
        return bound.move(doctor, start_s, to_doctor, to_start_s)

    def cancel(self, doctor: Address, start_s: int) -> bytes:
        """Give an own slot back, as its patient; others may book it then."""
        return bound.cancel(doctor, start_s)

    def close(self, start_s: int) -> bytes:
        """Take an own slot away, as its doctor, whether it is booked or not."""
        return bound.close(start_s)

    def slot(self, doctor: Address, start_s: int) -> View[Slot | None]:
        """One slot, None if there is none of this doctor at this start."""

        def read(hospital_id: int, end_s: int, patient_id: int) -> Slot | None:
            return Slot(doctor, hospital_id, start_s, end_s, patient_id) if end_s else None

        asked = bound.slot(self.address, doctor, start_s)
        return View(asked.to, asked.data, lambda data: read(*asked.decode(data)))


class SlotBook:
    """All slots, rebuilt from the events of ``AppointmentBook`` in chain order."""

    def __init__(self, events: Iterable[LedgerEvent] = ()) -> None:
        self._slots: dict[tuple[Address, int], Slot] = {}
        for event in events:
            self.apply(event)

    def apply(self, event: LedgerEvent) -> None:
        """Take an event into account; those of other contracts change nothing.

        raises        AbiDataError: it is about a slot that was never opened.
        """
        match event:
            case SlotOpened(doctor, hospital_id, start, end):
                self._slots[doctor, start] = Slot(doctor, hospital_id, start, end, 0)
            case Booked(doctor, patient_id, start):
                self._give(doctor, start, patient_id)
            case Moved(patient_id, from_doctor, to_doctor, from_start, to_start):
                self._give(from_doctor, from_start, 0)
                self._give(to_doctor, to_start, patient_id)
            case Cancelled(doctor, _, start, closed):
                self._give(doctor, start, 0)
                if closed:
                    del self._slots[doctor, start]
            case _:
                pass

    def of_doctor(self, doctor: Address) -> tuple[Slot, ...]:
        """Give a doctor's slots in the order of time."""
        return self._sorted(one for one in self._slots.values() if one.doctor == doctor)

    def of_patient(self, patient_id: int) -> tuple[Slot, ...]:
        """Give what a patient has booked, in the order of time."""
        return self._sorted(one for one in self._slots.values() if one.patient_id == patient_id)

    def _give(self, doctor: Address, start_s: int, patient_id: int) -> None:
        slot = self._slots.get((doctor, start_s))
        if slot is None:
            raise AbiDataError("events", f"no slot of 0x{doctor.hex()} was opened at {start_s}")
        self._slots[doctor, start_s] = replace(slot, patient_id=patient_id)

    def _sorted(self, slots: Iterable[Slot]) -> tuple[Slot, ...]:
        return tuple(sorted(slots, key=lambda one: (one.start_s, one.doctor)))
