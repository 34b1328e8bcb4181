"""SLOAD, SSTORE and KECCAK256 without py-evm's layers, under the rules from London on.

One look at the journal where py-evm walks through the state, formats texts nobody reads and pops
through typed helpers.  Gas, order and errors are py-evm's; tests run both side by side.
Source: EIP-2200 (net metering, 2,300 gas left), EIP-2929 (cold and warm), EIP-3529 (refunds).
"""

# ruff: noqa: SLF001, ANN401 - py-evm's computations are not typed, and have no names for their parts
from typing import Any, Final

from eth.exceptions import InsufficientStack, OutOfGas, WriteProtection

from node.base.keccak import keccak256
from node.evm.lean_opcodes import Opcode, lean_table

WARM_GAS: Final = 100
COLD_GAS: Final = 2_100
SET_GAS: Final = 20_000
RESET_GAS: Final = 2_900
"""5,000 less the cold read that is charged apart."""
CLEAR_REFUND: Final = 4_800
STIPEND_GAS: Final = 2_300
"""With no more than this left, SSTORE fails: what a plain transfer leaves cannot write."""
_KECCAK_GAS: Final = 30
_KECCAK_WORD_GAS: Final = 6


def _charge(meter: Any, cost: int) -> None:
    left_gas = meter.gas_remaining - cost
    if left_gas < 0:
        raise OutOfGas(f"needs {cost} gas, {meter.gas_remaining} left")
    meter.gas_remaining = left_gas


def _pop_two(values: Any) -> tuple[int, int]:
    if len(values) < 2:
        raise InsufficientStack("fewer items on the stack than the opcode takes")
    top, below = values.pop(), values.pop()
    return (
        int.from_bytes(top) if type(top) is bytes else top,
        int.from_bytes(below) if type(below) is bytes else below,
    )


def _sload(computation: Any, meter: Any, values: Any) -> None:
    if not values:
        raise InsufficientStack("fewer items on the stack than the opcode takes")
    slot = values[-1]
    if type(slot) is bytes:
        slot = int.from_bytes(slot)
    address = computation.msg.storage_address
    journal = computation.state._account_db
    cost = WARM_GAS
    if not journal.is_storage_warm(address, slot):
        journal.mark_storage_warm(address, slot)
        cost = COLD_GAS
    _charge(meter, cost)
    values[-1] = journal.get_storage(address, slot)


def _sstore(computation: Any, meter: Any, values: Any) -> None:
    if computation.msg.is_static:
        raise WriteProtection("a static call writes no storage")
    if meter.gas_remaining <= STIPEND_GAS:
        raise OutOfGas(f"SSTORE wants more than {STIPEND_GAS} gas left")
    slot, value = _pop_two(values)
    address = computation.msg.storage_address
    journal = computation.state._account_db
    current = journal.get_storage(address, slot)
    original = journal.get_storage(address, slot, False)  # noqa: FBT003 - py-evm's signature
    cost, refund = _write_price(original, current, value)
    if not journal.is_storage_warm(address, slot):
        journal.mark_storage_warm(address, slot)
        cost += COLD_GAS
    _charge(meter, cost)
    if refund:
        meter.refund_gas(refund)
    journal.set_storage(address, slot, value)


def _write_price(original: int, current: int, value: int) -> tuple[int, int]:
    """Give gas and refund of a write, without the price of a cold slot (EIP-2200)."""
    if current == value:
        return WARM_GAS, 0
    if original == current:
        if original == 0:
            return SET_GAS, 0
        return RESET_GAS, 0 if value else CLEAR_REFUND
    refund = 0
    if original:
        refund += CLEAR_REFUND * ((value == 0) - (current == 0))
    if original == value:
        refund += (RESET_GAS if original else SET_GAS) - WARM_GAS
    return WARM_GAS, refund


def _keccak(computation: Any, meter: Any, values: Any) -> None:
    _charge(meter, _KECCAK_GAS)
    start, size = _pop_two(values)
    memory = computation._memory
    if size and start + size > len(memory._bytes):
        computation.extend_memory(start, size)
    _charge(meter, _KECCAK_WORD_GAS * ((size + 31) // 32))
    values.append(int.from_bytes(keccak256(bytes(memory._bytes[start : start + size]))))


_SINCE_LONDON: Final[dict[str, Opcode]] = {"SLOAD": _sload, "SSTORE": _sstore, "SHA3": _keccak}


def with_storage(stock: tuple[Any, ...]) -> tuple[Opcode, ...]:
    """Give the lean table of a fork from London on, with the functions of this file in it.

    ``stock``     py-evm's function of each opcode byte.
    """
    return tuple(
        _SINCE_LONDON.get(getattr(opcode, "mnemonic", ""), lean)
        for opcode, lean in zip(stock, lean_table(stock), strict=True)
    )
