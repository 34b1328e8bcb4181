import pytest

from node.base.errors import ConfigError
from node.base.limits import CAR_ROOTS_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import Block
from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.car_write import write_car, write_car_v2
from node.ipfs_lite.cid import make_cid, make_cid_v0
from tests.ipfs_lite import cars

_ONE, _TWO = cars.raw("one"), cars.raw("two")


def _written(roots, blocks):
    return b"".join(write_car(roots, blocks))


def test_a_file_is_a_header_and_sections():
    assert _written([_ONE.cid], [_ONE, _TWO]) == cars.car(_ONE, _TWO)


@pytest.mark.parametrize("count", [0, 1, 2, 23, 24, 255, 256, CAR_ROOTS_COUNT_MAX])
def test_the_head_of_the_roots_grows_with_them(count):
    roots = [make_cid_v0(bytes((n % 256, n // 256))) for n in range(count)]
    if count == CAR_ROOTS_COUNT_MAX:  # the header's own limit is reached first with longer CIDs
        roots = [Cid(b"\1\x55\0\0")] * count
    data = _written(roots, [])
    assert data == cars.header(*roots)
    assert CarReader([data]).roots == tuple(roots)


def test_too_many_roots_are_not_written():
    with pytest.raises(ConfigError, match="1000"):
        _written([Cid(b"\1\x55\0\0")] * (CAR_ROOTS_COUNT_MAX + 1), [])
    with pytest.raises(ConfigError, match="header"):
        _written([_ONE.cid] * CAR_ROOTS_COUNT_MAX, [])


def test_a_block_of_an_identity_cid_is_left_out():
    identity = Block(Cid(b"\1\x55\0\1x"), b"x")
    assert _written([identity.cid], [identity, _ONE]) == cars.car(_ONE, roots=[identity.cid])


def test_small_sections_are_joined_and_large_ones_are_not_copied():
    small = [cars.raw(f"{n}") for n in range(1_000)]
    data = bytes(300_000)
    large = Block(make_cid(data), data)
    pieces = list(write_car([large.cid], [*small, large, *small]))
    assert any(piece is data for piece in pieces)
    assert len(pieces) < 6
    assert b"".join(pieces) == cars.car(*small, large, *small, roots=[large.cid])


def test_what_the_blocks_raise_comes_through_after_what_was_good():
    def blocks():
        yield Block(make_cid(bytes(70_000)), bytes(70_000))
        raise LookupError

    pieces = []
    with pytest.raises(LookupError):
        pieces.extend(write_car([_ONE.cid], blocks()))
    assert list(CarReader(pieces)) == [Block(make_cid(bytes(70_000)), bytes(70_000))]


def test_version_2_is_version_1_with_a_frame():
    got = b"".join(write_car_v2([_ONE.cid], lambda: [_ONE, _TWO]))
    assert got == cars.car_v2(cars.car(_ONE, _TWO))
    reader = CarReader([got])
    assert reader.version == 2
    assert list(reader) == [_ONE, _TWO]
