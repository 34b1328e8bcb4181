"""Blocks on their way into a store: collected into batches, pinned with the last one.

Until then a guard keeps them from the garbage collector; there is no moment between the guard's
end and the pin, for both are in one COMMIT (content-store.md, sections 7 and 9).
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from node.base.errors import PeerError, StorageError
from node.base.limits import STORE_BATCH_BLOCKS_COUNT_MAX, STORE_BATCH_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.blocks import Batch, Block, BlockClass, Guard, Pin
from node.ipfs_lite.blockstore import BlockStore
from node.ipfs_lite.car_read import CarReader, Source
from node.ipfs_lite.cid import multihash_of, to_text
from node.ipfs_lite.errors import BadCarError
from node.ipfs_lite.graph import LINKING
from node.ipfs_lite.links import links_of


class Ingest:
    """One add, import or fetch; ``add`` is a sink for the writers of files and directories."""

    guard: Guard | None
    """Taken for the blocks of the next batch; a long ingest puts one here that lasts longer."""

    def __init__(
        self,
        store: BlockStore,
        *,
        klass: BlockClass,
        guard: Guard | None = None,
        claim: Cid | None = None,
        is_hashed: bool = False,
    ) -> None:
        """Begin with nothing; the other arguments are those of each ``Batch``.

        ``is_hashed``  whoever calls ``add`` makes the CIDs from the bytes, as the writers do, or
                       checks them, as ``CarReader`` does.
        """
        self.guard = guard
        self._store = store
        self._klass = klass
        self._claim = claim
        self._is_hashed = is_hashed
        self._session = guard.session if guard else None
        self._blocks: dict[Cid, bytes] = {}
        self._bytes = 0

    def add(self, cid: Cid, data: bytes) -> None:
        """Take a block; a full batch is committed first.  raises as ``BlockStore.commit``."""
        if cid in self._blocks:  # one CID is one content, and the store checks it once
            return
        if (
            len(self._blocks) == STORE_BATCH_BLOCKS_COUNT_MAX
            or self._bytes + len(data) > STORE_BATCH_BYTES_MAX
        ):
            self._store.commit(self._batch(self.guard))
        self._blocks[cid] = data
        self._bytes += len(data)

    def finish(self, pins: tuple[Pin, ...] = ()) -> None:
        """Commit what waits, set the pins and end the guard, all at once.

        raises        as ``BlockStore.commit``; the guard then still holds what came before.
        """
        batch = self._batch(None, pins, self._session)
        if batch.blocks or batch.pins or batch.release:
            self._store.commit(batch)

    def abandon(self) -> None:
        """Forget what waits and end the guard: what was committed is garbage, if nothing holds it.

        Without this, the garbage collector has to wait for the guard to expire.
        """
        self._batch(None)
        if self._session is not None:
            self._store.commit(Batch(release=self._session))

    @contextmanager
    def abandoning(self) -> Generator[None]:
        """Abandon what is inside if it ends otherwise than well: its blocks are garbage at once."""
        try:
            yield
        except BaseException:  # Ctrl-C too
            with suppress(StorageError):  # the error that brought us here is the news
                self.abandon()
            raise

    def _batch(
        self, guard: Guard | None, pins: tuple[Pin, ...] = (), release: str | None = None
    ) -> Batch:
        blocks = tuple(Block(cid, data) for cid, data in self._blocks.items())
        self._blocks, self._bytes = {}, 0
        return Batch(blocks, self._klass, guard, self._claim, pins, release, self._is_hashed)


class Imported(NamedTuple):
    """What a CAR file brought."""

    roots: tuple[Cid, ...]
    blocks_count: int
    """Repeated ones count each time."""
    block_bytes: int


def import_car(
    source: Source, ingest: Ingest, *, pin: Callable[[Cid], Pin] | None = None
) -> Imported:
    """Take in a CAR file; ``pin`` makes the pin of each root, None pins nothing.

    A root that is an identity CID is its own data: it is neither stored nor pinned.

    raises        BadCarError: the file is refused, which names the last block that held; a root
                  that is not among the blocks refuses it too, at the end, and with ``pin`` a node
                  that cannot be read: nothing would hold what it links to.  Blocks of earlier
                  batches stay, held by nothing but the guard.
                  And what ``BlockStore.commit`` and ``source`` raise.
    """
    reader = CarReader(source)
    roots = tuple(
        root for root in dict.fromkeys(reader.roots) if cids.decode(root).hash_code != cids.IDENTITY
    )
    missing = {multihash_of(root): root for root in roots}
    blocks_count = block_bytes = 0
    for cid, data in reader:
        if pin:
            _check_readable(cid, data, reader.last_good)
        ingest.add(cid, data)
        missing.pop(multihash_of(cid), None)
        blocks_count += 1
        block_bytes += len(data)
    if missing:
        what = f"root {to_text(next(iter(missing.values())))} is not among its blocks"
        raise BadCarError(what, reader.last_good)
    ingest.finish(tuple(pin(root) for root in roots) if pin else ())
    return Imported(reader.roots, blocks_count, block_bytes)


def _check_readable(cid: Cid, data: bytes, last_good: str | None) -> None:
    """Refuse a node whose links are not known.  raises BadCarError."""
    codec = cids.decode(cid).codec
    if codec == cids.RAW:
        return
    why = f"its codec 0x{codec:02x} is not read here"
    if codec in LINKING:
        try:
            links_of(cid, data)
        except PeerError as error:
            why = str(error)
        else:
            return
    what = f"{to_text(cid)} cannot be pinned with what it links to: {why}"
    raise BadCarError(what, last_good)
