import pytest

from node.base.errors import CallRevertedError, CorruptStoreError
from node.base.limits import CALL_GAS_MAX
from node.base.types import ZERO_ADDRESS, Address
from node.evm.calls import call, run
from node.evm.errors import CallFailedError, CallOutOfGasError
from node.evm.genesis import GenesisAccount
from node.evm.machine import LedgerLondonComputation, open_state
from node.evm.receipts import contract_address
from node.evm.state import StateStore
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.asm import BURNER, COUNTER, REVERTER, asm
from tests.evm.chains import ALICE, BOB, context, ledger

TARGET = Address(b"\x0e" * 20)


def _call(code, data=b"", **changes):
    book = ledger({TARGET: GenesisAccount(nonce=1, code=code, storage={0: 41})})
    fields = {"sender": ALICE.address, "to": TARGET, "data": data} | changes
    return call(context(book), book.state(), **fields)


def test_a_call_returns_the_return_data():
    assert int.from_bytes(_call(COUNTER)) == 42


def test_a_call_leaves_no_trace():
    book = ledger({TARGET: GenesisAccount(nonce=1, code=COUNTER)})
    for _ in range(2):
        out = call(context(book), book.state(), sender=ALICE.address, to=TARGET, data=b"")
        assert int.from_bytes(out) == 1


def test_a_revert_carries_its_data():
    with pytest.raises(CallRevertedError) as caught:
        _call(REVERTER)
    assert caught.value.data.hex() == "deadbeef"


def test_a_revert_without_data_has_none():
    with pytest.raises(CallRevertedError) as caught:
        _call(asm("PUSH 0 PUSH 0 REVERT"))
    assert caught.value.data == b""


def test_out_of_gas_names_the_gas_that_was_given():
    with pytest.raises(CallOutOfGasError, match=r"allowance \(50000\)"):
        _call(BURNER, gas=50_000)


def test_gas_has_a_cap():
    given = int.from_bytes(_call(asm("GAS PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN"), gas=2**60))
    assert CALL_GAS_MAX - 10 < given < CALL_GAS_MAX


@pytest.mark.parametrize("code", [asm("INVALID"), asm("ADD"), asm("PUSH 1 JUMP"), b"\x0c"])
def test_another_fault_names_itself(code):
    with pytest.raises(CallFailedError, match=r"^In"):
        _call(code)


def test_a_call_of_an_account_without_code_returns_nothing():
    assert _call(COUNTER, to=BOB.address) == b""


def test_a_call_of_a_precompile_runs_it():
    assert _call(COUNTER, to=Address((4).to_bytes(20)), data=b"echo") == b"echo"


def test_value_needs_a_balance():
    with pytest.raises(CallFailedError, match="insufficient funds"):
        _call(COUNTER, value=1)


def test_a_call_sees_the_sender_and_the_block():
    code = asm("CALLER PUSH 0 MSTORE NUMBER PUSH 32 MSTORE PUSH 64 PUSH 0 RETURN")
    out = _call(code)
    assert out[12:32] == ALICE.address
    assert int.from_bytes(out[32:]) == 1


def test_the_gas_price_is_zero():
    assert int.from_bytes(_call(asm("GASPRICE PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN"))) == 0


def test_a_contract_is_not_made_where_one_stands():
    taken = contract_address(ALICE.address, 0)
    book = ledger({taken: GenesisAccount(nonce=1, code=COUNTER)})
    state = open_state(context(book), book.state())
    with pytest.raises(CallFailedError, match="collision"):
        run(state, sender=ALICE.address, to=None, data=b"", gas=100_000)


def test_a_fault_of_the_interpreter_is_an_error_of_ours_and_changes_nothing(monkeypatch):
    def broken(computation, meter, values):
        raise ZeroDivisionError("planted")

    table = list(LedgerLondonComputation.lean)
    table[0xF3] = broken
    monkeypatch.setattr(LedgerLondonComputation, "lean", tuple(table))
    book = ledger({TARGET: GenesisAccount(nonce=1, code=COUNTER)})
    state = open_state(context(book), book.state())
    with pytest.raises(CallFailedError, match="ZeroDivisionError: planted"):
        run(state, sender=ALICE.address, to=TARGET, data=b"", gas=100_000)
    assert state.journal.diff().storage == {}


def test_a_broken_store_is_not_taken_for_a_failed_call():
    book = ledger({TARGET: GenesisAccount(nonce=1, code=asm("PUSH 0x0c EXTCODESIZE"))})
    view = book.state()
    view._nodes = MemoryStateNodes()
    with pytest.raises(CorruptStoreError, match="code"):
        call(context(book), view, sender=ZERO_ADDRESS, to=TARGET, data=b"")
    empty = StateStore(MemoryStateNodes())
    assert empty.view(book.genesis_header.transactions_root).account(TARGET) is None
