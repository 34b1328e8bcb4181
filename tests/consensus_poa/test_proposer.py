"""Who leads which round."""

import json
from typing import Any

import pytest

from node.base.types import ZERO_ADDRESS, Address
from node.consensus_poa.proposer import proposer
from tests.vectors_dir import vectors


def address(number: int) -> Address:
    return Address(number.to_bytes(20))


SET = tuple(address(number) for number in (6, 7, 9))


def test_the_first_leads_height_one() -> None:
    assert proposer(SET, ZERO_ADDRESS, 0) == SET[0]


@pytest.mark.parametrize(("previous", "first"), [(6, 7), (7, 9), (9, 6), (8, 9), (10, 6), (5, 6)])
def test_the_next_higher_address_follows(previous: int, first: int) -> None:
    assert proposer(SET, address(previous), 0) == address(first)


def test_rounds_go_around() -> None:
    assert [proposer(SET, address(6), round_) for round_ in range(4)] == [
        address(number) for number in (7, 9, 6, 7)
    ]


@pytest.mark.conformance
def test_published_proposers() -> None:
    path = vectors("consensus") / "bft_proposer.json"
    cases: list[dict[str, Any]] = json.loads(path.read_text())["vectors"]
    assert cases
    for case in cases:
        members = [Address(bytes.fromhex(text[2:])) for text in case["validators"]]
        previous = Address(bytes.fromhex(case["previousProposer"][2:]))
        found = proposer(members, previous, case["round"], is_sticky=not case["changeEachBlock"])
        assert found.hex() == case["expect"][2:], case["id"]
