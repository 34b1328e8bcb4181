"""The file of one holder as far as it must be in memory: all but a fragment's payload.

Layout: secret-sharing.md section 5, "File of one holder".  Files may be larger than memory.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from node.base.limits_sharing import FILE_MANIFEST_BYTES_MAX
from node.sss.commitments import Manifest
from node.sss.errors import MixedRecordsError, ShareFormatError
from node.sss.shares import (
    AEAD_SCHEMES,
    CONTAINER_FRAME_BYTES,
    CONTAINER_HEAD_BYTES,
    Container,
    Kind,
    Scheme,
    check_against,
    decode_container,
    decode_head,
    share_digest_of,
)

FILE_SCHEMES: Final = tuple(Scheme)
"""The schemes whose files can be opened."""
MAGIC: Final = b"WSB1"
_FRONT_BYTES: Final = 12
_DIGEST_BYTES: Final = 32
_BLOCK_BYTES: Final = 128 * 2**10


class SeekableFile(Protocol):
    """An open file, or anything that reads like one."""

    def seek(self, offset: int, whence: int = ..., /) -> int:
        """Go to a byte."""
        ...

    def read(self, size: int = ..., /) -> bytes:
        """Give at most ``size`` bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class FilePart:
    """Where a container lies in its file, and what it says."""

    index: int
    at: int
    """Of the container's first byte."""
    payload_bytes: int
    stored: bytes
    """The digest at its end; ``part_digest`` computes what it should be."""


@dataclass(frozen=True, slots=True)
class HolderFile:
    """What a holder's file says; only a custodian of schemes 1 and 4 has a ``fragment``."""

    manifest: Manifest
    share: Container
    fragment: FilePart | None


def read_holder_file(file: SeekableFile) -> HolderFile:
    """Read a holder's file but for the payload of its fragment.

    raises        ShareFormatError: ``length``, ``magic``, ``format``, ``reserved``, ``kind``,
                  ``index``, or what a part breaks.  The digest of a fragment is left to
                  ``part_digest``, unless its head is wrong.
                  MixedRecordsError: parts of different deals.
    """
    size = file.seek(0, 2)
    front = _read(file, 0, min(size, _FRONT_BYTES))
    if front[:4] != MAGIC[: len(front)] or not front:
        raise ShareFormatError("magic" if front else "length")
    if len(front) < _FRONT_BYTES:
        raise ShareFormatError("length")
    if front[4] != 1:
        raise ShareFormatError("format")
    if front[5:8] != bytes(3):
        raise ShareFormatError("reserved")
    count = int.from_bytes(front[8:12])
    if count not in (2, 3):
        raise ShareFormatError("length")
    spans = _spans(file, count, size)
    if spans[0][1] > FILE_MANIFEST_BYTES_MAX:
        raise ShareFormatError("length")
    manifest = Manifest.decode(_read(file, *spans[0]), schemes=FILE_SCHEMES)
    head, part = _head(file, *spans[1], manifest)
    with _digest_first(file, part):
        if head.kind is not (Kind.CUSTODIAN if head.index else Kind.ESSENTIAL):
            raise ShareFormatError("kind", head.index)
    # as long as in its deal, so it may be in memory
    share = decode_container(_read(file, *spans[1]), manifest.header)
    has_fragment = count == 3
    if has_fragment != (share.index != 0 and manifest.header.scheme in AEAD_SCHEMES):
        raise ShareFormatError("kind", share.index)
    if not has_fragment:
        return HolderFile(manifest, share, None)
    return HolderFile(manifest, share, _fragment(file, *spans[2], share, manifest))


def part_digest(file: SeekableFile, part: FilePart) -> bytes:
    """Compute the digest of a container, block by block.

    raises        ShareFormatError: ``length``, the file has become shorter.
    """
    size = CONTAINER_HEAD_BYTES + part.payload_bytes
    return share_digest_of(_blocks(file, part.at, size, part.index))


def fragment_container(file: SeekableFile, part: FilePart) -> bytes:
    """Give the whole container of a fragment, into memory.  Its digest is not looked at."""
    return _read(file, part.at, CONTAINER_FRAME_BYTES + part.payload_bytes)


def _spans(file: SeekableFile, count: int, size: int) -> list[tuple[int, int]]:
    """Give offset and length of each part; together they fill the file."""
    spans: list[tuple[int, int]] = []
    at = _FRONT_BYTES
    for _ in range(count):
        if at + 8 > size:
            raise ShareFormatError("length")
        length = int.from_bytes(_read(file, at, 8))
        spans.append((at + 8, length))
        at += 8 + length
        if at > size:  # before any memory is taken for it
            raise ShareFormatError("length")
    if at != size:
        raise ShareFormatError("length")
    return spans


def _head(
    file: SeekableFile, at: int, length: int, manifest: Manifest
) -> tuple[Container, FilePart]:
    """Read a part but for its payload, and hold it against the deal."""
    if length < CONTAINER_FRAME_BYTES:
        raise ShareFormatError("length")
    head = decode_head(_read(file, at, CONTAINER_HEAD_BYTES), length)
    stored = _read(file, at + length - _DIGEST_BYTES, _DIGEST_BYTES)
    part = FilePart(head.index, at, length - CONTAINER_FRAME_BYTES, stored)
    deal_id = manifest.header.deal_id()
    with _digest_first(file, part):
        if head.deal_id != deal_id:
            raise MixedRecordsError(deal_id, head.deal_id)
        check_against(head, manifest.header, length=part.payload_bytes)
    return head, part


def _fragment(
    file: SeekableFile, at: int, length: int, share: Container, manifest: Manifest
) -> FilePart:
    head, part = _head(file, at, length, manifest)
    with _digest_first(file, part):
        if head.kind is not Kind.FRAGMENT:
            raise ShareFormatError("kind", head.index)
        if head.index != share.index:
            raise ShareFormatError("index", head.index)
    return part


@contextmanager
def _digest_first(file: SeekableFile, part: FilePart) -> Generator[None]:
    """Tell of changed bytes before what they say: the order of section 5."""
    try:
        yield
    except (MixedRecordsError, ShareFormatError) as error:
        if part_digest(file, part) != part.stored:
            raise ShareFormatError("digest", part.index) from error
        raise


def _read(file: SeekableFile, at: int, length: int) -> bytes:
    return b"".join(_blocks(file, at, length))


def _blocks(file: SeekableFile, at: int, length: int, index: int | None = None) -> Iterator[bytes]:
    """Give so many bytes in blocks.

    raises        ShareFormatError: ``length``, the file of ``index`` has become shorter.
    """
    file.seek(at)
    left = length
    while left:
        block = file.read(min(left, _BLOCK_BYTES))
        if not block:
            raise ShareFormatError("length", index)
        left -= len(block)
        yield block
