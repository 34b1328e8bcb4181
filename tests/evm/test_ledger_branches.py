"""Branches, reorgs, and what a ledger answers about its blocks and states."""

import pytest

from node.base.errors import (
    CallRevertedError,
    UnknownBlockError,
)
from node.base.keys import MemoVerifier
from node.base.types import Address, Hash32
from node.evm.chain_errors import FinalityViolationError
from node.evm.errors import (
    CallFailedError,
)
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.receipts import contract_address
from node.storage.ledger_store import MemoryLedgerStore
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.asm import COUNTER, LOGGER, REVERTER, asm, initcode
from tests.evm.chains import (
    ALICE,
    BOB,
    CAROL,
    SIGNER,
    build,
    extend,
    genesis,
    ledger,
    legacy,
    seal,
)

TARGET = Address(b"\x0e" * 20)
ALLOC = {
    TARGET: GenesisAccount(nonce=1, code=COUNTER),
    ALICE.address: GenesisAccount(balance=10**18),
}
UNKNOWN = Hash32(b"\x77" * 32)


@pytest.fixture
def book():
    return ledger(ALLOC)


def _sealed(book, raws=(), **changes):
    """Build a block on the head without storing it."""
    return seal(build(book, raws, **changes).block)


# -- branches --


def test_inserting_does_not_move_the_head(book):
    block = _sealed(book, [legacy(ALICE, 0, TARGET)])
    book.insert(block, book.check(block, fee_recipient=SIGNER))
    assert book.head_hash == book.genesis_hash
    assert book.hash_by_number(1) is None


def test_a_reorg_moves_numbers_places_and_state():
    book = ledger(ALLOC)
    shared, left_only, right_only = (legacy(key, 0, TARGET) for key in (ALICE, BOB, CAROL))
    left = extend(book, [left_only, shared]).header.hash()
    left_tip = extend(book, [legacy(BOB, 1, TARGET)]).header.hash()
    right_built = build(book, [right_only, shared], book.genesis_hash)
    right = book.adopt(seal(right_built.block, 2), right_built.result)
    info = book.set_head(right)
    assert (info.common, info.removed, info.added) == (
        book.genesis_hash,
        (left_tip, left),
        (right,),
    )
    assert info.dropped == (left_only, legacy(BOB, 1, TARGET))
    assert (book.head_hash, book.hash_by_number(1), book.hash_by_number(2)) == (right, right, None)
    assert book.transaction_place(book.decode(shared).hash) == (right, 1, 1)
    assert book.transaction_place(book.decode(left_only).hash) is None
    assert book.state().nonce(BOB.address) == 0
    assert book.state(left_tip).nonce(BOB.address) == 2
    back = book.set_head(left_tip)
    assert (back.removed, back.added) == ((right,), (left, left_tip))
    assert back.dropped == (right_only,)


def test_setting_the_same_head_changes_nothing(book):
    block = extend(book)
    info = book.set_head(block.header.hash())
    assert (info.common, info.removed, info.added, info.dropped) == (
        block.header.hash(),
        (),
        (),
        (),
    )


def test_the_head_can_go_back_to_an_ancestor(book):
    raw = legacy(ALICE, 0, TARGET)
    block = extend(book, [raw])
    info = book.set_head(book.genesis_hash)
    assert (info.removed, info.added, info.dropped) == ((block.header.hash(),), (), (raw,))
    assert book.head_hash == book.genesis_hash


def test_an_unknown_block_is_no_head(book):
    with pytest.raises(UnknownBlockError):
        book.set_head(UNKNOWN)


def test_total_difficulty_adds_up(book):
    extend(book, difficulty=2)
    block = extend(book, difficulty=1)
    assert book.total_difficulty(block.header.hash()) == 1 + 2 + 1


# -- reading --


def test_unknown_blocks_are_none_or_an_error(book):
    assert (book.header(UNKNOWN), book.block(UNKNOWN), book.header_by_number(1)) == (None,) * 3
    for read in (book.receipts, book.total_difficulty, book.state):
        with pytest.raises(UnknownBlockError):
            read(UNKNOWN)


def test_receipts_have_logs_status_and_gas():
    code = {TARGET: LOGGER, Address(b"\x0f" * 20): REVERTER}
    book = ledger({address: GenesisAccount(nonce=1, code=body) for address, body in code.items()})
    block = extend(book, [legacy(ALICE, 0, TARGET), legacy(ALICE, 1, Address(b"\x0f" * 20))])
    good, bad = book.receipts(block.header.hash())
    assert (good.status, bad.status) == (1, 0)
    assert good.logs[0].address == TARGET
    assert good.logs[0].topics == ((9).to_bytes(32),)
    assert good.logs[0].data == (7).to_bytes(32)
    assert bad.logs == ()
    assert bad.cumulative_gas_used == block.header.gas_used


def test_a_call_sees_the_state_of_the_block_it_names(book):
    first = extend(book, [legacy(ALICE, 0, TARGET)]).header.hash()
    extend(book, [legacy(ALICE, 1, TARGET)])
    answers = [book.call(TARGET, b"", at=at) for at in (None, first, book.genesis_hash)]
    assert [int.from_bytes(answer) for answer in answers] == [3, 2, 1]
    assert book.state().slot(TARGET, 0) == 2


def test_a_call_that_reverts_raises_with_the_data():
    book = ledger({TARGET: GenesisAccount(nonce=1, code=REVERTER)})
    with pytest.raises(CallRevertedError) as caught:
        book.call(TARGET, b"")
    assert caught.value.data.hex() == "deadbeef"


def test_a_call_of_nonsense_is_an_error_of_ours():
    book = ledger({TARGET: GenesisAccount(nonce=1, code=b"\xfe")})
    with pytest.raises(CallFailedError):
        book.call(TARGET, b"")


def test_blockhash_gives_the_last_256_blocks(book):
    code = asm("PUSH 0 CALLDATALOAD BLOCKHASH PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN")
    extend(book, [legacy(ALICE, 0, None, initcode(code))])
    for _ in range(3):
        extend(book)
    reader = contract_address(ALICE.address, 0)
    answers = [book.call(reader, number.to_bytes(32)) for number in range(6)]
    assert answers == [*(book.hash_by_number(number) for number in range(4)), bytes(32), bytes(32)]


def test_many_views_are_not_kept(book):
    for nonce in range(12):
        extend(book, [legacy(ALICE, nonce, TARGET)])
    assert len(book._views) == 8
    assert int.from_bytes(book.call(TARGET, b"", at=book.genesis_hash)) == 1


def test_each_ledger_needs_blocks_of_its_own_even_on_shared_nodes():
    """A late joiner cannot open a state that it never received."""
    nodes, verifier = MemoryStateNodes(), MemoVerifier()
    one = Ledger(genesis(ALLOC), verifier=verifier, store=MemoryLedgerStore(nodes=nodes))
    late = Ledger(genesis(ALLOC), verifier=verifier, store=MemoryLedgerStore(nodes=nodes))
    block = extend(one, [legacy(ALICE, 0, TARGET)])
    with pytest.raises(UnknownBlockError):
        late.state(block.header.hash())


# -- what is decided for good, and what is forgotten --


def _side(book, parent, mark):
    built = build(book, [], parent)
    return book.adopt(seal(built.block, mark), built.result)


def test_the_head_may_not_leave_what_is_final(book):
    one = extend(book).header.hash()
    extend(book)
    book.finalize(one)
    rival = _side(book, book.genesis_hash, 7)
    rival = _side(book, _side(book, rival, 8), 9)
    head = book.head_hash
    with pytest.raises(FinalityViolationError, match="leaves the chain at 0, below 1"):
        book.set_head(rival)
    assert book.head_hash == head


def test_the_head_may_not_go_back_below_what_is_final(book):
    one = extend(book).header.hash()
    book.finalize(extend(book).header.hash())
    with pytest.raises(FinalityViolationError, match="leaves the chain at 1, below 2"):
        book.set_head(one)


def test_above_what_is_final_the_head_may_move(book):
    one = extend(book).header.hash()
    extend(book)
    book.finalize(one)
    rival = _side(book, _side(book, one, 8), 9)
    assert book.set_head(rival).common == one


def test_finality_does_not_go_back(book):
    hashes = [extend(book).header.hash() for _ in range(2)]
    book.finalize(hashes[1])
    book.finalize(hashes[0])
    assert book.finalized == 2


def test_only_blocks_of_the_chain_are_final(book):
    extend(book)
    with pytest.raises(UnknownBlockError, match="on the chain"):
        book.finalize(_side(book, book.genesis_hash, 9))


def test_a_branch_that_ended_long_ago_is_forgotten(book):
    side = _side(book, book.genesis_hash, 9)
    for _ in range(129):
        extend(book)
    assert book.block(side) is not None
    extend(book)
    assert book.block(side) is None
    assert book.block(book.hash_by_number(1)) is not None
