"""Gas limit and base fee of a child."""

from dataclasses import replace

import pytest

from node.consensus_poa.gas_rules import check_gas, next_base_fee
from tests.consensus_poa.chains import Forge, ascending

KEYS = ascending(1)


@pytest.mark.parametrize(
    ("base_fee", "gas_used", "expected"),
    [
        (0, 0, 0),
        (0, 15_000_000, 0),
        (0, 15_000_001, 1),
        (1, 0, 1),
        (7, 0, 7),
        (8, 0, 7),
        (1_000_000_000, 0, 875_000_000),
        (1_000_000_000, 15_000_000, 1_000_000_000),
        (1_000_000_000, 30_000_000, 1_125_000_000),
    ],
)
def test_the_base_fee_follows_eip_1559(base_fee: int, gas_used: int, expected: int) -> None:
    parent = Forge(KEYS, base_fee=base_fee, gas_used=gas_used).genesis
    assert next_base_fee(parent) == expected


def test_a_genesis_without_gas_has_a_base_fee_for_its_child() -> None:
    parent = Forge(KEYS, base_fee=9, gas_used=1, gas_limit=1).genesis
    assert next_base_fee(parent) == 10


def test_before_london_there_is_no_base_fee_and_at_london_it_starts_at_1_gwei() -> None:
    parent = Forge(KEYS, base_fee=None).genesis
    assert next_base_fee(parent, london_block=2) is None
    assert next_base_fee(replace(parent, number=1), london_block=2) == 1_000_000_000


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({}, None),
        ({"gas_used": 30_000_000}, None),
        ({"gas_used": 30_000_001}, "invalid_gas_used"),
        ({"gas_limit": 30_000_000 + 29_295}, None),
        ({"gas_limit": 30_000_000 + 29_296}, "invalid_gas_limit"),
        ({"gas_limit": 30_000_000 - 29_296}, "invalid_gas_limit"),
        ({"base_fee": 1}, "invalid_base_fee"),
        ({"base_fee": None}, "invalid_base_fee"),
    ],
)
def test_gas_is_judged_on_the_parent(change: dict[str, object], error: str | None) -> None:
    forge = Forge(KEYS)
    child = forge.unsealed(forge.genesis, KEYS[0], **change)
    assert check_gas(child, forge.genesis) == error
