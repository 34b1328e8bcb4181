"""One genesis, computed once, in many ledgers."""

import pytest

from node.base.errors import ConfigError
from node.base.types import Address
from node.evm import beginning as beginning_module
from node.evm.beginning import Beginning
from node.evm.genesis import GenesisAccount, genesis_block
from node.evm.ledger import Ledger
from node.storage.ledger_store import MemoryLedgerStore
from node.storage.shared_nodes import NodePool, PooledNodes
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.asm import COUNTER
from tests.evm.chains import ALICE, SIGNER, VERIFIER, build, extend, genesis, legacy, seal

TARGET = Address(b"\x0e" * 20)
ALLOC = {TARGET: GenesisAccount(nonce=1, code=COUNTER, storage={0: 41, 7: 2**200})}


def test_it_is_the_block_and_the_state_of_the_genesis() -> None:
    begun = Beginning(genesis(ALLOC))
    direct, handed = MemoryStateNodes(), MemoryStateNodes()
    block = genesis_block(genesis(ALLOC), direct)
    begun.put_into(handed)
    assert begun.block == block
    assert (handed._nodes, handed._code) == (direct._nodes, direct._code)


def test_ledgers_of_one_beginning_do_not_compute_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = Beginning(genesis(ALLOC))

    def computed(*_):
        raise AssertionError("the genesis was computed again")

    monkeypatch.setattr(beginning_module, "genesis_block", computed)
    books = [Ledger(begun, verifier=VERIFIER) for _ in range(3)]
    assert {book.genesis_hash for book in books} == {begun.block.header.hash()}
    assert [book.state().slot(TARGET, 0) for book in books] == [41, 41, 41]


def test_ledgers_of_one_beginning_go_their_own_ways() -> None:
    begun = Beginning(genesis(ALLOC))
    one, other = (Ledger(begun, verifier=VERIFIER) for _ in range(2))
    extend(one, [legacy(ALICE, 0, TARGET)])
    assert (one.state().slot(TARGET, 0), other.state().slot(TARGET, 0)) == (42, 41)
    assert (one.head.number, other.head.number) == (1, 0)


def test_in_a_shared_pool_a_state_is_there_for_whoever_received_its_block() -> None:
    pool, begun = NodePool(), Beginning(genesis(ALLOC))
    one, other = (
        Ledger(begun, verifier=VERIFIER, store=MemoryLedgerStore(nodes=PooledNodes(pool)))
        for _ in range(2)
    )
    block = seal(build(one, [legacy(ALICE, 0, TARGET)]).block)
    one.insert(block, one.check(block, fee_recipient=SIGNER))
    nodes = other._store.nodes
    assert nodes.node(begun.block.header.state_root) is not None
    assert nodes.node(block.header.state_root) is None
    kept = len(pool.nodes)
    other.insert(block, other.check(block, fee_recipient=SIGNER))
    assert nodes.node(block.header.state_root) is not None
    assert len(pool.nodes) == kept


def test_a_store_of_another_genesis_is_refused() -> None:
    store = MemoryLedgerStore()
    Ledger(Beginning(genesis(ALLOC)), verifier=VERIFIER, store=store)
    with pytest.raises(ConfigError, match="the store begins with"):
        Ledger(Beginning(genesis()), verifier=VERIFIER, store=store)


def test_a_genesis_that_cannot_be_has_no_beginning() -> None:
    with pytest.raises(ConfigError, match="gasLimit"):
        Beginning(genesis(gas_limit=1))
