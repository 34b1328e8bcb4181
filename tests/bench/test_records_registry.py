import pytest

pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")

from node.bench import records_registry
from node.bench.errors import CandidateFaultError
from node.bench.records_registry import Registered, run_registrations


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(records_registry, "WINDOW", 10)
    monkeypatch.setattr(records_registry, "BLOCK", 5)


def test_both_executors_have_both_windows():
    told = []
    found = run_registrations(100, told.append)
    assert [one.executor for one in found] == ["revm", "py-evm"]
    assert all(one.first_us > 0 and one.ratio > 0 for one in found)
    assert told


def test_a_registration_that_is_refused_is_told(monkeypatch):
    monkeypatch.setattr(records_registry, "keccak256", lambda _data: bytes(32))
    with pytest.raises(CandidateFaultError, match="registrations"):
        run_registrations(20, lambda _sentence: None)


def test_the_ratio_is_the_last_over_the_first():
    assert Registered(executor="revm", first_us=2.0, last_us=3.0).ratio == 1.5
