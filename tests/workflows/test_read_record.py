from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from node.contracts.pmr_id import decode_pmr_id
from node.privacy import release
from node.privacy.consent import scope_of
from node.privacy.custody_store import Holding
from node.privacy.record import PmrEntry, Study
from node.privacy.release_errors import GrantNotActiveError
from node.sim.checkers.release_window import read_receipt
from node.sss.errors import WrongKeyError
from node.sss.shares import decode_container
from node.workflows.access import GrantMade, direct_request, grant, revoke
from node.workflows.consult import Visit
from node.workflows.errors import CommitmentError, FragmentsMissingError, NoGrantError
from node.workflows.read_record import LIED, OPINION, read_record, second_opinion
from node.workflows.suspend_doctor import suspend_doctor
from tests.workflows.stage import Stage, note


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0", "d1", "d2").register("p0", "p2")


@pytest.fixture(scope="module")
def visit(stage: Stage) -> Visit:
    return stage.visit(entry=note("cough"))


@pytest.fixture(scope="module")
def granted(stage: Stage, visit: Visit) -> GrantMade:
    """A visit and a scan, and a grant to d1 that outlives the module."""
    stage.scan(visit)
    return stage.grant(visit, seconds=86_400)


@pytest.fixture(scope="module")
def pairs() -> Iterator[tuple[str, date]]:
    """Patients and days: each pair is a record of its own."""
    days = (date(2025, 12, 31), date(2026, 1, 2), date(2026, 1, 1))
    rest = [(patient, day) for patient in ("p1", "p3", "p4", "p5") for day in days]
    return iter([(patient, day) for patient in ("p0", "p2") for day in days[:2]] + rest)


@pytest.fixture
def case(stage: Stage, pairs: Iterator[tuple[str, date]]) -> Visit:
    """A visit that no other test touches, not granted yet."""
    patient, day = next(pairs)
    if stage.patient(patient).patient_id == 0:
        stage.register(patient)
    return stage.visit("d0", patient, on=day)


def refusal(stage: Stage, visit: Visit, doctor: str = "d1") -> str:
    error = stage.play(stage.reading(visit.pmr_id, doctor)).error
    assert isinstance(error, GrantNotActiveError), error
    return error.status


def custodian(stage: Stage, visit: Visit, index: int):
    return stage.world.nodes[stage.cast.name_of(visit.filed.custodians[index - 1])]


def spoil_share(stage: Stage, visit: Visit, index: int) -> None:
    """Let a custodian's store hold another share than it was given, well formed."""
    store = custodian(stage, visit, index).custody.custodian.store
    holding = store.holding(visit.filed.deal_id)
    share = decode_container(holding.share)
    wrong = replace(share, payload=bytes(byte ^ 1 for byte in share.payload))
    store.put_holding(visit.filed.deal_id, Holding(holding.manifest, wrong.encode()))


def test_inside_the_grant_every_entry_opens_as_it_was_filed(
    stage: Stage, visit: Visit, granted: GrantMade
) -> None:
    reading = stage.read(visit.pmr_id)
    first, second = reading.entries
    assert first.record == note("cough")
    assert isinstance(second.record, Study)
    assert (reading.not_covered, reading.suspects) == ((), ())


def test_every_custodian_signs_a_receipt_for_every_entry(
    stage: Stage, visit: Visit, granted: GrantMade
) -> None:
    before = len(stage.world.receipts)
    assert stage.read(visit.pmr_id).receipts == 8
    fresh_ones = [read_receipt(one) for one in stage.world.receipts[before:]]
    assert [one.grant_id for one in fresh_ones] == [granted.grant_id] * 8


def test_reading_says_nothing_to_the_ledger(stage: Stage, visit: Visit, granted: GrantMade) -> None:
    before = stage.traces().transactions
    stage.read(visit.pmr_id)
    stage.run(3)
    assert stage.traces().transactions == before


def test_a_doctor_who_was_told_of_no_grant_asks_nobody(
    stage: Stage, visit: Visit, granted: GrantMade
) -> None:
    flow = read_record(stage.ward, stage.doctor("d2"), visit.pmr_id, stage.entropy())
    with pytest.raises(NoGrantError, match=f"d2 holds no grant for PMR {visit.pmr_id}"):
        next(flow)


def test_a_grant_for_one_record_is_none_for_another(
    stage: Stage, visit: Visit, granted: GrantMade
) -> None:
    with pytest.raises(NoGrantError):
        next(read_record(stage.ward, stage.doctor("d1"), visit.pmr_id + 1, stage.entropy()))


def test_who_holds_anothers_grant_is_refused(
    stage: Stage, visit: Visit, granted: GrantMade
) -> None:
    thief = stage.doctor("d2")
    thief.grants.append(stage.doctor("d1").grants[-1])
    assert refusal(stage, visit, "d2") == "UNKNOWN_GRANT"
    thief.grants.clear()


def test_the_owner_of_no_grant_at_all_is_refused_by_every_custodian(
    stage: Stage, visit: Visit, granted: GrantMade
) -> None:
    doctor = stage.doctor("d2")
    doctor.grants.append(replace(stage.doctor("d1").grants[-1], grant_id=bytes(32)))
    error = stage.play(stage.reading(visit.pmr_id, "d2")).error
    assert error.refusals == tuple((index, "UNKNOWN_GRANT") for index in (1, 2, 3, 4))
    doctor.grants.clear()


def test_an_opinion_is_an_entry_that_names_what_was_read(stage: Stage, granted: GrantMade) -> None:
    visit = stage.visit("d0", "p2", entry=note("cough"))
    stage.grant(visit, "d2")
    flow = second_opinion(
        stage.ward, stage.doctor("d2"), visit.patient, visit.pmr_id, stage.entropy()
    )
    opinion = stage.do(flow)
    assert opinion.entry_index == 1
    assert [one.index for one in opinion.reading.entries] == [0]
    stage.grant(visit, "d1")
    written = stage.read(visit.pmr_id).entries[1].record
    assert isinstance(written, PmrEntry)
    assert written.treatment_summary == OPINION
    assert written.diagnosis == note().diagnosis
    assert written.lab_reports == ("entry 0",)


def test_an_opinion_without_a_grant_reads_and_writes_nothing(stage: Stage, visit: Visit) -> None:
    before = stage.traces()
    flow = second_opinion(
        stage.ward, stage.doctor("d2"), stage.patient("p0"), visit.pmr_id, stage.entropy()
    )
    assert isinstance(stage.play(flow).error, NoGrantError)
    stage.run(3)
    assert stage.traces() == before


def test_an_entry_of_after_the_grant_is_left_out_and_named(stage: Stage, case: Visit) -> None:
    stage.grant(case)
    stage.visit("d1", case.patient.name, on=decode_pmr_id(case.pmr_id).visit)
    reading = stage.read(case.pmr_id)
    assert [one.index for one in reading.entries] == [0]
    assert reading.not_covered == ((1, "OUT_OF_SCOPE"),)


def test_a_grant_of_other_sections_opens_no_study(stage: Stage, case: Visit) -> None:
    study = stage.scan(case)
    request = direct_request(stage.doctor("d1"), case.patient, case.pmr_id)
    narrow = replace(request, scope=scope_of(("diagnosis",)))
    stage.do(grant(stage.ward, narrow, seconds=600, entropy=stage.entropy()))
    reading = stage.read(case.pmr_id)
    assert [one.index for one in reading.entries] == [case.entry_index]
    assert reading.not_covered == ((study.entry_index, "OUT_OF_SCOPE"),)


def test_a_refusal_on_the_way_is_no_half_reading(
    stage: Stage, case: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the grant covers and custodians do not give must not look as if it were not there."""
    stage.visit("d0", case.patient.name, on=decode_pmr_id(case.pmr_id).visit)
    stage.grant(case)
    monkeypatch.setattr(release, "RELEASES_PER_GRANT_COUNT_MAX", 1)
    assert refusal(stage, case) == "RATE_LIMIT"


def test_a_newer_grant_that_has_ended_does_not_hide_an_older_one(stage: Stage, case: Visit) -> None:
    stage.grant(case)
    short = stage.grant(case, seconds=10)
    stage.until(lambda: min(stage.final_times()) >= short.valid_until_s)
    assert stage.read(case.pmr_id).entries


def test_what_one_grant_does_not_cover_another_may(stage: Stage, case: Visit) -> None:
    study = stage.scan(case)
    stage.grant(case)
    request = direct_request(stage.doctor("d1"), case.patient, case.pmr_id)
    narrow = replace(request, scope=scope_of(("diagnosis",)))
    stage.do(grant(stage.ward, narrow, seconds=600, entropy=stage.entropy()))
    reading = stage.read(case.pmr_id)
    assert [one.index for one in reading.entries] == [0, study.entry_index]
    assert reading.not_covered == ()


def test_a_grant_that_covers_no_entry_is_a_refusal(stage: Stage, visit: Visit, case: Visit) -> None:
    """It is for all records of another patient, and shown for this one's."""
    stage.grant(case, "d2")
    doctor = stage.doctor("d2")
    doctor.grants[-1] = replace(doctor.grants[-1], pmr_id=0)
    assert case.patient is not visit.patient
    assert refusal(stage, visit, "d2") == "OUT_OF_SCOPE"
    doctor.grants.clear()


def test_a_grant_ends_at_the_first_final_block_at_or_after_its_time(
    stage: Stage, case: Visit
) -> None:
    made = stage.grant(case, seconds=20)
    until_s = made.valid_until_s
    stage.until(lambda: max(stage.final_times()) >= until_s - 1)
    assert max(stage.final_times()) == until_s - 1
    assert stage.read(case.pmr_id).entries
    stage.until(lambda: min(stage.final_times()) >= until_s)
    assert refusal(stage, case) == "EXPIRED"
    receipts = [read_receipt(one) for one in stage.world.receipts]
    receipts = [one for one in receipts if one.grant_id == made.grant_id]
    released = [one.head_timestamp for one in receipts if one.status == 0]
    refused = [one.head_timestamp for one in receipts if one.status != 0]
    assert max(released) == until_s - 1
    assert min(refused) == until_s
    for core in stage.world.nodes.values():
        kept = [grant_id for grant_id, _ in core.custody.custodian.store.deposits()]
        assert made.grant_id not in kept


def test_a_revoked_grant_is_refused_once_that_is_final(stage: Stage, case: Visit) -> None:
    made = stage.grant(case)
    assert stage.read(case.pmr_id).entries
    stage.do(revoke(stage.ward, made))
    stage.run(2)
    assert refusal(stage, case) == "REVOKED"


def test_a_suspended_doctor_is_refused_although_the_grant_stands(stage: Stage, case: Visit) -> None:
    stage.onboard("d3").grant(case, "d3")
    regulators = tuple(stage.cast.regulators.values())
    stage.do(suspend_doctor(stage.ward, stage.doctor("d3"), regulators, seconds=None))
    stage.run(2)
    assert refusal(stage, case, "d3") == "NOT_LICENSED"


def test_fragments_of_a_broken_store_are_taken_from_others(stage: Stage, case: Visit) -> None:
    stage.grant(case)
    manifest = case.patient.wallet.manifest(case.filed.deal_id)
    holder = stage.cast.name_of(manifest.custodians[0])
    stage.spoil(holder, manifest.fragments[0].cid)
    reading = stage.read(case.pmr_id)
    assert reading.entries[0].record == note()
    ((entry, address, why),) = [(s.entry, s.custodian, s.why) for s in reading.suspects]
    assert (entry, address) == (0, manifest.custodians[0])
    assert manifest.fragments[0].cid.hex() in why


def test_too_many_broken_stores_are_an_error_that_names_each(stage: Stage, case: Visit) -> None:
    stage.grant(case)
    manifest = case.patient.wallet.manifest(case.filed.deal_id)
    for index in (1, 2, 4):
        holder = stage.cast.name_of(manifest.custodians[index - 1])
        stage.spoil(holder, manifest.fragments[index - 1].cid)
    error = stage.play(stage.reading(case.pmr_id)).error
    assert isinstance(error, FragmentsMissingError)
    assert [index for index, _ in error.faults] == [1, 2, 4]
    assert manifest.fragments[3].cid.hex() in str(error)


@pytest.mark.parametrize("liar", [1, 4])
def test_a_custodian_that_releases_a_wrong_share_is_named_and_the_record_opens(
    stage: Stage, case: Visit, liar: int
) -> None:
    stage.grant(case)
    spoil_share(stage, case, liar)
    reading = stage.read(case.pmr_id)
    assert reading.entries[0].record == note()
    (suspect,) = reading.suspects
    assert (suspect.custodian, suspect.why) == (case.filed.custodians[liar - 1], LIED)


def test_three_liars_of_four_leave_no_key(stage: Stage, case: Visit) -> None:
    stage.grant(case)
    for index in (1, 2, 3):
        spoil_share(stage, case, index)
    assert isinstance(stage.play(stage.reading(case.pmr_id)).error, WrongKeyError)


def test_a_receipt_with_a_strangers_signature_is_named_and_the_record_opens(
    stage: Stage, case: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.grant(case)
    forger = custodian(stage, case, 2).custody.custodian
    monkeypatch.setattr(forger, "_signer", stage.doctor("d0").signer)
    reading = stage.read(case.pmr_id)
    (suspect,) = reading.suspects
    assert suspect.custodian == case.filed.custodians[1]
    assert "not signed by the custodian" in suspect.why


def test_a_custodian_with_an_unreadable_share_is_silent_and_the_record_opens(
    stage: Stage, case: Visit
) -> None:
    stage.grant(case)
    store = custodian(stage, case, 1).custody.custodian.store
    holding = store.holding(case.filed.deal_id)
    store.put_holding(case.filed.deal_id, Holding(holding.manifest, holding.share[:50]))
    reading = stage.read(case.pmr_id)
    assert reading.receipts == 3
    assert reading.entries[0].record == note()


def test_a_record_that_is_not_what_the_ledger_commits_to_is_refused(
    stage: Stage, visit: Visit, granted: GrantMade, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dealer could put one record under the commitment of another."""
    monkeypatch.setattr("node.workflows.read_record.body_of", lambda _record: b"another")
    error = stage.play(stage.reading(visit.pmr_id)).error
    assert isinstance(error, CommitmentError)
    assert f"entry 0 of PMR {visit.pmr_id}" in str(error)
