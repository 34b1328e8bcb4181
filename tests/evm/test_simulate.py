import pytest

from node.base.errors import CallRevertedError
from node.base.types import ZERO_ADDRESS, Address
from node.evm.errors import (
    CallFailedError,
    FeeTooLowError,
    InitcodeTooLargeError,
    InsufficientFundsError,
    IntrinsicGasError,
    NonceError,
)
from node.evm.forks import CANCUN
from node.evm.genesis import GenesisAccount
from node.evm.machine import LedgerLondonState
from node.evm.simulate import Proposal, simulate
from tests.evm.asm import BURNER, COUNTER, REVERTER, asm, initcode
from tests.evm.chains import ALICE, BOB, build, context, extend, ledger, legacy

TARGET = Address(b"\x0e" * 20)
RETURN = "PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN"
CLEARER = asm("PUSH 0 PUSH 0 SSTORE")


def _run(code=COUNTER, *, gas=200_000, alloc=None, surroundings=None, **changes):
    accounts = {TARGET: GenesisAccount(nonce=1, code=code, storage={0: 41})} | (alloc or {})
    book = ledger(accounts)
    proposal = Proposal(**({"to": TARGET, "sender": ALICE.address} | changes))
    return simulate(context(book, **(surroundings or {})), book.state(), proposal, gas=gas)


@pytest.mark.parametrize("code", [COUNTER, CLEARER, REVERTER, BURNER, asm("INVALID")])
def test_a_proposal_uses_the_gas_of_the_real_transaction(code):
    book = ledger({TARGET: GenesisAccount(nonce=1, code=code, storage={0: 41})})
    proposal = Proposal(to=TARGET, sender=ALICE.address, data=b"\x00\x01")
    outcome = simulate(context(book), book.state(), proposal, gas=100_000)
    built = build(book, [legacy(ALICE, 0, TARGET, b"\x00\x01", gas=100_000)])
    assert outcome.gas_used == built.result.gas_used
    assert (outcome.error is None) == bool(built.result.receipts[0].status)


def test_a_creation_gives_the_new_code_and_uses_the_real_gas():
    book = ledger()
    proposal = Proposal(to=None, sender=ALICE.address, data=initcode(COUNTER))
    outcome = simulate(context(book), book.state(), proposal, gas=200_000)
    built = build(book, [legacy(ALICE, 0, None, initcode(COUNTER), gas=200_000)])
    assert outcome.output == COUNTER
    assert outcome.gas_used == built.result.gas_used


def test_a_refund_is_told_apart():
    outcome = _run(CLEARER)
    assert outcome.refund == 4_800
    assert outcome.gas_used == 21_000 + 2 * 3 + 5_000 - 4_800


def test_a_refund_is_at_most_a_fifth():
    outcome = _run(asm("PUSH 0 PUSH 0 SSTORE PUSH 0 PUSH 1 SSTORE"), alloc={
        TARGET: GenesisAccount(
            nonce=1,
            code=asm("PUSH 0 PUSH 0 SSTORE PUSH 0 PUSH 1 SSTORE"),
            storage={0: 1, 1: 1},
        )
    })  # fmt: skip
    spent = outcome.gas_used + outcome.refund
    assert spent == 21_000 + 4 * 3 + 2 * 5_000
    assert outcome.refund == spent // 5


def test_nothing_is_kept():
    book = ledger({TARGET: GenesisAccount(nonce=1, code=COUNTER)})
    for _ in range(2):
        outcome = simulate(context(book), book.state(), Proposal(to=TARGET), gas=100_000)
        assert int.from_bytes(outcome.output) == 1


def test_the_zero_address_may_call():
    outcome = _run(asm(f"CALLER {RETURN}"), sender=ZERO_ADDRESS)
    assert outcome.output == bytes(32)


def test_a_contract_may_send():
    assert _run(sender=TARGET).error is None


def test_a_creation_has_the_address_of_the_senders_next_nonce():
    book = ledger({ALICE.address: GenesisAccount(nonce=5)})
    proposal = Proposal(to=None, sender=ALICE.address, data=asm(f"ADDRESS {RETURN}"))
    outcome = simulate(context(book), book.state(), proposal, gas=200_000)
    extend(book, [legacy(ALICE, 5, None, initcode(COUNTER))])
    made = Address(outcome.output[12:])
    assert book.state().code_of(made) == COUNTER


def test_revert_data_is_the_output():
    outcome = _run(REVERTER)
    assert outcome.is_revert
    assert outcome.output.hex() == "deadbeef"
    with pytest.raises(CallRevertedError) as caught:
        outcome.raise_if_failed()
    assert caught.value.data.hex() == "deadbeef"


def test_another_fault_is_raised_by_its_name():
    outcome = _run(asm("INVALID"))
    assert (outcome.is_revert, outcome.is_out_of_gas) == (False, False)
    with pytest.raises(CallFailedError, match="invalid opcode: INVALID"):
        outcome.raise_if_failed()


def test_success_raises_nothing():
    outcome = _run()
    outcome.raise_if_failed()
    assert outcome.error is None


def test_out_of_gas_is_marked():
    outcome = _run(BURNER, gas=50_000)
    assert (outcome.is_out_of_gas, outcome.gas_used) == (True, 50_000)


def test_no_gas_for_the_code_of_a_contract_is_another_fault():
    outcome = _run(to=None, data=initcode(bytes(1_000)), gas=100_000)
    assert outcome.error == "contract creation code storage out of gas"
    assert not outcome.is_out_of_gas


def test_gas_may_exceed_that_of_the_block():
    outcome = _run(asm(f"GAS {RETURN}"), gas=40_000_000)
    assert int.from_bytes(outcome.output) > 39_000_000


@pytest.mark.parametrize(
    ("gas", "changes"),
    [(20_999, {}), (21_015, {"data": b"a"}), (53_000, {"to": None, "data": b"\x00"})],
)
def test_less_than_the_intrinsic_gas_cannot_begin(gas, changes):
    with pytest.raises(IntrinsicGasError):
        _run(b"", gas=gas, **changes)
    extra = 4 if "to" in changes else 1
    assert _run(b"", gas=gas + extra, **changes).error is None


def test_an_access_list_costs_and_warms():
    plain = _run()
    listed = _run(access_list=((TARGET, (0,)),))
    assert listed.gas_used == plain.gas_used + 2_400 + 1_900 - (2_100 - 100)


def test_value_needs_a_balance():
    with pytest.raises(InsufficientFundsError) as caught:
        _run(value=1)
    assert (caught.value.want, caught.value.got) == (1, 0)


def test_the_whole_balance_can_be_sent():
    alloc = {ALICE.address: GenesisAccount(balance=9)}
    assert _run(b"", value=9, alloc=alloc).error is None
    with pytest.raises(InsufficientFundsError):
        _run(b"", value=10, alloc=alloc)


def test_a_fee_is_paid_for_all_gas_in_advance():
    alloc = {ALICE.address: GenesisAccount(balance=200_000 * 3 + 5)}
    code = asm(f"ORIGIN BALANCE {RETURN}")
    assert int.from_bytes(_run(code, alloc=alloc, max_fee=3, max_tip=3).output) == 5
    assert _run(code, alloc=alloc, max_fee=3, max_tip=3, value=5).error is None
    with pytest.raises(InsufficientFundsError):
        _run(code, alloc=alloc, max_fee=3, max_tip=3, value=6)


@pytest.mark.parametrize("opcode", ["GASPRICE", "BASEFEE"])
def test_without_a_fee_prices_read_zero(opcode):
    outcome = _run(asm(f"{opcode} {RETURN}"), surroundings={"base_fee": 7})
    assert int.from_bytes(outcome.output) == 0


@pytest.mark.parametrize(("opcode", "value"), [("GASPRICE", 9), ("BASEFEE", 7)])
def test_with_a_fee_prices_are_real(opcode, value):
    alloc = {ALICE.address: GenesisAccount(balance=10**18)}
    outcome = _run(
        asm(f"{opcode} {RETURN}"),
        alloc=alloc,
        surroundings={"base_fee": 7},
        max_fee=20,
        max_tip=2,
    )
    assert int.from_bytes(outcome.output) == value


def test_a_fee_below_the_base_fee_is_refused():
    alloc = {ALICE.address: GenesisAccount(balance=10**18)}
    with pytest.raises(FeeTooLowError):
        _run(alloc=alloc, surroundings={"base_fee": 7}, max_fee=6)
    assert _run(alloc=alloc, surroundings={"base_fee": 7}, max_fee=7).error is None


def test_a_tip_above_the_fee_is_refused():
    with pytest.raises(FeeTooLowError):
        _run(max_fee=1, max_tip=2)


def test_a_sender_at_its_last_nonce_is_refused():
    with pytest.raises(NonceError):
        _run(alloc={ALICE.address: GenesisAccount(nonce=2**64 - 1)})


def test_long_initcode_is_refused_under_cancun_only():
    code = bytes(49_153)
    assert _run(to=None, data=code, gas=10**6).error is None
    with pytest.raises(InitcodeTooLargeError):
        _run(to=None, data=code, gas=10**6, surroundings={"profile": CANCUN})


def test_a_fault_of_the_interpreter_is_an_error_of_ours(monkeypatch):
    def broken(self, transaction):
        raise RuntimeError("a bug")

    monkeypatch.setattr(LedgerLondonState, "apply_transaction", broken)
    with pytest.raises(CallFailedError, match="RuntimeError: a bug"):
        _run()


def test_the_recipient_may_be_anybody():
    assert _run(to=BOB.address).gas_used == 21_000
