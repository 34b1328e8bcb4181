"""How a batch becomes durable: the write order of content-store.md, section 8.

Files first, down to the fsync of their folders, then one transaction.  The other way round an
acknowledged row may have no file after a power cut; the price is a file without a row, which the
next open deletes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from node.base.limits import (
    BLOCK_BYTES_MAX,
    STORE_BATCH_BLOCKS_COUNT_MAX,
    STORE_BATCH_BYTES_MAX,
)
from node.base.types import Cid
from node.ipfs_lite.blocks import Batch, BlockClass
from node.ipfs_lite.cid import RAW, decode, multihash_of, to_text
from node.ipfs_lite.errors import (
    BlockMismatchError,
    BlockTooLargeError,
    StoreFullError,
    TombstonedError,
)
from node.ipfs_lite.graph import links_in
from node.ipfs_lite.hybrid_parts import Parts
from node.ipfs_lite.hybrid_rows import CLASS_NUMBERS, Row
from node.storage import errors as disk
from node.storage.database import Value
from node.storage.files import Content

_SHORT_CID_BYTES: Final = 36
"""A CIDv1 of sha2-256 that ``multihash_of`` has read: one byte of version, one of codec."""


@dataclass(slots=True)
class Arrival:
    """A block of a batch, checked."""

    cid: Cid
    multihash: bytes
    codec: int
    data: bytes
    dek: bytes | None = None
    stored: bytes = b""
    """The bytes as they go into the index; empty for a file."""
    is_file: bool = False


def check(batch: Batch) -> dict[bytes, Arrival]:
    """Look at every block before anything is written; give each once, by its multihash.

    raises        BlockTooLargeError, BlockMismatchError, BadCidError, HashNotAllowedError.
    """
    assert len(batch.blocks) <= STORE_BATCH_BLOCKS_COUNT_MAX, "more blocks than a batch takes"
    arrivals: dict[bytes, Arrival] = {}
    size_bytes = 0
    for cid, data in batch.blocks:
        if len(data) > BLOCK_BYTES_MAX:
            raise BlockTooLargeError(to_text(cid), len(data), BLOCK_BYTES_MAX)
        multihash = multihash_of(cid)
        known = arrivals.get(multihash)
        codec = cid[1] if len(cid) == _SHORT_CID_BYTES else decode(cid).codec
        if known is not None and known.data == data:
            if known.codec == RAW:
                known.codec = codec
            continue
        if not batch.is_hashed and sha256(data).digest() != multihash[2:]:
            raise BlockMismatchError(to_text(cid))
        arrivals[multihash] = Arrival(cid, multihash, codec, data)
        size_bytes += len(data)
    assert size_bytes <= STORE_BATCH_BYTES_MAX, "more bytes than a batch takes"
    return arrivals


def commit(parts: Parts, batch: Batch) -> None:
    """Make a batch durable, all of it or nothing; see ``BlockStore.commit``."""
    arrivals = check(batch)
    for arrival in arrivals.values():
        if parts.tombstones.has(arrival.multihash):
            raise TombstonedError(to_text(arrival.cid))
    with parts.writing():
        known = parts.rows.find_all(tuple(arrivals))
        written = [
            arrival
            for multihash, arrival in arrivals.items()
            if (row := known.get(multihash)) is None or row.is_bad
        ]
        _check_room(parts, [arrival for arrival in written if arrival.multihash not in known])
        _seal(parts, written, known)
        _write_files(parts, [arrival for arrival in written if arrival.is_file], known)
        try:
            with parts.batch():
                _write_rows(parts, batch, arrivals, known)
        except disk.StoreFailedError:
            raise  # whether the COMMIT is on the disk is not known, so its files must stay
        except disk.StoreFullError as error:
            _take_back(parts, written, known)
            if not arrivals:
                raise
            raise _full(tuple(arrivals.values())) from error
        except Exception:  # what is none, like Ctrl-C, is heard after the COMMIT too: files stay
            _take_back(parts, written, known)
            raise


def _check_room(parts: Parts, new: Sequence[Arrival]) -> None:
    free = parts.options.storage_bytes_max - parts.rows.usage()[1]
    for arrival in new:
        if len(arrival.data) > free:
            raise StoreFullError(to_text(arrival.cid), len(arrival.data), max(free, 0))
        free -= len(arrival.data)


def _seal(parts: Parts, written: Sequence[Arrival], known: dict[bytes, Row]) -> None:
    """Decide where blocks go, and encrypt the rows; a bad one is healed where it lies."""
    for arrival in written:
        row = known.get(arrival.multihash)
        is_long = len(arrival.data) > parts.options.inline_bytes_max
        arrival.is_file = is_long if row is None else row.is_file
        if arrival.is_file:
            continue
        arrival.stored = arrival.data
        if parts.sealer is not None:
            arrival.dek, arrival.stored = parts.sealer.seal(arrival.multihash, arrival.data)


def _long(parts: Parts, arrival: Arrival) -> Content:
    """Give a block as it goes into its file, and keep its data key."""
    if parts.sealer is None:
        return arrival.data
    arrival.dek, sealed = parts.sealer.seal_long(arrival.multihash, arrival.data)
    return sealed


def _write_files(parts: Parts, arrivals: Sequence[Arrival], known: dict[bytes, Row]) -> None:
    if not arrivals:
        return
    blocks = ((arrival.multihash, _long(parts, arrival)) for arrival in arrivals)
    try:
        parts.flat.write(blocks, is_sealed=parts.sealer is not None, present=known)
    except disk.StoreFullError as error:
        raise _full(arrivals) from error


def _write_rows(
    parts: Parts, batch: Batch, arrivals: dict[bytes, Arrival], known: dict[bytes, Row]
) -> None:
    rows, number = parts.rows, parts.rows.next_id()
    class_number = CLASS_NUMBERS[batch.klass]
    inserts: list[tuple[Value, ...]] = []
    new: list[tuple[int, Arrival]] = []
    for multihash, arrival in arrivals.items():
        row = known.get(multihash)
        data = None if arrival.is_file else arrival.stored
        if row is None:
            size = len(arrival.data)
            inserts.append(
                (number, multihash, size, arrival.codec, class_number, arrival.dek, data)
            )
            new.append((number, arrival))
            number += 1
            continue
        if row.is_bad:
            rows.heal(row.id, arrival.dek, data)
        if batch.klass is BlockClass.SEALED is not row.klass:
            rows.set_class(row.id, batch.klass)
        if row.codec == RAW != arrival.codec:
            rows.set_codec(row.id, arrival.codec)
    rows.insert(inserts, sum(len(arrival.data) for _, arrival in new))
    for block_id, arrival in new:
        parts.holds.arrived(block_id, arrival.multihash, links_in(arrival.data))
    forget = [(parts.name_of(a.multihash),) for a in arrivals.values() if a.is_file]
    if forget:
        # a file that was to go and has come back: the old one went with the rename over it
        parts.database.write_many("DELETE FROM unlink_queue WHERE name = ?", forget)
    _hold(parts, batch, tuple(arrivals))


def _hold(parts: Parts, batch: Batch, multihashes: Sequence[bytes]) -> None:
    """Set what a batch says about its blocks; a refused pin undoes all of it."""
    if batch.claim is not None:
        parts.access.claim(multihashes, batch.claim)
    if batch.guard is not None:
        parts.holds.guard(batch.guard.session, multihashes, batch.guard.expires_s)
    for pin in batch.pins:
        parts.holds.pin(pin)
    if batch.release is not None:
        parts.holds.release(batch.release)


def _take_back(parts: Parts, written: Sequence[Arrival], known: dict[bytes, Row]) -> None:
    """Delete the files of a batch of which nothing is kept.

    raises        StoreFailedError: what stays goes when the store is opened again.
    """
    parts.flat.take_back(
        parts.name_of(arrival.multihash)
        for arrival in written
        if arrival.is_file and arrival.multihash not in known
    )


def _full(arrivals: Sequence[Arrival]) -> StoreFullError:
    """Name the longest block of a batch for which the disk has no room."""
    longest = max(arrivals, key=lambda arrival: len(arrival.data))
    return StoreFullError(to_text(longest.cid), len(longest.data), 0)
