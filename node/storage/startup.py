"""Whether the head of a store is whole, and the way back to a block that is."""

from dataclasses import dataclass

from node.base.errors import CorruptStoreError
from node.base.keccak import keccak256
from node.base.types import EMPTY_TRIE_ROOT, Hash32
from node.storage.database import Database
from node.storage.meta import FINALIZED, HEAD, Meta
from node.storage.sqlite_chain_data import SqliteChainData
from node.storage.sqlite_state_nodes import SqliteStateNodes


@dataclass(frozen=True, slots=True)
class BrokenBlock:
    """A block that was given up."""

    number: int
    hash: bytes
    what: str
    """What is wrong with it."""


def step_back(
    database: Database, chain: SqliteChainData, nodes: SqliteStateNodes
) -> tuple[BrokenBlock, ...]:
    """Make the newest complete block the head; give those above it, newest first.

    A block is complete with header, body, receipts and the root node of its state.  All blocks
    above the new head are dropped, of every branch: what is missing is asked of the peers again.
    raises        CorruptStoreError: no block is complete.
    """
    broken: list[BrokenBlock] = []
    for number, block_hash in database.each(
        "SELECT number, hash FROM canonical ORDER BY number DESC"
    ):
        found = BrokenBlock(number, block_hash, "")
        fault = _fault(chain, nodes, found)
        if fault is None:
            if broken or chain.head() != found.hash:
                _cut(database, chain, found)
            return tuple(broken)
        broken.append(BrokenBlock(found.number, found.hash, fault))
    if chain.head() is not None or broken:
        raise CorruptStoreError(str(database.path), "canonical", "no complete block is left")
    return ()


def _fault(chain: SqliteChainData, nodes: SqliteStateNodes, found: BrokenBlock) -> str | None:
    try:
        stored = chain.stored(Hash32(found.hash))
        if stored is None:
            return "its header is missing"
        header = stored.block.header
        if header.number != found.number:
            return f"its header says number {header.number}"
        if header.state_root != EMPTY_TRIE_ROOT:
            raw = nodes.node(header.state_root)
            if raw is None or keccak256(raw) != header.state_root:
                return "the root of its state is missing"
    except CorruptStoreError as error:
        return str(error)
    return None


def _cut(database: Database, chain: SqliteChainData, head: BrokenBlock) -> None:
    """Drop all above a block, found by number: a broken block cannot say what it holds."""
    meta = Meta(database)
    with database.batch():
        for table in ("canonical", "tx", "log"):
            database.write(f"DELETE FROM {table} WHERE number > ?", head.number)  # noqa: S608 - names of ours
        above = database.read("SELECT hash FROM header WHERE number > ?", head.number)
        chain.forget([Hash32(found) for (found,) in above])
        for table in ("body", "receipts", "certificate"):
            database.write(f"DELETE FROM {table} WHERE hash NOT IN (SELECT hash FROM header)")  # noqa: S608
        meta.set(HEAD, head.hash)
        if (meta.number(FINALIZED) or 0) > head.number:
            meta.set(FINALIZED, head.number)
    chain.reload()
