import sys
from pathlib import Path

import pytest

from node.base.errors import ConfigError
from node.bench import candidates as module
from node.bench.candidates import MODES, candidates, executors
from node.bench.measured import Measured
from node.bench.rpc_run import RPC_MODES
from tests.bench.fakes import fake

DONE = Measured(transactions=1, cpu_us_per_tx=1, wall_us_per_tx=1, digest="")


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Note the children instead of starting them."""
    started: list[tuple[str, str, str]] = []

    def note(*words: str) -> Measured:
        started.append(words)
        return DONE

    monkeypatch.setattr(module, "run_child", note)
    return started


def names_of(mode: str, tmp_path: Path, *executors: str) -> list[str]:
    found = candidates(mode, executors or ("py-evm",), 20, [], tmp_path)
    return [candidate.name for candidate in found]


def test_one_round_of_each_mode(children: list, tmp_path: Path) -> None:
    found = {mode: names_of(mode, tmp_path) for mode in MODES}
    assert found == {
        "execute": ["py-evm build", "py-evm import", "eth-tester"],
        "memo": ["py-evm import", "py-evm memo"],
        "replay": ["py-evm replay"],
        "scale": ["py-evm 20", "py-evm 400"],
        "fresh": ["py-evm fresh"],
    }


def test_two_executors_stand_side_by_side(children: list, tmp_path: Path) -> None:
    assert names_of("execute", tmp_path, "py-evm", "revm") == [
        *("py-evm build", "py-evm import", "revm build", "revm import", "eth-tester")
    ]


@pytest.mark.parametrize("mode", MODES)
def test_every_base_is_a_row(children: list, tmp_path: Path, mode: str) -> None:
    found = candidates(mode, ("py-evm", "revm"), 20, [fake()], tmp_path)
    names = {candidate.name for candidate in found}
    assert len(names) == len(found)
    assert {candidate.base for candidate in found} <= names


def test_every_client_runs_in_every_mode(children: list, tmp_path: Path) -> None:
    found = candidates("execute", ("py-evm",), 20, [fake()], tmp_path)
    assert [each.name for each in found[3:]] == [f"fake {mode}" for mode in RPC_MODES]


def test_chain_is_built_once_and_read_by_all_imports(
    children: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    for candidate in candidates("execute", ("py-evm", "revm"), 20, [], tmp_path):
        candidate.run()
    with_chain = [name for name, _, word in children if str(tmp_path) in word]
    assert with_chain == ["the chain to import", "py-evm import", "revm import"]


def test_replay_has_blocks_of_ten(children: list[tuple[str, str, str]], tmp_path: Path) -> None:
    names_of("replay", tmp_path)
    assert '"block_transactions": 10' in children[0][2]


def test_unknown_executor_is_told_with_the_choice() -> None:
    with pytest.raises(ConfigError, match=r"'geth', choose one of py-evm, revm, fast, all"):
        executors("geth")


def test_fast_is_revm() -> None:
    pytest.importorskip("pyrevm", reason="needs the package pyrevm")
    assert executors("fast") == (("revm",), {}) == executors("revm")


def test_executor_that_is_not_installed_is_absent_from_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    found, absent = executors("all")
    assert found == ("py-evm",)
    assert "pyrevm" in absent["revm"]


def test_executor_that_was_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    with pytest.raises(ConfigError, match="revm needs the package pyrevm"):
        executors("fast")
