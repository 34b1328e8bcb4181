"""The Data message of UnixFS: what a dag-pb node says about itself (content-store.md, section 4).

Modes and times are checked and dropped; nothing here ever writes them.
"""

from typing import Final, NamedTuple

from node.base.limits import DAG_LINKS_COUNT_MAX
from node.ipfs_lite.cid import encode_uvarint
from node.ipfs_lite.dagpb import read_bytes, read_varint
from node.ipfs_lite.errors import BadNodeError

RAW_TYPE: Final = 0
"""A leaf without links; read, never written."""
DIRECTORY_TYPE: Final = 1
FILE_TYPE: Final = 2
METADATA_TYPE: Final = 3
SYMLINK_TYPE: Final = 4
SHARD_TYPE: Final = 5
TYPE_NAMES: Final = {
    RAW_TYPE: "a raw leaf",
    DIRECTORY_TYPE: "a directory",
    FILE_TYPE: "a file",
    METADATA_TYPE: "metadata",
    SYMLINK_TYPE: "a symlink",
    SHARD_TYPE: "a sharded directory",
}
MURMUR3_X64_64: Final = 0x22
"""The one hash of names in a sharded directory."""

EMPTY_DIRECTORY: Final = b"\x08\x01"


class UnixFsData(NamedTuple):
    """The message; None is an absent field."""

    kind: int
    data: bytes
    file_bytes: int | None = None
    block_bytes: tuple[int, ...] = ()
    """File bytes below each link, in the order of the links."""
    hash_type: int | None = None
    fanout: int | None = None


def encode_inner(file_bytes: int, block_bytes: list[int]) -> bytes:
    """Give the message of a file's inner node."""
    sizes = [b"\x20" + encode_uvarint(size) for size in block_bytes]
    return b"\x08\x02\x18" + encode_uvarint(file_bytes) + b"".join(sizes)


def encode_symlink(target: bytes) -> bytes:
    """Give the message of a symlink."""
    return b"\x08\x04\x12" + encode_uvarint(len(target)) + target


def encode_shard(bitfield: bytes, fanout: int) -> bytes:
    """Give the message of one shard of a directory."""
    return b"".join(
        (
            b"\x08\x05\x12",
            encode_uvarint(len(bitfield)),
            bitfield,
            b"\x28",
            encode_uvarint(MURMUR3_X64_64),
            b"\x30",
            encode_uvarint(fanout),
        )
    )


def decode_data(raw: bytes) -> UnixFsData:
    """Read a UnixFS Data message; repeated block sizes are unpacked, as every writer has them.

    raises        BadNodeError: no type, a field twice, an unknown field, a wrong wire type.
    """
    numbers: dict[int, int] = {}
    data: bytes | None = None
    sizes: list[int] = []
    has_mtime = False
    at = 0
    while at < len(raw):
        tag, at = read_varint(raw, at)
        match tag:
            case 0x08 | 0x18 | 0x28 | 0x30 | 0x38:  # type, filesize, hashType, fanout, mode
                if tag in numbers:
                    raise BadNodeError(f"UnixFS field {tag >> 3} twice")
                numbers[tag], at = read_varint(raw, at)
            case 0x12 if data is None:
                data, at = read_bytes(raw, at)
            case 0x20:
                size, at = read_varint(raw, at)
                sizes.append(size)
                if len(sizes) > DAG_LINKS_COUNT_MAX:
                    raise BadNodeError(f"more than {DAG_LINKS_COUNT_MAX} block sizes")
            case 0x42 if not has_mtime:
                stamp, at = read_bytes(raw, at)
                _check_mtime(stamp)
                has_mtime = True
            case _:
                raise BadNodeError(f"UnixFS field tag 0x{tag:02x} is unknown or comes twice")
    if 0x08 not in numbers:
        raise BadNodeError("UnixFS data without a type")
    return UnixFsData(
        numbers[0x08],
        data or b"",
        numbers.get(0x18),
        tuple(sizes),
        numbers.get(0x28),
        numbers.get(0x30),
    )


def _check_mtime(stamp: bytes) -> None:
    at = 0
    if stamp[:1] == b"\x08":
        _, at = read_varint(stamp, 1)
    if stamp[at : at + 1] == b"\x15" and len(stamp) - at == 5:
        nanoseconds = int.from_bytes(stamp[at + 1 :], "little")
        if not 1 <= nanoseconds <= 999_999_999:
            raise BadNodeError(f"{nanoseconds} nanoseconds, wants 1 to 999999999")
        at = len(stamp)
    if at != len(stamp) or not stamp:
        raise BadNodeError("a modification time that is none")
