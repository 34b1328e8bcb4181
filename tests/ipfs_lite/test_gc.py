from contextlib import closing

import pytest

from node.base.limits import GC_BATCH_BLOCKS_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import Batch, Pin
from node.ipfs_lite.cid import make_cid, multihash_of
from node.storage.errors import StoreFailedError
from tests.ipfs_lite.disks import (
    BROKEN,
    INLINE_BYTES_MAX,
    LARGE,
    SMALL,
    batch_of,
    block_files,
    crash,
    opened,
)

NOW_S = 1_000


def test_files_go_after_the_commit_that_deletes_their_rows(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(LARGE, SMALL))
        store.disk.log.clear()
        assert len(list(store.collect(now_s=NOW_S))) == 2
        log = [one for one in store.disk.log if one in ("committed", "unlink", "fsync_dir")]
        assert log == ["committed", "unlink", "fsync_dir", "committed"]
        assert block_files(tmp_path) == []


def test_a_collection_that_is_killed_between_row_and_file_is_finished_later(tmp_path):
    store = opened(tmp_path)
    store.commit(batch_of(LARGE))
    store.disk.failing["unlink"] = BROKEN
    with pytest.raises(StoreFailedError):
        list(store.collect(now_s=NOW_S))
    crash(store)
    assert len(block_files(tmp_path)) == 1
    with closing(opened(tmp_path)) as store:
        assert (block_files(tmp_path), store.count()) == ([], 0)


def test_a_block_is_told_of_only_once_it_is_gone(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(LARGE))
        (key,) = store.collect(now_s=NOW_S)
        assert not store.has(Cid(key))
        assert store._database.read("SELECT * FROM unlink_queue") == []


def test_what_holds_a_block_is_read_again_in_each_transaction(tmp_path):
    contents = [b"%d" % number for number in range(GC_BATCH_BLOCKS_COUNT_MAX + 1)]
    with closing(opened(tmp_path)) as store:
        for at in range(0, len(contents), 100):
            store.commit(batch_of(*contents[at : at + 100]))
        gone = store.collect(now_s=NOW_S)
        next(gone)
        last = make_cid(contents[-1])
        store.commit(Batch(pins=(Pin(last),)))
        assert len(list(gone)) == GC_BATCH_BLOCKS_COUNT_MAX - 1
        assert list(store.multihashes()) == [multihash_of(last)]


def test_garbage_is_found_by_an_index(tmp_path):
    with closing(opened(tmp_path)) as store:
        asked = []
        read = store._database.read

        def listening(sql, *values):
            asked.append((sql, values))
            return read(sql, *values)

        store._database.read = listening
        store._parts.rows.garbage(0, 10)
        ((sql, values),) = asked
        plan = " ".join(row[3] for row in read(f"EXPLAIN QUERY PLAN {sql}", *values))
        assert "blocks_garbage" in plan
        assert "guards_mh" in plan


def test_pinned_blocks_of_both_kinds_stay(tmp_path):
    middle = b"m" * INLINE_BYTES_MAX
    with closing(opened(tmp_path)) as store:
        store.commit(
            batch_of(LARGE, SMALL, middle, pins=(Pin(make_cid(LARGE)), Pin(make_cid(SMALL))))
        )
        assert list(store.collect(now_s=NOW_S)) == [multihash_of(make_cid(middle))]
        assert store.get(make_cid(LARGE)) == LARGE
