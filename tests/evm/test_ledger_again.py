"""Executing a stored block once more: a second opinion from the bytes of the store."""

from dataclasses import replace

import pytest

from node.base.block import Block
from node.base.errors import InvalidBlockError, UnknownBlockError
from node.base.types import Address, Hash32
from node.evm.errors import MissingStateError
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.memo import SharedMemo
from tests.evm.asm import COUNTER
from tests.evm.chains import ALICE, SIGNER, VERIFIER, build, extend, genesis, ledger, legacy, seal

TARGET = Address(b"\x0e" * 20)
ALLOC = {TARGET: GenesisAccount(nonce=1, code=COUNTER)}


@pytest.fixture
def book():
    return ledger(ALLOC)


def test_a_stored_block_executed_again_gives_what_it_gave(book):
    block = seal(build(book, [legacy(ALICE, 0, TARGET)]).block)
    result = book.check(block, fee_recipient=SIGNER)
    book.insert(block, result)
    assert book.execute_again(block.header.hash(), fee_recipient=SIGNER) == result


def test_executing_again_asks_neither_the_memo_nor_the_executor_of_the_ledger(monkeypatch):
    memo = SharedMemo()
    book = Ledger(genesis(ALLOC), verifier=VERIFIER, memo=memo)
    block = extend(book, [legacy(ALICE, 0, TARGET)])

    def asked(*_):
        raise AssertionError("something that is shared was used")

    monkeypatch.setattr(memo, "find", asked)
    monkeypatch.setattr(memo, "keep", asked)
    monkeypatch.setattr(book._executor, "open", asked)
    monkeypatch.setattr(book._states, "view", asked)
    book.execute_again(block.header.hash(), fee_recipient=SIGNER)


def test_executing_again_finds_a_block_that_should_not_have_been_stored(book):
    block = seal(build(book, [legacy(ALICE, 0, TARGET)]).block)
    result = book.check(block, fee_recipient=SIGNER)
    forged = Block(replace(block.header, state_root=Hash32(b"\x66" * 32)), block.transactions)
    book.insert(forged, result.of(forged.header))
    with pytest.raises(InvalidBlockError) as caught:
        book.execute_again(forged.header.hash(), fee_recipient=SIGNER)
    assert caught.value.rule == "state root"


def test_executing_again_reads_the_bytes_of_the_store(book):
    block = extend(book, [legacy(ALICE, 0, TARGET)])
    root = book.genesis_header.state_root
    del book._store.nodes._nodes[root]
    book.state()  # what was read before is still known
    with pytest.raises(MissingStateError):
        book.execute_again(block.header.hash(), fee_recipient=SIGNER)


def test_a_block_that_is_not_stored_cannot_be_executed_again(book):
    with pytest.raises(UnknownBlockError):
        book.execute_again(Hash32(b"\x99" * 32), fee_recipient=SIGNER)
