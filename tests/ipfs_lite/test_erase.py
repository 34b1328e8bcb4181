import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from node.ipfs_lite.blocks import Batch, Block, BlockClass, EraseOrder, Pin
from node.ipfs_lite.cid import make_cid, multihash_of
from node.ipfs_lite.errors import ErasureUnfinishedError, TombstonedError
from node.ipfs_lite.hybrid_schema import FILE_NAME
from node.storage.errors import StoreFailedError
from tests.ipfs_lite.disks import BROKEN, PLAIN, block_files, crash, opened
from tests.ipfs_lite.store_graphs import node

ORDER = EraseOrder(bytes(31) + b"\x07", make_cid(b""), 1_000)
OPTIONS = replace(PLAIN, inline_bytes_max=5_000)
SHORT, LONG = b"short needle 6b1f. " * 50, b"long needle 93ce. " * 400
"""Rows and files; the short ones have pages of their own and pages that they share."""
TINY = b"tiny needle 77d0."
NEEDLES = (SHORT[:19], LONG[:18], TINY)


def leaf(data):
    return Block(make_cid(data), data)


TREE = node(leaf(SHORT), leaf(LONG), leaf(TINY))
ORDER = replace(ORDER, root=TREE.cid)
OTHER = leaf(b"other bytes that stay " * 100)


def fill(store):
    store.commit(Batch((leaf(SHORT), leaf(LONG), leaf(TINY), TREE), pins=(Pin(TREE.cid),)))
    many = tuple(leaf(SHORT + b"%d" % number) for number in range(100))
    store.commit(Batch((*many, node(*many))))
    store.commit(Batch((OTHER,), BlockClass.PUBLIC, pins=(Pin(OTHER.cid),)))
    return node(*many).cid


def raw_bytes(folder):
    """Give all that any file of a store has, by name."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def found(folder):
    """Give the needles that are in some file."""
    everything = b"".join(raw_bytes(folder).values())
    return [needle for needle in NEEDLES if needle in everything]


def test_no_file_of_the_store_has_an_erased_byte(tmp_path):
    with closing(opened(tmp_path, OPTIONS)) as store:
        many = fill(store)
        assert set(raw_bytes(tmp_path)) >= {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}
        assert found(tmp_path) == list(NEEDLES)
        done = store.erase(ORDER)
        assert len(done.erased) == 4
        assert LONG[:18] not in b"".join(raw_bytes(tmp_path).values())
        store.erase(replace(ORDER, order_id=bytes(32), root=many))
        assert found(tmp_path) == []
        assert multihash_of(leaf(SHORT).cid) not in b"".join(raw_bytes(tmp_path).values())
        assert store.get(OTHER.cid) == OTHER.data
    assert found(tmp_path) == []
    with closing(opened(tmp_path, OPTIONS)) as store, pytest.raises(TombstonedError):
        store.commit(Batch((leaf(TINY),)))


def test_deleting_alone_leaves_bytes_in_the_log(tmp_path):
    """So the search above can find something."""
    with closing(opened(tmp_path, OPTIONS)) as store:
        fill(store)
        store.unpin(TREE.cid)
        list(store.collect(now_s=1_000))
        assert set(found(tmp_path)) >= {SHORT[:19], TINY}


def test_a_file_is_overwritten_before_it_goes(tmp_path):
    store = opened(tmp_path, OPTIONS)
    fill(store)
    store.disk.failing["unlink"] = BROKEN
    with pytest.raises(StoreFailedError):
        store.erase(ORDER)
    crash(store)
    (path,) = block_files(tmp_path)
    assert path.read_bytes() == bytes(len(LONG))


@pytest.mark.parametrize("operation", ["write", "fsync", "unlink", "fsync_dir"])
def test_an_erasure_that_is_broken_off_goes_on_at_the_next_open(tmp_path, operation):
    store = opened(tmp_path, OPTIONS)
    fill(store)
    store.disk.failing[operation] = BROKEN
    with pytest.raises(StoreFailedError):
        store.erase(ORDER)
    crash(store)
    with closing(opened(tmp_path, OPTIONS)) as store:
        assert block_files(tmp_path) == []
        done = store.erase(ORDER)
        assert (len(done.erased), len(done.tombstones)) == (0, 4)
        assert LONG[:18] not in b"".join(raw_bytes(tmp_path).values())


def test_an_erasure_that_is_never_begun_changes_nothing(tmp_path):
    with closing(opened(tmp_path, OPTIONS)) as store:
        fill(store)

        def fail(event):
            raise BROKEN

        store.disk.mark = fail
        with pytest.raises(StoreFailedError):
            store.erase(ORDER)
    with closing(opened(tmp_path, OPTIONS)) as store:
        assert store.get(leaf(LONG).cid) == LONG
        assert store.pin_of(TREE.cid) is not None


def test_with_an_open_reader_an_erasure_is_not_acknowledged(tmp_path):
    with closing(opened(tmp_path, OPTIONS)) as store:
        fill(store)
        store._database.read("PRAGMA busy_timeout = 1")
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM blocks").fetchone() == (106,)
            with pytest.raises(ErasureUnfinishedError, match="end the readers and repeat"):
                store.erase(ORDER)
            assert TINY in (tmp_path / f"{FILE_NAME}-wal").read_bytes()
        done = store.erase(ORDER)
        assert TINY not in b"".join(raw_bytes(tmp_path).values())
        assert (done.erased, len(done.tombstones), done.kept) == ((), 4, ())


def test_a_walk_that_was_left_open_is_a_reader_too(tmp_path):
    with closing(opened(tmp_path, OPTIONS)) as store:
        fill(store)
        walk = store._database.each("SELECT data FROM blocks")
        next(walk)
        with pytest.raises(ErasureUnfinishedError):
            store.erase(ORDER)
        walk.close()
        store.erase(ORDER)
        assert TINY not in b"".join(raw_bytes(tmp_path).values())
