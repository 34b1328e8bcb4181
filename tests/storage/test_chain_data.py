from dataclasses import replace

from node.base.block import Block
from node.base.types import Hash32
from node.storage.chain_data import MemoryChainData, Place, StoredBlock
from tests.base.headers import frontier_header

ROOT, LEFT, RIGHT, TIP = (Hash32(name * 32) for name in (b"g", b"l", b"r", b"t"))
TX, OTHER = Hash32(b"x" * 32), Hash32(b"y" * 32)


def _block(block_hash, parent, number, transaction_hashes=()):
    header = replace(frontier_header(), parent_hash=parent, number=number)
    return StoredBlock(block_hash, Block(header, ()), number, (), tuple(transaction_hashes))


def _tables():
    """A root with two children, the left one on the chain."""
    tables = MemoryChainData()
    tables.put(_block(ROOT, Hash32(bytes(32)), 0))
    tables.put(_block(LEFT, ROOT, 1, [TX, OTHER]))
    tables.put(_block(RIGHT, ROOT, 1, [OTHER]))
    tables.put(_block(TIP, RIGHT, 2, [TX]))
    tables.move_head((), (ROOT, LEFT))
    return tables


def test_a_new_store_has_no_head():
    tables = MemoryChainData()
    assert tables.head() is None
    assert (tables.canonical(0), tables.stored(ROOT), tables.place(TX)) == (None, None, None)


def test_putting_a_block_does_not_move_the_head():
    tables = _tables()
    assert tables.head() == LEFT
    assert tables.stored(TIP) is not None
    assert tables.canonical(2) is None


def test_transactions_have_places_in_the_chain_only():
    tables = _tables()
    assert tables.place(TX) == Place(LEFT, 1, 0)
    assert tables.place(OTHER) == (LEFT, 1, 1)


def test_a_move_to_another_branch_renumbers_all():
    tables = _tables()
    tables.move_head([LEFT], [RIGHT, TIP])
    assert tables.head() == TIP
    assert [tables.canonical(number) for number in range(4)] == [ROOT, RIGHT, TIP, None]
    assert tables.place(TX) == Place(TIP, 2, 0)
    assert tables.place(OTHER) == Place(RIGHT, 1, 0)


def test_a_move_back_leaves_the_parent_as_head():
    tables = _tables()
    tables.move_head([LEFT], [])
    assert tables.head() == ROOT
    assert tables.canonical(1) is None
    assert tables.place(TX) is None


def test_a_removed_block_stays_stored():
    tables = _tables()
    tables.move_head([LEFT], [])
    assert tables.stored(LEFT) is not None
