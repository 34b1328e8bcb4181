from dataclasses import replace

import pytest

from node.base.types import Hash32
from node.contracts.abi import LedgerEvent
from node.contracts.bindings.consent_registry import (
    CopyIssued,
    CopyRequested,
    EmergencyAccess,
    EmergencyReviewed,
    Revoked,
)
from node.contracts.care_book import copies, emergencies, overdue_copies, unreviewed
from node.contracts.errors import AbiDataError
from tests.contracts.world import account

ID = Hash32(b"\x01" * 32)


def _code(text: bytes) -> Hash32:
    return Hash32(text.ljust(32, b"\0"))


ACCESS = EmergencyAccess(ID, 7, account("d1"), account("p1"), 1, _code(b"coma"), 500)
REVIEW = EmergencyReviewed(
    ID, account("member 0"), _code(b"needed"), justified=True, late=True, until=400
)
OTHER = replace(ACCESS, emergency_id=Hash32(b"\x02" * 32))
ASKED = CopyRequested(1, 7, 0, 1000)
ISSUED = CopyIssued(1, 7, 3, (ID, 0x55, ID), late=False)
FOREIGN = Revoked(ID)


def test_review_is_put_beside_its_emergency() -> None:
    [one, other] = emergencies([ACCESS, FOREIGN, OTHER, REVIEW])
    assert (one.reason, one.outcome, one.is_justified, one.is_late) == (
        "coma",
        "needed",
        True,
        True,
    )
    assert other.outcome is None
    assert (one.until_s, other.until_s) == (400, 500)


def test_unreviewed_are_told_oldest_first() -> None:
    assert [one.emergency_id for one in unreviewed([ACCESS, OTHER])] == [
        ACCESS.emergency_id,
        OTHER.emergency_id,
    ]
    assert [one.emergency_id for one in unreviewed([ACCESS, OTHER, REVIEW])] == [OTHER.emergency_id]


@pytest.mark.parametrize(("at_s", "count"), [(1000, 0), (1001, 1)])
def test_copy_is_overdue_in_the_second_after_it_is_due(at_s: int, count: int) -> None:
    assert len(overdue_copies([ASKED], at_s)) == count


def test_issued_copy_is_never_overdue() -> None:
    assert overdue_copies([ASKED, ISSUED], 10**9) == ()
    [one] = copies([ASKED, FOREIGN, ISSUED])
    assert (one.hospital_id, one.is_late) == (3, False)


@pytest.mark.parametrize(("read", "event"), [(emergencies, REVIEW), (copies, ISSUED)])
def test_answer_without_its_question_is_no_chain_of_ours(read: object, event: LedgerEvent) -> None:
    with pytest.raises(AbiDataError):
        read([event])  # type: ignore[operator]


def test_code_of_strange_bytes_is_shown_escaped() -> None:
    [one] = emergencies([replace(ACCESS, reason=_code(b"\xff\x01"))])
    assert one.reason == "\\xff\x01"
