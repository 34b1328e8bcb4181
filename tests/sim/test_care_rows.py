from dataclasses import replace

import pytest

from node.base.types import Address, Hash32
from node.contracts.bindings.consent_registry import (
    ComplaintUpheld,
    CopyIssued,
    CopyRequested,
    EmergencyAccess,
    EmergencyReviewed,
    GrantComplaint,
)
from node.sim.care_rows import complaint_rows, copy_rows, emergency_rows

ID, DOCTOR, OTHER = Hash32(b"\x01" * 32), Address(b"\x05" * 20), Address(b"\x06" * 20)
ACCESS = EmergencyAccess(ID, 7, DOCTOR, OTHER, 1, Hash32(b"coma".ljust(32, b"\0")), 500)
ASKED = CopyRequested(1, 7, 0, 1000)


def test_unreviewed_emergency_is_open() -> None:
    [row] = emergency_rows([ACCESS], {DOCTOR: "doc-1"})
    assert row == {
        "doctor": "doc-1",
        "patient": "7",
        "reason": "coma",
        "until": 500,
        "review": "none",
        "is_open": True,
    }


@pytest.mark.parametrize(
    ("justified", "late", "says"),
    [(True, False, "ok: justified"), (False, True, "ok: not justified, late")],
)
def test_review_is_told(justified: bool, late: bool, says: str) -> None:
    review = EmergencyReviewed(ID, OTHER, Hash32(b"ok".ljust(32, b"\0")), justified, late, 400)
    [row] = emergency_rows([ACCESS, review], {})
    assert (row["review"], row["is_open"], row["until"]) == (says, False, 400)
    assert row["doctor"] == f"0x{DOCTOR.hex()}"


@pytest.mark.parametrize(("at_s", "state"), [(1000, "open"), (1001, "overdue")])
def test_copy_that_nobody_issued(at_s: int, state: str) -> None:
    assert copy_rows([ASKED], at_s) == [{"patient": "7", "due": 1000, "state": state}]


@pytest.mark.parametrize(("late", "state"), [(False, "on time"), (True, "late")])
def test_copy_that_was_issued(late: bool, state: str) -> None:
    issued = replace(CopyIssued(1, 7, 3, (ID, 0x55, ID), late=False), late=late)
    assert copy_rows([ASKED, issued], 10**9)[0]["state"] == state


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ((), "open"),
        ((ComplaintUpheld(ID, DOCTOR, ended=True),), "proven: the grant ended"),
        ((ComplaintUpheld(ID, DOCTOR, ended=False),), "proven: the grant had ended"),
    ],
)
def test_complaint_is_told_with_its_verdict(verdict: tuple, state: str) -> None:
    made = GrantComplaint(ID, DOCTOR, OTHER, 7, 0, ID)
    [row] = complaint_rows([made, *verdict], {DOCTOR: "doc-1"})
    assert row == {
        "grantee": "doc-1",
        "complainant": f"0x{OTHER.hex()}",
        "grant": f"0x{ID.hex()}",
        "state": state,
    }
