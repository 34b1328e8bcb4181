import random

import pytest

from node.base.errors import CallRevertedError
from node.base.limits import CALL_GAS_MAX
from node.base.types import Address
from node.evm import estimate
from node.evm.errors import (
    CallFailedError,
    FeeTooLowError,
    GasAllowanceError,
    InitcodeTooLargeError,
    InsufficientFundsError,
    IntrinsicGasError,
)
from node.evm.estimate import estimate_gas
from node.evm.forks import CANCUN
from node.evm.genesis import GenesisAccount
from node.evm.simulate import Proposal, simulate
from tests.evm.asm import COUNTER, REVERTER, asm, initcode, push
from tests.evm.chains import ALICE, BOB, KEYS, context, extend, ledger, legacy
from tests.evm.programs import Author

TARGET = Address(b"\x0e" * 20)
OTHER = Address(b"\x0f" * 20)
CALLER = asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 0") + push(OTHER) + asm("GAS CALL")
NEEDS_CALL = CALLER + asm("PUSH 70 JUMPI PUSH 0 PUSH 0 REVERT").ljust(70 - len(CALLER), b"\x5b")
"""Calls OTHER with all gas, and reverts if that fails."""
NEEDS_CALL += asm("JUMPDEST STOP")
SPENDER = asm("PUSH 1 PUSH 0 SSTORE PUSH 1 PUSH 1 SSTORE PUSH 1 PUSH 2 SSTORE")
CLEARER = asm("PUSH 0 PUSH 0 SSTORE PUSH 0 PUSH 1 SSTORE PUSH 0 PUSH 2 SSTORE")
BURNER = asm("PUSH 0xffffffff MLOAD")
"""Runs out of any gas at once."""
WANTS_MORE = asm("GAS PUSH 0x0186a0 LT PUSH 17 JUMPI PUSH 0 PUSH 0 REVERT")
WANTS_MORE = WANTS_MORE.ljust(17, b"\x00") + asm("JUMPDEST STOP")
"""Uses almost nothing, but reverts with 100,000 gas or less."""
SENDER = asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 1") + push(OTHER) + asm("PUSH 0 CALL")


class Case:
    """A state, a block and a proposal."""

    def __init__(self, code=COUNTER, *, alloc=None, surroundings=None, **changes):
        accounts = {TARGET: GenesisAccount(nonce=1, balance=9, code=code)} | (alloc or {})
        self.book = ledger(accounts)
        self.context = context(self.book, **(surroundings or {}))
        self.proposal = Proposal(**({"to": TARGET, "sender": ALICE.address} | changes))

    def estimate(self, gas=None):
        return estimate_gas(self.context, self.book.state(), self.proposal, gas=gas)

    def succeeds(self, gas):
        try:
            outcome = simulate(self.context, self.book.state(), self.proposal, gas=gas)
        except IntrinsicGasError:
            return False
        return outcome.error is None


CASES = {
    "counter": Case(COUNTER),
    "spender": Case(SPENDER),
    "clearer": Case(alloc={
        TARGET: GenesisAccount(nonce=1, code=CLEARER, storage={0: 1, 1: 1, 2: 1})
    }),
    "one level": Case(NEEDS_CALL, alloc={OTHER: GenesisAccount(nonce=1, code=SPENDER)}),
    "value with stipend": Case(SENDER, alloc={OTHER: GenesisAccount(nonce=1, code=COUNTER)}),
    "gas wanted": Case(WANTS_MORE),
    "create": Case(to=None, data=initcode(COUNTER * 20, SPENDER)),
    "create under cancun": Case(
        to=None, data=initcode(COUNTER * 20, SPENDER), surroundings={"profile": CANCUN}
    ),
    "data": Case(COUNTER, data=bytes(500) + b"\x01" * 500),
    "precompile": Case(to=Address((2).to_bytes(20)), data=b"hash me"),
    "precompile without data": Case(to=Address((3).to_bytes(20))),
    "transfer with an access list": Case(to=BOB.address, access_list=((OTHER, (1, 2)),)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_estimate_succeeds(name):
    case = CASES[name]
    assert case.succeeds(case.estimate())


@pytest.mark.parametrize("name", CASES)
def test_no_more_than_the_tolerance_can_be_spared(name):
    """1.5 % less fails: the search ends with a failing amount at most that far below."""
    case = CASES[name]
    assert not case.succeeds(case.estimate() * 985 // 1_000 - 1)


@pytest.mark.parametrize(
    ("name", "exact"),
    [("precompile without data", 21_600), ("transfer with an access list", 27_200)],
)
def test_what_needs_a_fixed_amount_is_met_within_the_tolerance(name, exact):
    assert exact <= CASES[name].estimate() < exact * 1.0153


@pytest.mark.parametrize("seed", range(20))
def test_any_program_that_succeeds_does_so_with_its_estimate(seed):
    author = Author(random.Random(seed), KEYS[:2], 1337)
    author.known.append(OTHER)
    other = {OTHER: GenesisAccount(nonce=1, code=COUNTER)}
    case = Case(author.program(6), alloc=other, surroundings={"gas_limit": 600_000})
    if not case.succeeds(600_000):
        with pytest.raises((CallRevertedError, CallFailedError, GasAllowanceError)):
            case.estimate()
        return
    assert case.succeeds(case.estimate())


@pytest.mark.parametrize("value", [0, 1])
def test_a_plain_transfer_needs_21000(value):
    alloc = {ALICE.address: GenesisAccount(balance=1)}
    assert Case(to=BOB.address, value=value, alloc=alloc).estimate() == 21_000


def test_a_plain_transfer_is_run_once(monkeypatch):
    runs = []

    def spy(*args, **fields):
        runs.append(fields["gas"])
        return simulate(*args, **fields)

    monkeypatch.setattr(estimate, "simulate", spy)
    assert Case(to=BOB.address).estimate() == 21_000
    assert runs == [21_000]


def test_the_search_is_that_of_go_ethereum(monkeypatch):
    """By hand: used 21000+5116... the first try, then used + stipend, then halves."""
    runs = []

    def spy(*args, **fields):
        outcome = simulate(*args, **fields)
        runs.append((fields["gas"], outcome.error is None))
        return outcome

    monkeypatch.setattr(estimate, "simulate", spy)
    case = CASES["counter"]
    found = case.estimate()
    used = simulate(case.context, case.book.state(), case.proposal, gas=30_000_000).gas_used
    assert runs[0] == (30_000_000, True)
    assert runs[1] == ((used + 2_300) * 64 // 63, True)
    low, high = used - 1, runs[1][0]
    for gas, works in runs[2:]:
        assert (high - low) / high >= 0.015
        assert gas == (low + high) // 2
        low, high = (low, gas) if works else (gas, high)
    assert (high - low) / high < 0.015 or low + 1 == high
    assert found == high


def _tried(monkeypatch, name):
    """Give the amounts of gas that an estimate tries."""
    runs = []

    def spy(*args, **fields):
        runs.append(fields["gas"])
        return simulate(*args, **fields)

    monkeypatch.setattr(estimate, "simulate", spy)
    CASES[name].estimate()
    return runs


def test_the_search_leans_to_the_low_side(monkeypatch):
    runs = _tried(monkeypatch, "gas wanted")
    assert runs[2] == 2 * runs[1]


def test_the_refund_is_needed_while_it_runs(monkeypatch):
    case = CASES["clearer"]
    outcome = simulate(case.context, case.book.state(), case.proposal, gas=10**6)
    assert outcome.refund > 0
    runs = _tried(monkeypatch, "clearer")
    assert runs[1] == (outcome.gas_used + outcome.refund + 2_300) * 64 // 63


def test_21000_are_not_tried_with_data(monkeypatch):
    assert 21_000 not in _tried(monkeypatch, "precompile")
    assert _tried(monkeypatch, "precompile without data")[0] == 21_000


def test_a_revert_is_raised_with_its_data():
    with pytest.raises(CallRevertedError) as caught:
        Case(REVERTER).estimate()
    assert caught.value.data.hex() == "deadbeef"


def test_out_of_gas_names_the_gas_of_the_block():
    with pytest.raises(GasAllowanceError) as caught:
        Case(BURNER).estimate()
    assert str(caught.value) == "gas required exceeds allowance (30000000)"


def test_out_of_gas_names_the_gas_that_was_given():
    with pytest.raises(GasAllowanceError, match=r"^gas required exceeds allowance \(25000\)$"):
        Case(COUNTER).estimate(gas=25_000)


def test_given_gas_that_is_just_enough_is_the_answer():
    case = CASES["counter"]
    used = simulate(case.context, case.book.state(), case.proposal, gas=10**6).gas_used
    assert case.estimate(gas=used) == used
    with pytest.raises(GasAllowanceError):
        case.estimate(gas=used - 1)


def test_given_gas_below_21000_is_not_taken():
    assert CASES["counter"].estimate(gas=20_999) == CASES["counter"].estimate()


def test_too_little_for_the_intrinsic_gas_is_out_of_gas():
    with pytest.raises(GasAllowanceError, match=r"\(21000\)"):
        Case(COUNTER, data=b"\x01").estimate(gas=21_000)


def test_no_more_than_the_cap_is_tried():
    case = Case(BURNER, surroundings={"gas_limit": 10**9})
    with pytest.raises(GasAllowanceError, match=str(CALL_GAS_MAX)):
        case.estimate()


def test_another_fault_is_named():
    with pytest.raises(CallFailedError, match="invalid opcode: INVALID"):
        Case(asm("INVALID")).estimate()


def test_with_a_fee_the_balance_bounds_the_gas():
    alloc = {ALICE.address: GenesisAccount(balance=7 * 24_000 + 6)}
    with pytest.raises(GasAllowanceError, match=r"\(24000\)"):
        Case(COUNTER, alloc=alloc, max_fee=7).estimate()


def test_the_value_is_no_money_for_gas():
    alloc = {ALICE.address: GenesisAccount(balance=24_000 + 5)}
    with pytest.raises(GasAllowanceError, match=r"\(24000\)"):
        Case(COUNTER, alloc=alloc, max_fee=1, value=5).estimate()


def test_without_a_fee_no_balance_is_needed():
    assert CASES["counter"].book.state().balance(ALICE.address) == 0
    assert CASES["counter"].estimate() > 21_000


@pytest.mark.parametrize("balance", [5, 4, 0])
def test_with_a_fee_the_balance_must_exceed_the_value(balance):
    alloc = {ALICE.address: GenesisAccount(balance=balance)}
    with pytest.raises(CallFailedError, match="insufficient funds for transfer"):
        Case(COUNTER, alloc=alloc, max_fee=1, value=5).estimate()


def test_without_a_fee_the_value_must_be_there():
    with pytest.raises(InsufficientFundsError):
        Case(COUNTER, value=5).estimate()


def test_no_money_at_all_allows_no_gas():
    with pytest.raises(GasAllowanceError, match=r"\(0\)"):
        Case(COUNTER, max_fee=1).estimate()


def test_a_fee_below_the_base_fee_is_refused():
    alloc = {ALICE.address: GenesisAccount(balance=10**18)}
    with pytest.raises(FeeTooLowError):
        Case(COUNTER, alloc=alloc, max_fee=6, surroundings={"base_fee": 7}).estimate()


def test_initcode_that_is_too_long_is_refused():
    with pytest.raises(InitcodeTooLargeError):
        Case(to=None, data=bytes(49_153), surroundings={"profile": CANCUN}).estimate()


def test_initcode_words_are_paid_under_cancun():
    london, cancun = CASES["create"], CASES["create under cancun"]
    assert london.succeeds(london.estimate())
    assert cancun.estimate() > london.estimate()


def test_the_real_transaction_succeeds_with_the_estimate():
    book = ledger({TARGET: GenesisAccount(nonce=1, code=SPENDER)})
    proposal = Proposal(to=TARGET, sender=ALICE.address)
    gas = estimate_gas(book.context(), book.state(), proposal)
    block = extend(book, [legacy(ALICE, 0, TARGET, gas=gas)])
    assert book.receipts(block.header.hash())[0].status == 1


def test_every_run_sees_the_ancestors_of_the_block():
    """A context is used several times: its ancestors must not be used up by the first run."""
    code = asm("PUSH 0 BLOCKHASH PUSH 70 JUMPI PUSH 0 PUSH 0 REVERT").ljust(70, b"\x00")
    book = ledger({TARGET: GenesisAccount(nonce=1, code=code + asm("JUMPDEST") + SPENDER)})
    extend(book)
    proposal = Proposal(to=TARGET, sender=ALICE.address)
    assert estimate_gas(book.context(), book.state(), proposal) < 100_000
