"""One scenario under many seeds."""

from pathlib import Path

import pytest

from node.base.errors import ConfigError
from node.sim import sweep as module
from node.sim.cast import secrets_of
from node.sim.schema.faults import ScenarioFileError
from node.sim.sweep import SweepRow, read_rows, sweep, write_rows

TEXT = """\
wardnet: 1
name: many
run: {until: 3s}
chain: {consensus: clique, period: 1s}
network: {validators: 2}
expect:
  - {always: chain_linked}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "many.yaml"
    path.write_text(TEXT)
    return path


def test_each_seed_is_a_run_of_its_own(file: Path) -> None:
    rows = sweep(file, range(3, 6))
    assert [row.seed for row in rows] == [3, 4, 5]
    assert len({row.digest for row in rows}) == len({row.key for row in rows}) == 3
    assert {row.verdict for row in rows} == {"valid"}


def test_the_engine_of_the_options_is_the_one_that_runs(file: Path) -> None:
    (row,) = sweep(file, [1], options={"engine": "qbft"})
    assert row.engine == "qbft"
    assert row.blocks_to_finality == 0


def test_what_is_known_is_not_run_again(file: Path) -> None:
    known = {row.key: row for row in sweep(file, range(1, 3))}
    ran: list[int] = []
    assert [
        row.seed for row in sweep(file, range(1, 4), known=known, tell=lambda r: ran.append(r.seed))
    ] == [
        1,
        2,
        3,
    ]
    assert ran == [3]


def test_a_changed_scenario_is_another_run(file: Path) -> None:
    (before,) = sweep(file, [1])
    file.write_text(TEXT.replace("until: 3s", "until: 4s"))
    (after,) = sweep(file, [1])
    assert before.key != after.key


def test_rows_are_written_sorted_and_come_back(file: Path, tmp_path: Path) -> None:
    rows = sweep(file, range(1, 4))
    path = tmp_path / "sweep.jsonl"
    write_rows(path, rows)
    text = path.read_text()
    write_rows(path, reversed(rows))
    assert path.read_text() == text
    assert read_rows(path) == {row.key: row for row in rows}


def test_no_file_has_no_rows(tmp_path: Path) -> None:
    assert read_rows(tmp_path / "absent.jsonl") == {}


@pytest.mark.parametrize("line", [b"{}", b"no json", b"[1]", b"\xff\xfe"])
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "sweep.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(ConfigError, match=r"sweep\.jsonl:1: no row of a sweep"):
        read_rows(path)


def test_a_faulty_file_runs_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(TEXT + "nonsense: 1\n")
    monkeypatch.setattr(module, "judge_scenario", None)
    with pytest.raises(ScenarioFileError):
        sweep(file, range(1, 3))


@pytest.mark.slow
def test_several_processes_give_the_same_rows(file: Path) -> None:
    seeds = range(1, 12)

    def rows(workers: int) -> list[SweepRow]:
        return sweep(file, seeds, workers=workers)

    assert rows(2) == rows(1)


def test_an_error_of_the_simulator_costs_one_row(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = module.judge_scenario

    def breaks(scenario, given):
        if scenario.run.seed == 2:
            raise AssertionError("boom")
        return judge(scenario, given)

    monkeypatch.setattr(module, "judge_scenario", breaks)
    rows = sweep(file, range(1, 4))
    assert [row.verdict for row in rows] == ["valid", "unknown", "valid"]
    assert rows[1].cause == "AssertionError: boom"


@pytest.mark.slow
def test_a_run_that_kills_its_process_is_unknown_and_the_others_stay(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel does to one that takes too much memory."""
    own = secrets_of(3, "h0").signer.address
    (tmp_path / "killing.py").write_text(
        "import os, signal\n"
        "from examples.round_robin import Engine as Example\n"
        "class Engine(Example):\n"
        "    def on_built(self, event, now, out):\n"
        f"        if self._own.hex() == '{own.hex()}':\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return super().on_built(event, now, out)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    rows = sweep(file, range(1, 6), options={"engine": "killing:Engine"}, workers=2)
    assert [row.verdict for row in rows] == ["valid", "valid", "unknown", "valid", "valid"]
    assert rows[2].why == "its process was killed 3 times"
