"""The base fee of a block follows from its parent (EIP-1559)."""

from typing import Final

from node.base.header import Header

ELASTICITY: Final = 2
"""A block may use so many times the gas at which the fee stays; London doubles the limit."""
_CHANGE_DENOMINATOR: Final = 8
_INITIAL: Final = 1_000_000_000


def next_base_fee(parent: Header, london_block: int = 0) -> int | None:
    """Give the base fee of a child of ``parent``; None before block ``london_block``."""
    number = parent.number + 1
    if number < london_block:
        return None
    if number == london_block or parent.base_fee is None:
        return _INITIAL
    target = parent.gas_limit // ELASTICITY
    if parent.gas_used == target:
        return parent.base_fee
    # a genesis may have any gas limit, so that the target can be 0
    denominator = max(target, 1) * _CHANGE_DENOMINATOR
    if parent.gas_used > target:
        rise = parent.base_fee * (parent.gas_used - target) // denominator
        return parent.base_fee + max(rise, 1)
    return parent.base_fee - parent.base_fee * (target - parent.gas_used) // denominator
