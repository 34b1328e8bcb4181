"""Files become trees of blocks: the balanced layout of UnixFS, streaming.

Memory is one list per level, so O(width x depth) entries of some 50 bytes plus one chunk.
Equal bytes under an equal profile give equal CIDs as kubo's (content-store.md, sections 4 to 6).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from node.base.errors import ConfigError
from node.base.limits import BLOCK_BYTES_MAX, DAG_LINKS_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite import dagpb
from node.ipfs_lite.cid import DAG_PB, encode_uvarint, make_cid, make_cid_v0

Sink: TypeAlias = Callable[[Cid, bytes], None]
"""Takes every block once per occurrence, children before their parent."""

_LEAF_OVERHEAD_BYTES: Final = 32
"""Wrapping of a dag-pb leaf, rounded up."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The parameters that decide which CIDs a file gets."""

    name: str
    cid_version: int
    raw_leaves: bool
    chunk_bytes: int
    links_max: int

    def __post_init__(self) -> None:
        if self.cid_version not in (0, 1) or (self.cid_version == 0 and self.raw_leaves):
            raise ConfigError(f"profile {self.name}: CIDv0 names dag-pb only, so no raw leaves")
        if not 1 <= self.chunk_bytes <= BLOCK_BYTES_MAX - _LEAF_OVERHEAD_BYTES:
            raise ConfigError(f"profile {self.name}: a chunk of {self.chunk_bytes} bytes")
        if not 2 <= self.links_max <= DAG_LINKS_COUNT_MAX:
            raise ConfigError(f"profile {self.name}: {self.links_max} links per node")


DEFAULT_PROFILE: Final = Profile(
    "unixfs-v1-2025", cid_version=1, raw_leaves=True, chunk_bytes=1_048_576, links_max=1_024
)
PROFILES: Final = {
    profile.name: profile
    for profile in (
        DEFAULT_PROFILE,
        Profile("kubo-cidv1", cid_version=1, raw_leaves=True, chunk_bytes=262_144, links_max=174),
        Profile(
            "unixfs-v0-2015", cid_version=0, raw_leaves=False, chunk_bytes=262_144, links_max=174
        ),
        Profile(
            "kubo-test-cid-v1", cid_version=1, raw_leaves=True, chunk_bytes=1_048_576, links_max=174
        ),
    )
}


class Added(NamedTuple):
    """One tree: a file, or a part of one."""

    cid: Cid
    file_bytes: int
    dag_bytes: int
    """Length of its blocks, each counted as often as it is linked (Tsize)."""


def write_file(pieces: Iterable[bytes], sink: Sink, profile: Profile = DEFAULT_PROFILE) -> Added:
    """Cut a stream into blocks, hand each to ``sink``, give the root.

    ``pieces``    any partition of the file: short reads are filled up to whole chunks.
    """
    tree = _Tree(sink, profile)
    for chunk in _chunks(pieces, profile.chunk_bytes):
        tree.add(0, tree.leaf(chunk))
    return tree.finish()


def write_bytes(data: bytes, sink: Sink, profile: Profile = DEFAULT_PROFILE) -> Added:
    """Do the same for a file that is in memory."""
    return write_file((data,), sink, profile)


class _Tree:
    def __init__(self, sink: Sink, profile: Profile) -> None:
        self._sink = sink
        self._profile = profile
        self._levels: list[list[Added]] = []

    def leaf(self, chunk: bytes) -> Added:
        if self._profile.raw_leaves:
            cid = make_cid(chunk)
            self._sink(cid, chunk)
            return Added(cid, len(chunk), len(chunk))
        size = encode_uvarint(len(chunk))
        # an empty file has no data field at all: 08 02 18 00
        data = b"\x08\x02" + (b"\x12" + size + chunk if chunk else b"") + b"\x18" + size
        block = dagpb.encode(dagpb.Node((), data))
        return Added(self._emit(block), len(chunk), len(block))

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
        size = sum(child.file_bytes for child in children)
        data = b"\x08\x02\x18" + encode_uvarint(size)
        data += b"".join([b"\x20" + encode_uvarint(child.file_bytes) for child in children])
        # the name is empty, not absent: what every implementation writes (T1)
        links = tuple(dagpb.Link(child.cid, "", child.dag_bytes) for child in children)
        block = dagpb.encode(dagpb.Node(links, data))
        below = sum(child.dag_bytes for child in children)
        return Added(self._emit(block), size, len(block) + below)

    def _emit(self, block: bytes) -> Cid:
        cid = make_cid_v0(block) if self._profile.cid_version == 0 else make_cid(block, DAG_PB)
        self._sink(cid, block)
        return cid


def _chunks(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Give chunks of exactly ``size`` bytes, the last one shorter; none for an empty stream."""
    rest = b""
    for piece in pieces:
        data = rest + piece if rest else piece
        whole = len(data) - len(data) % size
        for at in range(0, whole, size):
            yield data[at : at + size]
        rest = data[whole:]
    if rest:
        yield rest
