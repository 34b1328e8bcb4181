import pytest

from node.base.types import Address
from node.evm.call_tracer import CallTracer
from node.evm.errors import QueryLimitError
from node.evm.forks import CANCUN
from node.evm.genesis import GenesisAccount
from node.evm.receipts import contract_address
from node.evm.simulate import Proposal, simulate
from tests.evm.asm import COUNTER, LOGGER, REVERTER, asm, initcode, push
from tests.evm.chains import ALICE, BOB, PROFILES, context, ledger

TARGET = Address(b"\x0e" * 20)
OTHER = Address(b"\x0f" * 20)
HASHER = Address((2).to_bytes(20))
GAS = 200_000


def call_of(kind, to, *, value=None, gas=None, size=0):
    """Give code that calls and leaves the flag on the stack."""
    amount = b"" if kind in ("STATICCALL", "DELEGATECALL") else push(value or 0)
    given = asm("GAS") if gas is None else push(gas)
    return asm(f"PUSH 0 PUSH 0 PUSH {size} PUSH 0") + amount + push(to) + given + asm(kind)


def trace(code=b"", other=b"", *, gas=GAS, profile=None, alloc=None, **changes):
    accounts = {
        TARGET: GenesisAccount(nonce=1, balance=5, code=code),
        OTHER: GenesisAccount(nonce=1, code=other),
    } | (alloc or {})
    book = ledger(accounts)
    surroundings = {} if profile is None else {"profile": profile}
    proposal = Proposal(**({"to": TARGET, "sender": ALICE.address} | changes))
    tracer = CallTracer()
    outcome = simulate(
        context(book, **surroundings), book.state(), proposal, gas=gas, tracer=tracer
    )
    assert tracer.root.gas_used == outcome.gas_used
    return tracer.root


def test_a_plain_transfer_is_one_frame():
    root = trace(to=BOB.address, gas=21_000)
    assert (root.kind, root.sender, root.to, root.value) == ("CALL", ALICE.address, BOB.address, 0)
    assert (root.gas, root.gas_used, root.calls) == (21_000, 21_000, [])
    assert (root.error, root.revert_reason, root.output) == (None, None, b"")


def test_the_first_frame_carries_data_and_output():
    root = trace(COUNTER, data=b"in")
    assert (root.data, int.from_bytes(root.output)) == (b"in", 1)


def test_the_gas_of_the_first_frame_is_that_of_the_transaction():
    root = trace(asm("STOP"), data=b"\x01")
    assert (root.gas, root.gas_used) == (GAS, 21_016)


def test_refunds_are_taken_off_the_first_frame():
    clearer = GenesisAccount(nonce=1, code=asm("PUSH 0 PUSH 0 SSTORE"), storage={0: 1})
    assert trace(alloc={TARGET: clearer}).gas_used == 21_000 + 6 + 5_000 - 4_800


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_call_has_at_most_63_parts_of_64_of_the_gas(profile):
    root = trace(call_of("CALL", OTHER), COUNTER, profile=profile)
    (child,) = root.calls
    # seven words on the stack (GAS costs 2), and a cold account
    left = GAS - 21_000 - 6 * 3 - 2 - 2_600
    assert child.gas == left - left // 64
    assert child.gas_used == 3 * 6 + 3 * 3 + 22_100 + 3


def test_a_call_asks_for_less_and_gets_it():
    (child,) = trace(call_of("CALL", OTHER, gas=5_000)).calls
    assert child.gas == 5_000


def test_a_call_with_value_has_the_stipend():
    (child,) = trace(call_of("CALL", OTHER, value=3, gas=0)).calls
    assert (child.gas, child.gas_used, child.value) == (2_300, 0, 3)


@pytest.mark.parametrize(
    ("kind", "value"), [("CALL", 2), ("CALLCODE", 2), ("DELEGATECALL", 4), ("STATICCALL", None)]
)
def test_each_kind_of_call_has_its_name_parties_and_value(kind, value):
    """DELEGATECALL inherits the value, STATICCALL has none; the sender is who calls."""
    alloc = {ALICE.address: GenesisAccount(balance=4)}
    code = call_of(kind, OTHER, value=2)
    (child,) = trace(code, asm("STOP"), alloc=alloc, value=4).calls
    assert (child.kind, child.sender, child.to) == (kind, TARGET, OTHER)
    assert child.value == value


def test_below_a_static_call_a_call_is_still_a_call():
    inner = call_of("CALL", BOB.address)
    (child,) = trace(call_of("STATICCALL", OTHER), inner).calls
    assert [frame.kind for frame in child.calls] == ["CALL"]


def test_calls_nest_and_follow_each_other():
    code = call_of("CALL", OTHER) + call_of("STATICCALL", BOB.address)
    root = trace(code, call_of("CALL", HASHER) + call_of("CALL", BOB.address))
    assert [frame.to for frame in root.calls] == [OTHER, BOB.address]
    assert [frame.to for frame in root.calls[0].calls] == [HASHER, BOB.address]


def test_call_data_is_the_callers_memory():
    code = push(b"\xaa" * 32) + asm("PUSH 0 MSTORE") + call_of("CALL", OTHER, size=5)
    assert trace(code).calls[0].data == b"\xaa" * 5


def test_a_precompiled_contract_is_a_frame():
    (child,) = trace(call_of("STATICCALL", HASHER)).calls
    assert (child.kind, child.to, child.gas_used) == ("STATICCALL", HASHER, 60)
    assert len(child.output) == 32


def test_a_precompiled_contract_without_enough_gas_fails():
    (child,) = trace(call_of("STATICCALL", HASHER, gas=59)).calls
    assert (child.error, child.gas_used, child.output) == ("out of gas", 59, b"")


def test_a_transaction_may_call_a_precompiled_contract():
    root = trace(to=HASHER)
    assert (root.gas_used, len(root.output)) == (21_060, 32)


def test_a_revert_below_does_not_fail_the_caller():
    root = trace(call_of("CALL", OTHER), REVERTER)
    (child,) = root.calls
    assert (child.error, child.output.hex()) == ("execution reverted", "deadbeef")
    assert child.gas_used < 100
    assert root.error is None


def test_a_revert_reason_is_read():
    text = bytes.fromhex("08c379a0") + (32).to_bytes(32) + (4).to_bytes(32) + b"nope"
    words = [text.ljust(128, b"\0")[at : at + 32] for at in range(0, 128, 32)]
    code = b"".join(push(word) + push(32 * n) + asm("MSTORE") for n, word in enumerate(words))
    root = trace(code + asm("PUSH 100 PUSH 0 REVERT"))
    assert root.error == "execution reverted"
    assert root.revert_reason == "nope"
    assert root.output.startswith(text)


def test_a_custom_error_has_no_reason():
    assert trace(REVERTER).revert_reason is None


def test_other_faults_burn_all_gas_and_have_no_output():
    root = trace(asm("INVALID"))
    assert (root.error, root.gas_used, root.output) == ("invalid opcode: INVALID", GAS, b"")


def test_out_of_gas_below_is_that_frames():
    root = trace(call_of("CALL", OTHER, gas=1_000), COUNTER)
    (child,) = root.calls
    assert (child.error, child.gas, child.gas_used) == ("out of gas", 1_000, 1_000)
    assert root.error is None


@pytest.mark.parametrize(
    "code",
    [
        COUNTER,
        LOGGER,
        asm("PUSH 0 PUSH 0 PUSH 0 CREATE"),
        asm("PUSH 0 SELFDESTRUCT"),
        call_of("CALL", BOB.address, value=1),
    ],
)
def test_a_static_call_may_not_write(code):
    root = trace(call_of("STATICCALL", OTHER), code)
    (child,) = root.calls
    assert (child.error, child.calls) == ("write protection", [])


def test_a_call_that_cannot_be_paid_makes_no_frame():
    root = trace(call_of("CALL", OTHER, value=6))
    assert (root.calls, root.error) == ([], None)


def test_a_creating_transaction_is_a_create_frame():
    root = trace(to=None, data=initcode(COUNTER))
    assert (root.kind, root.to) == ("CREATE", contract_address(ALICE.address, 0))
    assert root.calls == []
    assert (root.data, root.output) == (initcode(COUNTER), COUNTER)


def test_a_failed_creation_has_no_address():
    root = trace(to=None, data=REVERTER)
    assert (root.kind, root.to, root.error) == ("CREATE", None, "execution reverted")
    assert root.output.hex() == "deadbeef"


def test_a_creation_over_a_contract_is_an_error_of_the_first_frame():
    taken = contract_address(ALICE.address, 0)
    root = trace(to=None, data=COUNTER, alloc={taken: GenesisAccount(nonce=1)})
    assert (root.kind, root.to, root.error) == ("CREATE", None, "contract address collision")
    assert root.gas_used == GAS


def _creator(code, kind, value=0):
    salt = push(3) if kind == "CREATE2" else b""
    stored = push(code.ljust(32, b"\0")) + asm("PUSH 0 MSTORE")
    return stored + salt + push(len(code)) + push(0) + push(value) + asm(kind)


@pytest.mark.parametrize("kind", ["CREATE", "CREATE2"])
def test_a_contract_that_creates_makes_a_frame(kind):
    runtime = asm("PUSH 1 PUSH 0 RETURN")
    root = trace(_creator(runtime, kind, value=2) + asm("PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN"))
    (child,) = root.calls
    assert (child.kind, child.sender, child.value) == (kind, TARGET, 2)
    assert child.to == root.output[12:]
    assert (child.data, child.output) == (runtime, b"\0")
    assert child.gas_used == 3 + 3 + 3 + 200


def test_code_that_cannot_be_kept_is_an_error_of_the_creation():
    code = asm("PUSH 0xef PUSH 0 MSTORE8 PUSH 1 PUSH 0 RETURN")
    (child,) = trace(_creator(code, "CREATE")).calls
    assert (child.to, child.output) == (None, b"")
    assert child.error == "invalid code: must not begin with 0xef"
    assert child.gas_used == child.gas


def test_a_self_destruction_is_a_frame():
    root = trace(push(OTHER) + asm("SELFDESTRUCT"))
    (child,) = root.calls
    assert (child.kind, child.sender, child.to, child.value) == ("SELFDESTRUCT", TARGET, OTHER, 5)
    assert (child.gas, child.gas_used, child.data) == (0, 0, b"")


def test_a_self_destruction_is_a_frame_under_cancun_too():
    (child,) = trace(push(OTHER) + asm("SELFDESTRUCT"), profile=CANCUN).calls
    assert (child.kind, child.value) == ("SELFDESTRUCT", 5)


def test_only_the_last_20_bytes_name_the_heir():
    (child,) = trace(push(b"\xff" * 12 + OTHER) + asm("SELFDESTRUCT")).calls
    assert child.to == OTHER


def test_a_self_destruction_that_fails_is_no_frame():
    root = trace(asm("SELFDESTRUCT"))
    assert (root.calls, root.error) == ([], "stack underflow")


@pytest.mark.slow
def test_calls_stop_at_depth_1024():
    """TARGET calls itself with all gas: 1,024 frames below the first, the next is refused."""
    frame = trace(call_of("CALL", TARGET), gas=2**60)
    depth = 0
    while frame.calls:
        (frame,) = frame.calls
        depth += 1
    assert depth == 1_024
    assert frame.error is None


@pytest.mark.slow
def test_1024_nested_creations_fit_pythons_stack():
    """Each initcode copies itself and creates it again."""
    code = asm("CODESIZE PUSH 0 PUSH 0 CODECOPY CODESIZE PUSH 0 PUSH 0 CREATE")
    frame = trace(to=None, data=code, gas=2**60)
    depth = 0
    while frame.calls:
        (frame,) = frame.calls
        depth += 1
    assert (depth, frame.error) == (1_024, None)


def test_a_trace_has_a_limit_of_bytes():
    code = call_of("CALL", OTHER, size=1_000)
    book = ledger({TARGET: GenesisAccount(nonce=1, code=code * 3)})
    proposal = Proposal(to=TARGET, sender=ALICE.address)

    def run(bytes_max):
        simulate(
            context(book), book.state(), proposal, gas=GAS, tracer=CallTracer(bytes_max=bytes_max)
        )

    run(4_500)
    with pytest.raises(QueryLimitError, match="call trace exceeds 4499 bytes"):
        run(4_499)


def test_output_counts_towards_the_limit():
    book = ledger({TARGET: GenesisAccount(nonce=1, code=asm("PUSH 100 PUSH 0 RETURN"))})
    proposal = Proposal(to=TARGET, sender=ALICE.address)
    for bytes_max, fits in ((100, True), (99, False)):
        tracer = CallTracer(bytes_max=bytes_max)
        if fits:
            simulate(context(book), book.state(), proposal, gas=GAS, tracer=tracer)
            assert len(tracer.root.output) == 100
        else:
            with pytest.raises(QueryLimitError):
                simulate(context(book), book.state(), proposal, gas=GAS, tracer=tracer)
