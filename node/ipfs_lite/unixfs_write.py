"""Files become trees of blocks: the balanced layout of UnixFS, streaming.

Memory is one list per level, so O(width x depth) entries of some 200 bytes plus one chunk.
Equal bytes under an equal profile give equal CIDs as kubo's (content-store.md, sections 4 to 6).
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from node.base.limits import BLOCK_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite import dagpb
from node.ipfs_lite.cid import DAG_PB, RAW, encode_uvarint, from_digest, to_text
from node.ipfs_lite.errors import BlockTooLargeError
from node.ipfs_lite.profiles import DEFAULT_PROFILE, Profile
from node.ipfs_lite.unixfs_data import encode_inner

Sink: TypeAlias = Callable[[Cid, bytes], None]
"""Takes every block once per occurrence, children before their parent."""
Piece: TypeAlias = bytes | bytearray | memoryview


class Added(NamedTuple):
    """One tree: a file, a part of one, a directory, a symlink."""

    cid: Cid
    file_bytes: int
    """Content below: of a directory, that of its entries; of a symlink, its target's length."""
    dag_bytes: int
    """Length of its blocks, each counted as often as it is linked (Tsize)."""


def write_file(
    pieces: Iterable[Piece], sink: Sink | None, profile: Profile = DEFAULT_PROFILE
) -> Added:
    """Cut a stream into blocks, hand each to ``sink``, give the root.

    ``pieces``    any partition of the file: short reads are filled up to whole chunks.  Pieces of
                  exactly ``profile.chunk_bytes`` are never copied.
    ``sink``      None: only the CID is wanted, and no chunk is copied at all.
    """
    tree = _Tree(sink, profile)
    for chunk in _chunks(pieces, profile.chunk_bytes):
        tree.add(0, tree.leaf(chunk))
    return tree.finish()


def write_bytes(data: bytes, sink: Sink | None, profile: Profile = DEFAULT_PROFILE) -> Added:
    """Do the same for a file that is in memory."""
    return write_file((data,), sink, profile)


def put_node(block: bytes, sink: Sink | None, profile: Profile) -> Cid:
    """Hand one dag-pb block to ``sink``, give its CID.

    raises        BlockTooLargeError: only a directory with very long names can be so long.
    """
    digest = sha256(block).digest()
    cid = from_digest(digest, None if profile.cid_version == 0 else DAG_PB)
    if len(block) > BLOCK_BYTES_MAX:
        raise BlockTooLargeError(to_text(cid), len(block), BLOCK_BYTES_MAX)
    if sink is not None:
        sink(cid, block)
    return cid


class _Tree:
    def __init__(self, sink: Sink | None, profile: Profile) -> None:
        self._sink = sink
        self._profile = profile
        self._levels: list[list[Added]] = []

    def leaf(self, chunk: Piece) -> Added:
        length = len(chunk)
        if self._profile.raw_leaves:
            cid = from_digest(sha256(chunk).digest(), RAW)
            if self._sink is not None:
                self._sink(cid, bytes(chunk))  # of bytes, bytes are no copy
            return Added(cid, length, length)
        block = _pb_leaf(chunk)
        return Added(put_node(block, self._sink, self._profile), length, len(block))

    def add(self, level: int, entry: Added) -> None:
        if level == len(self._levels):
            self._levels.append([])
        if len(self._levels[level]) == self._profile.links_max:
            full = self._node(self._levels[level])
            self._levels[level] = []
            self.add(level + 1, full)
        self._levels[level].append(entry)

    def finish(self) -> Added:
        if not self._levels:
            return self.leaf(b"")
        level = 0
        # a lonely last child is wrapped on every level, so that all leaves lie equally deep (T2)
        while level + 1 < len(self._levels) or len(self._levels[level]) > 1:
            self.add(level + 1, self._node(self._levels[level]))
            level += 1
        return self._levels[level][0]

    def _node(self, children: list[Added]) -> Added:
        sizes = [child.file_bytes for child in children]
        size = sum(sizes)
        # the name is empty, not absent: what every implementation writes (T1)
        links = tuple(dagpb.Link(child.cid, "", child.dag_bytes) for child in children)
        block = dagpb.encode(dagpb.Node(links, encode_inner(size, sizes)))
        below = sum(child.dag_bytes for child in children)
        return Added(put_node(block, self._sink, self._profile), size, len(block) + below)


def _pb_leaf(chunk: Piece) -> bytes:
    """Give a leaf as a dag-pb block, copying the chunk once."""
    if not chunk:
        return b"\x0a\x04\x08\x02\x18\x00"  # an empty file has no data field at all
    size = encode_uvarint(len(chunk))
    message_bytes = 4 + 2 * len(size) + len(chunk)
    head = b"\x0a" + encode_uvarint(message_bytes) + b"\x08\x02\x12" + size
    return b"".join((head, chunk, b"\x18", size))


def _chunks(pieces: Iterable[Piece], size: int) -> Iterator[Piece]:
    """Give chunks of exactly ``size`` bytes, the last one shorter; none for an empty stream.

    A chunk that lies in one piece is a view of it; only what crosses pieces is put together.
    """
    rest = bytearray()
    for piece in pieces:
        if len(piece) == size and not rest:
            yield piece
            continue
        view = memoryview(piece)
        if rest:
            missing = size - len(rest)
            rest += view[:missing]
            if len(rest) < size:
                continue
            yield bytes(rest)
            rest.clear()
            view = view[missing:]
        whole = len(view) - len(view) % size
        for at in range(0, whole, size):
            yield view[at : at + size]
        rest += view[whole:]
    if rest:
        yield bytes(rest)
