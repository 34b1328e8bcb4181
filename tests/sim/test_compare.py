"""One scenario under several engines, side by side."""

from pathlib import Path

import pytest

from node.base.errors import UsageError
from node.sim.compare import Row, compare

TEXT = """\
wardnet: 1
name: pair
run: {until: 12s}
chain: {consensus: qbft, period: 1s}
network: {validators: 2}
verdicts: {clique: valid, aura: invalid}
expect:
  - {always: agreement}
  - {eventually: {finalised_at_least: {blocks: 5}}, when: {chain.consensus: [qbft, ibft1, aura]}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def rows(file: Path) -> dict[str, Row]:
    return {row.engine: row for row in compare([file])}


def test_every_engine_runs_in_a_fixed_order(rows: dict[str, Row]) -> None:
    assert list(rows) == ["qbft", "clique", "aura", "ibft1"]


def test_a_row_tells_how_the_chain_fared(rows: dict[str, Row]) -> None:
    assert all(row.safe and row.live for row in rows.values())
    assert rows["qbft"].blocks_to_finality == 0
    assert rows["clique"].blocks_to_finality is None
    assert rows["aura"].blocks_to_finality == 1


def test_a_verdict_is_held_against_the_one_of_the_file(rows: dict[str, Row]) -> None:
    assert {name: row.expected for name, row in rows.items()} == {
        "qbft": None,
        "clique": "valid",
        "aura": "invalid",
        "ibft1": None,
    }
    assert [name for name, row in rows.items() if not row.is_as_expected] == ["aura"]


def test_a_bad_option_is_told_before_anything_runs(file: Path) -> None:
    with pytest.raises(UsageError):
        next(compare([file], engines=["qbft", "raft"]))
