"""Emergencies and copies as lists, rebuilt from the events of ``ConsentRegistry``.

Reports and audits ask: which emergencies has nobody reviewed, which copies are overdue.  Events
are those of the contract in chain order, up to the block whose state counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from node.base.types import Address, Hash32
from node.contracts.abi import LedgerEvent
from node.contracts.bindings.consent_registry import (
    CopyIssued,
    CopyRequested,
    EmergencyAccess,
    EmergencyReviewed,
)
from node.contracts.errors import AbiDataError


@dataclass(frozen=True, slots=True)
class EmergencyNote:
    """One emergency and what became of it."""

    emergency_id: Hash32
    patient_id: int
    doctor: Address
    patient: Address
    """The patient's account at the time."""
    hospital_id: int
    reason: str
    until_s: int
    """As announced, or when a review ended it."""
    outcome: str | None = None
    """None: nobody has reviewed it."""
    is_justified: bool = False
    is_late: bool = False
    """Whether the review came too late."""


@dataclass(frozen=True, slots=True)
class CopyNote:
    """One request for a copy and what became of it."""

    copy_id: int
    patient_id: int
    pmr_id: int
    """0: all records of the patient."""
    due_s: int
    hospital_id: int | None = None
    """Who issued it; None: nobody has."""
    is_late: bool = False

    def is_overdue(self, at_s: int) -> bool:
        """Say whether the clock has run out on it: from the first second after ``due_s``."""
        return self.hospital_id is None and at_s > self.due_s


def emergencies(events: Iterable[LedgerEvent]) -> tuple[EmergencyNote, ...]:
    """Give all emergencies, oldest first.

    raises        AbiDataError: a review came without its emergency.
    """
    found: dict[Hash32, EmergencyNote] = {}
    for event in events:
        match event:
            case EmergencyAccess():
                found[event.emergency_id] = EmergencyNote(
                    event.emergency_id,
                    event.patient_id,
                    event.doctor,
                    event.patient,
                    event.hospital_id,
                    _text(event.reason),
                    event.until,
                )
            case EmergencyReviewed(emergency_id):
                if emergency_id not in found:
                    raise AbiDataError(
                        "events", f"0x{emergency_id.hex()} is reviewed before it was"
                    )
                found[emergency_id] = replace(
                    found[emergency_id],
                    outcome=_text(event.outcome),
                    is_justified=event.justified,
                    is_late=event.late,
                    until_s=event.until,
                )
            case _:
                pass
    return tuple(found.values())


def copies(events: Iterable[LedgerEvent]) -> tuple[CopyNote, ...]:
    """Give all requests for copies, oldest first.

    raises        AbiDataError: a copy was issued that nobody asked for.
    """
    found: dict[int, CopyNote] = {}
    for event in events:
        match event:
            case CopyRequested(copy_id, patient_id, pmr_id, due):
                found[copy_id] = CopyNote(copy_id, patient_id, pmr_id, due)
            case CopyIssued(copy_id):
                if copy_id not in found:
                    raise AbiDataError(
                        "events", f"copy {copy_id} is issued before it was asked for"
                    )
                issued = replace(found[copy_id], hospital_id=event.hospital_id, is_late=event.late)
                found[copy_id] = issued
            case _:
                pass
    return tuple(found.values())


def unreviewed(events: Iterable[LedgerEvent]) -> tuple[EmergencyNote, ...]:
    """Give the emergencies that nobody has reviewed yet, oldest first.  raises AbiDataError."""
    return tuple(one for one in emergencies(events) if one.outcome is None)


def overdue_copies(events: Iterable[LedgerEvent], at_s: int) -> tuple[CopyNote, ...]:
    """Give the copies that are overdue at a second of block time.  raises AbiDataError."""
    return tuple(one for one in copies(events) if one.is_overdue(at_s))


def _text(code: bytes) -> str:
    """Give a code as people read it; a stranger's bytes may be anything."""
    return code.rstrip(b"\0").decode("ascii", "backslashreplace")
