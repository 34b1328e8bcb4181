import pickle
import subprocess
import sys
from contextlib import closing

import pytest

from node.base.errors import CorruptStoreError
from node.base.rng import SystemEntropy
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.errors import (
    CorruptBlockError,
    DamagedIndexError,
    NotFoundError,
    StoreKeyError,
)
from node.ipfs_lite.hybrid import StoreOptions, open_store
from node.ipfs_lite.hybrid_schema import FILE_NAME
from node.storage.errors import StoreLockedError
from tests.ipfs_lite.disks import (
    BROKEN,
    LARGE,
    PLAIN,
    SEALED,
    SMALL,
    batch_of,
    block_files,
    opened,
    spoil,
)

BOTH = pytest.mark.parametrize("data", [SMALL, LARGE, b""], ids=["row", "file", "empty"])


@pytest.fixture(params=[PLAIN, SEALED], ids=["plain", "sealed"])
def options(request):
    return request.param


@BOTH
def test_a_block_survives_its_process(tmp_path, options, data):
    with closing(open_store(tmp_path / "new" / "store", options)) as store:
        store.put(make_cid(data), data, BlockClass.PUBLIC)
    with closing(open_store(tmp_path / "new" / "store", options)) as store:
        assert store.get(make_cid(data)) == data
        assert store.class_of(make_cid(data)) is BlockClass.PUBLIC


def test_short_blocks_are_rows_and_long_ones_files(tmp_path, options):
    with closing(open_store(tmp_path, options)) as store:
        store.commit(batch_of(SMALL, LARGE))
        assert len(block_files(tmp_path)) == 1
        assert store.stat().files == 1


def test_the_border_between_row_and_file_is_inclusive(tmp_path):
    with closing(open_store(tmp_path, StoreOptions(inline_bytes_max=5))) as store:
        store.commit(batch_of(b"12345", b"123456"))
        assert len(block_files(tmp_path)) == 1


def test_without_inline_blocks_the_folder_is_kubos(tmp_path):
    """go-ds-flatfs: SHARDING, a folder of two letters, base32 of the multihash."""
    with closing(open_store(tmp_path, StoreOptions(inline_bytes_max=0))) as store:
        store.commit(batch_of(SMALL))
        (path,) = block_files(tmp_path)
    assert path.read_bytes() == SMALL
    assert path.parent.name == path.stem[-3:-1]
    assert (path.parents[1] / "SHARDING").read_text() == "/repo/flatfs/shard/v1/next-to-last/2\n"


def test_a_read_that_goes_wrong_once_makes_no_block_bad(tmp_path, options, monkeypatch):
    """The disk gave other sectors; the file is whole."""
    cid = make_cid(LARGE)
    with closing(opened(tmp_path, options)) as store:
        store.commit(batch_of(LARGE))
        for look in (lambda: store.get(cid), lambda: list(store.verify())):
            with monkeypatch.context() as patch:
                given = iter((b"other sectors", block_files(tmp_path)[0].read_bytes()))
                patch.setattr(store.disk, "read", lambda name, given=given: next(given))
                assert look() in (LARGE, [])
            assert store.bad() == ()


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["row", "file"])
def test_changed_bytes_are_given_to_nobody_and_a_put_heals(tmp_path, options, data):
    cid = make_cid(data)
    with closing(opened(tmp_path, options)) as store:
        store.commit(batch_of(data))
        spoil(tmp_path, store, cid)
        with pytest.raises(CorruptBlockError):
            store.get(cid)
        assert (store.bad(), store.has(cid), store.count()) == ((cid[2:],), False, 1)
    with closing(opened(tmp_path, options)) as store:
        assert store.bad() == (cid[2:],)
        store.commit(batch_of(data))
        assert (store.get(cid), store.bad(), store.count()) == (data, (), 1)


def test_a_missing_file_is_a_corrupt_block(tmp_path, options):
    with closing(opened(tmp_path, options)) as store:
        store.commit(batch_of(LARGE))
        block_files(tmp_path)[0].unlink()
        with pytest.raises(CorruptBlockError):
            store.get(make_cid(LARGE))
        assert store.bad() == (make_cid(LARGE)[2:],)
        store.commit(batch_of(LARGE))
        assert store.get(make_cid(LARGE)) == LARGE


def test_without_hash_on_read_the_disk_is_believed_and_the_stat_says_so(tmp_path):
    with closing(opened(tmp_path, StoreOptions(hash_on_read=False))) as store:
        store.commit(batch_of(SMALL))
        spoil(tmp_path, store, make_cid(SMALL))
        assert store.get(make_cid(SMALL)) != SMALL
        assert store.stat().hash_on_read is False


@BOTH
def test_a_deleted_block_is_gone_with_its_file(tmp_path, options, data):
    with closing(open_store(tmp_path, options)) as store:
        store.commit(batch_of(data))
        assert store.delete(make_cid(data))
        assert not store.delete(make_cid(data))
        assert block_files(tmp_path) == []
        with pytest.raises(NotFoundError):
            store.get(make_cid(data))
        assert store.stat()[1:4] == (0, 0, 0)


def test_what_is_kept_is_counted(tmp_path, options):
    with closing(open_store(tmp_path, options)) as store:
        store.commit(batch_of(SMALL, LARGE, b"", SMALL))
        store.commit(batch_of(SMALL))
        stat = store.stat()
    assert (stat.blocks, stat.bytes, stat.files, stat.bad) == (3, len(SMALL + LARGE), 1, 0)
    assert stat.at_rest == ("aead" if options is SEALED else "none")


def test_the_keys_come_in_ascending_order(tmp_path):
    contents = [bytes((number,)) for number in range(50)]
    with closing(open_store(tmp_path, PLAIN)) as store:
        store.commit(batch_of(*contents))
        assert list(store.multihashes()) == sorted(make_cid(data)[2:] for data in contents)


def test_a_second_process_is_refused(tmp_path):
    with closing(open_store(tmp_path, PLAIN)), pytest.raises(StoreLockedError):
        open_store(tmp_path, PLAIN)


def test_closing_twice_is_fine(tmp_path):
    store = open_store(tmp_path, PLAIN)
    store.close()
    store.close()


def test_a_store_that_cannot_be_opened_is_given_back(tmp_path):
    with pytest.raises(StoreKeyError):
        open_store(tmp_path, StoreOptions(at_rest="aead"))
    open_store(tmp_path, PLAIN).close()


def test_a_damaged_index_is_named_with_what_to_do(tmp_path):
    open_store(tmp_path, PLAIN).close()
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 10_000)
    with pytest.raises(CorruptStoreError) as caught:
        open_store(tmp_path, PLAIN)
    assert isinstance(caught.value, DamagedIndexError)
    assert str(tmp_path) in caught.value.hint
    assert pickle.loads(pickle.dumps(caught.value)).directory == str(tmp_path)


def test_no_plain_byte_of_a_sealed_store_reaches_the_disk(tmp_path):
    marks = [b"canary-row" * 5, b"canary-file" * 50]
    with closing(open_store(tmp_path, SEALED)) as store:
        store.commit(batch_of(*marks))
        raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert b"canary" not in raw
    assert [path.suffix for path in block_files(tmp_path)] == [".enc"]


def test_a_sealed_store_makes_its_key_file_once(tmp_path):
    options = StoreOptions(at_rest="aead", entropy=SystemEntropy())
    with closing(open_store(tmp_path, options)) as store:
        store.commit(batch_of(SMALL))
    key = tmp_path / "store.key"
    assert (len(key.read_bytes()), key.stat().st_mode & 0o777) == (32, 0o600)
    with closing(open_store(tmp_path, StoreOptions(entropy=SystemEntropy()))) as store:
        assert store.get(make_cid(SMALL)) == SMALL
        assert store.stat().at_rest == "aead"


def test_a_lost_key_file_is_named_and_no_new_one_made(tmp_path):
    options = StoreOptions(at_rest="aead", entropy=SystemEntropy())
    open_store(tmp_path, options).close()
    (tmp_path / "store.key").unlink()
    with pytest.raises(StoreKeyError):
        open_store(tmp_path, options)
    assert not (tmp_path / "store.key").exists()


def test_a_disk_that_fails_while_marking_does_not_hide_the_corrupt_block(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.commit(batch_of(SMALL))
        spoil(tmp_path, store, make_cid(SMALL))
        store.disk.failing["begin"] = BROKEN
        with pytest.raises(CorruptBlockError):
            store.get(make_cid(SMALL))
        assert store.stat().is_read_only


def test_a_plain_store_never_imports_the_cipher():
    code = (
        "import sys, node.ipfs_lite.hybrid\n"
        "print([name for name in ('cryptography', 'trio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
