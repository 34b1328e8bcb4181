from contextlib import closing
from itertools import count

import pytest
from trie import HexaryTrie

from node.base import rlp
from node.base.errors import CorruptStoreError
from node.base.keccak import keccak256
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Address, Hash32
from node.evm.chain_errors import PrunedStateError
from node.evm.executor import AccountData, BlockDiff
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.reachable import live_nodes, reachable
from node.evm.state import StateStore
from node.evm.state_walk import Kind
from node.evm.verify import verify_store
from node.storage.chain_data import MemoryChainData
from node.storage.integrity import Inspection
from node.storage.sqlite_store import SqliteLedgerStore, StoreIdentity
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.chains import ALICE, CHAIN_ID, VERIFIER, extend, genesis, ledger, legacy
from tests.evm.stores import STORER
from tests.storage.blocks import GENESIS, TWO, block_on

CODE = b"\x60\x00"
CODE_HASH = keccak256(CODE)
MISSING = Hash32(b"\x77" * 32)


def _address(number):
    return Address(number.to_bytes(20))


class Book(MemoryStateNodes):
    """A store whose nodes can be counted and taken away."""

    def state(self, root, accounts, storage=None, code=None):
        """Give the root of a state with changed accounts: number -> (nonce, code hash)."""
        states = StateStore(self)
        diff = BlockDiff(
            {_address(n): AccountData(nonce, 0, code_hash) for n, (nonce, code_hash) in accounts},
            {_address(n): slots for n, slots in (storage or {}).items()},
            frozenset(),
            code or {},
        )
        writes = states.apply(states.view(root), diff)
        states.put(writes)
        return writes.root

    def lose(self, key):
        del self._nodes[key]


def _plain(numbers, nonce=1):
    return [(n, (nonce, EMPTY_CODE_HASH)) for n in numbers]


@pytest.fixture
def book():
    return Book()


@pytest.fixture
def root(book):
    """Fifty accounts; number 1 is a contract with code and two hundred slots."""
    accounts = [*_plain(range(2, 51)), (1, (1, CODE_HASH))]
    slots = {n: n + 1 for n in range(200)}
    return book.state(EMPTY_TRIE_ROOT, accounts, {1: slots}, {CODE_HASH: CODE})


def test_a_state_needs_all_that_was_written_for_it(book, root):
    found = reachable(book, [root])
    assert (found.nodes, found.code, found.gaps) == (set(book._nodes), {CODE_HASH}, [])


def test_the_empty_state_needs_nothing(book):
    found = reachable(book, [EMPTY_TRIE_ROOT, EMPTY_TRIE_ROOT])
    assert (found.nodes, found.code, found.gaps) == (set(), set(), [])


def test_what_only_an_older_state_had_is_not_needed(book, root):
    newer = book.state(root, _plain([7], nonce=2), {1: {3: 99}})
    only_new = reachable(book, [newer]).nodes
    both = reachable(book, [root, newer, root]).nodes
    assert root not in only_new
    assert only_new < both
    assert both == set(book._nodes)


def test_an_independent_trie_agrees_on_what_is_there(book, root):
    """Every account is found with the reachable nodes alone."""
    needed = {key: book.node(key) for key in reachable(book, [root]).nodes}
    judge = HexaryTrie(needed, root)
    assert all(judge.get(keccak256(_address(number))) for number in range(1, 51))


def test_every_missing_node_is_found(book, root):
    raws = dict(book._nodes)
    for key, raw in raws.items():
        book.lose(key)
        found = reachable(book, [root])
        assert [(gap.key, gap.what) for gap in found.gaps] == [(key, "missing")]
        book.put({key: raw}, {})


def test_missing_code_is_found(book, root):
    book._code.clear()
    (gap,) = reachable(book, [root]).gaps
    assert (gap.kind, gap.key, gap.what) == (Kind.CODE, CODE_HASH, "missing")


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"\x80", "no list"),
        (rlp.encode([b"\x20", b"x"]), "an account that is none"),
        (rlp.encode([b"\x20", rlp.encode([b""] * 3)]), "an account that is none"),
        (rlp.encode([b"\x00\x01", [b"a", b"b", b"c"]]), "a node of 3 items"),
    ],
)
def test_bytes_that_are_no_state_are_a_gap(book, raw, what):
    book.put({MISSING: raw}, {})
    (gap,) = reachable(book, [MISSING]).gaps
    assert gap.key == MISSING
    assert what in gap.what


def _chain(book, root):
    """Genesis with ``root``; blocks 1, 2, 3 on it; a second block 2 on a side branch."""
    chain = MemoryChainData()
    roots = [root]
    blocks = [block_on(None, root=root)]
    for number in range(1, 4):
        roots.append(book.state(roots[-1], _plain([number + 10], nonce=9)))
        blocks.append(block_on(blocks[-1], root=roots[-1]))
    side = book.state(roots[1], _plain([30], nonce=5))
    for stored in (*blocks, block_on(blocks[1], root=side, mark=1)):
        chain.put(stored)
    chain.move_head((), [stored.hash for stored in blocks])
    return chain, roots, side


def test_live_are_the_newest_states_of_all_branches_and_the_genesis(book, root):
    chain, roots, side = _chain(book, root)
    live = live_nodes(chain, book, 2)
    assert live == reachable(book, [roots[0], roots[2], roots[3], side]).nodes
    assert roots[1] not in live


def test_a_state_that_is_not_whole_stops_the_marking(book, root):
    chain, roots, _ = _chain(book, root)
    book.lose(roots[3])
    with pytest.raises(CorruptStoreError, match=f"state: account node 0x{roots[3].hex()}: missing"):
        live_nodes(chain, book, 2)


def test_a_chain_without_a_block_needs_nothing(book):
    assert live_nodes(MemoryChainData(), book, 0) == set()
    chain = MemoryChainData()
    chain.put(GENESIS)
    chain.move_head((), (GENESIS.hash,))
    assert live_nodes(chain, book, 0) == set()


@pytest.mark.slow
def test_a_ledger_goes_on_over_a_swept_store(tmp_path):
    """Every block changes a slot; of 140 states the newest 128 and the genesis stay."""
    alloc = {TWO: GenesisAccount(nonce=1, code=STORER)}
    who = StoreIdentity(ledger(alloc).genesis_hash, CHAIN_ID, "london")
    nonces = count()
    with closing(SqliteLedgerStore(tmp_path, who, kept_blocks=128)) as store:
        book = Ledger(genesis(alloc), verifier=VERIFIER, store=store)
        for _ in range(140):
            extend(book, [legacy(ALICE, next(nonces), TWO)])
        sweep = store.sweep(13)
        extend(book, [legacy(ALICE, next(nonces), TWO)])
        live = live_nodes(store.chain, store.nodes, 13)
        while sweep.step(live):
            extend(book, [legacy(ALICE, next(nonces), TWO)])
    with closing(SqliteLedgerStore(tmp_path, who, kept_blocks=128)) as store:
        book = Ledger(genesis(alloc), verifier=VERIFIER, store=store)
        for number in (0, 13, 100, book.head.number):
            found = reachable(store.nodes, [book.header_by_number(number).state_root])
            assert found.gaps == []
            assert book.state(book.hash_by_number(number)).slot(TWO, number) == number
        assert reachable(store.nodes, [book.header_by_number(5).state_root]).gaps
        with pytest.raises(PrunedStateError, match="state of block 5 is pruned, kept: 13"):
            book.state(book.hash_by_number(5))
        for _ in range(3):
            extend(book, [legacy(ALICE, next(nonces), TWO)])
    with closing(Inspection(tmp_path)) as inspection:
        assert verify_store(inspection, who).findings == ()
