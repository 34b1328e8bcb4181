from contextlib import closing

import pytest

from node.ipfs_lite.blocks import Pin, PinMode, PinState
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, RAW, make_cid, make_cid_v0, multihash_of
from node.ipfs_lite.pin_rows import PinRows
from tests.ipfs_lite.counted import new_index


@pytest.fixture
def rows(tmp_path):
    with closing(new_index(tmp_path / "index")) as database, database.batch():
        yield PinRows(database)


@pytest.mark.parametrize("mode", list(PinMode))
@pytest.mark.parametrize("state", list(PinState))
def test_a_pin_comes_back_as_it_was(rows, mode, state):
    pin = Pin(make_cid(b"x"), mode, "ä", "unixfs-v1-2025", 2, -1, 77, state)
    rows.put(pin)
    assert rows.get(pin.cid) == pin
    assert list(rows.each()) == [pin]


def test_every_name_of_a_block_is_found(rows):
    names = [make_cid_v0(b"x"), *(make_cid(b"x", codec) for codec in (RAW, DAG_PB, DAG_CBOR))]
    names.append(make_cid(b"x", 0x0202))  # a codec of two bytes
    for cid in (*names, make_cid(b"other")):
        rows.put(Pin(cid))
    found = [pin.cid for pin in rows.of_block(multihash_of(names[0]))]
    assert found == sorted(names)


def test_more_pins_than_are_read_at_once_come_in_order(rows):
    cids = sorted(make_cid(b"%d" % number) for number in range(2_001))
    for cid in cids:
        rows.put(Pin(cid))
    seen = []
    for pin in rows.each():
        seen.append(pin.cid)
        rows.delete(pin.cid)
    assert seen == cids
