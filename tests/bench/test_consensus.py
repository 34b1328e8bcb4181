from dataclasses import replace

import pytest

from node.bench import consensus, consensus_parts
from node.bench.consensus import REFERENCE_RECOVER_US, measure, slowness
from node.bench.consensus_worlds import run_world

COUNTS = ("_HEADERS", "_PASSES", "_SNAPSHOTS", "_ENCODINGS", "_SIGNATURES")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COUNTS:
        monkeypatch.setattr(consensus_parts, name, 2)
    for name in ("_STEADY_S", "_FULL_S"):
        monkeypatch.setattr(consensus, name, {"qbft": 5, "clique": 5})


@pytest.mark.usefixtures("short")
def test_document_has_a_row_for_each_part_and_each_network() -> None:
    told: list[str] = []
    found = measure(("parts", "qbft", "clique"), 4, 1, told.append)
    names = [row["name"] for row in found["rows"]]
    assert "Clique header, all checks, n = 4" in names
    assert "qbft, 4 validators, steady" in names
    assert "clique, 4 validators, all checkers" in names
    assert (found["exit_code"], found["disagreements"]) == (0, [])
    assert all(row["figure"] >= 0 for row in found["rows"])
    assert len(told) > len(consensus_parts.parts())


@pytest.mark.usefixtures("short")
def test_row_has_its_target_and_whether_it_is_met() -> None:
    rows = {row["name"]: row for row in measure(("parts",), 4, 1, lambda _: None)["rows"]}
    assert rows["header RLP encode"]["target"] == "<= 5 us"
    assert rows["header RLP encode"]["is_met"] in (True, False)
    assert rows["header RLP encode"]["ratio"] > 0
    assert rows["pyrlp encode"]["is_met"] is None
    assert rows["idle engine, qbft, n = 21"]["is_met"] is True


@pytest.mark.usefixtures("short")
def test_another_chain_under_full_verification_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def bent(engine, validators, *, verify="shared", **given):
        ran = run_world(engine, validators, verify=verify, **given)
        return replace(ran, heads=frozenset()) if verify == "full" else ran

    monkeypatch.setattr(consensus, "run_world", bent)
    found = measure(("clique",), 2, 1, lambda _: None)
    assert found["exit_code"] == 1
    assert found["disagreements"] == [
        "clique: verify: full comes to another chain than verify: shared"
    ]


def test_slowness_compares_with_the_machine_of_the_targets() -> None:
    rows = [{"name": "coincurve recover", "figure": 1e6 / (2 * REFERENCE_RECOVER_US)}]
    assert slowness(rows) == 2.0
