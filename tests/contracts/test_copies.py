"""Copies of the own records, and their clock, to the second."""

from datetime import timedelta

import pytest

from node.base.types import Cid, Hash32
from node.contracts.bindings import consent_registry as abi
from node.contracts.bindings.consent_registry import CopyIssued, CopyRequested
from node.contracts.cids import Content
from node.contracts.copies import Copy
from node.contracts.errors import CidFormError
from node.contracts.government_actions import SuspendHospital
from node.contracts.pmr_id import encode_pmr_id
from tests.contracts.world import DAY, PMR_ID, TODAY, World, account, content

P1_ID = 85_437
CLOCK_S = 3 * DAY


def _request(world: World, pmr_id: int = 0, *, sender: str = "p1") -> CopyRequested:
    data = world.suite.consents.request_copy(pmr_id)
    [event] = world.events(world.send(sender, world.suite.consents.address, data))
    assert isinstance(event, CopyRequested)
    return event


def _request_refused(world: World, sender: str, pmr_id: int = 0) -> str:
    data = world.suite.consents.request_copy(pmr_id)
    return world.refused(sender, world.suite.consents.address, data).name


def _issue(world: World, copy_id: int, pmr_id: int = 0, index: int = 0) -> bytes:
    return world.suite.consents.issue_copy(copy_id, content("copy"), pmr_id=pmr_id, index=index)


def _issue_refused(world: World, sender: str, data: bytes) -> str:
    return world.refused(sender, world.suite.consents.address, data).name


def _second_opinion(world: World) -> None:
    world.grant(world.consent())
    pmr = world.suite.pmr
    data = pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    world.send("d2", pmr.address, data)


@pytest.mark.parametrize("pmr_id", [0, PMR_ID])
def test_patient_asks_and_the_clock_starts(world: World, pmr_id: int) -> None:
    event = _request(world, pmr_id)
    now = world.chain.time_s
    assert event == CopyRequested(1, P1_ID, pmr_id, now + CLOCK_S)
    assert world.view(world.suite.consents.copy_of(1)) == Copy(P1_ID, now, False, pmr_id)
    assert world.view(world.suite.consents.copy_seconds_max()) == CLOCK_S


def test_every_request_has_a_clock_of_its_own(world: World) -> None:
    assert [_request(world).copy_id, _request(world).copy_id] == [1, 2]
    assert world.view(world.suite.consents.copy_count()) == 2


@pytest.mark.parametrize("sender", ["d1", "h1", "stranger"])
def test_only_patients_ask(world: World, sender: str) -> None:
    assert _request_refused(world, sender) == "PatientUnknown"


def test_anothers_record_is_not_copied(world: World) -> None:
    assert _request_refused(world, "p2", PMR_ID) == "NotPatient"


def test_record_must_exist(world: World) -> None:
    assert _request_refused(world, "p1", PMR_ID + 1) == "RecordUnknown"


def test_erased_record_is_not_copied(world: World) -> None:
    pmr = world.suite.pmr
    world.send("p1", pmr.address, pmr.erase(PMR_ID, b"gdpr".ljust(32, b"\0")))
    assert _request_refused(world, "p1", PMR_ID) == "RecordErased"


# issuing


def test_desk_issues(world: World) -> None:
    copy_id = _request(world).copy_id
    outcome = world.send("h1", world.suite.consents.address, _issue(world, copy_id))
    [told] = world.events(outcome)
    given, late = content("copy").as_abi(), False
    assert told == CopyIssued(copy_id, P1_ID, 1, given, late)
    assert world.view(world.suite.consents.copy_of(copy_id)).is_issued


def test_hospital_that_wrote_an_entry_issues(world: World) -> None:
    _second_opinion(world)
    copy_id = _request(world, PMR_ID).copy_id
    data = _issue(world, copy_id, PMR_ID, 1)
    [told] = world.events(world.send("h2", world.suite.consents.address, data))
    assert isinstance(told, CopyIssued)
    assert told.hospital_id == 2


@pytest.mark.parametrize(("past_s", "is_late"), [(0, False), (1, True)])
def test_overdue_begins_in_the_second_after_72_hours(
    world: World,
    past_s: int,
    is_late: bool,
) -> None:
    event = _request(world)
    world.chain.set_block(world.chain.number, event.due + past_s)
    data = _issue(world, event.copy_id)
    outcome = world.send("h1", world.suite.consents.address, data, block=False)
    [told] = world.events(outcome)
    assert isinstance(told, CopyIssued)
    assert told.late is is_late


def test_nobody_but_a_verified_hospital_issues(world: World) -> None:
    data = _issue(world, _request(world).copy_id)
    for sender in ("p1", "d1", "stranger"):
        assert _issue_refused(world, sender, data) == "HospitalNotVerified"
    world.enact(SuspendHospital(account("h1")))
    assert _issue_refused(world, "h1", data) == "HospitalNotVerified"


def test_hospital_without_the_records_does_not_stop_the_clock(world: World) -> None:
    copy_id = _request(world).copy_id
    for pmr_id in (0, PMR_ID):
        data = _issue(world, copy_id, pmr_id)
        assert _issue_refused(world, "h2", data) == "NotRecordKeeper"


def test_hospital_that_wrote_in_another_record_does_not_stop_the_clock(world: World) -> None:
    _second_opinion(world)
    pmr = world.suite.pmr
    other = encode_pmr_id(P1_ID, TODAY + timedelta(days=1))
    world.send("d1", pmr.address, pmr.consult(other, hospital_id=1, content=content("other")))
    asked, everything = _request(world, other).copy_id, _request(world).copy_id
    assert _issue_refused(world, "h2", _issue(world, asked, PMR_ID, 1)) == "NotRecordKeeper"
    world.send("h2", world.suite.consents.address, _issue(world, everything, PMR_ID, 1))


def test_entry_must_be_of_this_patient(world: World) -> None:
    copy_id = _request(world, sender="p2").copy_id
    data = _issue(world, copy_id, PMR_ID)
    assert _issue_refused(world, "h1", data) == "NotRecordKeeper"


def test_entry_must_exist(world: World) -> None:
    data = _issue(world, _request(world).copy_id, PMR_ID, 7)
    assert _issue_refused(world, "h1", data) == "EntryUnknown"


def test_copy_that_nobody_asked_for(world: World) -> None:
    assert _issue_refused(world, "h1", _issue(world, 1)) == "CopyUnknown"


def test_copy_is_issued_once(world: World) -> None:
    data = _issue(world, _request(world).copy_id)
    world.send("h1", world.suite.consents.address, data)
    assert _issue_refused(world, "h1", data) == "AlreadyIssued"


def test_copy_is_a_commitment_and_a_cid(world: World) -> None:
    consents = world.suite.consents
    copy_id = _request(world).copy_id
    bare = Content(Hash32(bytes(32)), content("copy").cid)
    assert _issue_refused(world, "h1", consents.issue_copy(copy_id, bare)) == "FieldMissing"
    nameless = Content(content("copy").commitment, Cid(content("copy").cid[:4] + bytes(32)))
    assert _issue_refused(world, "h1", consents.issue_copy(copy_id, nameless)) == "CidNotAllowed"
    with pytest.raises(CidFormError):
        consents.issue_copy(copy_id, Content(content("copy").commitment, Cid(b"\x01")))


def test_copy_lies_under_a_codec_of_records(world: World) -> None:
    copy_id = _request(world).copy_id
    data = abi.issue_copy(copy_id, 0, 0, (b"\1" * 32, 0x99, b"\1" * 32))
    assert _issue_refused(world, "h1", data) == "CidNotAllowed"
