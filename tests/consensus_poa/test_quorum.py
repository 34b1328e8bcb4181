"""Quorums of BFT engines."""

import json
from typing import Any

import pytest

from node.consensus_poa.quorum import faulty_max, quorum
from tests.vectors_dir import vectors


@pytest.mark.parametrize("count", range(1, 101))
def test_two_quorums_share_an_honest_validator(count: int) -> None:
    shared = 2 * quorum(count) - count
    assert shared > faulty_max(count)


@pytest.mark.parametrize("count", range(1, 101))
def test_the_honest_alone_are_a_quorum(count: int) -> None:
    assert count - faulty_max(count) >= quorum(count)


def test_three_validators_need_two() -> None:
    assert quorum(3) == 2


@pytest.mark.conformance
def test_published_quorums() -> None:
    path = vectors("consensus") / "bft_quorum.json"
    cases: list[dict[str, Any]] = json.loads(path.read_text())["vectors"]
    assert cases
    for case in cases:
        if "quorum" in case:
            assert quorum(case["n"]) == case["quorum"], case["id"]
        if "futureRoundChangeQuorum" in case:
            assert faulty_max(case["n"]) + 1 == case["futureRoundChangeQuorum"], case["id"]
