import random

import pytest

from node.base.errors import UnknownBlockError
from node.base.types import Address, Hash32
from node.evm.call_tracer import CallTracer
from node.evm.chain_errors import ReplayMismatchError
from node.evm.errors import (
    MissingStateError,
    NotTraceableError,
    QueryLimitError,
    UnknownTransactionError,
)
from node.evm.forks import LONDON
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.opcode_tracer import OpcodeTracer
from node.evm.receipts import gas_used_by
from node.evm.tracer import trace_block, trace_transaction
from node.storage.chain_data import MemoryChainData
from node.storage.ledger_store import MemoryLedgerStore
from tests.evm.asm import COUNTER, REVERTER, asm, initcode
from tests.evm.chains import (
    ALICE,
    BOB,
    KEYS,
    PROFILES,
    SIGNER,
    VERIFIER,
    build,
    decoded,
    extend,
    genesis,
    ledger,
    legacy,
    request,
    seal,
)
from tests.evm.programs import Author

TARGET = Address(b"\x0e" * 20)
ALLOC = {
    TARGET: GenesisAccount(nonce=1, code=COUNTER),
    ALICE.address: GenesisAccount(balance=10**18),
}
PAYEE = asm("COINBASE PUSH 0 SSTORE")


def _trace(book, raw, **changes):
    tracer = CallTracer()
    trace_transaction(book, decoded(raw).hash, tracer, **changes)
    return tracer.root


def test_a_traced_transaction_comes_after_the_earlier_ones_of_its_block():
    book = ledger(ALLOC)
    raws = [legacy(ALICE, nonce, TARGET) for nonce in range(3)]
    extend(book, [legacy(BOB, 0, TARGET)])
    extend(book, raws)
    assert [int.from_bytes(_trace(book, raw).output) for raw in raws] == [2, 3, 4]


def test_each_transaction_begins_with_cold_slots():
    """The second one would be cheaper if the first had left its slot warm."""
    book = ledger(ALLOC)
    raws = [legacy(ALICE, nonce, TARGET) for nonce in range(3)]
    extend(book, raws)
    first, second, third = (_trace(book, raw).gas_used for raw in raws)
    assert first - second == 22_100 - 5_000
    assert second == third


def test_the_gas_is_that_of_the_receipt():
    book = ledger(ALLOC)
    raws = [legacy(ALICE, 0, TARGET), legacy(ALICE, 1, None, initcode(COUNTER))]
    block = extend(book, raws)
    receipts = book.receipts(block.header.hash())
    for index, raw in enumerate(raws):
        assert _trace(book, raw).gas_used == gas_used_by(receipts, index)


def test_an_older_block_is_traced_on_its_own_state():
    book = ledger(ALLOC)
    old = legacy(ALICE, 0, TARGET)
    extend(book, [old])
    extend(book, [legacy(ALICE, 1, TARGET)])
    assert int.from_bytes(_trace(book, old).output) == 1


def test_tracing_changes_nothing():
    book = ledger(ALLOC)
    raw = legacy(ALICE, 0, TARGET)
    extend(book, [raw])
    head, root = book.head_hash, book.head.state_root
    for _ in range(2):
        _trace(book, raw)
    assert (book.head_hash, book.state().root) == (head, root)
    assert book.state().slot(TARGET, 0) == 1


def test_a_failed_transaction_is_traced():
    book = ledger({TARGET: GenesisAccount(nonce=1, code=REVERTER)})
    raw = legacy(ALICE, 0, TARGET)
    extend(book, [raw])
    assert _trace(book, raw).error == "execution reverted"


def test_an_unknown_transaction_is_named():
    with pytest.raises(UnknownTransactionError, match=r"abab.* not found"):
        trace_transaction(ledger(), Hash32(b"\xab" * 32), CallTracer())


def test_a_transaction_of_a_side_branch_is_not_on_the_chain():
    book = ledger(ALLOC)
    raw = legacy(ALICE, 0, TARGET)
    parent = book.head_hash
    extend(book)
    built = build(book, [raw], parent, difficulty=1)
    side = book.adopt(seal(built.block, 2), built.result)
    with pytest.raises(UnknownTransactionError):
        _trace(book, raw)
    (tracer,) = trace_block(book, side, CallTracer)
    assert int.from_bytes(tracer.root.output) == 1


def test_a_block_gives_one_trace_for_each_transaction():
    book = ledger(ALLOC)
    block = extend(book, [legacy(ALICE, nonce, TARGET) for nonce in range(3)])
    tracers = trace_block(book, block.header.hash(), CallTracer)
    assert [int.from_bytes(tracer.root.output) for tracer in tracers] == [1, 2, 3]


def test_an_empty_block_gives_no_trace():
    book = ledger(ALLOC)
    assert trace_block(book, extend(book).header.hash(), CallTracer) == []


def test_the_genesis_is_not_traceable():
    book = ledger(ALLOC)
    with pytest.raises(NotTraceableError, match=r"^genesis is not traceable$"):
        trace_block(book, book.genesis_hash, CallTracer)


def test_an_unknown_block_is_named():
    with pytest.raises(UnknownBlockError):
        trace_block(ledger(), Hash32(b"\xab" * 32), CallTracer)


def test_the_fee_recipient_is_who_the_block_was_made_for():
    """A clique header does not name it: asked without it, the replay notices what differs."""
    code = asm("COINBASE ISZERO PUSH 0 SSTORE")
    book = ledger({TARGET: GenesisAccount(nonce=1, code=code)})
    raw = legacy(ALICE, 0, TARGET)
    extend(book, [raw])
    assert _trace(book, raw, fee_recipient=SIGNER).error is None
    with pytest.raises(ReplayMismatchError, match=r"transaction 0 of block .* another receipt"):
        _trace(book, raw)


def test_an_earlier_transaction_that_ends_otherwise_is_named():
    code = asm("COINBASE ISZERO PUSH 0 SSTORE")
    book = ledger({TARGET: GenesisAccount(nonce=1, code=code)})
    raws = [legacy(ALICE, 0, TARGET), legacy(ALICE, 1, BOB.address)]
    extend(book, raws)
    with pytest.raises(ReplayMismatchError) as caught:
        _trace(book, raws[1])
    assert caught.value.index == 0


def test_a_transaction_that_cannot_run_again_is_named():
    """It spends the fee of the one before it: with another recipient it has nothing."""
    paid = KEYS[4]
    book = ledger(ALLOC)
    raws = [
        legacy(ALICE, 0, TARGET, gas_price=10),
        legacy(paid, 0, BOB.address, value=1, gas=21_000),
    ]
    built = book.build(
        request(book, fee_recipient=paid.address), [book.decode(raw) for raw in raws]
    )
    assert not built.skipped
    book.set_head(book.adopt(seal(built.block), built.result))
    assert _trace(book, raws[1], fee_recipient=paid.address).error is None
    with pytest.raises(ReplayMismatchError) as caught:
        _trace(book, raws[1])
    assert caught.value.index == 1


def test_a_state_that_is_not_kept_cannot_be_traced():
    chain = MemoryChainData()
    book = Ledger(genesis(ALLOC), verifier=VERIFIER, store=MemoryLedgerStore(chain))
    raw = legacy(ALICE, 0, TARGET)
    first = extend(book)
    extend(book, [raw])
    young = MemoryLedgerStore()
    Ledger(genesis(ALLOC), verifier=VERIFIER, store=young)
    old = MemoryLedgerStore(chain, young.nodes)
    forgetful = Ledger(genesis(ALLOC), verifier=VERIFIER, store=old)
    assert first.header.state_root == forgetful.genesis_header.state_root
    assert _trace(forgetful, raw).error is None
    later = legacy(ALICE, 1, TARGET)
    extend(book, [later])
    with pytest.raises(MissingStateError):
        _trace(forgetful, later)


def test_a_tracer_that_is_full_stops_the_replay():
    book = ledger(ALLOC)
    raw = legacy(ALICE, 0, TARGET)
    extend(book, [raw])
    with pytest.raises(QueryLimitError):
        trace_transaction(book, decoded(raw).hash, OpcodeTracer(bytes_max=300))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("make", [CallTracer, OpcodeTracer])
def test_random_blocks_run_the_same_under_a_tracer(profile, make):
    """The replay compares every receipt, so nothing may differ while tracing."""
    keys = KEYS[:4]
    alloc = {key.address: GenesisAccount(balance=10**20) for key in keys}
    author = Author(random.Random(7), keys, 1337, cancun=profile is not LONDON)
    book = ledger(alloc, profile=profile, base_fee=7)
    for _ in range(3):
        built = build(book, [author.transaction() for _ in range(20)])
        block = seal(built.block)
        book.set_head(book.adopt(block, built.result))
        for key in keys:  # some were not valid, or had no room
            author.nonces[key.address] = book.state().nonce(key.address)
        tracers = trace_block(book, block.header.hash(), make, fee_recipient=SIGNER)
        assert len(tracers) == len(block.transactions) > 5
