"""One run with all that an audit looks at, written to a folder once for all tests."""

from collections.abc import Callable
from copy import copy
from functools import cache
from pathlib import Path

import pytest

from node.app.audit.evidence import Evidence
from node.app.audit.ledger_facts import LedgerFacts
from node.app.audit.ledger_reading import read_ledger
from node.app.audit.run import judge
from node.app.audit.source import Shelf
from node.sim.audit_folder import RunFolder
from node.sim.runner import run_scenario

WARD = """\
wardnet: 1
name: audited
run: {seed: 11, until: 4m}
chain: {consensus: qbft, period: 2s}
records: {sharing: {t: 3, n: 4}}
network: {validators: 5}
actors:
  doctors: {d0: {hospital: h0}, d1: {hospital: h1}}
  patients: {p0: {hospital: h0, attendant: true}, p1: {hospital: h1}}
  labs: {l0: {hospital: h0}}
steps:
  - {do: onboard_doctor, doctor: d0}
  - {do: onboard_doctor, doctor: d1}
  - {do: register_patient, patient: p0}
  - {do: register_patient, patient: p1}
  - {do: consult, id: visit, doctor: d0, patient: p0}
  - {do: consult, id: other, doctor: d1, patient: p1}
  - {do: order_lab, id: order, doctor: d0, pmr: visit, modality: CT}
  - {do: perform_lab, id: scan, lab: l0, order: order, study: pydicom:CT_small}
  - {do: grant, id: given, patient: p0, doctor: d1, pmr: visit, for: 1h}
  - {do: read_record, id: read, doctor: d1, pmr: visit}
  - {do: second_opinion, id: opinion, doctor: d1, pmr: visit}
  - {do: revoke, id: back, patient: p0, grant: given}
  - {do: read_record, id: late, doctor: d1, pmr: visit, expect: refused, error: REVOKED}
  - {do: grant, id: short, patient: p0, doctor: d1, pmr: visit, for: 20s}
  - {do: refresh_epoch, id: refresh, patient: p0, record: visit}
  - {do: rotate_key, id: anew, patient: p0, record: scan}
  - {do: read_own, id: own, patient: p1, record: other}
  - {do: erase, id: erasure, patient: p1, pmr: other, basis: GDPR-17}
  - {do: audit, id: after-all, at: 3m}
"""
"""Visits, a scan, a revoked grant and one that ends, a refresh, a new generation, an erasure.

Four of the five hospitals keep each record.
"""


def folder(factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the run; nobody writes into it."""
    base = factory.getbasetemp() / "audited"
    if not base.exists():
        base.mkdir()
        file = base / "audited.yaml"
        file.write_text(WARD)
        result = run_scenario(file, out=base / "run")
        assert result.results["verdict"] == "valid", result.results
    return base / "run"


@cache
def _source(path: Path) -> RunFolder:
    return RunFolder(path, executes=False)


def evidence(
    factory: pytest.TempPathFactory,
    facts: Callable[[LedgerFacts], object] | None = None,
    shelf: Callable[[Shelf], Shelf] | None = None,
) -> Evidence:
    """Give evidence of the run, of one's own.

    ``facts``     changes what the ledger says.
    ``shelf``     gives what a node keeps instead.
    """
    source = copy(_source(folder(factory)))
    ledger = source.ledger()
    assert ledger is not None
    read = read_ledger(ledger, source.contracts)
    if facts is not None:
        facts(read)
    if shelf is not None:
        source.shelves = tuple(map(shelf, source.shelves))
    return Evidence(source, ledger.chain_id, read)


def found(one: Evidence) -> list[tuple[str, str, str]]:
    """Judge evidence; give record, rule and what differs of each finding."""
    judge(one)
    return [tuple(finding) for finding in one.report.findings]


def named(one: Evidence) -> set[tuple[str, str]]:
    """Judge evidence; give record and rule of the findings."""
    return {(record, rule) for record, rule, _ in found(one)}
