from contextlib import closing

import pytest

from node.base.limits import BLOCK_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import Batch, Block, BlockClass
from node.ipfs_lite.cid import DAG_PB, RAW, make_cid, make_cid_v0
from node.ipfs_lite.dagpb import Link, Node, encode
from node.ipfs_lite.errors import (
    BlockMismatchError,
    BlockTooLargeError,
    CorruptBlockError,
    HashNotAllowedError,
    ReadOnlyError,
    StoreFullError,
)
from node.ipfs_lite.hybrid import StoreOptions, open_store
from node.storage.errors import StoreFailedError
from tests.ipfs_lite.disks import (
    BROKEN,
    FULL,
    LARGE,
    PLAIN,
    SEALED,
    SMALL,
    batch_of,
    block_files,
    opened,
    spoil,
)

CLAIM = make_cid(b"root")
PARENT = encode(Node((Link(make_cid(SMALL), "", 5), Link(make_cid(SMALL), "again", 5)), b"x"))


def test_files_are_durable_before_the_transaction_begins(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.disk.log.clear()
        store.commit(batch_of(LARGE, LARGE + b"2", SMALL))
        log = tuple(store.disk.log)
    assert log[:4] == ("write", "write", "fsync", "fsync")
    assert log[-2:] == ("begin", "committed")
    assert set(log[4:-2]) == {"fsync_dir", "rename"}
    assert log[-3] == "fsync_dir"


def test_a_present_good_block_is_not_written_again_and_is_claimed(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(SMALL, LARGE))
        store.disk.log.clear()
        store.commit(batch_of(SMALL, LARGE, claim=CLAIM))
        assert store.disk.log == ["begin", "committed"]
        claims = store._database.read("SELECT mh, root FROM claims ORDER BY mh")
    assert claims == sorted((make_cid(data)[2:], CLAIM) for data in (SMALL, LARGE))


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["row", "file"])
def test_a_healed_block_takes_a_new_data_key(tmp_path, data):
    with closing(opened(tmp_path, SEALED)) as store:
        keys = []
        for _ in range(2):
            store.commit(batch_of(data))
            keys.append(store._database.row("SELECT dek FROM blocks"))
            spoil(tmp_path, store, make_cid(data))
            assert [what for _, what in store.verify()] == ["its bytes do not open under their key"]
        assert keys[0] != keys[1]


def test_a_block_is_healed_where_it_lies(tmp_path):
    """The border moved meanwhile: a second copy elsewhere would be nobody's."""
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(LARGE))
        spoil(tmp_path, store, make_cid(LARGE))
        list(store.verify())
    with closing(opened(tmp_path, StoreOptions())) as store:
        store.commit(batch_of(LARGE))
        assert store.get(make_cid(LARGE)) == LARGE
        assert len(block_files(tmp_path)) == store.stat().files == 1


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        (Batch((Block(make_cid(SMALL), SMALL), Block(make_cid(LARGE), b"x"))), BlockMismatchError),
        (Batch((Block(make_cid(SMALL), SMALL), Block(make_cid(SMALL), b"x"))), BlockMismatchError),
        (Batch((Block(Cid(b"\x01\x55\x00\x01B"), b"B"),)), HashNotAllowedError),
        (batch_of(SMALL, bytes(BLOCK_BYTES_MAX + 1)), BlockTooLargeError),
    ],
)
def test_one_bad_block_refuses_its_whole_batch(tmp_path, batch, error):
    with closing(opened(tmp_path)) as store:
        store.disk.log.clear()
        with pytest.raises(error):
            store.commit(batch)
        assert (store.count(), store.disk.log) == (0, [])


def test_the_longest_block_is_kept(tmp_path):
    data = bytes(BLOCK_BYTES_MAX)
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(data))
        assert store.size(make_cid(data)) == BLOCK_BYTES_MAX


def test_a_linking_codec_wins_over_raw(tmp_path):
    raw, node = make_cid(PARENT), make_cid(PARENT, DAG_PB)
    with closing(opened(tmp_path)) as store:
        for cid, codec in (
            (raw, RAW),
            (node, DAG_PB),
            (raw, DAG_PB),
            (make_cid_v0(PARENT), DAG_PB),
        ):
            store.commit(Batch((Block(cid, PARENT),)))
            assert store._database.read("SELECT codec FROM blocks") == [(codec,)]
        assert store._database.read("SELECT child FROM links") == [(make_cid(SMALL)[2:],)]


def test_the_same_holds_within_a_batch(tmp_path):
    blocks = (Block(make_cid(PARENT), PARENT), Block(make_cid(PARENT, DAG_PB), PARENT))
    with closing(opened(tmp_path)) as store:
        store.commit(Batch(blocks))
        assert store._database.read("SELECT codec FROM blocks") == [(DAG_PB,)]
        assert len(store._database.read("SELECT child FROM links")) == 1


def test_bytes_that_are_no_node_are_kept_and_have_no_links(tmp_path):
    cid = make_cid(b"\x12\xff", DAG_PB)
    with closing(opened(tmp_path)) as store:
        store.commit(Batch((Block(cid, b"\x12\xff"),)))
        assert store.get(cid) == b"\x12\xff"


@pytest.mark.parametrize("first", list(BlockClass))
@pytest.mark.parametrize("second", list(BlockClass))
def test_once_sealed_stays_sealed(tmp_path, first, second):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(SMALL, klass=first))
        store.commit(batch_of(SMALL, klass=second))
        sealed = BlockClass.SEALED in (first, second)
        assert store.class_of(make_cid(SMALL)) is (
            BlockClass.SEALED if sealed else BlockClass.PUBLIC
        )


def test_a_store_over_its_limit_takes_nothing_of_a_batch(tmp_path):
    options = StoreOptions(inline_bytes_max=2, storage_bytes_max=6)
    with closing(opened(tmp_path, options)) as store:
        store.commit(batch_of(b"1234"))
        store.disk.log.clear()
        with pytest.raises(StoreFullError) as caught:
            store.commit(batch_of(b"x", b"yz"))
        assert (caught.value.size_bytes, caught.value.free_bytes) == (2, 1)
        assert (store.count(), store.disk.log) == (1, [])
        store.commit(batch_of(b"yz", b"1234"))
        assert store.stat().bytes == 6


def test_deleting_gives_the_room_back(tmp_path):
    with closing(open_store(tmp_path, StoreOptions(storage_bytes_max=4))) as store:
        store.commit(batch_of(b"1234"))
        store.delete(make_cid(b"1234"))
        store.commit(batch_of(b"5678"))


@pytest.mark.parametrize("operation", ["write", "fsync", "rename"])
def test_a_full_disk_costs_the_batch_and_nothing_else(tmp_path, operation):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(SMALL))
        store.disk.failing[operation] = FULL
        with pytest.raises(StoreFullError):
            store.commit(batch_of(LARGE))
        store.disk.failing.clear()
        assert (store.count(), block_files(tmp_path)) == (1, [])
        store.commit(batch_of(LARGE))
        assert store.get(make_cid(LARGE)) == LARGE


def test_a_full_index_takes_the_files_of_the_batch_away_again(tmp_path, monkeypatch):
    with closing(opened(tmp_path)) as store:
        monkeypatch.setattr(store._parts.rows, "insert", _raiser(FULL))
        with pytest.raises(StoreFullError):
            store.commit(batch_of(LARGE))
        assert block_files(tmp_path) == []
        monkeypatch.undo()
        store.commit(batch_of(LARGE))


def _raiser(error):
    def fail(*_):
        raise error

    return fail


@pytest.mark.parametrize("operation", ["write", "fsync", "rename", "fsync_dir"])
def test_after_a_failed_disk_nothing_is_written_until_the_store_is_opened_again(
    tmp_path, operation
):
    """The pages of a failed fsync may be gone: trying again would acknowledge what is not there."""
    store = opened(tmp_path)
    store.commit(batch_of(SMALL))
    store.disk.failing[operation] = BROKEN
    with pytest.raises(StoreFailedError):
        store.commit(batch_of(LARGE))
    store.disk.failing.clear()
    with pytest.raises(ReadOnlyError, match="Input/output error"):
        store.commit(batch_of(b"more"))
    with pytest.raises(ReadOnlyError):
        store.delete(make_cid(SMALL))
    assert store.get(make_cid(SMALL)) == SMALL
    assert store.stat().is_read_only
    store.close()
    with closing(opened(tmp_path)) as store:
        assert (store.count(), block_files(tmp_path)) == (1, [])
        store.commit(batch_of(LARGE))


def test_a_torn_commit_keeps_its_files_for_the_next_open_to_judge(tmp_path, monkeypatch):
    """Nobody knows whether the COMMIT is on the disk: without the file its row would be a lie."""
    store = opened(tmp_path)
    monkeypatch.setattr(store._parts.rows, "insert", _raiser(BROKEN))
    with pytest.raises(StoreFailedError):
        store.commit(batch_of(LARGE))
    store.close()
    assert len(block_files(tmp_path)) == 1
    with closing(opened(tmp_path)) as store:
        assert (store.count(), block_files(tmp_path)) == (0, [])


def test_a_batch_that_is_interrupted_leaves_no_file_behind(tmp_path, monkeypatch):
    store = opened(tmp_path)
    monkeypatch.setattr(store.disk, "fsync_dir", _raiser(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        store.commit(batch_of(LARGE))
    store.close()
    with closing(opened(tmp_path)) as store:
        assert (store.count(), block_files(tmp_path)) == (0, [])


def test_a_batch_that_is_interrupted_behind_its_commit_keeps_its_files(tmp_path, monkeypatch):
    """Ctrl-C during the fsync of a COMMIT is heard when the rows are on the disk already."""

    def interrupted(event):
        if event == "committed":
            raise KeyboardInterrupt

    with closing(opened(tmp_path)) as store:
        monkeypatch.setattr(store.disk, "mark", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.commit(batch_of(LARGE, SMALL))
        monkeypatch.undo()
    with closing(opened(tmp_path)) as store:
        assert (store.count(), store.bad()) == (2, ())
        assert store.get(make_cid(LARGE)) == LARGE


def test_a_file_that_was_to_go_and_has_come_back_stays(tmp_path):
    with closing(opened(tmp_path)) as store:
        name = store._parts.name_of(make_cid(LARGE)[2:])
        with store._database.batch():
            store._parts.rows.queue_unlinks([name])
        store.commit(batch_of(LARGE))
    with closing(opened(tmp_path, PLAIN)) as store:
        assert store.get(make_cid(LARGE)) == LARGE


def test_what_its_writer_has_hashed_is_not_hashed_again_and_still_on_every_read(tmp_path):
    cid = make_cid(b"right")
    with closing(opened(tmp_path, PLAIN)) as store:
        with pytest.raises(BlockMismatchError):
            store.commit(Batch((Block(cid, b"wrong"),)))
        store.commit(Batch((Block(cid, b"wrong"),), is_hashed=True))
        with pytest.raises(CorruptBlockError):
            store.get(cid)
