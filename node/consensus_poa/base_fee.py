"""The base fee of the next block (EIP-1559), for every engine whose headers have one."""

from typing import Final

from node.base.header import Header

_ELASTICITY: Final = 2
_BASE_FEE_CHANGE_DENOMINATOR: Final = 8
_INITIAL_BASE_FEE: Final = 1_000_000_000


def next_base_fee(parent: Header, london_block: int = 0) -> int | None:
    """Give the base fee of a child of ``parent``; None before block ``london_block``."""
    number = parent.number + 1
    if number < london_block:
        return None
    if number == london_block or parent.base_fee is None:
        return _INITIAL_BASE_FEE
    target = parent.gas_limit // _ELASTICITY
    if parent.gas_used == target:
        return parent.base_fee
    # a genesis may have any gas limit, so that the target can be 0
    denominator = max(target, 1) * _BASE_FEE_CHANGE_DENOMINATOR
    if parent.gas_used > target:
        rise = parent.base_fee * (parent.gas_used - target) // denominator
        return parent.base_fee + max(rise, 1)
    return parent.base_fee - parent.base_fee * (target - parent.gas_used) // denominator
