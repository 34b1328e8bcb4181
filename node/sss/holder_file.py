"""The file of one holder as far as it must be in memory: all but a fragment's payload.

The same layout and codes as ``bundle``, for files larger than memory and for looking into one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from node.base.limits_sharing import FILE_MANIFEST_BYTES_MAX
from node.sss.bundle import FILE_SCHEMES
from node.sss.commitments import Manifest
from node.sss.errors import MixedRecordsError, ShareFormatError
from node.sss.shares import (
    AEAD_SCHEMES,
    CONTAINER_FRAME_BYTES,
    CONTAINER_HEAD_BYTES,
    Container,
    Kind,
    check_against,
    decode_container,
    share_digest,
    share_digest_of,
)

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
class FragmentPart:
    """Where a fragment lies in its file, and what its container says."""

    at: int
    """Of the container's first byte."""
    payload_bytes: int
    stored: bytes
    """The digest at its end; ``fragment_digest`` computes what it should be."""


@dataclass(frozen=True, slots=True)
class HolderFile:
    """What a holder's file says; only a custodian of schemes 1 and 4 has a ``fragment``."""

    manifest: Manifest
    share: Container
    fragment: FragmentPart | None


def read_holder_file(file: SeekableFile) -> HolderFile:
    """Read a holder's file but for the payload of its fragment.

    raises        ShareFormatError: ``length``, ``magic``, ``format``, ``reserved``, ``kind``,
                  ``index``, or what a part breaks; a fragment's digest is not looked at.
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
    share = decode_container(_read(file, *spans[1]))
    _check_part(share, manifest)
    has_fragment = count == 3
    if share.kind is not (Kind.CUSTODIAN if share.index else Kind.ESSENTIAL):
        raise ShareFormatError("kind", share.index)
    if has_fragment != (share.index != 0 and manifest.header.scheme in AEAD_SCHEMES):
        raise ShareFormatError("kind", share.index)
    if not has_fragment:
        return HolderFile(manifest, share, None)
    return HolderFile(manifest, share, _fragment(file, *spans[2], share, manifest))


def fragment_digest(file: SeekableFile, part: FragmentPart) -> bytes:
    """Compute the digest of a fragment, block by block."""
    return share_digest_of(_blocks(file, part.at, CONTAINER_HEAD_BYTES + part.payload_bytes))


def fragment_container(file: SeekableFile, part: FragmentPart) -> bytes:
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


def _fragment(
    file: SeekableFile, at: int, length: int, share: Container, manifest: Manifest
) -> FragmentPart:
    """Check a fragment's head as if its payload were empty, then its lengths."""
    if length < CONTAINER_FRAME_BYTES:
        raise ShareFormatError("length")
    head = _read(file, at, CONTAINER_HEAD_BYTES)
    payload_bytes = length - CONTAINER_FRAME_BYTES
    if int.from_bytes(head[80:]) != payload_bytes:
        raise ShareFormatError("length", head[7])
    empty = head[:80] + bytes(8)
    fragment = decode_container(empty + share_digest(empty))
    stored = _read(file, at + length - _DIGEST_BYTES, _DIGEST_BYTES)
    part = FragmentPart(at, payload_bytes, stored)
    try:
        _check_fragment(fragment, payload_bytes, share, manifest)
    except (MixedRecordsError, ShareFormatError) as error:
        if fragment_digest(file, part) != stored:  # the digest is judged before the contents
            raise ShareFormatError("digest", fragment.index) from error
        raise
    return part


def _check_fragment(
    fragment: Container, payload_bytes: int, share: Container, manifest: Manifest
) -> None:
    if fragment.deal_id != manifest.header.deal_id():
        raise MixedRecordsError(manifest.header.deal_id(), fragment.deal_id)
    if fragment.kind is not Kind.FRAGMENT:
        raise ShareFormatError("kind", fragment.index)
    if fragment.index != share.index:
        raise ShareFormatError("index", fragment.index)
    if payload_bytes != manifest.header.payload_length(Kind.FRAGMENT):
        raise ShareFormatError("length", fragment.index)


def _check_part(share: Container, manifest: Manifest) -> None:
    deal_id = manifest.header.deal_id()
    if share.deal_id != deal_id:
        raise MixedRecordsError(deal_id, share.deal_id)
    check_against(share, manifest.header)


def _read(file: SeekableFile, at: int, length: int) -> bytes:
    return b"".join(_blocks(file, at, length))


def _blocks(file: SeekableFile, at: int, length: int) -> Iterator[bytes]:
    """Give so many bytes in blocks.

    raises        ShareFormatError: ``length``, the file has become shorter.
    """
    file.seek(at)
    left = length
    while left:
        block = file.read(min(left, _BLOCK_BYTES))
        if not block:
            raise ShareFormatError("length")
        left -= len(block)
        yield block
