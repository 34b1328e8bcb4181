"""The containers of kind 2: an encrypted record, dispersed k of N.

Memory is what costs: pages that are touched for the first time take as long as the arithmetic, so
the caller may hand in memory that has served before; and each block is hashed while it is in the
cache (secret-sharing.md sections 6 and 7).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Protocol

import numpy as np
from cryptography.hazmat.primitives.ciphers import AEADEncryptionContext, Cipher, algorithms, modes

from node.sss.commitments import Manifest
from node.sss.derivation import record_key_of
from node.sss.errors import (
    DuplicateShareError,
    FragmentMismatchError,
    MixedRecordsError,
    ShareFormatError,
)
from node.sss.gf256 import BLOCK_BYTES, Row
from node.sss.keyed_deal import KeyedDeal
from node.sss.reed_solomon import extend
from node.sss.shares import (
    CONTAINER_FRAME_BYTES,
    CONTAINER_HEAD_BYTES,
    SHARE_LABEL,
    ZERO_SALT,
    DealHeader,
    Kind,
    Octets,
    check_against,
    container_of,
    decode_head,
    share_digest,
)


class Hasher(Protocol):
    """What ``hashlib`` makes."""

    def update(self, data: memoryview, /) -> None:
        """Take the next bytes."""
        ...


def fragment_head(header: DealHeader, index: int) -> bytes:
    """Give the 88 bytes before the payload of fragment ``index``: D alone says them all."""
    empty = container_of(header, Kind.FRAGMENT, index, ZERO_SALT, b"").head()
    return empty[:-8] + header.payload_length(Kind.FRAGMENT).to_bytes(8)


def container_bytes(header: DealHeader) -> int:
    """Give the length of a fragment's container."""
    return CONTAINER_FRAME_BYTES + header.payload_length(Kind.FRAGMENT)


def record_encryptor(dealt: KeyedDeal) -> AEADEncryptionContext:
    """Start the cipher of a record: AES-256-GCM under a key that follows from K, over D."""
    header = dealt.header
    cipher = Cipher(algorithms.AES256(record_key_of(dealt.key)), modes.GCM(header.nonce))
    encryptor = cipher.encryptor()
    encryptor.authenticate_additional_data(header.encode())
    return encryptor


def write_fragments(dealt: KeyedDeal, record: bytes, rooms: Sequence[bytearray]) -> None:
    """Encrypt and disperse a record straight into the containers of index 1 .. N.

    ``rooms``     one of ``container_bytes`` for each index; what was in them does not matter.
    raises        ValueError: other rooms.
    """
    header = dealt.header
    total = container_bytes(header)
    if [len(room) for room in rooms] != [total] * header.custodians:
        raise ValueError(f"this deal needs {header.custodians} times {total} bytes")
    rows = [np.frombuffer(room, np.uint8)[CONTAINER_HEAD_BYTES:-32] for room in rooms]
    hashers = [sha256(SHARE_LABEL) for _ in rooms]
    for index, (room, hasher) in enumerate(zip(rooms, hashers, strict=True), start=1):
        room[:CONTAINER_HEAD_BYTES] = fragment_head(header, index)
        hasher.update(room[:CONTAINER_HEAD_BYTES])
    _encrypt(dealt, record, rows[: header.needed], hashers)
    extend(rows, needed=header.needed, tell=lambda x, piece: hashers[x - 1].update(piece.data))
    for room, hasher in zip(rooms, hashers, strict=True):
        room[-32:] = hasher.digest()


def _encrypt(
    dealt: KeyedDeal, record: bytes, slices: Sequence[Row], hashers: Sequence[Hasher]
) -> None:
    """Fill the slices with the ciphertext, its tag and zeros, one after the other."""
    encryptor = record_encryptor(dealt)
    plain = memoryview(record)
    size = len(slices[0])
    for slot, row in enumerate(slices):
        part = plain[slot * size : (slot + 1) * size]
        for start in range(0, len(part), BLOCK_BYTES):
            block = part[start : start + BLOCK_BYTES]
            piece = row[start : start + len(block)]
            encryptor.update_into(block, piece.data)
            hashers[slot].update(piece.data)
    encryptor.finalize()
    # the tag may begin at the end of one slice and go on in the next
    tail = encryptor.tag + bytes(size * len(slices) - len(plain) - len(encryptor.tag))
    at = len(plain)
    while tail:
        slot, start = divmod(at, size)
        piece = slices[slot][start : start + len(tail)]
        piece[:] = np.frombuffer(tail[: len(piece)], np.uint8)
        hashers[slot].update(piece.data)
        tail = tail[len(piece) :]
        at += len(piece)


def checked_payloads(manifest: Manifest, fragments: Iterable[Octets]) -> dict[int, memoryview]:
    """Give the payloads of fragment containers by index, without a copy.

    raises        FragmentMismatchError: a fragment is not the one of the manifest.
                  DuplicateShareError, ShareFormatError, MixedRecordsError.
                  TypeError: a fragment is not bytes-like.
    """
    header = manifest.header
    payloads: dict[int, memoryview] = {}
    for encoded in fragments:
        raw = memoryview(encoded)
        fragment = decode_head(bytes(raw[:CONTAINER_HEAD_BYTES]), len(raw))
        body, digest = raw[:-32], bytes(raw[-32:])
        if share_digest(body) != digest:
            raise ShareFormatError("digest", fragment.index)
        if fragment.deal_id != header.deal_id():
            raise MixedRecordsError(header.deal_id(), fragment.deal_id)
        check_against(fragment, header, length=len(body) - CONTAINER_HEAD_BYTES)
        if fragment.kind is not Kind.FRAGMENT:
            raise ShareFormatError("kind", fragment.index)
        if fragment.index in payloads:
            raise DuplicateShareError(fragment.index)
        if digest != manifest.fragments[fragment.index - 1].digest:
            raise FragmentMismatchError(fragment.index)
        payloads[fragment.index] = body[CONTAINER_HEAD_BYTES:]
    return payloads
