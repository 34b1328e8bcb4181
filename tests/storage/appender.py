"""A process that appends blocks and says which ones are durable.  It ends by being killed.

``python -m tests.storage.appender DIRECTORY``: each line on stdout is the number of a block after
its batch has returned.  Every seventh block is a reorg of two blocks.
"""

import sys
from pathlib import Path

from node.base.limits import STATES_KEPT_BLOCKS_MIN
from node.base.types import Hash32
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


def kept_nodes(store: SqliteLedgerStore, first: int) -> set[Hash32]:
    """Give the nodes of the blocks from a number on, of all branches."""
    states = store.chain.states_from(max(first, 1))  # the genesis has the empty state
    stored = [store.chain.stored(state.block_hash) for state in states]
    return {key for block in stored if block is not None for key in nodes_of(block)}


def sweep(store: SqliteLedgerStore, number: int) -> None:
    """Give up the states of all but the newest blocks."""
    first = number - STATES_KEPT_BLOCKS_MIN
    run = store.sweep(first)
    live = kept_nodes(store, first)
    while run.step(live):
        pass


def main(directory: Path) -> None:
    store = SqliteLedgerStore(directory, IDENTITY, kept_blocks=STATES_KEPT_BLOCKS_MIN)
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
        number = parent.block.header.number
        if number >= 150 and number % 10 == 0:
            sweep(store, number)
        sys.stdout.write(f"{number} {parent.hash.hex()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
