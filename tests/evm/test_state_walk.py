import pytest

from node.base import rlp
from node.base.errors import CorruptStoreError
from node.base.keccak import keccak256
from node.base.types import EMPTY_TRIE_ROOT, Address, Hash32
from node.evm.errors import MissingStateError
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.reachable import reachable
from node.evm.state_walk import Kind, Reference, references, walk
from node.storage.ledger_store import MemoryLedgerStore
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.asm import COUNTER
from tests.evm.chains import VERIFIER, genesis

MANY = {
    Address(bytes([n]) * 20): GenesisAccount(
        nonce=1, code=COUNTER + bytes([n % 3]), storage={slot: slot + 1 for slot in range(n % 7)}
    )
    for n in range(1, 60)
}


@pytest.fixture
def store():
    store = MemoryLedgerStore()
    Ledger(genesis(MANY), verifier=VERIFIER, store=store)
    return store


@pytest.fixture
def root(store):
    return store.chain.stored(store.chain.head()).block.header.state_root


def test_a_walk_gives_every_record_of_the_state_once(store, root):
    found = list(walk(store.nodes, root))
    assert len(found) == len({reference for reference, _ in found}) == len(store.nodes)


def test_every_record_has_the_hash_that_it_was_named_by(store, root):
    assert all(keccak256(raw) == reference.key for reference, raw in walk(store.nodes, root))


def test_a_walk_begins_at_the_root_and_names_before_it_gives(store, root):
    named = {Reference(Kind.ACCOUNTS, root)}
    for reference, raw in walk(store.nodes, root):
        assert reference in named
        named.update(references(reference.kind, raw))


def test_all_three_kinds_are_found(store, root):
    kinds = [reference.kind for reference, _ in walk(store.nodes, root)]
    assert kinds.count(Kind.CODE) == 3
    assert kinds.count(Kind.SLOTS) > 1
    assert kinds.count(Kind.ACCOUNTS) > 16


def test_the_empty_state_has_no_records():
    assert list(walk(MemoryStateNodes(), EMPTY_TRIE_ROOT)) == []


def test_a_state_that_is_not_there_is_missing(store):
    with pytest.raises(MissingStateError):
        list(walk(store.nodes, Hash32(b"\x77" * 32)))


@pytest.mark.parametrize("raw", [b"", b"\xc0", b"\xc1\x80", b"\xd1" + b"\x80" * 3, b"\x83abc"])
def test_bytes_that_are_no_node_are_refused(raw):
    with pytest.raises(ValueError, match=r"."):
        references(Kind.ACCOUNTS, raw)


def _listed(*items):
    """Give an RLP list of items that have their prefixes."""
    body = b"".join(items)
    size = rlp.encode_int(len(body))
    return (
        bytes((0xC0 + len(body),)) if len(body) < 56 else bytes((0xF7 + len(size),)) + size
    ) + body


def _extension(child):
    return _listed(b"\x00", child)


SHORT = _listed(b"\x20", b"\x98" + b"v" * 24)
"""A leaf of 27 bytes; an extension around it has two bytes more."""


def test_a_node_under_32_bytes_may_stand_in_its_parent():
    inline = _extension(_extension(SHORT))
    assert len(inline) == 31
    assert references(Kind.SLOTS, _extension(inline)) == []
    assert references(Kind.SLOTS, _listed(*[inline] * 3, *[b"\x80"] * 14)) == []


@pytest.mark.parametrize("size", [32, 33])
def test_a_longer_node_may_not_stand_in_its_parent(size):
    inline = _listed(b"\x20", bytes((0x80 + size - 3,)) + b"v" * (size - 3))
    assert len(inline) == size
    for parent in (_extension(inline), _listed(b"\x80", inline, *[b"\x80"] * 15)):
        for whole in (parent, _extension(parent)):
            with pytest.raises(ValueError, match=r"a child of \d+ bytes inside its parent, wants"):
                references(Kind.SLOTS, whole)


@pytest.mark.parametrize("kind", [Kind.ACCOUNTS, Kind.SLOTS])
def test_nodes_inside_nodes_are_refused_however_deep(kind):
    raw = SHORT
    for _ in range(13_000):
        raw = _extension(raw)
    with pytest.raises(ValueError, match="inside its parent"):
        references(kind, raw)
    nodes = MemoryStateNodes()
    root = keccak256(raw)
    nodes.put({root: raw}, {})
    with pytest.raises(CorruptStoreError, match=root.hex()):
        list(walk(nodes, root))
    (gap,) = reachable(nodes, [root]).gaps
    assert gap.key == root


def test_a_corrupt_record_is_named(store, root):
    nodes = MemoryStateNodes()
    nodes.put({root: b"\xc1\x80"}, {})
    with pytest.raises(CorruptStoreError, match=root.hex()):
        list(walk(nodes, root))
