"""CAR files put together by hand, so that a test can put them together wrongly."""

from node.ipfs_lite.blocks import Block
from node.ipfs_lite.car_write import PRAGMA
from node.ipfs_lite.cid import encode_uvarint, make_cid


def raw(text):
    data = text.encode()
    return Block(make_cid(data), data)


def link(cid):
    return b"\xd8\x2a" + _head(0x40, len(cid) + 1) + b"\0" + cid


def header(*roots, version=b"\x01"):
    body = b"\xa2\x65roots" + _head(0x80, len(roots)) + b"".join(map(link, roots))
    return framed(body + b"\x67version" + version)


def framed(data):
    return encode_uvarint(len(data)) + data


def section(cid, data):
    return framed(cid + data)


def car(*blocks, roots=None):
    first = [blocks[0].cid] if roots is None else roots
    return header(*first) + b"".join(section(*block) for block in blocks)


def car_v2(payload, *, offset=51, size=None, index=0, flags=bytes(16)):
    numbers = (offset, len(payload) if size is None else size, index)
    fixed = b"".join(number.to_bytes(8, "little") for number in numbers)
    return PRAGMA + flags + fixed + bytes(max(offset - 51, 0)) + payload


def _head(major, count):
    if count < 24:
        return bytes((major | count,))
    if count < 256:
        return bytes((major | 24, count))
    return bytes((major | 25,)) + count.to_bytes(2)
