import pytest

from node.base.errors import UnknownBlockError
from node.base.types import Address, Hash32
from node.evm.block_tree import BlockTree
from node.evm.ledger import Ledger
from node.storage.chain_data import MemoryChainData
from node.storage.ledger_store import MemoryLedgerStore
from tests.evm.chains import ALICE, VERIFIER, build, extend, genesis, legacy, seal

SINK = Address(b"\x0d" * 20)


@pytest.fixture
def chain():
    return MemoryChainData()


@pytest.fixture
def book(chain):
    return Ledger(genesis(), verifier=VERIFIER, store=MemoryLedgerStore(chain))


@pytest.fixture
def tree(book, chain):
    return BlockTree(chain)


def _branch(book, parent, mark, raws=()):
    built = build(book, raws, parent)
    return book.adopt(seal(built.block, mark), built.result)


def test_the_way_to_the_head_is_empty(book, tree):
    path = tree.path_to(book.head_hash)
    assert (path.common, path.removed, path.added, path.dropped) == (book.head_hash, (), (), ())


def test_the_way_to_another_branch_names_what_leaves_and_what_comes(book, tree):
    one = extend(book, [legacy(ALICE, 0, SINK)]).header.hash()
    two = extend(book, [legacy(ALICE, 1, SINK)]).header.hash()
    other = _branch(book, book.genesis_hash, 7)
    other_two = _branch(book, other, 8, [legacy(ALICE, 0, SINK)])
    path = tree.path_to(other_two)
    assert path.common == book.genesis_hash
    assert path.removed == (two, one)
    assert path.added == (other, other_two)
    assert path.dropped == (legacy(ALICE, 1, SINK),)


def test_looking_for_a_way_moves_nothing(book, tree):
    extend(book)
    head = book.head_hash
    tree.path_to(_branch(book, book.genesis_hash, 9))
    assert tree.head_hash == book.head_hash == head


def test_an_unknown_block_has_no_way_to_it(tree):
    with pytest.raises(UnknownBlockError):
        tree.path_to(Hash32(b"\x77" * 32))


def test_ancestors_begin_with_the_parent_and_can_be_walked_twice(book, tree):
    hashes = [book.genesis_hash, *(extend(book).header.hash() for _ in range(3))]
    ancestors = tree.ancestors(hashes[-1])
    assert list(ancestors) == list(ancestors) == hashes[::-1]


def test_ancestors_are_at_most_256(book, tree):
    for _ in range(258):
        extend(book)
    assert len(list(tree.ancestors(book.head_hash))) == 256


def test_what_is_not_there_is_none(tree):
    unknown = Hash32(b"\x77" * 32)
    assert tree.find(unknown) is tree.header(unknown) is tree.block(unknown) is None
    assert tree.header_by_number(1) is None
