from pathlib import Path

import pytest

from node.bench import store
from node.bench.errors import CandidateFaultError
from node.bench.store import NPM, Part, Sizes, measure, pieces, rows

_SMALL = Sizes(import_mib=2, add_mib=2, puts=32)


def test_every_part_does_its_work_once_a_round(tmp_path: Path) -> None:
    said: list[str] = []
    document = measure(2, _SMALL, None, tmp_path, said.append)
    names = [row["name"] for row in document["rows"]]
    assert "durable add" in names
    assert len(said) == 2 * len(names)
    assert all(len(row["rounds"]) == 2 and row["best"] > 0 for row in document["rows"])
    assert document["exit_code"] == 0
    assert document["slowness"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_peer_that_is_not_there_is_named(tmp_path: Path) -> None:
    document = measure(1, _SMALL, tmp_path, tmp_path, lambda _: None)
    ((absent),) = document["absent"]
    assert absent["name"] == NPM
    assert not any(row["name"].startswith(NPM) for row in document["rows"])


def test_a_peer_with_another_root_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "peer.mjs"
    script.write_text('console.log(JSON.stringify({ cpu_s: 1, cid: "bafk" }))')
    monkeypatch.setattr(store, "_SCRIPT", script)
    (tmp_path / "node_modules" / NPM).mkdir(parents=True)
    (tmp_path / "node_modules" / NPM / "package.json").write_text("{}")
    if store.which("node") is None:
        pytest.skip("needs node")
    with pytest.raises(CandidateFaultError, match="made bafk where we make bafy"):
        measure(1, _SMALL, tmp_path, tmp_path, lambda _: None)


def _nothing(_folder: Path) -> float:
    raise AssertionError("only the figures are looked at")


def test_a_cost_is_best_when_low_and_a_rate_when_high() -> None:
    cost, rate = Part("a", "cpu-s", _nothing, most=1.5), Part("b", "MB/s", _nothing, least=3.5)
    low, high = rows([cost, rate], {"a": [2.0, 1.0, 9.0], "b": [2.0, 3.0, 1.0]})
    assert (low["best"], low["median"], low["is_met"]) == (1.0, 2.0, True)
    assert (high["best"], high["median"], high["is_met"]) == (3.0, 2.0, False)
    assert high["target"] == ">= 3.5"


@pytest.mark.parametrize(("rate", "is_met"), [(2.0, True), (1.0, False)])
def test_a_slow_disk_is_no_fault_of_the_store(rate: float, is_met: bool) -> None:
    disk = Part("disk", "MB/s", _nothing)
    add = Part("add", "MB/s", _nothing, least=300, peer="disk", ratio_least=0.6)
    _, row = rows([disk, add], {"disk": [3.0], "add": [rate]})
    assert row["target"] == ">= 300 or ratio >= 0.6"
    assert row["is_met"] is is_met


def test_the_pieces_are_numbered_mebibytes() -> None:
    first, second = pieces(2)
    assert len(first) == len(second) == 2**20
    assert first[:4] == bytes(4)
    assert second[:4] == b"\0\0\0\x01"
