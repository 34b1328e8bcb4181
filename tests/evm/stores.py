"""Real chains, made by a ledger in memory and copied into a store on disk."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.verify import Report, verify_store
from node.storage.integrity import Inspection
from node.storage.sqlite_store import SqliteLedgerStore, StoreIdentity
from tests.evm.asm import LOGGER, asm
from tests.evm.chains import ALICE, CHAIN_ID, build, extend, ledger, legacy, seal
from tests.storage.blocks import ONE, TWO

STORER = asm("NUMBER NUMBER SSTORE")
ALLOC = {
    ONE: GenesisAccount(nonce=1, code=LOGGER, storage={n: n + 1 for n in range(20)}),
    TWO: GenesisAccount(nonce=1, code=STORER),
}


def chain() -> Ledger:
    """Four blocks with logs, slots, plain payments and nothing; beside them a second block 2."""
    book = ledger(ALLOC)
    first = extend(book, [legacy(ALICE, 0, ONE), legacy(ALICE, 1, TWO)])
    extend(book, [legacy(ALICE, 2, TWO)])
    extend(book)
    extend(book, [legacy(ALICE, 3, ONE), legacy(ALICE, 4)])
    built = build(book, [legacy(ALICE, 2, ONE)], first.header.hash(), difficulty=1)
    book.adopt(seal(built.block, 3), built.result)
    return book


def identity(book: Ledger) -> StoreIdentity:
    return StoreIdentity(book.genesis_hash, CHAIN_ID, "london")


def copy(book: Ledger, directory: Path, **changes) -> None:
    """Put all that a ledger holds into a store, half of the nodes with their index written."""
    with closing(SqliteLedgerStore(directory, identity(book), **changes)) as store:
        nodes = book._states._nodes
        pairs = sorted(nodes._nodes.items())
        half = len(pairs) // 2
        with store.batch():
            store.nodes.put(dict(pairs[:half]), nodes._code)
            store.nodes.flush()
            store.nodes.put(dict(pairs[half:]), {})
            for state in book._chain.states_from(0):
                stored = book._chain.stored(state.block_hash)
                store.chain.put(replace(stored, certificate=b"seals"))
            numbers = range(book.head.number + 1)
            store.chain.move_head((), [book.hash_by_number(number) for number in numbers])
            store.chain.set_finalized(1)
        store.engine_log.append(b"vote one")
        store.engine_log.append(b"vote two")


def verify(book: Ledger, directory: Path) -> Report:
    with closing(Inspection(directory)) as inspection:
        return verify_store(inspection, identity(book))
