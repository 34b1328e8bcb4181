"""The opcodes that most of a contract's time goes to, without py-evm's layers around them.

py-evm spends most of a cheap opcode on calls: the opcode object, two gas meters, stack methods that
check what the code before has checked.  These functions do the same to the same objects in one
call.  Gas first, then stack, then effect, with py-evm's own errors, so that a frame ends as it
would.  Each charges for itself: a call for that would cost what is saved.  Whatever is not here,
and every traced execution, runs py-evm's functions.

Stock stacks hold ints and bytes; these functions push ints only, and take both.
"""

# ruff: noqa: SLF001, ANN401, ARG001 - py-evm has no types, and no names for these parts; one form
from collections.abc import Callable
from typing import Any, Final

from eth.exceptions import (
    FullStack,
    InsufficientStack,
    InvalidInstruction,
    InvalidJumpDestination,
    OutOfGas,
)

Opcode = Callable[[Any, Any, Any], None]
"""Runs on a py-evm computation, its gas meter and the items of its stack."""

_WORD: Final = 2**256
_MASK: Final = _WORD - 1
_HALF: Final = 2**255
_STACK_ITEMS_MAX: Final = 1_024
_BASE: Final = 2
_VERY_LOW: Final = 3
_LOW: Final = 5
_JUMP: Final = 8
_JUMPI: Final = 10
_JUMPDEST: Final = 1
_JUMPDEST_BYTE: Final = 0x5B


def _out_of_gas(meter: Any, cost: int) -> OutOfGas:
    return OutOfGas(f"needs {cost} gas, {meter.gas_remaining} left")


def _too_few() -> InsufficientStack:
    return InsufficientStack("fewer items on the stack than the opcode takes")


def _full() -> FullStack:
    return FullStack("the stack holds 1,024 items")


def _two(cost: int, operate: Callable[[int, int], int]) -> Opcode:
    """Make an opcode that replaces the two top items."""

    def run(computation: Any, meter: Any, values: Any) -> None:
        left_gas = meter.gas_remaining - cost
        if left_gas < 0:
            raise _out_of_gas(meter, cost)
        meter.gas_remaining = left_gas
        if len(values) < 2:
            raise _too_few()
        top = values.pop()
        below = values[-1]
        if type(top) is bytes:
            top = int.from_bytes(top)
        if type(below) is bytes:
            below = int.from_bytes(below)
        values[-1] = operate(top, below)

    return run


def _one(cost: int, operate: Callable[[int], int]) -> Opcode:
    """Make an opcode that replaces the top item."""

    def run(computation: Any, meter: Any, values: Any) -> None:
        left_gas = meter.gas_remaining - cost
        if left_gas < 0:
            raise _out_of_gas(meter, cost)
        meter.gas_remaining = left_gas
        if not values:
            raise _too_few()
        top = values[-1]
        values[-1] = operate(int.from_bytes(top) if type(top) is bytes else top)

    return run


def _push(size: int) -> Opcode:
    """Make PUSH1 .. PUSH32.  Code that ends inside the data is padded with zeros."""

    def run(computation: Any, meter: Any, values: Any) -> None:
        left_gas = meter.gas_remaining - _VERY_LOW
        if left_gas < 0:
            raise _out_of_gas(meter, _VERY_LOW)
        meter.gas_remaining = left_gas
        code = computation.code
        at = code.program_counter
        end = code.program_counter = at + size
        if len(values) >= _STACK_ITEMS_MAX:
            raise _full()
        values.append(int.from_bytes(code.executable[at:end]))

    return run


def _dup(position: int) -> Opcode:
    def run(computation: Any, meter: Any, values: Any) -> None:
        left_gas = meter.gas_remaining - _VERY_LOW
        if left_gas < 0:
            raise _out_of_gas(meter, _VERY_LOW)
        meter.gas_remaining = left_gas
        if len(values) >= _STACK_ITEMS_MAX:
            raise _full()
        if len(values) < position:
            raise _too_few()
        values.append(values[-position])

    return run


def _swap(position: int) -> Opcode:
    other = -position - 1

    def run(computation: Any, meter: Any, values: Any) -> None:
        left_gas = meter.gas_remaining - _VERY_LOW
        if left_gas < 0:
            raise _out_of_gas(meter, _VERY_LOW)
        meter.gas_remaining = left_gas
        if len(values) <= position:
            raise _too_few()
        values[-1], values[other] = values[other], values[-1]

    return run


def _given(read: Callable[[Any], int]) -> Opcode:
    """Make an opcode that pushes something that the frame knows."""

    def run(computation: Any, meter: Any, values: Any) -> None:
        left_gas = meter.gas_remaining - _BASE
        if left_gas < 0:
            raise _out_of_gas(meter, _BASE)
        meter.gas_remaining = left_gas
        if len(values) >= _STACK_ITEMS_MAX:
            raise _full()
        values.append(read(computation))

    return run


def _pop(computation: Any, meter: Any, values: Any) -> None:
    left_gas = meter.gas_remaining - _BASE
    if left_gas < 0:
        raise _out_of_gas(meter, _BASE)
    meter.gas_remaining = left_gas
    if not values:
        raise _too_few()
    values.pop()


def _jumpdest(computation: Any, meter: Any, values: Any) -> None:
    left_gas = meter.gas_remaining - _JUMPDEST
    if left_gas < 0:
        raise _out_of_gas(meter, _JUMPDEST)
    meter.gas_remaining = left_gas


def _jump(computation: Any, meter: Any, values: Any) -> None:
    left_gas = meter.gas_remaining - _JUMP
    if left_gas < 0:
        raise _out_of_gas(meter, _JUMP)
    meter.gas_remaining = left_gas
    if not values:
        raise _too_few()
    target = values.pop()
    _go(computation, meter, int.from_bytes(target) if type(target) is bytes else target)


def _jumpi(computation: Any, meter: Any, values: Any) -> None:
    left_gas = meter.gas_remaining - _JUMPI
    if left_gas < 0:
        raise _out_of_gas(meter, _JUMPI)
    meter.gas_remaining = left_gas
    if len(values) < 2:
        raise _too_few()
    target = values.pop()
    condition = values.pop()
    if type(condition) is bytes:
        condition = int.from_bytes(condition)
    if condition:
        _go(computation, meter, int.from_bytes(target) if type(target) is bytes else target)


def _go(computation: Any, meter: Any, target: int) -> None:
    """Jump over the JUMPDEST, and charge for it."""
    code = computation.code
    targets = code.targets
    if target >= len(targets) or not targets[target]:
        executable = code.executable
        if target < len(executable) and executable[target] == _JUMPDEST_BYTE:
            raise InvalidInstruction("the jump goes into the data of a push")
        raise InvalidJumpDestination("the jump goes to no JUMPDEST")
    left_gas = meter.gas_remaining - _JUMPDEST
    if left_gas < 0:
        raise _out_of_gas(meter, _JUMPDEST)
    meter.gas_remaining = left_gas
    code.program_counter = target + 1


def _mload(computation: Any, meter: Any, values: Any) -> None:
    left_gas = meter.gas_remaining - _VERY_LOW
    if left_gas < 0:
        raise _out_of_gas(meter, _VERY_LOW)
    meter.gas_remaining = left_gas
    if not values:
        raise _too_few()
    at = values[-1]
    if type(at) is bytes:
        at = int.from_bytes(at)
    memory = computation._memory
    if at + 32 > len(memory._bytes):
        computation.extend_memory(at, 32)
    values[-1] = int.from_bytes(memory._bytes[at : at + 32])


def _mstore(computation: Any, meter: Any, values: Any) -> None:
    left_gas = meter.gas_remaining - _VERY_LOW
    if left_gas < 0:
        raise _out_of_gas(meter, _VERY_LOW)
    meter.gas_remaining = left_gas
    if len(values) < 2:
        raise _too_few()
    at = values.pop()
    value = values.pop()
    if type(at) is bytes:
        at = int.from_bytes(at)
    memory = computation._memory
    if at + 32 > len(memory._bytes):
        computation.extend_memory(at, 32)
    word = value.rjust(32, b"\0") if type(value) is bytes else value.to_bytes(32)
    memory._bytes[at : at + 32] = word


def _calldataload(computation: Any, meter: Any, values: Any) -> None:
    left_gas = meter.gas_remaining - _VERY_LOW
    if left_gas < 0:
        raise _out_of_gas(meter, _VERY_LOW)
    meter.gas_remaining = left_gas
    if not values:
        raise _too_few()
    at = values[-1]
    if type(at) is bytes:
        at = int.from_bytes(at)
    word = bytes(computation.msg.data[at : at + 32])
    values[-1] = int.from_bytes(word) << 8 * (32 - len(word))


def _signed(value: int) -> int:
    return value - _WORD if value >= _HALF else value


def _shl(shift: int, value: int) -> int:
    return value << shift & _MASK if shift < 256 else 0


def _shr(shift: int, value: int) -> int:
    return value >> shift if shift < 256 else 0


def _byte(position: int, value: int) -> int:
    return value >> 8 * (31 - position) & 0xFF if position < 32 else 0


LEAN_OPCODES: Final[dict[str, tuple[int, Opcode]]] = {
    "ADD": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: top + below & _MASK)),
    "SUB": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: top - below & _MASK)),
    "MUL": (_LOW, _two(_LOW, lambda top, below: top * below & _MASK)),
    "DIV": (_LOW, _two(_LOW, lambda top, below: top // below if below else 0)),
    "MOD": (_LOW, _two(_LOW, lambda top, below: top % below if below else 0)),
    "LT": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: int(top < below))),
    "GT": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: int(top > below))),
    "SLT": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: int(_signed(top) < _signed(below)))),
    "SGT": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: int(_signed(top) > _signed(below)))),
    "EQ": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: int(top == below))),
    "AND": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: top & below)),
    "OR": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: top | below)),
    "XOR": (_VERY_LOW, _two(_VERY_LOW, lambda top, below: top ^ below)),
    "BYTE": (_VERY_LOW, _two(_VERY_LOW, _byte)),
    "SHL": (_VERY_LOW, _two(_VERY_LOW, _shl)),
    "SHR": (_VERY_LOW, _two(_VERY_LOW, _shr)),
    "ISZERO": (_VERY_LOW, _one(_VERY_LOW, lambda top: int(not top))),
    "NOT": (_VERY_LOW, _one(_VERY_LOW, lambda top: top ^ _MASK)),
    "POP": (_BASE, _pop),
    "JUMP": (_JUMP, _jump),
    "JUMPI": (_JUMPI, _jumpi),
    "JUMPDEST": (_JUMPDEST, _jumpdest),
    "MLOAD": (_VERY_LOW, _mload),
    "MSTORE": (_VERY_LOW, _mstore),
    "CALLDATALOAD": (_VERY_LOW, _calldataload),
    "CALLDATASIZE": (_BASE, _given(lambda frame: len(frame.msg.data))),
    "CALLVALUE": (_BASE, _given(lambda frame: frame.msg.value)),
    "CALLER": (_BASE, _given(lambda frame: int.from_bytes(frame.msg.sender))),
    "ADDRESS": (_BASE, _given(lambda frame: int.from_bytes(frame.msg.storage_address))),
    "GAS": (_BASE, _given(lambda frame: frame._gas_meter.gas_remaining)),
    **{f"PUSH{size}": (_VERY_LOW, _push(size)) for size in range(1, 33)},
    **{f"DUP{position}": (_VERY_LOW, _dup(position)) for position in range(1, 17)},
    **{f"SWAP{position}": (_VERY_LOW, _swap(position)) for position in range(1, 17)},
}
"""Gas and function by name."""


def lean_table(stock: tuple[Any, ...]) -> tuple[Opcode, ...]:
    """Give a fork's table with the functions of this file in the place of py-evm's.

    ``stock``     py-evm's function of each opcode byte; an opcode that a fork does not have, or
                  charges otherwise, stays.
    """
    return tuple(_lean(opcode) for opcode in stock)


def _lean(opcode: Any) -> Opcode:
    known = LEAN_OPCODES.get(getattr(opcode, "mnemonic", ""))
    if known is not None and known[0] == opcode.gas_cost:
        return known[1]

    def stock(computation: Any, _meter: Any, _values: Any) -> None:
        opcode(computation)

    return stock
