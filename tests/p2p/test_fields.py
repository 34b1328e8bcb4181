from typing import NamedTuple

import pytest

from node.base.errors import FrameError
from node.p2p.fields import binary, boolean, either, exactly, many, record, sint, text, uint


class Pair(NamedTuple):
    number: int
    data: bytes


_PAIR = record(Pair, number=uint(8), data=binary(2))

_GOOD = [
    (uint(8), 0),
    (uint(8), 255),
    (uint(64), 2**64 - 1),
    (uint(16, most=512), 512),
    (sint(32), -(2**31)),
    (sint(32), 2**31 - 1),
    (binary(2), b""),
    (binary(2), b"ab"),
    (exactly(2), b"ab"),
    (text(2), ""),
    (text(2), "é"),
    (boolean, True),
    (boolean, False),
    (either(uint(8), exactly(2)), 7),
    (either(uint(8), exactly(2)), b"ab"),
    (many(uint(8), 2), ()),
    (many(uint(8), 2), (1, 2)),
    (_PAIR, Pair(1, b"a")),
]
_BAD = [
    (uint(8), -1),
    (uint(8), 256),
    (uint(8), True),
    (uint(8), 1.0),
    (uint(8), None),
    (uint(8), b"1"),
    (uint(16, most=512), 513),
    (sint(32), -(2**31) - 1),
    (sint(32), 2**31),
    (sint(32), True),
    (binary(2), b"abc"),
    (binary(2), "ab"),
    (exactly(2), b"a"),
    (exactly(2), b"abc"),
    (exactly(2), (97, 98)),
    (text(2), "abc"),
    (text(2), "aé"),
    (text(2), b"ab"),
    (boolean, 1),
    (boolean, None),
    (either(uint(8), exactly(2)), b"a"),
    (either(uint(8), exactly(2)), 256),
    (many(uint(8), 2), (1, 2, 3)),
    (many(uint(8), 2), {}),
    (many(uint(8), 2), (1, b"")),
    (_PAIR, (1,)),
    (_PAIR, (1, b"a", 2)),
    (_PAIR, b"ab"),
    (_PAIR, (b"a", 1)),
]


@pytest.mark.parametrize(("check", "value"), _GOOD)
def test_a_value_within_the_bounds_passes_unchanged(check, value):
    assert check(value) == value


@pytest.mark.parametrize(("check", "value"), _BAD)
def test_a_value_outside_the_bounds_is_refused(check, value):
    with pytest.raises(FrameError):
        check(value)


def test_a_record_comes_back_as_its_named_tuple():
    assert _PAIR((1, b"a")).data == b"a"


def test_the_error_names_the_place_inside_a_list_of_records():
    with pytest.raises(FrameError) as caught:
        many(_PAIR, 3)(((1, b""), (2, b"abc")))
    assert caught.value.what == "[1].data: wants at most 2 bytes, got bytes of 3"


def test_the_error_never_quotes_a_long_value():
    with pytest.raises(FrameError) as caught:
        uint(8)(10**100)
    assert "int" in caught.value.what
    assert len(caught.value.what) < 60
