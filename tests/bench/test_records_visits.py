import pytest

pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")

from node.bench.errors import CandidateFaultError
from node.bench.records_visits import run_visits


@pytest.mark.slow
def test_a_visit_is_about_eight_transactions_and_ends_well():
    found = run_visits("revm", 3)
    assert 7 < found.transactions / found.visits < 20
    assert found.blocks > 5
    assert 0 < found.ledger_cpu_s < found.cpu_s


@pytest.mark.slow
def test_a_step_that_does_not_end_well_is_told(monkeypatch):
    monkeypatch.setattr("node.bench.records_visits._VISIT_S", 10)
    with pytest.raises(CandidateFaultError, match="it has not ended"):
        run_visits("revm", 1)
