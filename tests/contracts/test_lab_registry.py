from dataclasses import replace
from datetime import date, timedelta

import pytest

from node.base.types import ZERO_ADDRESS, Address
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import RevokeHospital, SuspendDoctor, SuspendHospital
from node.contracts.lab_registry import (
    LabFiled,
    LabListed,
    LabOrdered,
    LabRefreshed,
    Order,
    OrderStatus,
    SharePlan,
    code_word,
)
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.pmr_token import Entry, EntryAdded, EntryKind
from node.contracts.reverts import RevertReason
from tests.contracts.world import DAY, PMR_ID, STRANGER, TODAY, World, account, content

CT = b"CT".ljust(16, b"\0")
CHEST_PAIN = b"R07.9".ljust(32, b"\0")
PLAN = SharePlan(scheme_id=4, needed=3, total=5, epoch=0)


def _ordering(world: World, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "hospital_id": 1,
        "lab": account("l1"),
        "modality": "CT",
        "reason": "R07.9",
        **changes,
    }
    return world.suite.labs.order(fields.pop("pmr_id", PMR_ID), **fields)  # type: ignore[arg-type]


def _filing(world: World, order_id: int = 1, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "modality": "CT",
        "captured": TODAY,
        "reason": "R07.9",
        "content": content("study"),
        "plan": PLAN,
        **changes,
    }
    return world.suite.labs.file(order_id, **fields)  # type: ignore[arg-type]


def _refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.labs.address, data)


@pytest.fixture
def ordered(world: World) -> World:
    world.send("d1", world.suite.labs.address, _ordering(world))
    return world


# labs


def test_verified_hospital_lists_a_lab(world: World) -> None:
    labs = world.suite.labs
    outcome = world.send("h2", labs.address, labs.list_lab(account("l2"), "Second Lab"))
    assert world.events(outcome) == [LabListed(account("l2"), 2, "Second Lab")]
    assert world.view(labs.hospital_of(account("l2"))) == 2
    assert world.view(labs.hospital_of(STRANGER)) == 0


@pytest.mark.parametrize("caller", ["stranger", "l1", "d1", "member 0"])
def test_only_a_hospital_lists_labs(world: World, caller: str) -> None:
    data = world.suite.labs.list_lab(account("l2"), "Lab")
    assert _refused(world, caller, data).name == "HospitalNotVerified"


def test_lab_of_a_hospital_is_refused_with_that_id(world: World) -> None:
    data = world.suite.labs.list_lab(account("l1"), "Lab")
    assert _refused(world, "h2", data) == RevertReason("DuplicateRegistration", (1,))


@pytest.mark.parametrize(("lab", "name"), [(ZERO_ADDRESS, "Lab"), (account("l2"), "")])
def test_lab_without_account_or_name_is_refused(world: World, lab: Address, name: str) -> None:
    assert _refused(world, "h1", world.suite.labs.list_lab(lab, name)).name == "FieldMissing"


# orders


def test_order_is_kept_and_told(world: World) -> None:
    labs = world.suite.labs
    outcome = world.send("d1", labs.address, _ordering(world))
    assert world.events(outcome) == [LabOrdered(1, PMR_ID, account("l1"), 1, 1, CT, CHEST_PAIN)]
    assert world.view(labs.order_of(1)) == Order(
        1, PMR_ID, OrderStatus.OPEN, 1, 1, account("l1"), None, None, None
    )
    assert world.view(labs.order_count()) == 1


def test_order_that_was_never_given_is_unknown(world: World) -> None:
    assert world.view(world.suite.labs.order_of(1)).status is OrderStatus.UNKNOWN


@pytest.mark.parametrize("caller", ["stranger", "h1", "p1", "l1"])
def test_only_a_doctor_orders(world: World, caller: str) -> None:
    assert _refused(world, caller, _ordering(world)).name == "DoctorNotActive"


def test_suspended_doctor_does_not_order(world: World) -> None:
    world.enact(SuspendDoctor(1, world.chain.time_s + DAY))
    assert _refused(world, "d1", _ordering(world)).name == "DoctorNotActive"


def test_doctor_of_a_suspended_hospital_does_not_order(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert _refused(world, "d1", _ordering(world)).name == "HospitalNotVerified"


@pytest.mark.parametrize("pmr_id", [0, encode_pmr_id(85_438, TODAY), 2**200])
def test_order_for_no_record_is_refused(world: World, pmr_id: int) -> None:
    reason = _refused(world, "d1", _ordering(world, pmr_id=pmr_id))
    assert reason == RevertReason("RecordUnknown", (pmr_id,))


def test_order_at_an_unlisted_lab_is_refused(world: World) -> None:
    assert _refused(world, "d1", _ordering(world, lab=STRANGER)).name == "LabNotListed"


def test_order_at_a_lab_of_a_revoked_hospital_is_refused(world: World) -> None:
    world.enact(RevokeHospital(account("h1")))
    data = _ordering(world, hospital_id=2)
    assert _refused(world, "d2", data).name == "HospitalNotVerified"


def test_order_without_a_reason_is_refused(world: World) -> None:
    assert _refused(world, "d1", _ordering(world, reason="")).name == "ReasonMissing"


def test_order_without_a_modality_is_refused_by_the_contract(world: World) -> None:
    data = _ordering(world).replace(CT, bytes(16))
    assert _refused(world, "d1", data).name == "FieldMissing"


# filing


def test_filing_appends_the_entry_of_the_ordering_doctor(ordered: World) -> None:
    outcome = ordered.send("l1", ordered.suite.labs.address, _filing(ordered))
    added, filed = ordered.events(outcome)
    assert isinstance(added, EntryAdded)
    assert isinstance(filed, LabFiled)
    assert ordered.view(ordered.suite.pmr.entry(PMR_ID, 1)) == Entry(
        1, 1, ordered.chain.time_s, EntryKind.LAB, is_marked=False, content=content("study")
    )


def test_filing_tells_everything_in_its_event(ordered: World) -> None:
    outcome = ordered.send("l1", ordered.suite.labs.address, _filing(ordered))
    filed = ordered.events(outcome)[1]
    assert isinstance(filed, LabFiled)
    assert (filed.order_id, filed.pmr_id, filed.patient_id) == (1, PMR_ID, 85_437)
    assert (filed.modality, filed.date_of_capture, filed.reason) == (CT, 26_012_021, CHEST_PAIN)
    assert (filed.content, filed.share_plan, filed.entry_index) == (content("study"), PLAN, 1)


def test_filing_closes_the_order(ordered: World) -> None:
    ordered.send("l1", ordered.suite.labs.address, _filing(ordered))
    assert ordered.view(ordered.suite.labs.order_of(1)) == Order(
        1, PMR_ID, OrderStatus.FILED, 1, 1, account("l1"), TODAY, PLAN, 1
    )


def test_order_cannot_be_filed_twice(ordered: World) -> None:
    ordered.send("l1", ordered.suite.labs.address, _filing(ordered))
    assert _refused(ordered, "l1", _filing(ordered)).name == "OrderNotOpen"


@pytest.mark.parametrize("order_id", [0, 2, 2**255])
def test_unknown_order_cannot_be_filed(ordered: World, order_id: int) -> None:
    assert _refused(ordered, "l1", _filing(ordered, order_id)).name == "OrderNotOpen"


@pytest.mark.parametrize("caller", ["stranger", "h1", "d1", "l2"])
def test_only_the_ordered_lab_files(ordered: World, caller: str) -> None:
    labs = ordered.suite.labs
    ordered.send("h1", labs.address, labs.list_lab(account("l2"), "Second Lab"))
    assert _refused(ordered, caller, _filing(ordered)).name == "NotOrderedLab"


def test_lab_of_a_suspended_hospital_does_not_file(ordered: World) -> None:
    ordered.enact(SuspendHospital(account("h1")))
    assert _refused(ordered, "l1", _filing(ordered)).name == "HospitalNotVerified"


def test_filing_without_a_reason_is_refused(ordered: World) -> None:
    assert _refused(ordered, "l1", _filing(ordered, reason="")).name == "ReasonMissing"


def test_filing_without_a_modality_is_refused_by_the_contract(ordered: World) -> None:
    data = _filing(ordered).replace(CT, bytes(16))
    assert _refused(ordered, "l1", data).name == "FieldMissing"


@pytest.mark.parametrize(("needed", "total"), [(0, 0), (1, 5), (6, 5), (255, 254)])
def test_share_plan_that_cannot_be_is_refused(ordered: World, needed: int, total: int) -> None:
    data = _filing(ordered, plan=SharePlan(4, needed, total))
    assert _refused(ordered, "l1", data).name == "SharePlanInvalid"


@pytest.mark.parametrize(("needed", "total"), [(2, 2), (255, 255)])
def test_border_share_plans_are_taken(ordered: World, needed: int, total: int) -> None:
    plan = SharePlan(4, needed, total, epoch=2**32 - 1)
    ordered.send("l1", ordered.suite.labs.address, _filing(ordered, plan=plan))
    assert ordered.view(ordered.suite.labs.order_of(1)).plan == plan


@pytest.mark.parametrize("captured", [date(1895, 11, 8), TODAY, TODAY + timedelta(days=1)])
def test_capture_up_to_tomorrow_is_taken(ordered: World, captured: date) -> None:
    ordered.send("l1", ordered.suite.labs.address, _filing(ordered, captured=captured))
    assert ordered.view(ordered.suite.labs.order_of(1)).captured == captured


def test_capture_in_the_future_is_refused(ordered: World) -> None:
    data = _filing(ordered, captured=TODAY + timedelta(days=2))
    assert _refused(ordered, "l1", data).name == "DateTooFar"


def test_impossible_capture_date_is_refused_by_the_contract(ordered: World) -> None:
    data = _filing(ordered).replace((26_012_021).to_bytes(32), (31_022_021).to_bytes(32))
    assert _refused(ordered, "l1", data).name == "InvalidDate"


def test_manifest_without_a_commitment_is_refused(ordered: World) -> None:
    empty = replace(content("study"), commitment=bytes(32))
    assert _refused(ordered, "l1", _filing(ordered, content=empty)).name == "FieldMissing"


def test_refused_filing_leaves_the_order_open(ordered: World) -> None:
    empty = replace(content("study"), commitment=bytes(32))
    _refused(ordered, "l1", _filing(ordered, content=empty))
    assert ordered.view(ordered.suite.labs.order_of(1)).status is OrderStatus.OPEN


def test_doctor_cannot_amend_the_entry_of_a_lab(ordered: World) -> None:
    ordered.send("l1", ordered.suite.labs.address, _filing(ordered))
    pmr = ordered.suite.pmr
    data = pmr.amend(PMR_ID, 1, hospital_id=1, content=content("changed"))
    assert ordered.refused("d1", pmr.address, data).name == "NotAuthor"


# codes


@pytest.mark.parametrize("text", ["", "X" * 17, "Ä", "A\n"])
def test_code_of_another_form_is_refused_by_the_binding(text: str) -> None:
    with pytest.raises(CallArgumentError, match="modality"):
        code_word(text, 16, "modality")


@pytest.mark.parametrize("text", ["C", "X" * 16])
def test_border_codes_fit(text: str) -> None:
    assert code_word(text, 16, "modality").rstrip(b"\0") == text.encode()


def _erase(world: World) -> None:
    world.send("p1", world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, CHEST_PAIN))


def test_nothing_is_ordered_for_an_erased_record(world: World) -> None:
    _erase(world)
    assert _refused(world, "d1", _ordering(world)).name == "RecordErased"


def test_a_study_of_a_record_that_was_erased_meanwhile_is_not_filed(ordered: World) -> None:
    _erase(ordered)
    assert _refused(ordered, "l1", _filing(ordered)).name == "RecordErased"
    assert ordered.view(ordered.suite.labs.order_of(1)).status is OrderStatus.OPEN


# refreshed shares of a study


def _filed(world: World) -> int:
    """Have a study filed; give the index of its entry."""
    world.send("d1", world.suite.labs.address, _ordering(world))
    world.send("l1", world.suite.labs.address, _filing(world))
    return world.view(world.suite.pmr.entry_count(PMR_ID)) - 1


def test_patient_tells_the_epoch_of_a_filed_study(world: World) -> None:
    labs, index = world.suite.labs, _filed(world)
    assert world.view(labs.epoch_of(PMR_ID, index)) == 0
    outcome = world.send("p1", labs.address, labs.refresh(PMR_ID, index, 3))
    assert world.events(outcome) == [LabRefreshed(PMR_ID, index, 3)]
    assert world.view(labs.epoch_of(PMR_ID, index)) == 3
    assert world.view(labs.order_of(1)).plan == PLAN  # as it was filed


def test_epoch_never_goes_back_or_stays(world: World) -> None:
    labs, index = world.suite.labs, _filed(world)
    world.send("p1", labs.address, labs.refresh(PMR_ID, index, 2))
    for epoch in (0, 1, 2):
        reason = world.refused("p1", labs.address, labs.refresh(PMR_ID, index, epoch))
        assert (reason.name, reason.args) == ("EpochNotNext", (2,))


def test_only_the_patient_tells_and_only_of_studies_that_stand(world: World) -> None:
    labs, pmr, index = world.suite.labs, world.suite.pmr, _filed(world)
    data = labs.refresh(PMR_ID, index, 1)
    for who in (STRANGER, account("l1"), account("d1"), account("p2")):
        assert world.refused(who, labs.address, data).name == "NotPatient"
    beyond = labs.refresh(PMR_ID, index + 1, 1)
    assert world.refused("p1", labs.address, beyond).name == "EntryUnknown"
    nothing = labs.refresh(PMR_ID + 1, index, 1)
    assert world.refused("p1", labs.address, nothing).name == "RecordUnknown"
    world.send("p1", pmr.address, pmr.erase(PMR_ID, b"GDPR-17".ljust(32, b"\0")))
    assert world.refused("p1", labs.address, data).name == "RecordErased"


def test_visit_is_no_study(world: World) -> None:
    labs, _ = world.suite.labs, _filed(world)
    assert world.refused("p1", labs.address, labs.refresh(PMR_ID, 0, 1)).name == "EntryUnknown"
