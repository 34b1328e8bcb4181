from dataclasses import replace

import pytest

from node.consensus_poa.base_fee import next_base_fee
from tests.base.headers import empty_header


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
    parent = replace(empty_header(), base_fee=base_fee, gas_used=gas_used)
    assert next_base_fee(parent) == expected


def test_a_genesis_without_gas_has_a_base_fee_for_its_child() -> None:
    parent = replace(empty_header(), base_fee=9, gas_used=1, gas_limit=1)
    assert next_base_fee(parent) == 10


def test_before_london_there_is_no_base_fee_and_at_london_it_starts_at_1_gwei() -> None:
    parent = replace(empty_header(), base_fee=None)
    assert next_base_fee(parent, 2) is None
    assert next_base_fee(replace(parent, number=1), 2) == 1_000_000_000
