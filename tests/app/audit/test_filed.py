"""What opens, against what a device or a claimant filed: figures of the ledger and its own."""

from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from node.app.audit.evidence import Evidence
from node.app.audit.ledger_facts import LedgerFacts
from node.app.audit.ledger_reading import read_ledger
from node.app.audit.releases import check_releases
from node.app.audit.run import judge
from node.contracts.pmr_token import EntryKind
from node.privacy.consent import scope_of
from node.sim.audit_folder import RunFolder
from node.sim.runner import run_scenario

WARD = """\
wardnet: 1
name: filed
run: {seed: 13, until: 5m}
chain: {consensus: qbft, period: 2s}
records: {sharing: {t: 2, n: 4}}
network: {validators: 5}
actors:
  doctors: {doc: {hospital: h0}, er: {hospital: h1}}
  patients: {pat: {hospital: h0}}
  insurers: {ins: {hospital: h4}}
  devices: {monitor: {hospital: h0}}
steps:
  - {do: onboard_doctor, doctor: doc}
  - {do: onboard_doctor, doctor: er}
  - {do: register_patient, patient: pat}
  - {do: bind_policy, id: policy, insurer: ins, patient: pat, for: 365d, covers: [consultation]}
  - {do: consult, id: visit, doctor: doc, patient: pat}
  - {do: bind_device, device: monitor, doctor: doc, pmr: visit}
  - {do: file_readings, id: morning, device: monitor, kind: heart_rate, readings: 3, every: 5s}
  - {do: grant, patient: pat, insurer: ins, pmr: visit, purpose: HPAYMT, for: 1h,
     scope: [diagnosis, insurance, later]}
  - {do: grant, patient: pat, doctor: er, pmr: visit, scope: [iomt], for: 1h}
  - {do: claim_insurance, id: claim, policy: policy, pmr: visit, amount: 100, hospital: h0}
  - {do: read_record, insurer: ins, pmr: visit}
  - {do: read_record, doctor: er, pmr: visit}
"""
PMR = 101012026
BATCH, CLAIM = (PMR, 1), (PMR, 2)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    base = tmp_path_factory.mktemp("filed")
    (base / "filed.yaml").write_text(WARD)
    done = run_scenario(base / "filed.yaml", out=base / "run")
    assert done.results["verdict"] == "valid", done.results
    return base / "run"


@cache
def source(path: Path) -> RunFolder:
    return RunFolder(path, executes=False)


def evidence(path: Path, change=None) -> Evidence:
    read = copy(source(path))
    ledger = read.ledger()
    assert ledger is not None
    facts = read_ledger(ledger, read.contracts)
    if change is not None:
        change(facts)
    return Evidence(read, ledger.chain_id, facts)


def said(one: Evidence) -> list[tuple[str, str, str]]:
    judge(one)
    return [tuple(each) for each in one.report.findings]


def test_batches_and_claims_are_opened_and_are_what_was_filed(run) -> None:
    """The insurer's operator is no custodian: it keeps fragments under the grant alone."""
    one = evidence(run)
    assert said(one) == []
    assert one.counts.opened == 4
    assert (list(one.facts.batches), list(one.facts.claims)) == ([BATCH], [CLAIM])
    (insurer,) = one.facts.parties
    assert one.facts.name_of(insurer) == f"insurer 0x{insurer.hex()}"
    assert one.facts.operators_of(insurer) == (one.facts.hospitals[5],)


def other_root(facts: LedgerFacts) -> None:
    facts.batches[BATCH] = replace(facts.batches[BATCH], root=bytes(32))


def other_number(facts: LedgerFacts) -> None:
    facts.batches[BATCH] = replace(facts.batches[BATCH], first_sequence=9)


def other_amount(facts: LedgerFacts) -> None:
    facts.claims[CLAIM] = replace(facts.claims[CLAIM], amount=101)


def other_entries(facts: LedgerFacts) -> None:
    facts.claims[CLAIM] = replace(facts.claims[CLAIM], entries=2)


def a_scan(facts: LedgerFacts) -> None:
    facts.filings[*BATCH, 0].kind = EntryKind.LAB


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (other_root, BATCH, "another Merkle root"),
        (other_number, BATCH, "of other numbers"),
        (other_amount, CLAIM, "another amount"),
        (other_entries, CLAIM, "other entries"),
        (a_scan, BATCH, "of kind ReadingBatch, the ledger has Study"),
    ],
)
def test_what_opens_is_held_against_the_register(run, change, place, words) -> None:
    found = said(evidence(run, change))
    name = f"PMR {PMR} entry {place[1]}"
    (what,) = [what for record, rule, what in found if (record, rule) == (name, "content")]
    assert words in what


def test_an_entry_that_no_register_filed_is_named(run) -> None:
    def nobody(facts: LedgerFacts) -> None:
        facts.batches.clear()
        facts.claims.clear()

    assert {(record, rule, what) for record, rule, what in said(evidence(run, nobody))} == {
        (f"PMR {PMR} entry 1", "entry", "is a device's, and no device filed it"),
        (f"PMR {PMR} entry 2", "entry", "is a claimant's, and no claimant filed it"),
    }


def test_a_filing_without_its_entry_is_named(run) -> None:
    def another(facts: LedgerFacts) -> None:
        facts.claims[PMR, 0] = facts.claims[CLAIM]

    assert said(evidence(run, another)) == [
        (f"PMR {PMR} entry 0", "entry", "was filed by a claimant, and is no entry of that kind")
    ]


def test_readings_need_their_own_section_of_the_grant(run) -> None:
    """A custodian counts a batch as ``iomt``: the audit has to do the same."""

    def diagnosis_only(facts: LedgerFacts) -> None:
        for line in facts.grants.values():
            if line.event.scope == scope_of(("iomt",)).to_bytes(32):
                line.event = replace(line.event, scope=scope_of(("diagnosis",)).to_bytes(32))

    one = evidence(run, diagnosis_only)
    check_releases(one)
    assert {record.partition(",")[0] for record, _, _ in one.report.findings} == {
        f"PMR {PMR} entry 1"
    }
