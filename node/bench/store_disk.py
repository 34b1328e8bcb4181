"""What a durable store costs on this disk, beside what the disk itself does in the same minute.

Everything is written below one folder, which the caller chooses and clears away.
"""

import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Final, NamedTuple

from node.base.rng import SystemEntropy
from node.bench.errors import CandidateFaultError
from node.bench.store_import import PIECE_BYTES
from node.ipfs_lite.blocks import Batch, Block, BlockClass, Guard, Pin
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.hybrid import HybridStore, StoreOptions, open_store
from node.ipfs_lite.hybrid_options import AtRest
from node.ipfs_lite.ingest import Ingest
from node.ipfs_lite.profiles import PROFILES
from node.ipfs_lite.unixfs_write import write_file

SMALL_BYTES: Final = 1_500
_FSYNC_BYTES: Final = 16 * 2**20
"""How much the plain file is given between two fsyncs: a full batch of the store."""
_GUARD_S: Final = 1_800_000_000


class Took(NamedTuple):
    """CPU seconds of this process (all threads, user and system), and seconds on the wall."""

    cpu_s: float
    wall_s: float


def disk_itself(folder: Path, mebibytes: int) -> Took:
    """Write one file, with an fsync after each 16 MiB: the most that any store could do."""
    piece = shake_256(b"disk").digest(PIECE_BYTES)
    path = folder / "plain"
    with _clock() as took:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            for number in range(1, mebibytes + 1):
                os.write(handle, piece)
                if number * PIECE_BYTES % _FSYNC_BYTES == 0 or number == mebibytes:
                    os.fsync(handle)
        finally:
            os.close(handle)
    path.unlink()
    return took()


def durable_add(folder: Path, mebibytes: int, profile: str, at_rest: AtRest) -> Took:
    """Add one file with its pin, as ``store add`` does; read back that it is there."""
    pieces = [index.to_bytes(8) + bytes(PIECE_BYTES - 8) for index in range(mebibytes)]
    with _store(folder, at_rest) as store:
        with _clock() as took:
            ingest = Ingest(
                store, klass=BlockClass.PUBLIC, guard=Guard("bench", _GUARD_S), is_hashed=True
            )
            root = write_file(pieces, ingest.add, PROFILES[profile]).cid
            ingest.finish((Pin(root),))
        if store.pin_of(root) is None or store.count() < mebibytes:
            raise CandidateFaultError("durable add", "what was added is not there")
    return took()


def small_puts(folder: Path, count: int, batch: int) -> Took:
    """Put blocks of 1.5 KB, ``batch`` of them durable at a time."""
    blocks = [
        Block(make_cid(data), data)
        for data in (shake_256(index.to_bytes(8)).digest(SMALL_BYTES) for index in range(count))
    ]
    with _store(folder, "none") as store:
        with _clock() as took:
            for at in range(0, count, batch):
                store.commit(Batch(tuple(blocks[at : at + batch]), BlockClass.PUBLIC))
        if store.count() != count:
            raise CandidateFaultError("small puts", f"{store.count()} blocks of {count}")
    return took()


def verify(folder: Path, mebibytes: int) -> Took:
    """Hash every block of a store of 1 MiB blocks."""
    with _store(folder, "none") as store:
        for index in range(mebibytes):
            data = index.to_bytes(8) + bytes(PIECE_BYTES - 8)
            store.commit(Batch((Block(make_cid(data), data),), BlockClass.PUBLIC))
        with _clock() as took:
            problems = list(store.verify())
        if problems:
            raise CandidateFaultError("verify", f"{len(problems)} blocks are bad")
    return took()


def collect(folder: Path, count: int) -> Took:
    """Collect small garbage, and cut the log of the index."""
    with _store(folder, "none") as store:
        for at in range(0, count, 128):
            numbers = range(at, min(at + 128, count))
            datas = [sha256(number.to_bytes(8)).digest() * 4 for number in numbers]
            blocks = tuple(Block(make_cid(data), data) for data in datas)
            store.commit(Batch(blocks, BlockClass.PUBLIC))
        with _clock() as took:
            gone = len(list(store.collect(now_s=0)))
            store.close()
        if gone != count:
            raise CandidateFaultError("gc", f"{gone} blocks went, {count} were garbage")
    return took()


@contextmanager
def _store(folder: Path, at_rest: AtRest) -> Generator[HybridStore]:
    place = folder / "store"
    options = StoreOptions(at_rest=at_rest, entropy=SystemEntropy())
    try:
        with closing(open_store(place, options)) as store:
            yield store
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _clock() -> Generator[Callable[[], Took]]:
    """Measure what happens inside; what is yielded gives it afterwards."""
    found: list[Took] = []
    cpu, wall = time.process_time(), time.perf_counter()
    yield lambda: found[0]
    found.append(Took(time.process_time() - cpu, time.perf_counter() - wall))
