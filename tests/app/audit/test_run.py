"""The audit of a source, whole or without a chain to believe."""

from node.app.audit.findings import Finding
from node.app.audit.run import audit
from node.sim.audit_folder import RunFolder
from tests.sim.audited import folder


def test_what_the_source_found_stands_first(tmp_path_factory, monkeypatch) -> None:
    source = RunFolder(folder(tmp_path_factory), executes=False)
    strange = Finding("head of h9", "heads", "left the chain")
    monkeypatch.setattr(source, "_found", [strange])
    report, evidence = audit(source)
    assert report.findings == [strange]
    assert evidence is not None


def test_without_a_chain_nothing_else_is_judged(tmp_path_factory, monkeypatch) -> None:
    source = RunFolder(folder(tmp_path_factory), executes=False)
    monkeypatch.setattr(source, "_ledger", None)
    report, evidence = audit(source)
    assert report.is_clean
    assert evidence is None
