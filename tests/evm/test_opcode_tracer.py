import random

import pytest

from node.base.types import Address
from node.evm.errors import QueryLimitError
from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from node.evm.opcode_tracer import OpcodeTracer
from node.evm.receipts import contract_address
from node.evm.simulate import Proposal, simulate
from tests.evm.asm import COUNTER, REVERTER, asm, initcode, push
from tests.evm.chains import ALICE, BOB, KEYS, PROFILES, context, ledger
from tests.evm.programs import Author

TARGET = Address(b"\x0e" * 20)
OTHER = Address(b"\x0f" * 20)
GAS = 200_000
CALL = asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 0") + push(OTHER) + asm("GAS CALL")


def trace(code=b"", other=b"", *, gas=GAS, profile=LONDON, alloc=None, proposal=None, **options):
    accounts = {
        TARGET: GenesisAccount(nonce=1, balance=5, code=code, storage={7: 8}),
        OTHER: GenesisAccount(nonce=1, code=other),
    } | (alloc or {})
    book = ledger(accounts)
    wanted = proposal or Proposal(to=TARGET, sender=ALICE.address)
    tracer = OpcodeTracer(**options)
    outcome = simulate(context(book, profile=profile), book.state(), wanted, gas=gas, tracer=tracer)
    assert tracer.gas_used == outcome.gas_used
    assert (tracer.output, tracer.error) == (outcome.output, outcome.error)
    return tracer


def names(tracer):
    return [step.name for step in tracer.steps]


def costs(tracer):
    return [(step.name, step.gas_cost) for step in tracer.steps]


def test_each_opcode_is_a_step_with_position_gas_and_cost():
    tracer = trace(asm("PUSH 2 PUSH 3 ADD STOP"))
    start = GAS - 21_000
    assert [(step.pc, step.op, step.gas, step.gas_cost) for step in tracer.steps] == [
        (0, 0x60, start, 3),
        (2, 0x60, start - 3, 3),
        (4, 0x01, start - 6, 3),
        (5, 0x00, start - 9, 0),
    ]


def test_the_stack_is_that_before_the_opcode_with_its_top_last():
    tracer = trace(asm("PUSH 2 PUSH 3 ADD STOP"))
    assert [step.stack for step in tracer.steps] == [(), (2,), (2, 3), (5,)]


def test_words_on_the_stack_are_numbers_whatever_pushed_them():
    tracer = trace(asm("ADDRESS STOP"))
    assert tracer.steps[1].stack == (int.from_bytes(TARGET),)


def test_running_past_the_end_is_a_stop():
    assert names(trace(asm("PUSH 1"))) == ["PUSH1", "STOP"]


def test_an_account_without_code_has_no_steps():
    tracer = trace(proposal=Proposal(to=BOB.address, sender=ALICE.address), gas=21_000)
    assert (tracer.steps, tracer.gas_used, tracer.error) == ([], 21_000, None)


def test_a_precompiled_contract_has_no_steps():
    proposal = Proposal(to=Address((2).to_bytes(20)), sender=ALICE.address)
    assert trace(proposal=proposal).steps == []


@pytest.mark.parametrize(
    ("profile", "names_"),
    [
        (LONDON, ["PUSH1", "DUP1", "KECCAK256", "DIFFICULTY", "opcode 0x5f not defined"]),
        (CANCUN, ["PUSH1", "DUP1", "KECCAK256", "PREVRANDAO", "PUSH0", "SELFDESTRUCT"]),
    ],
    ids=["london", "cancun"],
)
def test_opcodes_have_the_names_of_their_fork(profile, names_):
    code = asm("PUSH 0 DUP1 SHA3 DIFFICULTY PUSH0 SELFDESTRUCT")
    assert names(trace(code, profile=profile)) == names_


def test_memory_is_shown_on_request():
    code = asm("PUSH 7 PUSH 32 MSTORE STOP")
    shown = trace(code, with_memory=True).steps[-1]
    assert shown.memory == bytes(63) + b"\x07"
    hidden = trace(code).steps[-1]
    assert (hidden.memory, hidden.memory_size) == (None, 64)


def test_the_stack_can_be_left_out():
    assert trace(asm("PUSH 1 STOP"), with_stack=False).steps[-1].stack is None


def test_storage_is_shown_where_it_is_used():
    code = asm("PUSH 7 SLOAD PUSH 4 PUSH 1 SSTORE STOP")
    shown = {step.name: step.storage for step in trace(code, with_storage=True).steps}
    assert shown["SLOAD"] == {7: 8}
    assert shown["SSTORE"] == {7: 8, 1: 4}
    assert shown["STOP"] is None


def test_storage_is_hidden_otherwise():
    assert all(step.storage is None for step in trace(COUNTER).steps)


def test_each_account_has_its_own_storage():
    code = asm("PUSH 1 PUSH 7 SSTORE") + CALL
    tracer = trace(code, asm("PUSH 9 PUSH 2 SSTORE"), with_storage=True)
    found = [step.storage for step in tracer.steps if step.name == "SSTORE"]
    assert found == [{7: 1}, {2: 9}]


def test_a_storage_opcode_without_its_words_shows_no_storage():
    for code in (asm("SLOAD"), asm("PUSH 1 SSTORE")):
        step = trace(code, with_storage=True).steps[-1]
        assert (step.storage, step.error) == (None, "stack underflow")


def test_looking_at_storage_does_not_warm_it():
    code = asm("PUSH 7 SLOAD PUSH 7 SLOAD STOP")
    plain, shown = trace(code), trace(code, with_storage=True)
    assert plain.gas_used == shown.gas_used == 21_000 + 2 * 3 + 2_100 + 100


def test_the_depth_counts_from_one():
    tracer = trace(CALL + asm("STOP"), asm("STOP"))
    assert [step.depth for step in tracer.steps] == [1] * 8 + [2] + [1]


def test_the_cost_of_a_call_contains_the_gas_of_the_child():
    tracer = trace(CALL + asm("STOP"), asm("PUSH 1 STOP"))
    call = next(step for step in tracer.steps if step.name == "CALL")
    child = next(step for step in tracer.steps if step.depth == 2)
    assert call.gas_cost == 2_600 + child.gas
    assert child.gas == (call.gas - 2_600) - (call.gas - 2_600) // 64


def test_what_the_child_leaves_comes_back():
    tracer = trace(CALL + asm("STOP"), asm("PUSH 1 STOP"))
    call = next(step for step in tracer.steps if step.name == "CALL")
    assert tracer.steps[-1].gas == call.gas - 2_600 - 3


def test_the_stipend_is_not_paid_by_the_caller():
    code = asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 1") + push(OTHER) + asm("PUSH 0 CALL")
    tracer = trace(code, asm("STOP"))
    call = next(step for step in tracer.steps if step.name == "CALL")
    child = next(step for step in tracer.steps if step.depth == 2)
    assert (call.gas_cost, child.gas) == (2_600 + 9_000, 2_300)


def test_a_call_that_cannot_be_paid_costs_as_if_it_could():
    code = asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 6") + push(OTHER) + asm("PUSH 100 CALL STOP")
    tracer = trace(code)
    assert dict(costs(tracer))["CALL"] == 2_600 + 9_000 + 100
    assert max(step.depth for step in tracer.steps) == 1


@pytest.mark.parametrize(
    ("profile", "words", "cost"),
    [(LONDON, "PUSH 0", 32_003), (CANCUN, "PUSH 0", 32_005)],
    ids=["london", "cancun"],
)
def test_the_cost_of_a_creation_leaves_the_childs_gas_out(profile, words, cost):
    tracer = trace(asm(f"PUSH 32 PUSH 0 {words} CREATE STOP"), profile=profile)
    assert dict(costs(tracer))["CREATE"] == cost


def test_the_cost_of_create2_leaves_the_childs_gas_out():
    tracer = trace(asm("PUSH 1 PUSH 32 PUSH 0 PUSH 0 CREATE2 STOP"))
    assert dict(costs(tracer))["CREATE2"] == 32_000 + 6 + 3


def test_a_creation_over_a_contract_costs_no_childs_gas():
    made = contract_address(TARGET, 1)
    alloc = {made: GenesisAccount(nonce=1)}
    tracer = trace(asm("PUSH 0 PUSH 0 PUSH 0 CREATE STOP"), alloc=alloc)
    assert dict(costs(tracer))["CREATE"] == 32_000
    assert tracer.steps[-1].stack == (0,)


def test_the_constructor_of_a_transaction_is_traced():
    proposal = Proposal(to=None, sender=ALICE.address, data=initcode(COUNTER))
    tracer = trace(proposal=proposal)
    assert names(tracer)[-1] == "RETURN"
    assert tracer.output == COUNTER


def test_a_creation_over_a_contract_has_no_steps_and_an_error():
    proposal = Proposal(to=None, sender=ALICE.address, data=initcode(COUNTER))
    taken = {contract_address(ALICE.address, 0): GenesisAccount(nonce=1)}
    book = ledger(taken)
    tracer = OpcodeTracer()
    simulate(context(book), book.state(), proposal, gas=GAS, tracer=tracer)
    assert (tracer.steps, tracer.error) == ([], "contract address collision")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (REVERTER, "execution reverted"),
        (asm("PUSH 1 PUSH 1 INVALID"), "invalid opcode: INVALID"),
        (asm("PUSH 1 ADD"), "stack underflow"),
        (asm("PUSH 0 JUMP"), "invalid jump destination"),
    ],
)
def test_the_last_step_of_a_failed_frame_says_why(code, error):
    tracer = trace(code)
    assert tracer.steps[-1].error == tracer.error == error
    assert all(step.error is None for step in tracer.steps[:-1])


def test_an_opcode_that_cannot_be_paid_shows_what_it_asked_for():
    tracer = trace(asm("PUSH 1 SLOAD"), gas=21_100)
    step = tracer.steps[-1]
    assert (step.gas, step.gas_cost, step.error) == (97, 2_100, "out of gas")


def test_a_failed_child_marks_its_own_step_only():
    tracer = trace(CALL + asm("STOP"), asm("INVALID"))
    assert [step.name for step in tracer.steps if step.error] == ["INVALID"]
    assert tracer.error is None


def test_the_refund_counter_grows():
    code = asm("PUSH 0 PUSH 7 SSTORE STOP")
    assert [step.refund for step in trace(code).steps] == [0, 0, 0, 4_800]


def test_the_refund_counter_goes_down_again():
    code = asm("PUSH 0 PUSH 7 SSTORE PUSH 1 PUSH 7 SSTORE STOP")
    assert trace(code).steps[-1].refund == 0


def test_the_refund_of_a_child_counts():
    alloc = {OTHER: GenesisAccount(nonce=1, code=asm("PUSH 0 PUSH 0 SSTORE"), storage={0: 1})}
    assert trace(CALL + asm("STOP"), alloc=alloc).steps[-1].refund == 4_800


def test_the_refund_of_a_failed_child_does_not_count():
    code = asm("PUSH 0 PUSH 0 SSTORE INVALID")
    alloc = {OTHER: GenesisAccount(nonce=1, code=code, storage={0: 1})}
    tracer = trace(CALL + asm("STOP"), alloc=alloc)
    assert tracer.steps[-2].refund == 4_800
    assert tracer.steps[-1].refund == 0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_only_the_first_steps_are_recorded_on_request(count):
    code = CALL + asm("STOP")
    tracer = trace(code, COUNTER, steps_max=count)
    assert len(tracer.steps) == count
    whole = trace(code, COUNTER)
    assert costs(tracer) == costs(whole)[:count]
    assert tracer.gas_used == whole.gas_used


def test_a_trace_has_a_limit_of_bytes():
    code = asm("PUSH 1 STOP")
    assert len(trace(code, bytes_max=440).steps) == 2
    with pytest.raises(QueryLimitError, match="opcode trace exceeds 439 bytes"):
        trace(code, bytes_max=439)


def test_memory_and_storage_count_towards_the_limit():
    code = asm("PUSH 1 PUSH 0 MSTORE PUSH 7 SLOAD STOP")
    plain = 6 * 200 + 5 * 40
    options = {"with_memory": True, "with_storage": True}
    assert trace(code, bytes_max=plain)
    assert trace(code, bytes_max=plain + 3 * 32 + 160, **options)
    with pytest.raises(QueryLimitError):
        trace(code, bytes_max=plain + 3 * 32 + 159, **options)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("seed", range(15))
def test_costs_add_up_in_random_programs(profile, seed):
    """Within one frame each step leaves gas - cost, plus what a child gave back."""
    rng = random.Random(seed)
    author = Author(rng, KEYS[:2], 1337, cancun=profile is CANCUN)
    author.known.append(OTHER)
    code, other = author.program(12), author.program(4)
    tracer = trace(code, other, gas=400_000, profile=profile)
    frames = {}
    for step in tracer.steps:
        before = frames.get(step.depth)
        if before is not None and before.error is None:
            left = before.gas - before.gas_cost
            if before.name in ("CALL", "CALLCODE", "STATICCALL", "DELEGATECALL"):
                assert step.gas >= left
            elif before.name in ("CREATE", "CREATE2"):
                assert left // 64 <= step.gas <= left
            elif before.name not in ("STOP", "RETURN", "SELFDESTRUCT"):
                assert step.gas == left
        for deeper in [depth for depth in frames if depth > step.depth]:
            del frames[deeper]
        frames[step.depth] = step
    assert tracer.steps
