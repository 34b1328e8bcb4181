"""Our storage opcodes against py-evm's: stack, gas, refund, slots, warmth and error."""

from typing import Any

import pytest
from eth.vm.message import Message
from eth.vm.transaction_context import BaseTransactionContext
from hypothesis import given
from hypothesis import strategies as st

from node.evm.genesis import GenesisAccount
from node.evm.lean_storage import _write_price
from node.evm.machine import LedgerCancunComputation, LedgerLondonComputation, open_state
from tests.evm.chains import ALICE, BOB, context, ledger
from tests.evm.test_lean_opcodes import stock

SLOTS = {1: 7, 2: 2**256 - 1}
BOOK = ledger({BOB.address: GenesisAccount(nonce=1, storage=SLOTS)})
PLENTY = 1_000_000
VALUE = st.sampled_from((0, 1, 7, 2**256 - 1))
SLOT = st.sampled_from((0, 1, 2))
WRITE = st.builds(lambda slot, value: push(value) + push(slot) + b"\x55", SLOT, VALUE)
READ = st.builds(lambda slot: push(slot) + b"\x54", SLOT)
HASH = st.builds(
    lambda at, size: push(size) + push(at) + b"\x20",
    st.sampled_from((0, 1, 31, 64, 2**255)),
    st.sampled_from((0, 1, 32, 33, 200, 2**255)),
)


class StockLondon(LedgerLondonComputation):
    lean = stock(LedgerLondonComputation.table)


class StockCancun(LedgerCancunComputation):
    lean = stock(LedgerCancunComputation.table)


PAIRS = [(LedgerLondonComputation, StockLondon), (LedgerCancunComputation, StockCancun)]


def push(value: int) -> bytes:
    return b"\x7f" + value.to_bytes(32)


def outcome(machine: Any, code: bytes, gas: int, *, is_static: bool = False) -> tuple[Any, ...]:
    state = open_state(context(BOOK), BOOK.state())
    state.lock_changes()
    message = Message(
        gas=gas,
        to=BOB.address,
        sender=ALICE.address,
        value=0,
        data=b"",
        code=code,
        is_static=is_static,
        code_address=BOB.address,
    )
    origin = BaseTransactionContext(gas_price=0, origin=ALICE.address)
    frame = machine.apply_message(state, message, origin)
    journal = state.journal
    kept = (
        [journal.get_storage(BOB.address, slot) for slot in range(3)],
        [journal.is_storage_warm(BOB.address, slot) for slot in range(3)],
        frame.get_gas_remaining(),
        frame.get_gas_refund(),
    )
    if frame.is_error:
        return type(frame._error).__name__, *kept
    stack = [int.from_bytes(v) if isinstance(v, bytes) else v for v in frame._stack.values]
    return stack, bytes(frame._memory._bytes), *kept


@pytest.mark.parametrize(("ours", "stock"), PAIRS)
@given(st.lists(st.one_of(WRITE, READ, HASH), max_size=12), st.integers(0, 120_000))
def test_any_sequence_ends_as_in_py_evm(
    ours: Any, stock: Any, steps: list[bytes], short: int
) -> None:
    code = b"".join(steps)
    for gas in (PLENTY, short):
        assert outcome(ours, code, gas) == outcome(stock, code, gas)


@pytest.mark.parametrize("gas", [*range(2_300, 2_312), *range(22_100, 22_112), 4_400, 5_010])
@pytest.mark.parametrize("value", [0, 7, 8])
@pytest.mark.parametrize("slot", [0, 1])
def test_gas_ends_at_the_same_unit(gas: int, value: int, slot: int) -> None:
    code = push(value) + push(slot) + b"\x55"
    assert outcome(LedgerLondonComputation, code, gas) == outcome(StockLondon, code, gas)


@pytest.mark.parametrize("code", [b"\x54", b"\x55", b"\x20", push(1) + b"\x55", push(1) + b"\x20"])
@pytest.mark.parametrize("gas", [0, 3, 29, 30, 32, 33, PLENTY])
def test_short_stack_is_the_same_error(code: bytes, gas: int) -> None:
    assert outcome(LedgerLondonComputation, code, gas) == outcome(StockLondon, code, gas)


def test_static_frame_reads_and_does_not_write() -> None:
    for code in (push(1) + b"\x54", push(1) + push(1) + b"\x55"):
        ours = outcome(LedgerLondonComputation, code, PLENTY, is_static=True)
        assert ours == outcome(StockLondon, code, PLENTY, is_static=True)
    assert ours[0] == "WriteProtection"


@pytest.mark.parametrize(
    ("case", "price"),
    [
        # original, current, new: rows of the table in EIP-2200, with EIP-3529's figures
        ((0, 0, 0), (100, 0)),
        ((0, 0, 1), (20_000, 0)),
        ((0, 1, 0), (100, 19_900)),
        ((0, 1, 2), (100, 0)),
        ((1, 1, 0), (2_900, 4_800)),
        ((1, 1, 2), (2_900, 0)),
        ((1, 0, 1), (100, -2_000)),
        ((1, 0, 2), (100, -4_800)),
        ((1, 2, 0), (100, 4_800)),
        ((1, 2, 1), (100, 2_800)),
        ((1, 2, 3), (100, 0)),
    ],
)
def test_write_has_the_price_of_the_table(case: tuple, price: tuple[int, int]) -> None:
    assert _write_price(*case) == price
