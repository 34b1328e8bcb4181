"""CAR files are read, versions 1 and 2, from a stream; no block is believed.

Memory holds one section and what the stream gives at once.  Every block is hashed before it is
handed out; the first fault ends the reading and names the last block that held
(content-store.md, section 7).
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Final, TypeAlias

from node.base.errors import PeerError
from node.base.limits import (
    BLOCK_BYTES_MAX,
    CAR_HEADER_BYTES_MAX,
    CAR_ROOTS_COUNT_MAX,
    CID_BYTES_MAX,
)
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagcbor
from node.ipfs_lite.blocks import Block
from node.ipfs_lite.car_write import DATA_OFFSET_MIN, V2_HEADER_BYTES
from node.ipfs_lite.cid import decode_uvarint, to_text
from node.ipfs_lite.errors import BadCarError

Source: TypeAlias = Iterable[bytes] | Callable[[int], bytes]
"""Pieces of any length, or a ``read(n)`` that gives up to n bytes and none at the end."""

_SECTION_BYTES_MAX: Final = BLOCK_BYTES_MAX + CID_BYTES_MAX
_READ_BYTES: Final = 64 * 2**10
_VARINT_BYTES_MAX: Final = 9
_USUAL_CID_BYTES: Final = 36
"""A CIDv1 with a codec below 0x80 and sha2-256."""
_USUAL_HASH: Final = b"\x12\x20"


class CarReader:
    """One CAR file: its header is read at once, its blocks while they are asked for."""

    version: int
    """1 or 2."""
    roots: tuple[Cid, ...]

    def __init__(self, source: Source) -> None:
        """Read the header.

        raises        BadCarError: no header of version 1 or 2, longer than CAR_HEADER_BYTES_MAX,
                      more than CAR_ROOTS_COUNT_MAX roots, a wrong place of the data in version 2.
                      And what ``source`` raises.
        """
        self._stream = _Stream(source)
        self._last_good: Cid | None = None
        self.version, roots = self._header()
        if self.version == 2:
            self._enter_payload()
            version, roots = self._header()
            if version != 1:
                raise self._bad(f"version {version} inside of version 2")
        self.roots = roots

    @property
    def last_good(self) -> str | None:
        """Text of the CID of the last block that held, None before the first."""
        return None if self._last_good is None else to_text(self._last_good)

    def __iter__(self) -> Iterator[Block]:
        """Give the blocks in the order of the file; repeated ones come again.

        A section under an identity CID is checked and passed over: its CID already is its data.

        raises        BadCarError: another hash, no CID, a hash that is not allowed, an empty or
                      too long section, a truncated one.  And what ``source`` raises.
        """
        while not self._stream.is_at_end():
            block, is_identity = self._section()
            self._last_good = block.cid
            if not is_identity:
                yield block

    def _header(self) -> tuple[int, tuple[Cid, ...]]:
        length = self._varint("the length of the header")
        if not 0 < length <= CAR_HEADER_BYTES_MAX:
            raise self._bad(f"a header of {length} bytes, wants 1 to {CAR_HEADER_BYTES_MAX}")
        raw = self._take(length, "the header")
        try:
            header = dagcbor.decode(raw)
        except PeerError as error:
            raise self._bad(f"the header: {error}") from error
        match header:
            case {"version": 2, **rest} if not rest:
                return 2, ()
            case {"version": 1 as one, "roots": list(items), **rest} if (
                not rest and one is not True
            ):
                roots = tuple(item.cid for item in items if isinstance(item, dagcbor.CidLink))
                if len(roots) != len(items):
                    raise self._bad("a root that is no CID")
                if len(roots) > CAR_ROOTS_COUNT_MAX:
                    raise self._bad(f"{len(roots)} roots, at most {CAR_ROOTS_COUNT_MAX}")
                return 1, roots
            case _:
                raise self._bad("the header is neither {roots, version: 1} nor {version: 2}")

    def _enter_payload(self) -> None:
        """Go to the data of version 2 and forget what lies behind it: the index is ignored.

        The characteristics are not looked at either: real files have an index and say no.
        """
        raw = self._take(V2_HEADER_BYTES, "the header of version 2")
        offset = int.from_bytes(raw[16:24], "little")
        if offset < DATA_OFFSET_MIN:
            raise self._bad(f"data at byte {offset}, inside of the header")
        if not self._stream.skip(offset - DATA_OFFSET_MIN):
            raise self._bad(f"data at byte {offset}, behind the end of the file")
        self._stream.end_after(int.from_bytes(raw[24:32], "little"))

    def _section(self) -> tuple[Block, bool]:
        """Give a block that holds, and whether it is one of an identity CID."""
        at = self._stream.at
        length = self._varint("the length of a section")
        if not 0 < length <= _SECTION_BYTES_MAX:
            raise self._bad(
                f"a section of {length} bytes at byte {at}, wants 1 to {_SECTION_BYTES_MAX}"
            )
        head = self._take(min(length, _USUAL_CID_BYTES), "a section")
        rest = length - len(head)
        usual = len(head) == _USUAL_CID_BYTES and head[0] == 1 and head[1] < 0x80
        if usual and head[2:4] == _USUAL_HASH:
            block = Block(Cid(head), self._take(rest, "a section"))
            digest = head[4:]
        else:
            section = head + self._take(rest, "a section")
            try:
                cid = _cid_at_begin(section)
                block = Block(cid, section[len(cid) :])
                parts = cids.decode(cid)
            except PeerError as error:
                raise self._bad(f"the section at byte {at}: {error}") from error
            digest = parts.digest
            if parts.hash_code == cids.IDENTITY:
                if digest != block.data:
                    raise self._bad(f"the section at byte {at}: {to_text(cid)} is other data")
                return block, True
        if len(block.data) > BLOCK_BYTES_MAX:
            raise self._bad(f"a block of {len(block.data)} bytes, at most {BLOCK_BYTES_MAX}")
        if sha256(block.data).digest() != digest:
            raise self._bad(
                f"the section at byte {at}: its bytes are not those of {to_text(block.cid)}"
            )
        return block, False

    def _varint(self, what: str) -> int:
        raw = b""
        while not raw or raw[-1] >= 0x80:
            if len(raw) == _VARINT_BYTES_MAX:
                raise self._bad(f"{what} is longer than {_VARINT_BYTES_MAX} bytes")
            raw += self._take(1, what)
        try:
            return decode_uvarint(raw, 0)[0]
        except PeerError as error:
            raise self._bad(f"{what}: {error}") from error

    def _take(self, count: int, what: str) -> bytes:
        data = self._stream.take(count)
        if len(data) < count:
            at = self._stream.at
            raise self._bad(f"{what} ends after {len(data)} of {count} bytes, at byte {at}")
        return data

    def _bad(self, what: str) -> BadCarError:
        return BadCarError(what, self.last_good)


def _cid_at_begin(section: bytes) -> Cid:
    """Give the CID that a section starts with; raises BadCidError, HashNotAllowedError."""
    end = 2 + 32
    if section[:2] != _USUAL_HASH:
        at = 0
        for _ in ("version", "codec", "hash"):
            _, at = decode_uvarint(section, at)
        digest_bytes, at = decode_uvarint(section, at)
        end = at + digest_bytes
    cid = Cid(section[:end])
    cids.decode(cid)
    return cid


class _Stream:
    """Bytes by number, out of pieces of any length; counts them, and may end before the source."""

    def __init__(self, source: Source) -> None:
        self._read = source if callable(source) else _reader_of(source)
        self._piece = b""
        self._used = 0
        self._end: int | None = None
        self.at = 0

    def take(self, count: int) -> bytes:
        """Give ``count`` bytes, fewer only at the end."""
        if self._end is not None:
            count = min(count, self._end - self.at)
        data = self._piece[self._used : self._used + count]
        self._used += len(data)
        if len(data) < count:
            parts = [data]
            missing = count - len(data)
            while missing and self._refill(missing):
                parts.append(self._piece[:missing])
                self._used = len(parts[-1])
                missing -= self._used
            data = b"".join(parts)
        self.at += len(data)
        return data

    def skip(self, count: int) -> bool:
        """Pass over bytes without keeping them; say whether there were so many."""
        while count:
            passed = len(self.take(min(count, _READ_BYTES)))
            if not passed:
                return False
            count -= passed
        return True

    def end_after(self, count: int) -> None:
        """Let the stream end ``count`` bytes from here; a shorter source shows as truncation."""
        self._end = self.at + count

    def is_at_end(self) -> bool:
        if self._end is not None:
            return self.at == self._end
        return self._used == len(self._piece) and not self._refill(1)

    def _refill(self, wants: int) -> bool:
        self._piece = self._read(max(wants, _READ_BYTES))
        self._used = 0
        return bool(self._piece)


def _reader_of(pieces: Iterable[bytes]) -> Callable[[int], bytes]:
    """Give a ``read`` over pieces; empty ones are no end."""
    full = filter(None, pieces)
    return lambda _count: next(full, b"")
