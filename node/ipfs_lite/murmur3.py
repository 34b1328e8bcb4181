"""MurmurHash3, 64 bits of its x64 128-bit form: where a name stands in a sharded directory.

No protection against chosen collisions: names that share all 64 bits can be found, and a directory
of them is refused (HamtTooDeepError).  Algorithm: Austin Appleby, MurmurHash3_x64_128, seed 0.
"""

import struct
from typing import Final

_MASK: Final = 2**64 - 1
_C1: Final = 0x87C37B91114253D5
_C2: Final = 0x4CF5AD432745937F
_PAIRS: Final = struct.Struct("<QQ")


def murmur3_x64_64(data: bytes) -> int:
    """Give the first 64 bits of the hash, as the number whose big-endian bytes they are."""
    first = second = 0
    whole = len(data) & ~15
    for low, high in _PAIRS.iter_unpack(data[:whole]):
        first ^= _mix(low, _C1, 31, _C2)
        first = (_rotate(first, 27) + second) * 5 + 0x52DCE729 & _MASK
        second ^= _mix(high, _C2, 33, _C1)
        second = (_rotate(second, 31) + first) * 5 + 0x38495AB5 & _MASK
    tail = data[whole:]
    second ^= _mix(int.from_bytes(tail[8:], "little"), _C2, 33, _C1)
    first ^= _mix(int.from_bytes(tail[:8], "little"), _C1, 31, _C2)
    first ^= len(data)
    second ^= len(data)
    first = first + second & _MASK
    second = second + first & _MASK
    return _finish(first) + _finish(second) & _MASK


def _rotate(value: int, by: int) -> int:
    return (value << by | value >> 64 - by) & _MASK


def _mix(value: int, multiply: int, by: int, again: int) -> int:
    return _rotate(value * multiply & _MASK, by) * again & _MASK


def _finish(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33
