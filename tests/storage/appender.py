"""A process that appends blocks and says which ones are durable.  It ends by being killed.

``python -m tests.storage.appender DIRECTORY``: each line on stdout is the number of a block after
its batch has returned.  Every seventh block is a reorg of two blocks.
"""

import sys
from pathlib import Path

from node.storage.chain_data import StoredBlock
from node.storage.sqlite_store import SqliteLedgerStore
from tests.storage.blocks import GENESIS, IDENTITY, chain_of, commit, nodes_of


def appended(store: SqliteLedgerStore, parent: StoredBlock) -> StoredBlock:
    """Put one more block on the chain, or two on the grandparent, and give the new head."""
    number = parent.block.header.number
    if number == 0 or number % 7:
        (stored,) = chain_of(1, parent, mark=number % 2)
        commit(store, stored)
        return stored
    below = store.chain.stored(parent.block.header.parent_hash)
    assert below is not None
    left = chain_of(2, below, mark=2 + number // 7 % 200)
    with store.batch():
        for stored in left:
            store.nodes.put(nodes_of(stored), {})
            store.chain.put(stored)
        store.chain.move_head([parent.hash], [stored.hash for stored in left])
        store.chain.prune_branches(number - 20)
    return left[1]


def main(directory: Path) -> None:
    store = SqliteLedgerStore(directory, IDENTITY)
    head = store.chain.head()
    if head is None:
        with store.batch():
            store.chain.put(GENESIS)
            store.chain.move_head((), (GENESIS.hash,))
        head = GENESIS.hash
    parent = store.chain.stored(head)
    assert parent is not None
    while True:
        parent = appended(store, parent)
        sys.stdout.write(f"{parent.block.header.number} {parent.hash.hex()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
