"""Content identifiers, strict both ways: one CID has one binary and one canonical text form.

Own code because it is the hot path of every import, and the packages are slow or lenient
(content-store.md, section 1, compares them).  Clauses are those of section 2.
"""

import base64
import binascii
from hashlib import sha256
from typing import Final, NamedTuple

from node.base.limits import CID_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.errors import BadCidError, HashNotAllowedError

RAW: Final = 0x55
DAG_PB: Final = 0x70
DAG_CBOR: Final = 0x71
IDENTITY: Final = 0x00
SHA2_256: Final = 0x12
IDENTITY_BYTES_MAX: Final = 128
"""Longest digest of the identity hash; a longer one MUST be refused."""

_UVARINT_BYTES_MAX: Final = 9
_V0_HEAD: Final = b"\x12\x20"
_V0_BYTES: Final = 34
_TEXT_CHARACTERS_MAX: Final = 1 + 2 * CID_BYTES_MAX
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUE: Final = {character: value for value, character in enumerate(_BASE58)}


class CidParts(NamedTuple):
    """What a CID says; ``version`` 0 is always dag-pb with sha2-256."""

    version: int
    codec: int
    hash_code: int
    digest: bytes


def encode_uvarint(value: int) -> bytes:
    """Give unsigned LEB128, minimal, of a number >= 0."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Read a minimal uvarint of at most 9 bytes; give it and the offset behind it.

    raises        BadCidError: truncated, longer than 9 bytes, or not minimal.
    """
    value = 0
    for index in range(_UVARINT_BYTES_MAX):
        if at + index >= len(data):
            raise BadCidError("truncated varint")
        byte = data[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if byte == 0 and index > 0:
                raise BadCidError("varint that is not minimal")
            return value, at + index + 1
    raise BadCidError(f"varint longer than {_UVARINT_BYTES_MAX} bytes")


def make_cid(data: bytes, codec: int = RAW) -> Cid:
    """Give the CIDv1 (sha2-256) of a block."""
    return from_digest(sha256(data).digest(), codec)


def make_cid_v0(data: bytes) -> Cid:
    """Give the CIDv0 of a dag-pb block: the bare multihash."""
    return from_digest(sha256(data).digest(), None)


def from_digest(digest: bytes, codec: int | None) -> Cid:
    """Give the CIDv1 of a block with this sha2-256, or its CIDv0 when ``codec`` is None."""
    if codec is None:
        return Cid(_V0_HEAD + digest)
    return Cid(b"\x01" + encode_uvarint(codec) + _V0_HEAD + digest)


def decode(data: bytes) -> CidParts:
    """Read the one CID that fills ``data``; identity CIDs are read too, as links may hold them.

    raises        BadCidError: empty, truncated, trailing bytes, version other than 0 or 1.
                  HashNotAllowedError: another hash, or a digest of another length.
    """
    if len(data) > CID_BYTES_MAX:
        raise BadCidError(f"{len(data)} bytes, at most {CID_BYTES_MAX}")
    if data[:1] == b"\x12":
        if len(data) != _V0_BYTES or data[:2] != _V0_HEAD:
            raise BadCidError("starts like a CIDv0 and is not 12 20 and 32 bytes")
        return CidParts(0, DAG_PB, SHA2_256, data[2:])
    version, at = decode_uvarint(data, 0)
    if version != 1:
        raise BadCidError(f"version {version}, wants 1 (a CIDv0 has no version byte)")
    codec, at = decode_uvarint(data, at)
    code, at = decode_uvarint(data, at)
    length, at = decode_uvarint(data, at)
    if not _is_allowed(code, length):
        raise HashNotAllowedError(code, length)
    if len(data) - at != length:
        raise BadCidError(f"{len(data) - at} bytes where a digest of {length} belongs")
    return CidParts(1, codec, code, data[at:])


def multihash_of(cid: bytes) -> bytes:
    """Give the key of a block in every store: the 34 bytes 12 20 and digest.

    raises        BadCidError, HashNotAllowedError: no CID, or an identity CID: such a block is
                  its own name, and is never stored or sent.
    """
    if len(cid) == _V0_BYTES + 2 and cid[0] == 1 and cid[1] < 0x80 and cid[2:4] == _V0_HEAD:
        return bytes(cid[2:])
    parts = decode(cid)
    if parts.hash_code != SHA2_256:
        raise HashNotAllowedError(parts.hash_code, len(parts.digest))
    return _V0_HEAD + parts.digest


def raw_cid_of(multihash: bytes) -> Cid:
    """Give the CIDv1 that calls a block raw: how tools name one of which only the hash is known."""
    return Cid(b"\x01\x55" + multihash)


def is_block_of(cid: bytes, data: bytes) -> bool:
    """Say whether ``data`` has the hash that ``cid`` names; errors as ``multihash_of``."""
    return multihash_of(cid)[2:] == sha256(data).digest()


def prefix_of(cid: bytes) -> bytes:
    """Give a CID without its digest, as it travels beside a block; a v0 reads 00 70 12 20."""
    parts = decode(cid)
    if parts.hash_code != SHA2_256:
        raise HashNotAllowedError(parts.hash_code, len(parts.digest))
    return bytes((parts.version,)) + encode_uvarint(parts.codec) + _V0_HEAD


def from_prefix(prefix: bytes, data: bytes) -> Cid:
    """Recompute the CID of received bytes from the prefix beside them (section 11).

    raises        BadCidError: no prefix.  HashNotAllowedError: not sha2-256 with 32 bytes.
    """
    version, at = decode_uvarint(prefix, 0)
    codec, at = decode_uvarint(prefix, at)
    code, at = decode_uvarint(prefix, at)
    length, at = decode_uvarint(prefix, at)
    if at != len(prefix):
        raise BadCidError(f"{len(prefix) - at} bytes after the prefix")
    if code != SHA2_256 or length != 32:
        raise HashNotAllowedError(code, length)
    if version == 0 and codec == DAG_PB:
        return make_cid_v0(data)
    if version != 1:
        raise BadCidError(f"prefix of version {version} with codec 0x{codec:02x}")
    return make_cid(data, codec)


def to_text(cid: bytes) -> str:
    """Give the canonical text: base32 with ``b`` for v1, base58btc without prefix for v0."""
    if decode(cid).version == 0:
        return _to_base58(cid)
    return "b" + _to_base32(cid)


def from_text(text: str) -> Cid:
    """Read a CID in base32 (``b``, ``B``), base58btc (``z``, bare ``Qm``) or hex (``f``, ``F``).

    raises        BadCidError: unknown prefix, white space, padding, mixed case, unused bits that
                  are not zero, or bytes that ``decode`` refuses.
    """
    if not text or len(text) > _TEXT_CHARACTERS_MAX:
        raise BadCidError(f"a text of {len(text)} characters, 1 to {_TEXT_CHARACTERS_MAX}")
    if len(text) == 46 and text.startswith("Qm"):
        data = _from_base58(text)
        if _to_base58(data) != text or decode(data).version != 0:
            raise BadCidError(f"{text!r} is no CIDv0")
        return Cid(data)
    data, again = _from_multibase(text)
    if again != text:
        raise BadCidError(f"{text!r} is not the only way to write its bytes")
    if decode(data).version == 0:
        raise BadCidError(f"{text!r} is a CIDv0 with a base prefix")
    return Cid(data)


def _is_allowed(code: int, length: int) -> bool:
    if code == IDENTITY:
        return length <= IDENTITY_BYTES_MAX
    return code == SHA2_256 and length == 32


def _from_multibase(text: str) -> tuple[bytes, str]:
    """Give the bytes, and the text that encoding them in the same base gives."""
    base, body = text[0], text[1:]
    try:
        match base:
            case "b" | "B":
                data = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
                again = _to_base32(data)
                return data, base + (again if base == "b" else again.upper())
            case "z":
                data = _from_base58(body)
                return data, base + _to_base58(data)
            case "f" | "F":
                data = bytes.fromhex(body)
                return data, base + (data.hex() if base == "f" else data.hex().upper())
            case _:
                raise BadCidError(f"unknown base prefix {base!r}, wants b, B, z, f or F")
    except (binascii.Error, ValueError) as error:
        raise BadCidError(f"{text!r}: {error}") from error


def _to_base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()


def _to_base58(data: bytes) -> str:
    number = int.from_bytes(data)
    out: list[str] = []
    while number:
        number, rest = divmod(number, 58)
        out.append(_BASE58[rest])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(out))


def _from_base58(text: str) -> bytes:
    number = 0
    for character in text:
        value = _BASE58_VALUE.get(character)
        if value is None:
            raise BadCidError(f"{character!r} is no base58 character")
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
