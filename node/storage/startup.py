"""Whether the head of a store is whole, and the way back to a block that is."""

from contextlib import suppress
from dataclasses import dataclass

from node.base.errors import CorruptStoreError
from node.base.types import EMPTY_TRIE_ROOT, Hash32
from node.storage.block_rows import hex_of
from node.storage.database import Database
from node.storage.meta import FINALIZED, HEAD, KEPT_FROM, Meta
from node.storage.sqlite_chain_data import SqliteChainData
from node.storage.sqlite_state_nodes import SqliteStateNodes


@dataclass(frozen=True, slots=True)
class BrokenBlock:
    """A block that was given up."""

    number: int
    hash: bytes
    what: str
    """What is wrong with it."""

    def __str__(self) -> str:
        return f"block {self.number} {hex_of(self.hash)}: {self.what}"


def check_head(
    database: Database, chain: SqliteChainData, nodes: SqliteStateNodes, *, repair: bool
) -> tuple[BrokenBlock, ...]:
    """See that the head is whole, or make the newest whole block the head.

    A block is whole with header, body, receipts and the root node of its state.  No crash leaves
    another one: what is not whole was damaged.
    ``repair``    drop all blocks above the newest whole one, of every branch: what is missing is
                  asked of the peers again.
    returns       the blocks that were given up, newest first.
    raises        CorruptStoreError: the head is not whole and nothing is to be repaired, or the
                  newest whole block lies below what is final or whose state is kept.
    """
    head = chain.head()
    broken: list[BrokenBlock] = []
    for number, block_hash in database.each(
        "SELECT number, hash FROM canonical ORDER BY number DESC"
    ):
        found = BrokenBlock(number, block_hash, "")
        fault = _fault(chain, nodes, found)
        if fault is None and not broken and head != found.hash:
            broken.append(_elsewhere(chain, head, found))
        if fault is not None:
            broken.append(BrokenBlock(number, block_hash, fault))
        if broken and not repair:
            raise _refused(database, str(broken[0]))
        if fault is None:
            if broken:
                _check_floor(database, found, broken)
                _cut(database, chain, found)
            return tuple(broken)
    if head is not None or broken:
        raise _refused(database, "no whole block is left")
    return ()


def _refused(database: Database, what: str) -> CorruptStoreError:
    return CorruptStoreError(str(database.path), "the chain", what)


def _elsewhere(chain: SqliteChainData, head: Hash32 | None, end: BrokenBlock) -> BrokenBlock:
    """Give the fault of a head that is not where the chain ends."""
    what = f"it is the head, but the chain ends with block {end.number} {hex_of(end.hash)}"
    header = None
    if head is not None:
        with suppress(CorruptStoreError):  # a broken header does not even say its number
            header = chain.header(head)
    return BrokenBlock(end.number + 1 if header is None else header.number, head or b"", what)


def _check_floor(database: Database, found: BrokenBlock, broken: list[BrokenBlock]) -> None:
    """Refuse a way back that gives up what was decided for good, or ends at a pruned state."""
    meta = Meta(database)
    for key in (FINALIZED, KEPT_FROM):
        floor = meta.number(key) or 0
        if found.number < floor:
            raise _refused(
                database,
                f"the newest whole block is {found.number}, below {key} = {floor}; {broken[0]}",
            )


def _fault(chain: SqliteChainData, nodes: SqliteStateNodes, found: BrokenBlock) -> str | None:
    try:
        stored = chain.stored(Hash32(found.hash))
        if stored is None:
            return "its header is missing"
        header = stored.block.header
        if header.number != found.number:
            return f"its header says number {header.number}"
        if header.state_root != EMPTY_TRIE_ROOT and nodes.node(header.state_root) is None:
            return "the root of its state is missing"
    except CorruptStoreError as error:
        return str(error)
    return None


def _cut(database: Database, chain: SqliteChainData, head: BrokenBlock) -> None:
    """Drop all above a block, found by number: a broken block cannot say what it holds."""
    with database.batch():
        for table in ("canonical", "tx", "log"):
            database.write(f"DELETE FROM {table} WHERE number > ?", head.number)  # noqa: S608 - names of ours
        above = database.read("SELECT hash FROM header WHERE number > ?", head.number)
        chain.forget([Hash32(found) for (found,) in above])
        for table in ("body", "receipts", "certificate"):
            database.write(f"DELETE FROM {table} WHERE hash NOT IN (SELECT hash FROM header)")  # noqa: S608
        Meta(database).set(HEAD, head.hash)
    chain.reload()
