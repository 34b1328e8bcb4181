import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits import BLOCK_BYTES_MAX, CAR_HEADER_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite import dagpb
from node.ipfs_lite.blocks import Block
from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.car_write import PRAGMA
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, make_cid, make_cid_v0, to_text
from node.ipfs_lite.errors import BadCarError
from tests.ipfs_lite import cars

_ONE, _TWO, _THREE = cars.raw("one"), cars.raw("two"), cars.raw("three")
_V0 = Block(make_cid_v0(b"node"), b"node")
_CBOR = Block(make_cid(b"\xf6", DAG_CBOR), b"\xf6")
_IDENTITY = Block(Cid(b"\1\x55\0\2hi"), b"hi")
_OTHER_HASH = Cid(b"\1\x55\x16\x20" + bytes(32))
_FILE = cars.car(_ONE, _V0, _CBOR, _ONE, roots=[_ONE.cid, _V0.cid])


def _blocks(data):
    return list(CarReader([data]))


def _split(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 7, 36, 1_000])
def test_blocks_come_out_of_pieces_of_any_length(size):
    reader = CarReader([b"", *_split(_FILE, size), b""])
    assert (reader.version, reader.roots) == (1, (_ONE.cid, _V0.cid))
    assert list(reader) == [_ONE, _V0, _CBOR, _ONE]


def test_a_read_function_is_a_source_too():
    reader = CarReader(io.BytesIO(_FILE).read)
    assert list(reader) == [_ONE, _V0, _CBOR, _ONE]
    assert reader.last_good == to_text(_ONE.cid)


def test_a_read_that_gives_less_than_asked_is_asked_again():
    file = io.BytesIO(_FILE)
    assert list(CarReader(lambda count: file.read(min(count, 3)))) == [_ONE, _V0, _CBOR, _ONE]


def test_a_file_without_blocks_or_roots_is_a_file():
    assert _blocks(cars.header()) == []
    assert CarReader([cars.header()]).roots == ()


def test_the_empty_block_and_the_longest_are_blocks():
    longest = Block(make_cid(bytes(BLOCK_BYTES_MAX)), bytes(BLOCK_BYTES_MAX))
    empty = Block(make_cid(b""), b"")
    assert _blocks(cars.car(empty, longest)) == [empty, longest]


def test_a_section_of_an_identity_cid_is_checked_and_passed_over():
    assert _blocks(cars.car(_ONE, _IDENTITY, _TWO)) == [_ONE, _TWO]
    with pytest.raises(BadCarError, match="other data"):
        _blocks(cars.car(_ONE, Block(_IDENTITY.cid, b"ho")))


@pytest.mark.parametrize(
    "data",
    [
        cars.car_v2(_FILE),
        cars.car_v2(_FILE, offset=100),
        cars.car_v2(_FILE, index=51 + len(_FILE)) + b"\x81\x08 an index, whatever it says",
        cars.car_v2(_FILE, flags=b"\xff" * 16, index=7) + bytes(1_000),
    ],
    ids=["plain", "padding", "index", "flags"],
)
def test_version_2_is_read_and_its_index_is_not(data):
    for size in (1, 50, 10_000):
        reader = CarReader(_split(data, size))
        assert (reader.version, reader.roots) == (2, (_ONE.cid, _V0.cid))
        assert list(reader) == [_ONE, _V0, _CBOR, _ONE]


_LONG_ROOTS = cars.header(*[_ONE.cid] * 900)
_BAD_HEADERS = {
    "nothing": (b"", "header"),
    "length zero": (b"\0", "0 bytes"),
    "length not minimal": (b"\x80\x00", "minimal"),
    "length of ten bytes": (b"\xff" * 9 + b"\x01", "longer than 9"),
    "length alone": (b"\x20", "ends after 0 of 32"),
    "header bomb": (b"\xff\xff\xff\xff\x7f", str(CAR_HEADER_BYTES_MAX)),
    "header above 32 KiB": (_LONG_ROOTS, str(CAR_HEADER_BYTES_MAX)),
    "1,001 roots": (cars.header(*[Cid(b"\1\x55\0\0")] * 1_001), "1000"),
    "text": (b"this is no CAR file", "header"),
    "not a map": (cars.framed(b"\x80"), "neither"),
    "version 0": (cars.header(_ONE.cid, version=b"\0"), "neither"),
    "version 3": (cars.header(_ONE.cid, version=b"\3"), "neither"),
    "version true": (cars.header(_ONE.cid, version=b"\xf5"), "neither"),
    "version 2 with roots": (cars.header(_ONE.cid, version=b"\2"), "neither"),
    "no roots": (cars.framed(b"\xa1\x67version\x01"), "neither"),
    "a root of text": (cars.framed(b"\xa2\x65roots\x81\x61a\x67version\x01"), "no CID"),
    "roots are text": (cars.framed(b"\xa2\x65roots\x61a\x67version\x01"), "neither"),
    "a root of another hash": (cars.header(_OTHER_HASH), "not allowed"),
    "one key more": (cars.framed(b"\xa3\x61a\x01\x65roots\x80\x67version\x01"), "neither"),
    "version 2 alone": (PRAGMA, "ends after 0 of 40"),
    "version 2 cut": (cars.car_v2(_FILE)[:50], "ends after 39 of 40"),
    "data inside of the header": (cars.car_v2(_FILE, offset=50), "inside of the header"),
    "data at zero": (cars.car_v2(_FILE, offset=0), "inside of the header"),
    "data behind the end": (cars.car_v2(b"", offset=51)[:27] + b"\xff" * 24, "behind the end"),
    "data of length zero": (cars.car_v2(_FILE, size=0), "length of the header"),
    "version 2 twice": (cars.car_v2(cars.car_v2(_FILE)), "inside of version 2"),
}


@pytest.mark.parametrize(("data", "why"), _BAD_HEADERS.values(), ids=_BAD_HEADERS.keys())
def test_a_bad_header_is_refused_before_the_first_block(data, why):
    with pytest.raises(BadCarError, match=why) as caught:
        CarReader([data])
    assert caught.value.last_good is None


_LONG = bytes(BLOCK_BYTES_MAX + 1)
_BAD_SECTIONS = {
    "other bytes": (cars.section(_TWO.cid, b"TWO"), "not those of " + to_text(_TWO.cid)),
    "other bytes under v0": (cars.section(_V0.cid, b"TWO"), "not those of " + to_text(_V0.cid)),
    "length zero": (b"\0", "section of 0 bytes"),
    "length not minimal": (b"\x81\x00", "minimal"),
    "length of ten bytes": (b"\x80" * 9 + b"\x01", "longer than 9"),
    "length of 2^60": (b"\x80" * 8 + b"\x10", "a section of 1152921504606846976 bytes"),
    "block too long": (cars.section(make_cid(_LONG), _LONG), f"at most {BLOCK_BYTES_MAX}"),
    "section too long": (cars.section(_TWO.cid, bytes(BLOCK_BYTES_MAX + 133)), "section of"),
    "length cut": (b"\x80", "length of a section"),
    "block cut": (cars.section(*_TWO)[:-1], "ends after"),
    "CID cut": (cars.section(*_TWO)[:10], "ends after"),
    "section shorter than its CID": (cars.framed(_TWO.cid[:-1]), "digest of 32"),
    "v0 cut": (cars.framed(_V0.cid[:-1]), "v0"),
    "no CID": (cars.framed(b"\x09abc"), "version 9"),
    "one byte": (cars.framed(b"\x01"), "truncated"),
    "other hash": (cars.section(_OTHER_HASH, b""), "0x16"),
    "a digest of 10 MB": (cars.section(b"\1\x55\x12\x80\xda\xc4\x09" + bytes(99), b""), "0x12"),
    "a digest of 2^62": (cars.section(b"\1\x55\x12" + b"\x80" * 8 + b"\x40", b""), "0x12"),
    "a codec of ten bytes": (cars.section(b"\1" + b"\xff" * 9 + b"\1", b""), "longer than 9"),
    "a link of 10 MB": (cars.framed(bytes(10_000_000)), "a section of 10000000 bytes"),
    "identity too long": (cars.section(b"\1\x55\0\x81\x01" + bytes(129), b""), "129"),
}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("bad", "why"), _BAD_SECTIONS.values(), ids=_BAD_SECTIONS.keys())
def test_a_bad_section_ends_the_file_and_names_what_held(bad, why, version):
    data = cars.car(_THREE, _ONE) + bad
    reader = CarReader(_split(data if version == 1 else cars.car_v2(data), 50_000))
    got = []
    with pytest.raises(BadCarError, match=why) as caught:
        got.extend(reader)
    assert caught.value.last_good == to_text(_ONE.cid)


def test_a_file_that_is_cut_anywhere_else_than_between_blocks_is_refused():
    whole = {len(_FILE)}
    at = len(cars.header(_ONE.cid, _V0.cid))
    for block in (_ONE, _V0, _CBOR, _ONE):
        whole.add(at)
        at += len(cars.section(*block))
    for end in range(len(_FILE)):
        if end in whole:
            assert len(_blocks(_FILE[:end])) < 4
            continue
        with pytest.raises(BadCarError):
            _blocks(_FILE[:end])


def test_version_2_tells_every_cut():
    data = cars.car_v2(_FILE)
    for end in range(len(data)):
        with pytest.raises(BadCarError):
            _blocks(data[:end])


@given(st.booleans(), st.integers(0, 10_000), st.binary(max_size=12), st.integers(0, 12))
@settings(max_examples=300)
def test_a_changed_file_gives_good_blocks_or_a_named_error(is_v2, at, new, cut):
    data = cars.car_v2(_FILE) if is_v2 else _FILE
    at %= len(data)
    try:
        for block in CarReader(_split(data[:at] + new + data[at + cut :], 61)):
            assert block in (_ONE, _V0, _CBOR)
    except BadCarError:
        return


def test_names_and_repeats_are_no_matter_of_a_car_file():
    link = dagpb.Link(_ONE.cid, "../../etc/passwd", 3)
    data = dagpb.encode(dagpb.Node((link, link), b"\x08\x01"))
    evil = Block(make_cid(data, DAG_PB), data)
    assert _blocks(cars.car(*[evil, _ONE] * 500)) == [evil, _ONE] * 500


def test_memory_stays_below_a_few_sections():
    size = BLOCK_BYTES_MAX
    count = 24

    def pieces():
        yield cars.header(_ONE.cid)
        for number in range(count):
            data = number.to_bytes(2) + bytes(size - 2)
            yield from _split(cars.section(make_cid(data), data), 100_000)

    tracemalloc.start()
    try:
        assert sum(len(block.data) for block in CarReader(pieces())) == count * size
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * size


def test_a_promised_length_takes_no_memory():
    head = cars.header(_ONE.cid) + (BLOCK_BYTES_MAX + 100).to_bytes(3, "little")
    bombs = [
        b"\xff\xff\x01" + b"\xa2\x65roots\x9b" + b"\xff" * 8,
        cars.framed(b"\xa2\x65roots\x9a\x00\xff\xff\xff"),
        cars.header(_ONE.cid) + b"\xff" * 8 + b"\x7f",
        head,
    ]
    tracemalloc.start()
    try:
        for bomb in bombs:
            with pytest.raises(BadCarError):
                _blocks(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**20
