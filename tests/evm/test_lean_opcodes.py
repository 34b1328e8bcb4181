"""Our functions against py-evm's: same stack, memory, gas, place and error, whatever runs."""

from typing import Any

import pytest
from eth.vm.message import Message
from eth.vm.transaction_context import BaseTransactionContext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.evm.lean_opcodes import LEAN_OPCODES, lean_table
from node.evm.machine import LedgerCancunComputation, LedgerLondonComputation, open_state
from tests.evm.chains import ALICE, BOB, context, ledger

BYTE_OF = {
    opcode.mnemonic: byte
    for byte, opcode in enumerate(LedgerLondonComputation.table)
    if hasattr(opcode, "mnemonic") and opcode.mnemonic in LEAN_OPCODES
}
PRODUCERS = bytes((0x20, 0x32, 0x3D, 0x41, 0x46, 0x5A, 0x38, 0x1D, 0x0B))
"""Of py-evm: SHA3, ORIGIN, RETURNDATASIZE, COINBASE, CHAINID, GAS, CODESIZE, SAR, SIGNEXTEND."""


def stock(table):
    """Give py-evm's functions in the form of ours."""
    return tuple(lambda frame, meter, values, run=run: run(frame) for run in table)


class StockLondon(LedgerLondonComputation):
    lean = stock(LedgerLondonComputation.table)


class StockCancun(LedgerCancunComputation):
    lean = stock(LedgerCancunComputation.table)


BOOK = ledger()
STATE = open_state(context(BOOK), BOOK.state())
"""None of these opcodes writes to it."""


def _outcome(machine: Any, code: bytes, gas: int, data: bytes) -> tuple[Any, ...]:
    message = Message(
        gas=gas,
        to=BOB.address,
        sender=ALICE.address,
        value=7,
        data=data,
        code=code,
        depth=0,
        create_address=None,
        code_address=BOB.address,
    )
    frame = machine.apply_computation(
        STATE, message, BaseTransactionContext(gas_price=0, origin=ALICE.address)
    )
    stack = [int.from_bytes(v) if isinstance(v, bytes) else v for v in frame._stack.values]
    if frame.is_error:  # nothing of a failed frame is looked at but its error and its gas
        return type(frame._error).__name__, frame.get_gas_remaining()
    return stack, bytes(frame._memory._bytes), frame.get_gas_remaining(), frame.output


def _agree(code: bytes, gas: int, data: bytes = b"") -> None:
    assert _outcome(LedgerLondonComputation, code, gas, data) == _outcome(
        StockLondon, code, gas, data
    )


def _push(value: int) -> bytes:
    raw = value.to_bytes(max(1, (value.bit_length() + 7) // 8))
    return bytes((0x5F + len(raw),)) + raw


WORDS = st.one_of(
    st.integers(0, 2**256 - 1),
    st.integers(0, 300),
    st.sampled_from((2**255, 2**255 - 1, 2**256 - 1, 31, 32, 255, 256)),
)
SMALL = st.integers(0, 2_000)


@pytest.mark.parametrize("name", sorted(BYTE_OF))
@settings(max_examples=15)
@given(words=st.lists(WORDS, max_size=17), gas=st.integers(0, 300))
def test_an_opcode_does_what_py_evm_does(name, words, gas):
    code = b"".join(map(_push, words)) + bytes((BYTE_OF[name],))
    _agree(code, gas, b"\x01\x02" * 20)


@pytest.mark.parametrize("name", ["MLOAD", "MSTORE", "CALLDATALOAD", "BYTE", "SHL", "SHR"])
@given(top=SMALL, below=WORDS)
def test_small_places_and_shifts_agree(name, top, below):
    _agree(_push(below) + _push(top) + bytes((BYTE_OF[name],)), 100_000, bytes(range(70)))


@pytest.mark.parametrize("name", ["ADD", "EQ", "ISZERO", "JUMPI", "MSTORE", "MLOAD", "SLT", "NOT"])
@pytest.mark.parametrize("producer", PRODUCERS[1:6])
def test_operands_that_py_evm_pushed_as_bytes_agree(name, producer):
    _agree(bytes((producer, producer, BYTE_OF[name])), 10**9)
    _agree(b"\x60\x00" + bytes((producer, BYTE_OF[name])), 10**9)


OPCODES = bytes(BYTE_OF.values()) + PRODUCERS


@given(
    st.lists(st.sampled_from(OPCODES) | st.integers(0, 255), max_size=120).map(bytes),
    st.integers(0, 5_000),
    st.binary(max_size=70),
)
def test_random_programs_agree(code, gas, data):
    _agree(code, gas, data)


def _program(targets: list[int]) -> bytes:
    return b"".join(b"\x60" + bytes((target,)) + b"\x56\x5b" for target in targets)


@given(st.lists(st.integers(0, 40), max_size=10), st.integers(0, 200))
@example([3, 7, 11], 33)
def test_jumps_agree_to_the_last_unit_of_gas(targets, gas):
    _agree(_program(targets), gas)


@pytest.mark.parametrize("gas", range(16))
def test_a_jump_that_cannot_pay_its_jumpdest_fails(gas):
    _agree(b"\x60\x03\x56\x5b", gas)


@pytest.mark.parametrize("code", [b"\x60\x02\x5b\x56", b"\x60\x04\x56\x60\x5b", b"\x60\xff\x56"])
def test_a_jump_that_goes_nowhere_fails_as_in_py_evm(code):
    _agree(code, 1_000)


@pytest.mark.parametrize("size", range(1, 33))
@pytest.mark.parametrize("missing", [0, 1, 31])
def test_code_that_ends_inside_a_push_is_padded(size, missing):
    data = bytes(range(1, max(1, size - missing) + 1))[: max(0, size - missing)]
    _agree(bytes((0x5F + size,)) + data, 100)


def test_the_stack_ends_at_1024_items():
    full = b"\x60\x01" + b"\x80" * 1_023
    for more in (b"", b"\x80", b"\x60\x01", b"\x33", b"\x90", b"\x50\x80", b"\x5a"):
        _agree(full + more, 100_000)


def test_cancun_has_the_same_functions():
    for code in (b"\x60\x01\x60\x02\x01", b"\x5f\x60\x07\x52\x60\x07\x51", b"\x60\x03\x56\x5b"):
        assert _outcome(LedgerCancunComputation, code, 500, b"") == _outcome(
            StockCancun, code, 500, b""
        )


def test_an_opcode_that_costs_otherwise_stays_py_evms():
    class Dear:
        mnemonic, gas_cost = "ADD", 4

        def __call__(self, computation):
            computation.append("dear")

    said = []
    lean_table((Dear(),))[0](said, None, None)
    assert said == ["dear"]
