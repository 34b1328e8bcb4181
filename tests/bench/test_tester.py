import json

import pytest

from node.bench.child import run_child
from node.bench.own import JOBS, Job
from node.bench.tester import main


def test_eth_tester_answers_as_our_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    main(["4"])
    found = json.loads(capsys.readouterr().out)
    job = Job(mode="build", executor="py-evm", transactions=4, block_transactions=50)
    assert found["digest"] == JOBS["build"](job).digest
    assert found["cpu_us_per_tx"] > 0
    assert found["state_root"] == ""


@pytest.mark.slow
def test_eth_tester_runs_as_a_child() -> None:
    assert run_child("eth-tester", "node.bench.tester", "2").transactions == 2
