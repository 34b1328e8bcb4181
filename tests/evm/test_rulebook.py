"""The rules of our own chains as a value of their own; each rule is tested in test_ledger."""

from dataclasses import replace

import pytest

from node.base.block import Withdrawal
from node.base.errors import InvalidBlockError
from node.base.types import Address
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.forks import CANCUN, Fork
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.rulebook import BlockRules, ProfileRules
from node.evm.state import StateStore
from node.storage.ledger_store import MemoryLedgerStore
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.asm import COUNTER
from tests.evm.chains import (
    ALICE,
    CHAIN_ID,
    PROFILES,
    SIGNER,
    VERIFIER,
    build,
    extend,
    genesis,
    ledger,
    legacy,
    seal,
)
from tests.evm.foreign_chain import book_of

TARGET = Address(b"\x0e" * 20)
ALLOC = {TARGET: GenesisAccount(nonce=1, code=COUNTER)}


def rules(profile, nodes=None):
    states = StateStore(nodes or MemoryStateNodes())
    return ProfileRules(
        profile, CHAIN_ID, executor=PyevmExecutor(), verifier=VERIFIER, states=states
    )


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_rules_give_what_the_builder_claimed(profile):
    store = MemoryLedgerStore()
    book = Ledger(genesis(ALLOC, profile), verifier=VERIFIER, store=store)
    built = build(book, [legacy(ALICE, 0, TARGET)])
    block = seal(built.block)
    result = rules(profile, store.nodes).check(
        block,
        book.head,
        StateStore(store.nodes).view(book.head.state_root),
        (),
        fee_recipient=SIGNER,
    )
    assert result.state_root == block.header.state_root
    assert result.receipts == built.result.receipts


def test_a_header_of_the_other_profile_is_refused_alone():
    block = extend(ledger(ALLOC))
    with pytest.raises(InvalidBlockError) as caught:
        rules(CANCUN).check_alone(block.header)
    assert caught.value.rule == "header fields"


def test_the_context_has_every_field_from_the_header_but_the_fee_recipient():
    book = ledger(ALLOC)
    header = extend(book).header
    context = rules(PROFILES[0]).context(header, (), fee_recipient=SIGNER)
    assert (context.number, context.timestamp) == (header.number, header.timestamp)
    assert (context.difficulty, context.gas_limit) == (header.difficulty, header.gas_limit)
    assert (context.mix_hash, context.base_fee) == (header.mix_hash, header.base_fee)
    assert (context.fee_recipient, context.chain_id) == (SIGNER, CHAIN_ID)


def test_foreign_rules_are_rules_of_blocks():
    book = book_of(Fork.LONDON)
    rules: BlockRules = book.rules
    block = book.make()
    result = rules.check(
        block,
        book.head,
        book.state(),
        book.ancestors(block.header),
        fee_recipient=block.header.coinbase,
    )
    assert result.state_root == block.header.state_root
    context = rules.context(block.header, (), fee_recipient=block.header.coinbase)
    assert context.number == 1


@pytest.mark.parametrize("part", ["uncles", "withdrawals"])
def test_a_block_of_ours_has_neither_uncles_nor_withdrawals(part):
    store = MemoryLedgerStore()
    book = Ledger(genesis(ALLOC), verifier=VERIFIER, store=store)
    view = StateStore(store.nodes).view(book.head.state_root)
    some = (book.head,) if part == "uncles" else (Withdrawal(1, 2, SIGNER, 3),)
    block = replace(seal(build(book, []).block), **{part: some})
    with pytest.raises(InvalidBlockError) as caught:
        rules(PROFILES[0], store.nodes).check(block, book.head, view, (), fee_recipient=SIGNER)
    assert caught.value.rule == "uncles and withdrawals"
