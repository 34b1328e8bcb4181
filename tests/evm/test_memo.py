"""What one node executed serves the others, and nothing else changes."""

from dataclasses import replace

import pytest

from node.base.block import Block
from node.base.errors import InvalidBlockError
from node.base.types import Address, Hash32
from node.evm.chain_errors import MemoMismatchError
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.memo import MemoKey, SharedMemo, VerifyingMemo, difference, size_bytes
from node.evm.receipts import Log, Receipt
from tests.evm.asm import COUNTER
from tests.evm.chains import ALICE, PROFILES, SIGNER, VERIFIER, build, extend, genesis, legacy, seal

TARGET = Address(b"\x0e" * 20)
ALLOC = {
    TARGET: GenesisAccount(nonce=1, code=COUNTER),
    ALICE.address: GenesisAccount(balance=10**18),
}


class CountingExecutor(PyevmExecutor):
    """Knows how many blocks it ran."""

    def __init__(self):
        self.opened = 0

    def open(self, context, view):
        self.opened += 1
        return super().open(context, view)


def node(memo=None, profile=PROFILES[0]):
    executor = CountingExecutor()
    book = Ledger(genesis(ALLOC, profile), verifier=VERIFIER, executor=executor, memo=memo)
    return book, executor


def take(book, block):
    book.insert(block, book.check(block, fee_recipient=SIGNER))
    return book.set_head(block.header.hash())


def blocks_of(book, count=3):
    raws = [[legacy(ALICE, 2 * n, TARGET), legacy(ALICE, 2 * n + 1, TARGET)] for n in range(count)]
    return [extend(book, batch) for batch in raws]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_what_the_builder_executed_nobody_executes_again(profile):
    memo = SharedMemo()
    builder, first = node(memo, profile)
    others = [node(memo, profile) for _ in range(3)]
    for block in blocks_of(builder):
        for book, _ in others:
            take(book, block)
    assert first.opened == 3
    assert [executor.opened for _, executor in others] == [0, 0, 0]
    assert {book.head_hash for book, _ in others} == {builder.head_hash}


@pytest.mark.parametrize("memo_of", [lambda: None, SharedMemo, lambda: SharedMemo(entries_max=1)])
def test_stored_results_are_the_same_with_and_without_a_memo(memo_of):
    memo = memo_of()
    builder, _ = node(memo)
    book, _ = node(memo)
    plain, _ = node()
    for block in blocks_of(builder):
        shared = book.check(block, fee_recipient=SIGNER)
        assert shared == plain.check(block, fee_recipient=SIGNER)
        take(book, block)
        take(plain, block)
        block_hash = block.header.hash()
        assert book.receipts(block_hash) == plain.receipts(block_hash)
    assert book.state().slot(TARGET, 0) == plain.state().slot(TARGET, 0) == 6


def test_a_node_that_only_hit_the_memo_can_build_on_its_state():
    memo = SharedMemo()
    builder, _ = node(memo)
    book, executor = node(memo)
    for block in blocks_of(builder):
        take(book, block)
    extend(book, [legacy(ALICE, 6, TARGET)])
    assert executor.opened == 1
    assert book.state().slot(TARGET, 0) == 7


def test_a_forged_state_root_is_executed_once_and_refused_by_all():
    memo = SharedMemo()
    builder, _ = node(memo)
    block = seal(build(builder, [legacy(ALICE, 0, TARGET)]).block)
    forged = Block(replace(block.header, state_root=Hash32(b"\x66" * 32)), block.transactions)
    nodes = [node(memo) for _ in range(3)]
    for book, _ in nodes:
        with pytest.raises(InvalidBlockError) as caught:
            book.check(forged, fee_recipient=SIGNER)
        assert caught.value.rule == "state root"
    assert sum(executor.opened for _, executor in nodes) == 1


def test_a_hit_does_not_excuse_a_body_that_the_header_does_not_name():
    memo = SharedMemo()
    builder, _ = node(memo)
    (block,) = blocks_of(builder, 1)
    book, _ = node(memo)
    swapped = Block(block.header, block.transactions[::-1])
    with pytest.raises(InvalidBlockError) as caught:
        book.check(swapped, fee_recipient=SIGNER)
    assert caught.value.rule == "transactions root"


def test_a_verifying_node_executes_for_itself():
    memo = SharedMemo()
    builder, _ = node(memo)
    book, executor = node(VerifyingMemo(memo))
    for block in blocks_of(builder):
        take(book, block)
    assert executor.opened == 3


def test_a_verifying_node_files_what_nobody_had():
    memo = SharedMemo()
    builder, _ = node()
    (block,) = blocks_of(builder, 1)
    take(node(VerifyingMemo(memo))[0], block)
    book, executor = node(memo)
    take(book, block)
    assert executor.opened == 0


def test_a_difference_stops_the_verifying_node():
    memo = SharedMemo()
    builder, _ = node()
    (block,) = blocks_of(builder, 1)
    book, _ = node(VerifyingMemo(memo))
    result = book.check(block, fee_recipient=SIGNER)
    wrong = SharedMemo()
    root = builder.genesis_header.state_root
    key = MemoKey(root, block.header.hash(), "london", "py-evm")
    wrong.keep(key, replace(result, gas_used=result.gas_used + 1))
    suspicious, _ = node(VerifyingMemo(wrong))
    with pytest.raises(MemoMismatchError, match="gas_used"):
        suspicious.check(block, fee_recipient=SIGNER)


def _results(count):
    builder, _ = node()
    book, _ = node()
    found = []
    for block in blocks_of(builder, count):
        found.append((block, book.check(block, fee_recipient=SIGNER)))
        take(book, block)
    return [
        (MemoKey(result.state_root, block.header.hash(), "london", "py-evm"), result)
        for block, result in found
    ]


def test_the_least_recently_used_entry_goes_first():
    results = _results(3)
    memo = SharedMemo(entries_max=2)
    for key, result in results[:2]:
        memo.keep(key, result)
    assert memo.find(results[0][0]) is not None
    memo.keep(*results[2])
    assert memo.find(results[1][0]) is None
    assert memo.find(results[0][0]) is results[0][1]
    assert len(memo) == 2


def test_bytes_are_bounded_and_counted():
    results = _results(3)
    memo = SharedMemo(bytes_max=size_bytes(results[0][1]) + size_bytes(results[1][1]))
    for key, result in results:
        memo.keep(key, result)
    assert memo.find(results[0][0]) is None
    assert memo.size_bytes == sum(size_bytes(result) for _, result in results[1:])


def test_a_result_larger_than_the_memo_is_not_kept():
    ((key, result),) = _results(1)
    memo = SharedMemo(bytes_max=100)
    memo.keep(key, result)
    assert (len(memo), memo.size_bytes) == (0, 0)


def test_another_executor_or_profile_or_parent_is_another_key():
    ((key, result),) = _results(1)
    memo = SharedMemo()
    memo.keep(key, result)
    others = (
        key._replace(executor="revm"),
        key._replace(profile="cancun"),
        key._replace(parent_root=Hash32(bytes(32))),
    )
    assert [memo.find(other) for other in others] == [None, None, None]
    assert (memo.hits, memo.misses) == (0, 3)


def test_a_difference_in_nodes_alone_is_named():
    ((_, result),) = _results(1)
    writes = replace(result.writes, nodes={})
    assert difference(result, replace(result, writes=writes)) == "writes"


def test_logs_count_for_what_they_hold():
    ((_, result),) = _results(1)
    log = Log(TARGET, (Hash32(bytes(32)),) * 4, bytes(1_000))
    loud = replace(result, receipts=(Receipt.of(0, 1, 21_000, (log,)),))
    assert size_bytes(loud) - size_bytes(result) >= 1_000 + 4 * 32
