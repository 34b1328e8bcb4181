"""Which machine runs what under the fast executor; traps 7, 8 and 10 of pyrevm."""

import pytest

from node.base.errors import WardnetError
from node.base.types import Hash32
from node.evm import revm_code
from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from node.evm.receipts import contract_address
from node.evm.revm_code import opcodes
from node.evm.transactions import sign_access_list, sign_dynamic_fee
from tests.evm.asm import BURNER, COUNTER, LOGGER, REVERTER, asm, initcode, push
from tests.evm.chains import (
    ALICE,
    BOB,
    CHAIN_ID,
    SIGNER,
    context,
    decoded,
    legacy,
)
from tests.evm.twins import FACTORY, OLD, OTHER, Twins, call_to, calls, contracts, fast, routes

pytest.importorskip("pyrevm", reason="needs pyrevm, the extra `fast`")
from node.evm import revm_journal

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")
BOTH = pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)

__all__ = ["routes"]


def test_its_name_is_revm():
    assert fast.RevmExecutor().name == "revm"


@BOTH
def test_plain_calls_deployments_and_transfers_run_in_revm(profile, routes):
    twins = Twins(contracts(old=COUNTER), profile)
    raws = [legacy(ALICE, 0, OLD), legacy(ALICE, 1, None, initcode(LOGGER))]
    raws.append(legacy(ALICE, 2, BOB.address, value=5))
    twins.block(raws)
    assert (routes.revm, routes.pyevm) == (3, 0)


@BOTH
@pytest.mark.parametrize(
    ("fee", "tip", "in_revm"), [(0, 0, 1), (9, 0, 1), (9, 2, 0), (1, 1, 0)], ids=str
)
def test_trap_10_a_transaction_that_pays_runs_in_py_evm(profile, fee, tip, in_revm, routes):
    twins = Twins(contracts(old=COUNTER), profile)
    common = {"chain_id": CHAIN_ID, "to": OLD, "data": b"", "gas": 100_000}
    twins.block([sign_dynamic_fee(ALICE, nonce=0, max_fee=fee, max_tip=tip, **common)])
    assert (routes.revm, routes.pyevm) == (in_revm, 1 - in_revm)


def test_trap_10_an_access_list_sticks_to_later_calls_of_bare_pyrevm():
    import pyrevm

    evm = pyrevm.EVM(gas_limit=30_000_000, spec_id="London")
    code = asm("PUSH 7 SLOAD")
    name = "0x" + OLD.hex()
    evm.insert_account_info(name, pyrevm.AccountInfo(nonce=1, code=code))
    costs = []
    for entries in (None, [(name, [7])], None):
        if entries:
            evm.set_tx_env(pyrevm.TxEnv(access_list=entries))
        snapshot = evm.snapshot()
        evm.message_call(caller="0x" + BOB.address.hex(), to=name, gas=100_000)
        costs.append(evm.result.gas_used)
        evm.revert(snapshot)
    assert costs[0] < costs[1] == costs[2]


@BOTH
def test_trap_10_a_transaction_with_an_access_list_runs_in_py_evm_and_leaves_nothing(
    profile, routes
):
    twins = Twins(contracts(old=COUNTER), profile)
    common = {"chain_id": CHAIN_ID, "to": OLD, "data": b"", "gas": 100_000}
    raws = [legacy(ALICE, 0, OLD)]
    raws.append(sign_access_list(ALICE, nonce=1, access_list=((OLD, (0,)),), **common))
    raws.append(legacy(ALICE, 2, OLD))
    raws.append(sign_access_list(ALICE, nonce=3, **common))
    twins.block(raws)
    assert (routes.revm, routes.pyevm) == (3, 1)


def test_trap_8_bare_pyrevm_makes_block_hashes_up():
    import pyrevm

    evm = pyrevm.EVM(spec_id="London")
    assert evm.block_hash(4) != evm.block_hash(5)
    assert not hasattr(evm, "set_block_hash")


HASHES = asm("PUSH 1 NUMBER SUB BLOCKHASH PUSH 0 SSTORE")


@BOTH
@pytest.mark.parametrize("to", [OLD, None], ids=["call", "deployment"])
def test_trap_8_code_that_asks_for_a_block_hash_gets_the_true_one(profile, to, routes):
    twins = Twins(contracts(old=HASHES), profile)
    twins.block([])
    parent = twins.fast.head_hash
    twins.block([legacy(ALICE, 0, to, b"" if to else HASHES)])
    place = to or contract_address(ALICE.address, 0)
    assert twins.fast.state().slot(place, 0) == int.from_bytes(parent)
    assert (routes.revm, routes.pyevm) == (0, 1)


@BOTH
def test_trap_8_ancestors_can_be_asked_for_by_several_transactions(profile, routes):
    twins = Twins(contracts(old=HASHES), profile)
    twins.block([])
    twins.block(calls(OLD, OLD, OLD))
    assert routes.pyevm == 3


def test_trap_8_hashes_that_can_be_read_only_once_serve_several_transactions(routes):
    twins = Twins(contracts(old=HASHES))
    hashes = iter([Hash32(b"\x07" * 32), Hash32(b"\x08" * 32)])
    block = context(twins.fast, number=5, ancestor_hashes=hashes)
    run = twins.executor.open(block, twins.fast.state())
    for raw in calls(OLD, OLD):
        run.apply(decoded(raw))
    assert run.finish().diff.storage == {OLD: {0: int.from_bytes(b"\x07" * 32)}}
    assert routes.pyevm == 2


@BOTH
def test_trap_8_a_frame_that_reverts_hides_who_asked_for_a_block_hash(profile, routes):
    """The revert data carries the hash out; revm's journal does not name the callee's callee."""
    asks = asm("PUSH 1 NUMBER SUB BLOCKHASH PUSH 0 MSTORE PUSH 32 PUSH 0 REVERT")
    passes = call_to(OLD) + asm("PUSH 32 PUSH 0 PUSH 0 RETURNDATACOPY PUSH 32 PUSH 0 REVERT")
    stores = call_to(OTHER) + asm("PUSH 32 PUSH 0 PUSH 0 RETURNDATACOPY PUSH 0 MLOAD PUSH 1 SSTORE")
    twins = Twins(contracts(old=asks, other=passes, factory=stores), profile)
    twins.block([])
    parent = twins.fast.head_hash
    twins.block(calls(FACTORY, BOB.address))
    assert twins.fast.state().slot(FACTORY, 1) == int.from_bytes(parent)
    assert (routes.revm, routes.pyevm) == (1, 1)


@BOTH
def test_trap_8_initcode_that_is_put_together_in_memory_runs_in_py_evm(profile, routes):
    asks = asm("PUSH 1 NUMBER SUB BLOCKHASH PUSH 0 SSTORE")
    masked = bytes(byte ^ 0xFF for byte in asks.rjust(32, b"\x5b"))
    makes = push(masked) + asm("NOT PUSH 0 MSTORE PUSH 32 PUSH 0 PUSH 0 CREATE")
    twins = Twins(contracts(factory=makes), profile)
    twins.block([])
    parent = twins.fast.head_hash
    twins.block(calls(FACTORY))
    made = contract_address(FACTORY, 1)
    assert twins.fast.state().slot(made, 0) == int.from_bytes(parent)
    assert routes.pyevm == 1


@BOTH
@pytest.mark.parametrize("op", ["DELEGATECALL", "CALLCODE", "STATICCALL"])
def test_trap_8_who_runs_another_accounts_code_runs_in_py_evm(profile, op, routes):
    asks = asm("PUSH 1 NUMBER SUB BLOCKHASH PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN")
    value = push(0) if op == "CALLCODE" else b""
    runs = push(32) + push(0) * 3 + value + push(OLD) + asm(f"GAS {op} PUSH 0 MLOAD PUSH 1 SSTORE")
    twins = Twins(contracts(old=asks, other=runs), profile)
    twins.block([])
    parent = twins.fast.head_hash
    twins.block(calls(OTHER))
    assert twins.fast.state().slot(OTHER, 1) == int.from_bytes(parent)
    assert (routes.revm, routes.pyevm) == (0, 1)


def _nested(op, depth):
    """Give code that makes what makes ... what asks for a block hash; no level shows the next."""
    code = asm("PUSH 1 NUMBER SUB BLOCKHASH PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN")
    for _ in range(depth):
        masked = bytes(byte ^ 0xFF for byte in code) + bytes(-len(code) % 32)
        fill = b"".join(
            push(masked[at : at + 32]) + asm("NOT") + push(at) + asm("MSTORE")
            for at in range(0, len(masked), 32)
        )
        salt = push(0) if op == "CREATE2" else b""
        made = salt + push(len(code)) + push(0) * 2 + asm(op)
        hand_up = asm("PUSH 32 PUSH 0 PUSH 0") + asm("DUP4 EXTCODECOPY PUSH 32 PUSH 0 RETURN")
        code = fill + made + hand_up
    return code


@BOTH
@pytest.mark.parametrize("op", ["CREATE", "CREATE2"])
@pytest.mark.parametrize("depth", [1, 3])
def test_trap_8_initcode_within_initcode_gets_the_true_hash(profile, op, depth, routes):
    code = _nested(op, depth)
    assert fast.BLOCKHASH not in opcodes(code)
    twins = Twins(contracts(), profile)
    twins.block([])
    parent = twins.fast.head_hash
    twins.block([legacy(ALICE, 0, None, code)])
    made = twins.fast.state().code_of(contract_address(ALICE.address, 0))
    assert made == parent
    assert (routes.revm, routes.pyevm) == (0, 1)


def test_once_no_account_asks_for_block_hashes_calls_run_in_revm_again(routes):
    code = asm(
        "PUSH 0 CALLDATALOAD PUSH 8 JUMPI CALLER SELFDESTRUCT STOP JUMPDEST PUSH 1 BLOCKHASH"
    )
    caller = call_to(BOB.address)
    twins = Twins(contracts(old=code, other=caller))
    twins.block(calls(OTHER, OLD, OTHER))
    assert (routes.revm, routes.pyevm) == (1, 2)


def test_trap_7_a_block_with_a_base_fee_runs_in_py_evm_as_a_whole(routes):
    twins = Twins(contracts(old=COUNTER), base_fee=7)
    twins.block(calls(OLD, OLD, gas_price=7))
    assert (routes.revm, routes.pyevm) == (0, 0)
    assert twins.executor._mirror.slot(OLD, 0) == 2


def test_trap_7_the_gas_limit_is_the_blocks(routes):
    code = asm("GASLIMIT PUSH 0 SSTORE BASEFEE PUSH 1 SSTORE")
    for limit in (30_000_000, 31_000_000):
        twins = Twins(contracts(old=code), gas_limit=limit)
        twins.block(calls(OLD))
        assert twins.fast.state().slot(OLD, 0) == limit
    assert (routes.revm, routes.pyevm) == (2, 0)


@BOTH
def test_a_block_whose_fee_recipient_is_an_empty_account_runs_in_py_evm(profile, routes):
    twins = Twins(contracts(old=COUNTER) | {SIGNER: GenesisAccount()}, profile)
    twins.block(calls(OLD))
    assert (routes.revm, routes.pyevm) == (0, 0)
    twins.block(calls(OLD, start=1))
    assert (routes.revm, routes.pyevm) == (1, 0)


def test_the_opcodes_of_initcode_are_not_remembered(routes):
    code = asm("PUSH 1 POP PUSH 2 POP")
    revm_code._remembered.cache_clear()
    Twins(contracts(old=COUNTER)).block([legacy(ALICE, 0, None, code), legacy(ALICE, 1, OLD)])
    assert routes.revm == 2
    for known, misses in ((COUNTER, 0), (code, 1)):
        before = revm_code._remembered.cache_info().misses
        revm_code.contract_opcodes(known)
        assert revm_code._remembered.cache_info().misses == before + misses


# -- read-only calls --


RETURNS = "PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN"
ASKED = {
    "a slot": f"PUSH 0 SLOAD {RETURNS}",
    "the sender": f"CALLER {RETURNS}",
    "the origin": f"ORIGIN {RETURNS}",
    "the calldata": f"PUSH 0 CALLDATALOAD {RETURNS}",
    "the time": f"TIMESTAMP {RETURNS}",
    "the number": f"NUMBER {RETURNS}",
    "the recipient": f"COINBASE {RETURNS}",
    "the gas limit": f"GASLIMIT {RETURNS}",
    "the chain": f"CHAINID {RETURNS}",
    "its balance": f"SELFBALANCE {RETURNS}",
    "a block hash": f"PUSH 1 NUMBER SUB BLOCKHASH {RETURNS}",
    "what it writes": f"PUSH 7 PUSH 0 SSTORE PUSH 0 SLOAD {RETURNS}",
}


def called(twins, **words):
    """Give what both ledgers answer to a call of OTHER: data, or the error that it ends with."""
    answers = []
    for book in (twins.fast, twins.slow):
        try:
            answers.append(book.call(OTHER, **words))
        except WardnetError as error:
            answers.append((type(error), str(error)))
    return answers


@pytest.fixture
def fast_answers(monkeypatch):
    """Note what revm answered, None where it left the call to py-evm."""
    found = []

    def answer(*words, **named):
        found.append(revm_journal.answer(*words, **named))
        return found[-1]

    monkeypatch.setattr(fast, "answer", answer)
    return found


@BOTH
@pytest.mark.parametrize("asked", ASKED)
def test_a_call_gets_the_answer_of_py_evm(asked, profile, fast_answers):
    twins = Twins(contracts(old=COUNTER, other=asm(ASKED[asked])), profile)
    twins.block([legacy(ALICE, 0, OLD)])
    answer, wanted = called(twins, data=bytes(range(32)), sender=BOB.address)
    assert answer == wanted
    assert fast_answers == ([] if asked == "a block hash" else [answer])


@pytest.mark.parametrize("code", [REVERTER, BURNER, asm("INVALID"), asm("POP")])
def test_a_call_that_does_not_end_well_is_told_by_py_evm(code, fast_answers):
    twins = Twins(contracts(other=code), CANCUN)
    answer, wanted = called(twins, data=b"", gas=90_000)
    assert answer == wanted
    assert fast_answers == [None]


def test_calls_leave_nothing_behind_and_move_between_blocks(routes):
    code = asm("PUSH 0 SLOAD PUSH 1 ADD DUP1 PUSH 0 SSTORE PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN")
    twins = Twins(contracts(old=COUNTER, other=code), CANCUN)
    first = twins.fast.head_hash
    for nonce in range(4):
        for at in (None, first):
            answer, wanted = called(twins, data=b"", at=at)
            assert answer == wanted
        twins.block([legacy(ALICE, nonce, OTHER)])
    assert called(twins, data=b"")[0] == (5).to_bytes(32)
    assert routes.pyevm == 0


def test_a_sender_with_code_is_left_to_py_evm(fast_answers):
    twins = Twins(contracts(old=COUNTER, other=asm(ASKED["the sender"])), CANCUN)
    answer, wanted = called(twins, data=b"", sender=OLD)
    assert answer == wanted == OLD.rjust(32, b"\0")
    assert fast_answers == []
