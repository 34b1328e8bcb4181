"""Cheap blocks, chains and stores for the tests of storage: nothing is executed."""

from collections.abc import Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from node.base import rlp
from node.base.block import Block
from node.base.keccak import keccak256
from node.base.types import Address, Hash32
from node.storage.chain_data import StoredBlock
from node.storage.database import Database
from node.storage.log_keys import LogKey
from node.storage.sqlite_store import FILE_NAME, SqliteLedgerStore, StoreIdentity
from tests.base.headers import empty_header

ONE, TWO = Address(b"\x01" * 20), Address(b"\x02" * 20)
RED, BLUE = Hash32(b"\x0a" * 32), Hash32(b"\x0b" * 32)


def transaction(mark: int | str) -> bytes:
    """Bytes that a body takes for a transaction of type 2."""
    return b"\x02" + rlp.encode([str(mark).encode()])


def receipt(logs: Sequence[LogKey] = ()) -> bytes:
    items = [[address, [] if topic is None else [topic, bytes(32)], b""] for address, topic in logs]
    return b"\x02" + rlp.encode([b"\x01", b"\x52\x08", bytes(256), items])


def trie_nodes(*marks: object) -> dict[Hash32, bytes]:
    """Nodes that no trie is made of, each under its hash."""
    raws = [rlp.encode([str(mark).encode(), b"v" * 40]) for mark in marks]
    return {keccak256(raw): raw for raw in raws}


def block_on(
    parent: StoredBlock | None,
    transactions: Sequence[bytes] = (),
    logs: Sequence[LogKey] = (),
    *,
    mark: int = 0,
    root: Hash32 | None = None,
    difficulty: int = 2,
) -> StoredBlock:
    """A block on another one; ``mark`` makes brothers differ."""
    header = empty_header()
    if parent is not None:
        above = parent.block.header
        header = replace(
            header, parent_hash=parent.hash, number=above.number + 1, difficulty=difficulty
        )
    extra = bytes([mark]) + bytes(96)
    header = replace(header, extra_data=extra, state_root=root or header.state_root)
    return StoredBlock(
        header.hash(),
        Block(header, tuple(transactions)),
        (0 if parent is None else parent.total_difficulty) + header.difficulty,
        tuple(receipt(logs if index == 0 else ()) for index in range(len(transactions))),
        tuple(keccak256(raw) for raw in transactions),
    )


GENESIS = block_on(None)
IDENTITY = StoreIdentity(GENESIS.hash, 1337, "london")


def chain_of(count: int, parent: StoredBlock = GENESIS, *, mark: int = 0) -> list[StoredBlock]:
    """Blocks on each other, each with two transactions, two logs and a state root of its own."""
    blocks: list[StoredBlock] = []
    for _ in range(count):
        number = parent.block.header.number + 1
        raws = [transaction(f"{mark}/{number}/{index}") for index in range(2)]
        root = next(iter(trie_nodes(f"root {mark}/{number}")))
        parent = block_on(parent, raws, [(ONE, RED), (TWO, None)], mark=mark, root=root)
        blocks.append(parent)
    return blocks


def nodes_of(stored: StoredBlock, count: int = 4) -> dict[Hash32, bytes]:
    """The nodes that ``chain_of`` means for a block: its root, and some of its own."""
    mark, number = stored.block.header.extra_data[0], stored.block.header.number
    more = [f"node {mark}/{number}/{index}" for index in range(count - 1)]
    return trie_nodes(*more, f"root {mark}/{number}")


def commit(store: SqliteLedgerStore, stored: StoredBlock) -> None:
    """Make a block durable and the head, as a node does."""
    with store.batch():
        store.nodes.put(nodes_of(stored), {})
        store.chain.put(stored)
        store.chain.move_head((), (stored.hash,))


def fill(store: SqliteLedgerStore, blocks: Sequence[StoredBlock]) -> None:
    """Put the genesis in, and blocks on it."""
    with store.batch():
        store.chain.put(GENESIS)
        store.chain.move_head((), (GENESIS.hash,))
    for stored in blocks:
        commit(store, stored)


@contextmanager
def opened(directory: Path, **changes):
    with closing(SqliteLedgerStore(directory, IDENTITY, **changes)) as store:
        yield store


def tamper(directory: Path, *statements: str) -> None:
    """Change rows behind the store's back; each statement must change some."""
    with closing(Database(directory / FILE_NAME)) as database, database.batch():
        for sql in statements:
            assert database.write(sql) > 0, sql
