"""Rows of the report on complaints, emergencies and copies, from the events of a chain."""

from collections.abc import Mapping, Sequence
from typing import Any

from node.base.types import Address
from node.contracts.abi import LedgerEvent
from node.contracts.care_book import CopyNote, EmergencyNote, copies, emergencies
from node.contracts.complaints import ComplaintNote, complaints


def complaint_rows(
    events: Sequence[LedgerEvent], names: Mapping[Address, str]
) -> list[dict[str, Any]]:
    """Give a row for each complaint; ``names`` are those of whoever may complain or be granted."""
    return [
        {
            "grantee": names.get(one.grantee, f"0x{one.grantee.hex()}"),
            "complainant": names.get(one.complainant, f"0x{one.complainant.hex()}"),
            "grant": f"0x{one.grant_id.hex()}",
            "state": _verdict(one),
        }
        for one in complaints(events)
    ]


def emergency_rows(
    events: Sequence[LedgerEvent], names: Mapping[Address, str]
) -> list[dict[str, Any]]:
    """Give a row for each emergency; ``names`` are those of the doctors."""
    return [
        {
            "doctor": names.get(one.doctor, f"0x{one.doctor.hex()}"),
            "patient": str(one.patient_id),
            "reason": one.reason,
            "until": one.until_s,
            "review": _review(one),
            "is_open": one.outcome is None,
        }
        for one in emergencies(events)
    ]


def copy_rows(events: Sequence[LedgerEvent], at_s: int) -> list[dict[str, Any]]:
    """Give a row for each copy that was asked for, as it stands at a second of block time."""
    return [
        {"patient": str(one.patient_id), "due": one.due_s, "state": _state(one, at_s)}
        for one in copies(events)
    ]


def _verdict(note: ComplaintNote) -> str:
    if not note.is_upheld:
        return "open"
    return "proven: the grant ended" if note.has_ended else "proven: the grant had ended"


def _review(note: EmergencyNote) -> str:
    if note.outcome is None:
        return "none"
    found = "justified" if note.is_justified else "not justified"
    return f"{note.outcome}: {found}{', late' if note.is_late else ''}"


def _state(note: CopyNote, at_s: int) -> str:
    if note.hospital_id is None:
        return "overdue" if note.is_overdue(at_s) else "open"
    return "late" if note.is_late else "on time"
