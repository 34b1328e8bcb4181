import json
from dataclasses import replace
from pathlib import Path

import pytest

from node.bench import own
from node.bench.errors import CandidateFaultError
from node.bench.own import JOBS, Job, main
from node.bench.stages import STAGES

JOB = Job(mode="build", executor="py-evm", transactions=7, block_transactions=3)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "blocks"
    JOBS["build"](replace(JOB, chain=str(path)))
    return path


def test_build_and_import_and_memo_come_to_the_same_state(chain: Path) -> None:
    jobs = [JOB, *(replace(JOB, mode=mode, chain=str(chain)) for mode in ("import", "memo"))]
    found = [JOBS[job.mode](job) for job in jobs]
    assert len({(each.state_root, each.digest, each.transactions) for each in found}) == 1


def test_state_does_not_depend_on_the_size_of_blocks() -> None:
    assert JOBS["build"](JOB).state_root == (
        JOBS["build"](replace(JOB, block_transactions=50)).state_root
    )


def test_one_call_more_is_another_state() -> None:
    more = JOBS["build"](replace(JOB, transactions=8))
    less = JOBS["build"](JOB)
    assert more.state_root != less.state_root
    assert more.digest != less.digest


def test_revm_comes_to_the_state_of_py_evm(chain: Path) -> None:
    pytest.importorskip("pyrevm", reason="needs the package pyrevm")
    job = replace(JOB, mode="import", executor="revm", chain=str(chain))
    assert JOBS["import"](job).state_root == JOBS["build"](JOB).state_root


def test_stages_add_up_to_the_whole() -> None:
    found = JOBS["build"](JOB)
    assert found.cpu_us_per_tx is not None
    assert tuple(found.stages) == STAGES
    assert sum(found.stages.values()) == pytest.approx(found.cpu_us_per_tx)
    assert all(took > 0 for took in found.stages.values())


def test_workload_is_the_one_of_the_specification() -> None:
    """119.7 k gas and 4.0 slots per call on average."""
    found = JOBS["build"](replace(JOB, transactions=20)).figures
    assert found["slots_per_tx"] == 4.0
    assert found["gas_per_tx"] == pytest.approx(119_700, rel=0.01)


def test_memo_executes_nothing(chain: Path) -> None:
    found = JOBS["memo"](replace(JOB, mode="memo", chain=str(chain)))
    assert (found.stages["execute"], found.stages["root"]) == (0, 0)
    assert found.stages["lists"] > 0


def test_memo_that_misses_is_told(chain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own.SharedMemo, "find", lambda memo, key: None)
    with pytest.raises(CandidateFaultError, match="0 hits"):
        JOBS["memo"](replace(JOB, mode="memo", chain=str(chain)))


def test_block_that_is_too_full_is_told() -> None:
    # the gas target is 15 million: calls of 250,000 gas and more than 110,000 used
    job = replace(JOB, transactions=160, block_transactions=160)
    with pytest.raises(CandidateFaultError, match="gas target is full"):
        JOBS["build"](job)


def test_fresh_node_is_small() -> None:
    found = JOBS["fresh"](replace(JOB, transactions=0))
    assert 0 < found.figures["node_bytes"] <= 100_000


def test_program_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    main([JOB.to_json()])
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["transactions"] == 7
