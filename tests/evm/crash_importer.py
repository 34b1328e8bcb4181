"""A process whose children import one chain into one store; they end by being killed.

``python -m tests.evm.crash_importer DIRECTORY``: for each line on stdin a child is forked, which
opens the ledger and imports block after block.  stdout tells the child's process id, then the
number of each block after its batch has returned, then ``end`` once the child is gone.  Forked,
because a new interpreter would need longer to import than the child lives.
"""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

from node.base.block import Block
from node.base.types import Address
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.storage.sqlite_store import SqliteLedgerStore, StoreIdentity
from tests.evm.asm import asm
from tests.evm.chains import (
    ALICE,
    CHAIN_ID,
    SIGNER,
    VERIFIER,
    extend,
    genesis,
    ledger,
    legacy,
)

BLOCKS = 120
STORER = Address(b"\x5a" * 20)
ALLOC = {STORER: GenesisAccount(nonce=1, code=asm("PUSH 0 CALLDATALOAD DUP1 SSTORE"))}


def chain() -> list[Block]:
    """Blocks of five transactions that set slots and make accounts; the same in every process."""
    book = ledger(ALLOC)
    blocks = []
    for number in range(BLOCKS):
        words = [(5 * number + at + 1).to_bytes(32) for at in range(4)]
        raws = [legacy(ALICE, 5 * number + at, STORER, word) for at, word in enumerate(words)]
        to = Address(number.to_bytes(20))
        blocks.append(extend(book, [*raws, legacy(ALICE, 5 * number + 4, to)]))
    return blocks


def identity() -> StoreIdentity:
    return StoreIdentity(ledger(ALLOC).genesis_hash, CHAIN_ID, "london")


def opened(store: SqliteLedgerStore) -> Ledger:
    return Ledger(genesis(ALLOC), verifier=VERIFIER, store=store)


def take(book: Ledger, block: Block) -> None:
    """Check a block, and make it durable and the head at once."""
    result = book.check(block, fee_recipient=SIGNER)
    with book.batch():
        book.insert(block, result)
        book.set_head(block.header.hash())


def _import(directory: Path, blocks: list[Block]) -> None:
    with closing(SqliteLedgerStore(directory, identity())) as store:
        book = opened(store)
        for block in blocks[book.head.number :]:
            take(book, block)
            os.write(1, f"{block.header.number}\n".encode())
        signal.pause()  # at the end of the chain it waits to be killed


def main(directory: Path) -> None:
    blocks = chain()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            _import(directory, blocks)
            os._exit(0)
        os.write(1, f"{child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
