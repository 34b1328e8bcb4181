import tracemalloc

import msgpack
import pytest

from node.base.errors import FrameError
from node.base.limits import ARRAY_ITEMS_COUNT_MAX
from node.p2p.bounded import unpack_bounded


def _unpack(payload, *, arrays_max=2, text_bytes_max=256, binary_bytes_max=10 * 2**20):
    return unpack_bounded(
        payload,
        arrays_max=arrays_max,
        text_bytes_max=text_bytes_max,
        binary_bytes_max=binary_bytes_max,
    )


def test_arrays_come_as_tuples():
    assert _unpack(msgpack.packb([1, [b"x", "y", True]])) == (1, (b"x", "y", True))


def test_the_array_budget_counts_the_outermost():
    assert _unpack(b"\x91\x90", arrays_max=2) == ((),)
    with pytest.raises(FrameError, match="more than 1 arrays"):
        _unpack(b"\x91\x90", arrays_max=1)


def test_the_item_budget_counts_over_all_arrays():
    full = msgpack.packb([[0] * 8_191] * 4)
    assert len(_unpack(full, arrays_max=9)) == 4
    with pytest.raises(FrameError, match=f"{ARRAY_ITEMS_COUNT_MAX} items"):
        _unpack(msgpack.packb([[0] * 8_191] * 4 + [[0]]), arrays_max=9)


def _head(count):
    return b"\x92\x00\xdd" + count.to_bytes(4)


_MIB10 = 10 * 2**20
_HOSTILE = {
    "nested empty arrays": b"\x9f" * _MIB10,
    "empty arrays": _head(_MIB10) + b"\x90" * _MIB10,
    "arrays of empty arrays": (b"\xdc\x10\x00" + b"\x90" * 4_096) * 2_559,
    "nils": _head(_MIB10) + b"\xc0" * _MIB10,
    "two-byte strings": _head(_MIB10 // 3) + b"\xa2ab" * (_MIB10 // 3),
    "two-byte bins": _head(_MIB10 // 4) + b"\xc4\x02ab" * (_MIB10 // 4),
    "two-byte bins in 256 arrays": b"\x92\x00\xdc\x01\x00"
    + (b"\xdc\x20\x00" + b"\xc4\x02ab" * 8_192) * 256,
    "u64": _head(_MIB10 // 9) + b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff" * (_MIB10 // 9),
}


@pytest.mark.parametrize("payload", _HOSTILE.values(), ids=_HOSTILE)
def test_ten_mebibytes_of_small_things_are_refused_without_growing(payload):
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(FrameError):
            _unpack(payload, arrays_max=1_026)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - before < 32 * 2**20


@pytest.mark.parametrize("depth", [500, 2_000])
def test_deep_nesting_is_refused(depth):
    with pytest.raises(FrameError):
        _unpack(b"\x91" * depth + b"\x00")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        b"\x92\x01",
        b"\x91\x01\x01",
        b"\x91\x01\x91\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x81\xa1a\x01",
        b"\xd6\xff\x00\x00\x00\x00",
        b"\xd4\x01\x00",
        b"\xa1\xff",
        b"\xa3\xed\xa0\x80",
        b"\xda\x01\x01" + b"a" * 257,
    ],
    ids=[
        "empty",
        "reserved-byte",
        "truncated",
        "trailing-byte",
        "two-arrays",
        "array32-of-4G",
        "bin32-of-4G",
        "map",
        "timestamp",
        "ext",
        "invalid-utf8",
        "lone-surrogate",
        "257-byte-text",
    ],
)
def test_what_is_no_plain_msgpack_is_refused(payload):
    with pytest.raises(FrameError):
        _unpack(payload)


def test_text_of_the_most_bytes_passes():
    assert _unpack(b"\xd9\xff" + b"a" * 255) == "a" * 255
    assert _unpack(b"\xda\x01\x00" + b"a" * 256) == "a" * 256


def test_a_type_without_text_takes_none():
    with pytest.raises(FrameError):
        _unpack(b"\x91\xa1a", text_bytes_max=0)


def test_bytes_above_the_cap_of_the_type_are_refused():
    assert _unpack(b"\xc4\x03abc", binary_bytes_max=3) == b"abc"
    with pytest.raises(FrameError):
        _unpack(b"\xc4\x04abcd", binary_bytes_max=3)
