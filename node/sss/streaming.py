"""``ssms-1tn`` for records larger than memory: the bytes of ``ssms.deal``, in a few megabytes.

The record is encrypted into a scratch file, then dispersed block by block straight into the files
of the holders (secret-sharing.md section 6, "Streaming").  All files are open and are the
caller's: nothing here knows a path.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Protocol

import numpy as np

from node.base.limits import RECORD_BYTES_MAX
from node.base.limits_sharing import STREAMED_ROWS_BYTES_MAX
from node.base.ports import Entropy
from node.base.types import Address
from node.sss.bundle import Bundle
from node.sss.commitments import NO_CID, FragmentEntry, Manifest
from node.sss.derivation import EssentialSecret
from node.sss.drbg import SeedsUsed
from node.sss.errors import EmptyRecordError, RecordTooLongError, SourceChangedError
from node.sss.fragments import container_bytes, fragment_head, record_encryptor
from node.sss.gf256 import BLOCK_BYTES
from node.sss.keyed_deal import KeyedDeal, draw_deal
from node.sss.reed_solomon import extend
from node.sss.shares import SHARE_LABEL, DealHeader, Kind
from node.sss.terms import DealTerms, Profile

_NO_ADDRESS: Final = Address(bytes(20))
_NO_DIGEST: Final = bytes(32)


class ReadableFile(Protocol):
    """An open binary file that is read from where it stands."""

    def read(self, size: int = ..., /) -> bytes:
        """Give at most ``size`` bytes; none at the end."""
        ...


class WritableFile(ReadableFile, Protocol):
    """An open binary file that can be written, read back and cut off."""

    def seek(self, offset: int, whence: int = ..., /) -> int:
        """Go to a byte."""
        ...

    def write(self, data: bytes | memoryview, /) -> int:
        """Take all of ``data``."""
        ...

    def truncate(self, size: int | None = ..., /) -> int:
        """Cut the file off."""
        ...


def split_stream(
    source: ReadableFile,
    length: int,
    terms: DealTerms,
    *,
    entropy: Entropy,
    seeds: SeedsUsed,
    profile: Profile,
    essential_out: WritableFile,
    custodian_outs: Sequence[WritableFile],
    scratch: WritableFile,
    derived: EssentialSecret | None = None,
) -> DealHeader:
    """Deal a record of ``length`` bytes, 1 .. RECORD_BYTES_MAX, into the files of its holders.

    ``source``          gives the record from where it stands, and nothing after it.
    ``custodian_outs``  of index 1 .. N; empty, like ``essential_out``.
    ``scratch``         empty; takes the ciphertext, about ``length`` bytes.
    raises        EmptyRecordError, RecordTooLongError, SharingPlanError, SeedReuseError,
                  SimulatedSecretError;
                  SourceChangedError: the source has fewer or more bytes.
                  ValueError: not one file for each custodian.
                  After an error the files mean nothing.
    """
    if length == 0:
        raise EmptyRecordError
    if length > RECORD_BYTES_MAX:
        raise RecordTooLongError(length, RECORD_BYTES_MAX)
    dealt = draw_deal(length, terms, entropy=entropy, seeds=seeds, profile=profile, derived=derived)
    header = dealt.header
    if len(custodian_outs) != header.custodians:
        raise ValueError(f"this deal has {header.custodians} custodians")
    _encrypt(dealt, source, scratch)
    # the manifest comes first in each file and lists what is known last: its length is known
    blank = _manifest(dealt, [_NO_DIGEST] * header.custodians)
    for share, out in zip(dealt.custodians, custodian_outs, strict=True):
        out.seek(len(_front(blank, dealt, share.index)))
    manifest = _manifest(dealt, _disperse(header, scratch, custodian_outs))
    essential_out.write(Bundle(manifest, dealt.essential, None).encode())
    for share, out in zip(dealt.custodians, custodian_outs, strict=True):
        out.seek(0)
        out.write(_front(manifest, dealt, share.index))
    return header


def rows_block_bytes(rows: int) -> int:
    """Give the bytes of each of so many rows that are worked on at a time."""
    return min(BLOCK_BYTES, STREAMED_ROWS_BYTES_MAX // rows // 8 * 8)


def read_exactly(file: ReadableFile, count: int) -> bytes:
    """Give the next ``count`` bytes, fewer only where the file ends."""
    pieces: list[bytes] = []
    left = count
    while left and (piece := file.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _encrypt(dealt: KeyedDeal, source: ReadableFile, scratch: WritableFile) -> None:
    """Write ciphertext, tag and the zeros that fill the last slice."""
    header = dealt.header
    length = header.plaintext_length
    encryptor = record_encryptor(dealt)
    for start in range(0, length, BLOCK_BYTES):
        wanted = min(BLOCK_BYTES, length - start)
        block = read_exactly(source, wanted)
        if len(block) < wanted:
            raise SourceChangedError(length, start + len(block))
        scratch.write(encryptor.update(block))
    if extra := source.read(1):
        raise SourceChangedError(length, length + len(extra))
    encryptor.finalize()
    padded = header.needed * header.payload_length(Kind.FRAGMENT)
    scratch.write(encryptor.tag + bytes(padded - header.ciphertext_length))


def _disperse(
    header: DealHeader, scratch: WritableFile, outs: Sequence[WritableFile]
) -> list[bytes]:
    """Write the fragments' containers where the files stand; give their digests."""
    needed, size = header.needed, header.payload_length(Kind.FRAGMENT)
    hashers = [sha256(SHARE_LABEL) for _ in outs]
    for index, (out, hasher) in enumerate(zip(outs, hashers, strict=True), start=1):
        head = fragment_head(header, index)
        hasher.update(head)
        out.write(head)
    block = min(size, rows_block_bytes(needed + len(outs)))
    rows = [np.empty(block, np.uint8) for _ in outs]
    for start in range(0, size, block):
        pieces = [row[: min(block, size - start)] for row in rows]
        for slot, piece in enumerate(pieces[:needed]):
            scratch.seek(slot * size + start)
            piece[:] = np.frombuffer(read_exactly(scratch, len(piece)), np.uint8)
        extend(pieces, needed=needed)
        for piece, out, hasher in zip(pieces, outs, hashers, strict=True):
            hasher.update(piece.data)
            out.write(piece.data)
    digests = [hasher.digest() for hasher in hashers]
    for out, digest in zip(outs, digests, strict=True):
        out.write(digest)
    return digests


def _manifest(dealt: KeyedDeal, fragments: Sequence[bytes]) -> Manifest:
    """Give the manifest of a deal off chain: no addresses and no store."""
    return Manifest(
        epoch=0,
        header=dealt.header,
        digests=tuple(share.digest() for share in (dealt.essential, *dealt.custodians)),
        custodians=(_NO_ADDRESS,) * dealt.header.custodians,
        fragments=tuple(FragmentEntry(digest, NO_CID) for digest in fragments),
    )


def _front(manifest: Manifest, dealt: KeyedDeal, index: int) -> bytes:
    """Give the file of a custodian up to its fragment."""
    whole = Bundle(manifest, dealt.custodians[index - 1], b"").encode()
    return whole[:-8] + container_bytes(dealt.header).to_bytes(8)
