"""Gas limit and base fee of a header on its parent (ledger.md section 4.1; EIP-1559)."""

from typing import Final

from node.base.header import Header
from node.base.limits import GAS_LIMIT_MIN

_GAS_LIMIT_BOUND_DIVISOR: Final = 1_024
_ELASTICITY: Final = 2
_BASE_FEE_CHANGE_DENOMINATOR: Final = 8
_INITIAL_BASE_FEE: Final = 1_000_000_000


def check_gas(header: Header, parent: Header, *, london_block: int = 0) -> str | None:
    """Give the first rule of gas that the header breaks on its parent, or None.

    The drift of the gas limit shares the name of the limit's upper bound.
    """
    if header.gas_used > header.gas_limit:
        return "invalid_gas_used"
    before = parent.gas_limit
    if header.number == london_block:
        before *= _ELASTICITY
    drift = abs(header.gas_limit - before)
    if drift >= before // _GAS_LIMIT_BOUND_DIVISOR or header.gas_limit < GAS_LIMIT_MIN:
        return "invalid_gas_limit"
    if header.base_fee != next_base_fee(parent, london_block=london_block):
        return "invalid_base_fee"
    return None


def next_base_fee(parent: Header, *, london_block: int = 0) -> int | None:
    """Give the base fee of a child of ``parent`` (EIP-1559); None before London."""
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
