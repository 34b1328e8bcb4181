from contextlib import closing

import pytest

from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import RAW, make_cid
from node.ipfs_lite.hybrid_rows import Row
from tests.ipfs_lite.disks import LARGE, SMALL, batch_of, opened

KEYS = [make_cid(bytes((number,)))[2:] for number in range(40)]


@pytest.fixture
def rows(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(*(bytes((number,)) for number in range(40))))
        yield store._parts.rows


def test_a_row_says_what_was_stored(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(SMALL, LARGE))
        found = store._parts.rows.find_all([make_cid(data)[2:] for data in (SMALL, LARGE)])
    assert found == {
        make_cid(SMALL)[2:]: Row(1, len(SMALL), RAW, False, BlockClass.PUBLIC, False),
        make_cid(LARGE)[2:]: Row(2, len(LARGE), RAW, False, BlockClass.PUBLIC, True),
    }


def test_absent_blocks_are_left_out(rows):
    assert rows.find(make_cid(b"absent")[2:]) is None
    assert rows.stored(make_cid(b"absent")[2:]) is None
    assert set(rows.find_all([KEYS[0], make_cid(b"absent")[2:]])) == {KEYS[0]}
    assert rows.find_all([]) == {}


def test_a_walk_gives_every_block_once(rows):
    assert [stored.multihash for stored in rows.each_stored()] == KEYS


def test_the_store_may_change_during_a_walk(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(*(bytes((number,)) for number in range(40))))
        seen = []
        for stored in store._parts.rows.each_stored():
            seen.append(stored.multihash)
            store.delete(make_cid(bytes((len(seen),))))
        assert store.count() == 0 or seen[0] == KEYS[0]
        assert len(seen) == len(set(seen)) < len(KEYS)


def test_the_count_follows_every_change(tmp_path):
    with closing(opened(tmp_path)) as store:
        for step in range(30):
            store.commit(batch_of(bytes(step), bytes((step,)) * 7))
            if step % 3 == 0:
                store.delete(make_cid(bytes(step)))
            assert store._parts.rows.usage() == store._parts.rows.count_usage()
