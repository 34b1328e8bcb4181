from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from node.base.keccak import keccak256
from node.contracts.cids import Content
from node.contracts.compile import load_artifact
from node.contracts.government_actions import (
    SUSPENDED_FOR_GOOD,
    RevokeHospital,
    SuspendDoctor,
    SuspendHospital,
)
from node.contracts.names import TOKENS
from node.contracts.pmr_entries import (
    Entry,
    EntryAdded,
    EntryKind,
    EntryMarked,
    Locked,
)
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.reverts import RevertReason
from tests.contracts.stock_chain import GENESIS_S, Outcome
from tests.contracts.world import (
    DAY,
    PMR_ID,
    SETTINGS,
    TODAY,
    World,
    account,
    content,
)


@pytest.fixture(params=TOKENS)
def token(request: pytest.FixtureRequest) -> str:
    """All of this is about records, whatever token stands for them."""
    return request.param


P2_TODAY = encode_pmr_id(85_438, TODAY)
NOWHERE = encode_pmr_id(85_438, date(2020, 1, 1))


def _consult(world: World, pmr_id: int, doctor: str = "d1", hospital_id: int = 1) -> Outcome:
    data = world.suite.pmr.consult(pmr_id, hospital_id=hospital_id, content=content("visit"))
    return world.send(doctor, world.suite.pmr.address, data)


def _consult_refused(
    world: World, pmr_id: int, doctor: str = "d1", hospital_id: int = 1
) -> RevertReason:
    data = world.suite.pmr.consult(pmr_id, hospital_id=hospital_id, content=content("visit"))
    return world.refused(doctor, world.suite.pmr.address, data)


def _opinion(world: World, pmr_id: int = PMR_ID) -> bytes:
    return world.suite.pmr.add_second_opinion(pmr_id, hospital_id=2, content=content("opinion"))


def _entries(world: World, pmr_id: int = PMR_ID) -> tuple[Entry, ...]:
    return world.view(world.suite.pmr.entries(pmr_id))


# the PMR-ID and its date


def test_papers_example_is_minted_to_its_patient(world: World) -> None:
    assert world.view(world.suite.pmr.owner_of(8_543_726_012_021)) == account("p1")


def test_first_visit_of_a_day_mints_a_locked_token_with_one_entry(world: World) -> None:
    outcome = _consult(world, P2_TODAY)
    visit = content("visit")
    _, locked, added, *_ = world.events(outcome)
    assert locked == Locked(P2_TODAY)
    assert added == EntryAdded(
        P2_TODAY, 1, 1, 0, EntryKind.CONSULTATION, 0x55, visit.cid[4:], visit.commitment
    )
    assert world.view(world.suite.pmr.owner_of(P2_TODAY)) == account("p2")


def test_entry_keeps_who_where_when_and_what(world: World) -> None:
    _consult(world, P2_TODAY)
    time_s = world.chain.time_s
    assert _entries(world, P2_TODAY) == (
        Entry(1, 1, time_s, EntryKind.CONSULTATION, is_marked=False, content=content("visit")),
    )
    assert world.view(world.suite.pmr.minted_at(P2_TODAY)) == time_s


def test_second_visit_on_the_same_date_appends_to_the_same_token(world: World) -> None:
    outcome = _consult(world, PMR_ID, "d2", 2)
    added, *_ = world.events(outcome)
    assert isinstance(added, EntryAdded)
    assert (added.index, added.doctor_id, added.hospital_id) == (1, 2, 2)
    assert added.content == content("visit")
    assert [entry.doctor_id for entry in _entries(world)] == [1, 2]


def test_same_content_twice_is_two_entries(world: World) -> None:
    _consult(world, PMR_ID)
    _consult(world, PMR_ID)
    assert world.view(world.suite.pmr.entry_count(PMR_ID)) == 3


@pytest.mark.parametrize(
    "digits",
    [
        31_022_021,
        29_022_021,
        30_022_021,
        31_042_021,
        32_012_021,
        1_132_021,
        1_002_021,
        12_021,
        0,
        26_010_000,
    ],
)
def test_impossible_date_is_refused(world: World, digits: int) -> None:
    assert _consult_refused(world, 85_438 * 10**8 + digits).name == "InvalidDate"


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_date_up_to_one_day_from_the_block_is_taken(world: World, days: int) -> None:
    pmr_id = encode_pmr_id(85_438, TODAY + timedelta(days=days))
    _consult(world, pmr_id)
    assert world.view(world.suite.pmr.owner_of(pmr_id)) == account("p2")


@pytest.mark.parametrize("days", [-366, -2, 2, 365])
def test_date_further_from_the_block_is_refused(world: World, days: int) -> None:
    pmr_id = encode_pmr_id(85_438, TODAY + timedelta(days=days))
    assert _consult_refused(world, pmr_id).name == "DateTooFar"


def test_old_token_takes_no_visit_of_another_day(world: World) -> None:
    world.chain.wait(3 * DAY)
    assert _consult_refused(world, PMR_ID).name == "DateTooFar"


@pytest.mark.parametrize(
    "day",
    [
        date(2024, 2, 29),
        date(2024, 3, 1),
        date(2023, 12, 31),
        date(2100, 2, 28),
        date(2100, 3, 1),
        date(2000, 2, 29),
        date(1970, 1, 2),
        date(2400, 2, 29),
    ],
)
def test_calendar_agrees_with_that_of_python(world: World, day: date) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc)  # noqa: UP017
    world.chain.set_block(world.chain.number, int(noon.timestamp()) - 5)
    _consult(world, encode_pmr_id(85_438, day))
    for days in (-2, 2):
        far = encode_pmr_id(85_438, day + timedelta(days=days))
        assert _consult_refused(world, far).name == "DateTooFar"


@pytest.mark.parametrize(
    ("offset_s", "clock_s", "day"),
    [
        (19_800, 18 * 3600 + 1800, date(2021, 1, 27)),  # 18:30 UTC is 00:00 in India
        (19_800, 18 * 3600 + 1795 - 1, date(2021, 1, 26)),
        (-18_000, 5 * 3600, date(2021, 1, 26)),  # 05:00 UTC is 00:00 five hours west
        (-18_000, 5 * 3600 - 6, date(2021, 1, 25)),
    ],
)
def test_date_is_that_of_the_hospitals_time_zone(
    token: str, offset_s: int, clock_s: int, day: date
) -> None:
    world = World.deployed(replace(SETTINGS, utc_offset_seconds=offset_s, token=token))
    world.add_hospital("h1")
    world.add_doctor("d1", "h1")
    world.add_patient("p1", "h1")
    world.chain.set_block(world.chain.number, GENESIS_S + clock_s - 5)
    for days, is_taken in ((-2, False), (-1, True), (1, True), (2, False)):
        pmr_id = encode_pmr_id(85_437, day + timedelta(days=days))
        if is_taken:
            _consult(world.fork(), pmr_id)
        else:
            assert _consult_refused(world, pmr_id).name == "DateTooFar"


@pytest.mark.parametrize("patient_id", [0, 1, 85_439, 2**64 - 1, 2**64, 2**64 + 85_437])
def test_unknown_patient_is_refused(world: World, patient_id: int) -> None:
    pmr_id = patient_id * 10**8 + 26_012_021
    assert _consult_refused(world, pmr_id).name == "PatientUnknown"


# who may write


@pytest.mark.parametrize("writer", ["stranger", "h1", "p1", "l1", "member 0"])
def test_only_a_doctor_writes(world: World, writer: str) -> None:
    assert _consult_refused(world, PMR_ID, writer).name == "DoctorNotActive"


@pytest.mark.parametrize("hospital_id", [0, 2, 99])
def test_doctor_writes_for_an_own_hospital_only(world: World, hospital_id: int) -> None:
    assert _consult_refused(world, PMR_ID, "d1", hospital_id).name == "DoctorNotActive"


def test_doctor_of_two_hospitals_writes_for_either(world: World) -> None:
    doctors = world.suite.doctors
    world.send("h2", doctors.address, doctors.affiliate(1))
    _consult(world, PMR_ID, "d1", 2)
    assert _entries(world)[-1].hospital_id == 2


def test_suspended_doctor_is_refused(world: World) -> None:
    world.enact(SuspendDoctor(1, SUSPENDED_FOR_GOOD))
    assert _consult_refused(world, PMR_ID).name == "DoctorNotActive"


@pytest.mark.parametrize("action", [SuspendHospital, RevokeHospital])
def test_doctor_of_an_unverified_hospital_is_refused(world: World, action: type) -> None:
    world.enact(action(account("h1")))
    assert _consult_refused(world, PMR_ID).name == "HospitalNotVerified"


@pytest.mark.parametrize(
    ("commitment", "error"), [(bytes(32), "FieldMissing"), (b"\x01" * 32, "CidNotAllowed")]
)
def test_entry_without_commitment_or_digest_is_refused(
    world: World, commitment: bytes, error: str
) -> None:
    empty = Content.from_abi(commitment, 0x55, bytes(32))
    data = world.suite.pmr.consult(PMR_ID, hospital_id=1, content=empty)
    assert world.refused("d1", world.suite.pmr.address, data).name == error


# second opinions


def test_second_opinion_under_a_grant_is_written(world: World) -> None:
    world.grant()
    world.send("d2", world.suite.pmr.address, _opinion(world))
    last = _entries(world)[-1]
    assert (last.kind, last.doctor_id, last.hospital_id) == (EntryKind.SECOND_OPINION, 2, 2)


def test_second_opinion_without_a_grant_is_refused(world: World) -> None:
    assert world.refused("d2", world.suite.pmr.address, _opinion(world)).name == "GrantNotActive"


def test_grant_of_another_doctor_does_not_help(world: World) -> None:
    world.grant(world.consent(grantee=account("d1")))
    assert world.refused("d2", world.suite.pmr.address, _opinion(world)).name == "GrantNotActive"


def test_second_opinion_in_the_last_second_of_a_grant_is_written(world: World) -> None:
    consent = world.consent()
    world.grant(consent)
    world.chain.set_block(world.chain.number, consent.valid_until_s - 1 - 5)
    world.send("d2", world.suite.pmr.address, _opinion(world))
    assert len(_entries(world)) == 2


def test_second_opinion_at_the_end_of_a_grant_is_refused(world: World) -> None:
    consent = world.consent()
    world.grant(consent)
    world.chain.set_block(world.chain.number, consent.valid_until_s - 5)
    assert world.refused("d2", world.suite.pmr.address, _opinion(world)).name == "GrantNotActive"


def test_second_opinion_before_a_grant_begins_is_refused(world: World) -> None:
    start = world.chain.time_s + 1000
    world.grant(world.consent(valid_from_s=start, valid_until_s=start + DAY))
    assert world.refused("d2", world.suite.pmr.address, _opinion(world)).name == "GrantNotActive"
    world.chain.set_block(world.chain.number, start - 5)
    world.send("d2", world.suite.pmr.address, _opinion(world))


def test_second_opinion_after_revocation_is_refused(world: World) -> None:
    consents = world.suite.consents
    grant_id = world.grant()
    data = consents.revoke(grant_id, grantee=account("d2"), pmr_id=PMR_ID)
    world.send("p1", consents.address, data)
    assert world.refused("d2", world.suite.pmr.address, _opinion(world)).name == "GrantNotActive"


def test_suspended_doctor_writes_no_second_opinion_under_a_grant(world: World) -> None:
    world.grant()
    world.enact(SuspendDoctor(2, SUSPENDED_FOR_GOOD))
    assert world.refused("d2", world.suite.pmr.address, _opinion(world)).name == "DoctorNotActive"


def test_second_opinion_on_no_record_is_refused(world: World) -> None:
    reason = world.refused("d2", world.suite.pmr.address, _opinion(world, NOWHERE))
    assert reason == RevertReason("RecordUnknown", (NOWHERE,))


def test_second_opinion_long_after_the_visit_is_written(world: World) -> None:
    world.chain.wait(90 * DAY)
    world.grant()
    world.send("d2", world.suite.pmr.address, _opinion(world))
    assert _entries(world)[-1].time_s == world.chain.time_s


# amendments


def _amend(world: World, index: int, hospital_id: int = 1) -> bytes:
    return world.suite.pmr.amend(PMR_ID, index, hospital_id=hospital_id, content=content("better"))


def test_amendment_marks_the_old_entry_and_keeps_it(world: World) -> None:
    [before] = _entries(world)
    outcome = world.send("d1", world.suite.pmr.address, _amend(world, 0))
    assert EntryMarked(PMR_ID, 0, 1) in world.events(outcome)
    old, new = _entries(world)
    assert old == replace(before, is_marked=True)
    assert (new.kind, new.is_marked) == (EntryKind.AMENDMENT, False)


def test_amendment_can_be_amended(world: World) -> None:
    world.send("d1", world.suite.pmr.address, _amend(world, 0))
    world.send("d1", world.suite.pmr.address, _amend(world, 1))
    assert [entry.is_marked for entry in _entries(world)] == [True, True, False]


def test_nobody_amends_the_entry_of_another_doctor(world: World) -> None:
    reason = world.refused("d2", world.suite.pmr.address, _amend(world, 0, hospital_id=2))
    assert reason.name == "NotAuthor"


@pytest.mark.parametrize("index", [1, 2**255])
def test_entry_that_does_not_exist_cannot_be_amended(world: World, index: int) -> None:
    assert world.refused("d1", world.suite.pmr.address, _amend(world, index)).name == "EntryUnknown"


def test_suspended_author_does_not_amend(world: World) -> None:
    world.enact(SuspendDoctor(1, SUSPENDED_FOR_GOOD))
    assert world.refused("d1", world.suite.pmr.address, _amend(world, 0)).name == "DoctorNotActive"


# reading


def test_token_without_entries_reads_as_empty(world: World) -> None:
    assert _entries(world, NOWHERE) == ()
    assert world.view(world.suite.pmr.entry_count(NOWHERE)) == 0
    assert world.view(world.suite.pmr.minted_at(NOWHERE)) == 0


def test_one_entry_is_read_by_its_place(world: World) -> None:
    _consult(world, PMR_ID, "d2", 2)
    assert world.view(world.suite.pmr.entry(PMR_ID, 1)) == _entries(world)[1]


@pytest.mark.parametrize("index", [1, 2**255])
def test_entry_that_does_not_exist_cannot_be_read(world: World, index: int) -> None:
    assert world.view_refused(world.suite.pmr.entry(PMR_ID, index)).name == "EntryUnknown"


def test_entries_end_where_their_count_is_full(world: World, token: str) -> None:
    """Nobody writes 16,777,215 entries here: the count is set in the state."""
    layout = load_artifact(TOKENS[token]).storage_layout["storage"]
    [slot] = [int(each["slot"]) for each in layout if each["label"] == "_entries"]
    of_token = keccak256(PMR_ID.to_bytes(32) + slot.to_bytes(32))
    head = int.from_bytes(keccak256(bytes(32) + of_token))
    state, token = world.chain.state, world.suite.pmr.address
    before = state.get_storage(token, head)
    assert before >> 192 == 1
    state.set_storage(token, head, (2**24 - 2 << 192) | before % 2**192)
    _consult(world, PMR_ID)
    assert world.view(world.suite.pmr.entry_count(PMR_ID)) == 2**24 - 1
    assert _consult_refused(world, PMR_ID).name == "EntryLimit"
