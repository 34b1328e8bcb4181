from pathlib import Path

import pytest

from node.bench import child
from node.bench.child import run_child
from node.bench.errors import CandidateFaultError
from node.bench.own import Job

JOB = Job(mode="build", executor="py-evm", transactions=2, block_transactions=2)


def test_child_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # it finds the package from anywhere
    found = run_child("build", "node.bench.own", JOB.to_json())
    assert found.transactions == 2
    assert len(bytes.fromhex(found.state_root)) == 32


def test_child_that_fails_is_named_with_its_last_words() -> None:
    with pytest.raises(CandidateFaultError, match=r"^odd: ended with 1: .*KeyError: 'sideways'"):
        run_child("odd", "node.bench.own", JOB.to_json().replace("build", "sideways"))


def test_child_that_prints_something_else_is_told() -> None:
    with pytest.raises(CandidateFaultError, match="printed"):
        run_child("odd", "this", "")


def test_child_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "RUN_SECONDS_MAX", 0.01)
    with pytest.raises(CandidateFaultError, match="no end"):
        run_child("slow", "node.bench.own", JOB.to_json())
