"""Emergencies and copies: what is a finding, and whose time still runs."""

from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from node.app.audit.disclosures import disclosures_of
from node.app.audit.evidence import Evidence
from node.app.audit.ledger_facts import LedgerFacts, Moment
from node.app.audit.ledger_reading import read_ledger
from node.app.audit.run import judge
from node.app.audit.source import Shelf
from node.privacy.emergency import emergency_grant_id
from node.privacy.release_messages import Status
from node.sim.audit_folder import RunFolder
from node.sim.runner import run_scenario

REVIEW_S = 60
COPY_S = 72 * 3600
WARD = f"""\
wardnet: 1
name: glass
run: {{seed: 12, until: 5m}}
chain: {{consensus: qbft, period: 2s, token: erc1155}}
records: {{sharing: {{t: 2, n: 4}}, emergency_review: {REVIEW_S}s}}
network: {{validators: 4}}
actors:
  doctors: {{gp: {{hospital: h0}}, er: {{hospital: h1}}}}
  patients: {{pat: {{hospital: h0, emergency: true}}}}
steps:
  - {{do: onboard_doctor, doctor: gp}}
  - {{do: onboard_doctor, doctor: er}}
  - {{do: register_patient, patient: pat}}
  - {{do: consult, id: visit, doctor: gp, patient: pat}}
  - {{do: emergency_access, id: glass, doctor: er, patient: pat, reason: unconscious, for: 2m}}
  - {{do: read_record, doctor: er, pmr: visit}}
  - {{do: review_emergency, emergency: glass, outcome: life-saving}}
  - {{do: request_copy, id: asked, patient: pat}}
  - {{do: issue_copy, hospital: h0, copy: asked}}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    base = tmp_path_factory.mktemp("care")
    (base / "glass.yaml").write_text(WARD)
    done = run_scenario(base / "glass.yaml", out=base / "run")
    assert done.results["verdict"] == "valid", done.results
    return base / "run"


@cache
def source(path: Path) -> RunFolder:
    return RunFolder(path, executes=False)


def evidence(path: Path, change=None, shelf=None) -> Evidence:
    """Give evidence of the run, of one's own, after a change of the facts or of the shelves."""
    read = copy(source(path))
    ledger = read.ledger()
    assert ledger is not None
    facts = read_ledger(ledger, read.contracts)
    if change is not None:
        change(facts)
    if shelf is not None:
        read.shelves = tuple(map(shelf, read.shelves))
    return Evidence(read, ledger.chain_id, facts)


def said(one: Evidence) -> list[tuple[str, str]]:
    judge(one)
    return [(found.rule, found.what) for found in one.report.findings]


def only(facts: LedgerFacts):
    (line,) = facts.emergencies.values()
    return line


def without(facts: LedgerFacts, kind: str) -> None:
    facts.care = [one for one in facts.care if type(one).__name__ != kind]


def at(facts: LedgerFacts, time_s: int) -> None:
    facts.head = Moment(facts.head.number, time_s)


def test_a_reviewed_emergency_and_a_copy_in_time_are_clean_in_erc1155_too(run) -> None:
    one = evidence(run)
    assert said(one) == []
    counts = one.counts
    assert (counts.emergencies, counts.reviews_to_come, counts.not_justified) == (1, 0, 0)
    assert (counts.copies, counts.copies_to_come) == (1, 0)
    assert counts.opened == counts.entries + counts.details == 2
    assert list(one.facts.mints) == [101012026]


def test_a_visit_minted_twice_in_erc1155_is_named(run) -> None:
    one = evidence(run, lambda facts: facts.mints[101012026].append(Moment(9, 9)))
    assert ("token", "was minted 2 times") in said(one)


def test_who_read_in_an_emergency_is_told_to_the_patient(run) -> None:
    one = evidence(run)
    told = {(each.who, each.purpose, each.outcome) for each in disclosures_of(one, 1)}
    assert ("doctor 2 (Doctor er)", "ETREAT", "RELEASED") in told


def test_a_review_may_still_come_until_it_is_due(run) -> None:
    def open_until(facts: LedgerFacts) -> None:
        without(facts, "EmergencyReviewed")
        at(facts, only(facts).at.time_s + REVIEW_S)

    one = evidence(run, open_until)
    assert [rule for rule, _ in said(one)] == []
    assert one.counts.reviews_to_come == 1

    def over(facts: LedgerFacts) -> None:
        open_until(facts)
        at(facts, facts.head.time_s + 1)

    late = evidence(run, over)
    assert [(rule, "was not reviewed" in what) for rule, what in said(late)] == [
        ("emergency", True)
    ]


@pytest.mark.parametrize(
    ("changed", "rules"),
    [({"late": True}, ["emergency"]), ({"justified": False}, [])],
    ids=["late", "not justified: the authority's judgement, and no finding"],
)
def test_a_late_review_is_a_finding(run, changed, rules) -> None:
    def review(facts: LedgerFacts) -> None:
        facts.care = [
            replace(one, **changed) if type(one).__name__ == "EmergencyReviewed" else one
            for one in facts.care
        ]

    one = evidence(run, review)
    assert [rule for rule, _ in said(one)] == rules
    assert one.counts.not_justified == (changed == {"justified": False})


def test_a_copy_is_overdue_from_the_second_after_72_hours_on(run) -> None:
    def open_at(facts: LedgerFacts, extra_s: int) -> None:
        without(facts, "CopyIssued")
        due = next(one.due for one in facts.care if type(one).__name__ == "CopyRequested")
        at(facts, due + extra_s)

    one = evidence(run, lambda facts: open_at(facts, 0))
    assert [rule for rule, _ in said(one)] == []
    assert one.counts.copies_to_come == 1
    late = evidence(run, lambda facts: open_at(facts, 1))
    assert [rule for rule, _ in said(late)] == ["copy"]


def test_a_copy_that_came_late_is_a_finding(run) -> None:
    def issue(facts: LedgerFacts) -> None:
        facts.care = [
            replace(one, late=True) if type(one).__name__ == "CopyIssued" else one
            for one in facts.care
        ]

    assert [rule for rule, _ in said(evidence(run, issue))] == ["copy"]


def released(one: Evidence) -> Moment:
    """Give the block of the newest release in the emergency."""
    newest = max(
        receipt.head.number
        for shelf in one.shelves
        for receipt in shelf.custody.receipts()
        if receipt.status is Status.RELEASED and receipt.grant_id in one.facts.emergencies
    )
    return Moment(newest, one.facts.hashes[newest][1])


def changed(**event):
    def change(facts: LedgerFacts) -> None:
        (emergency_id,) = facts.emergencies
        line = facts.emergencies[emergency_id]
        event_then = replace(line.event, **event)
        facts.emergencies[emergency_id] = line._replace(event=event_then, ended_s=None)

    return change


def test_a_release_has_to_lie_inside_its_emergency(run) -> None:
    last = released(evidence(run))
    inside = evidence(run, changed(until=last.time_s + 1))
    assert "window" not in {rule for rule, _ in said(inside)}
    after = evidence(run, changed(until=last.time_s))
    assert {rule for rule, _ in said(after)} >= {"window"}

    def later(facts: LedgerFacts) -> None:
        (emergency_id,) = facts.emergencies
        line = facts.emergencies[emergency_id]
        facts.emergencies[emergency_id] = line._replace(at=Moment(last.number + 1, last.time_s))

    assert {rule for rule, _ in said(evidence(run, later))} >= {"window"}


def test_the_end_of_an_emergency_is_what_its_review_says(run) -> None:
    line = only(evidence(run).facts)
    [review] = [
        one for one in evidence(run).facts.care if type(one).__name__ == "EmergencyReviewed"
    ]
    assert line.ended_s == review.until == line.event.until


def test_a_release_has_to_lie_before_the_review_that_ended_the_emergency(run) -> None:
    last = released(evidence(run))

    def end(facts: LedgerFacts, at_s: int) -> None:
        (emergency_id,) = facts.emergencies
        facts.emergencies[emergency_id] = only(facts)._replace(ended_s=at_s)

    inside = evidence(run, lambda facts: end(facts, last.time_s + 1))
    assert "window" not in {rule for rule, _ in said(inside)}
    after = evidence(run, lambda facts: end(facts, last.time_s))
    assert {rule for rule, _ in said(after)} == {"window"}


def test_no_emergency_lasts_more_than_a_day_whatever_the_contract_says(run) -> None:
    one = evidence(run, changed(until=2**40))
    line = only(one.facts)
    assert line.end_s == line.at.time_s + 24 * 3600


def test_an_emergency_of_another_patient_covers_nothing(run) -> None:
    found = said(evidence(run, changed(patient_id=2)))
    assert {rule for rule, _ in found} >= {"release"}
    assert any("which is not about it" in what for _, what in found)


def test_what_was_left_for_another_patients_emergencies_is_a_stray(run) -> None:
    before = evidence(run)
    deal = next(one for one in before.current() if one.filing.pmr_id)
    strange = emergency_grant_id(before.chain_id, 2)

    def lend(shelf: Shelf) -> Shelf:
        return replace(shelf, custody=replace(shelf.custody, lent=((strange, deal.deal_id),)))

    assert {rule for rule, _ in said(evidence(run, shelf=lend))} == {"deposit"}
