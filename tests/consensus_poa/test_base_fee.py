"""The base fee of EIP-1559 at its borders."""

from dataclasses import replace

import pytest

from node.consensus_poa.base_fee import next_base_fee
from tests.base.headers import empty_header

PARENT = replace(empty_header(), number=5, gas_limit=30_000_000, base_fee=1_000)


@pytest.mark.parametrize(
    ("gas_used", "expected"),
    [(15_000_000, 1_000), (0, 875), (30_000_000, 1_125), (15_000_001, 1_001)],
)
def test_the_base_fee_follows_the_gas_used(gas_used: int, expected: int) -> None:
    assert next_base_fee(replace(PARENT, gas_used=gas_used)) == expected


def test_there_is_none_before_london_and_a_fixed_one_at_it() -> None:
    before = replace(PARENT, base_fee=None)
    assert next_base_fee(before, london_block=7) is None
    assert next_base_fee(before, london_block=6) == 1_000_000_000


def test_a_gas_limit_of_one_divides_nothing_by_zero() -> None:
    assert next_base_fee(replace(PARENT, gas_limit=1, gas_used=1)) == 1_125
