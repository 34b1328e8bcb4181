from contextlib import closing

import pytest

from node.ipfs_lite.cid import make_cid
from node.storage.errors import StoreFailedError
from tests.ipfs_lite.disks import (
    BROKEN,
    LARGE,
    PLAIN,
    SEALED,
    SMALL,
    batch_of,
    block_files,
    crash,
    index,
    opened,
)

CID = make_cid(LARGE)


@pytest.fixture(params=[PLAIN, SEALED], ids=["plain", "sealed"])
def options(request):
    return request.param


def _clean(folder):
    with closing(index(folder)) as database:
        (value,) = database.row("SELECT value FROM meta WHERE key = 'clean'")
        return value


def test_a_store_is_clean_only_when_it_is_closed(tmp_path):
    store = opened(tmp_path)
    crash(store)
    assert _clean(tmp_path) == b"0"
    opened(tmp_path).close()
    assert _clean(tmp_path) == b"1"


def test_after_a_crash_files_without_a_row_go(tmp_path, options):
    store = opened(tmp_path, options)
    store.commit(batch_of(SMALL, LARGE))
    with store._database.batch():
        store._database.write("DELETE FROM blocks WHERE data IS NULL")
    crash(store)
    with closing(opened(tmp_path, options)) as store:
        assert block_files(tmp_path) == []
        assert store.get(make_cid(SMALL)) == SMALL


def test_after_a_crash_rows_without_a_file_are_bad(tmp_path, options):
    store = opened(tmp_path, options)
    store.commit(batch_of(SMALL, LARGE))
    block_files(tmp_path)[0].unlink()
    crash(store)
    with closing(opened(tmp_path, options)) as store:
        assert store.bad() == (CID[2:],)
        assert store.has(make_cid(SMALL))


def test_the_files_of_another_form_at_rest_are_nobodys(tmp_path):
    """The bytes of a sealed store are never read from an unsealed file."""
    store = opened(tmp_path, SEALED)
    store.commit(batch_of(LARGE))
    (path,) = block_files(tmp_path)
    path.rename(path.with_suffix(""))
    crash(store)
    with closing(opened(tmp_path, SEALED)) as store:
        assert (store.bad(), block_files(tmp_path)) == ((CID[2:],), [])


def test_temporaries_go_after_a_clean_end_too(tmp_path):
    opened(tmp_path).close()
    (tmp_path / "blocks" / ".temp" / "9").write_bytes(b"half")
    opened(tmp_path).close()
    assert list((tmp_path / "blocks" / ".temp").iterdir()) == []


@pytest.mark.parametrize("overwrite", [0, 1])
def test_what_is_queued_goes_at_the_next_open(tmp_path, overwrite):
    store = opened(tmp_path)
    store.commit(batch_of(LARGE))
    name = store._parts.name_of(CID[2:])
    with store._database.batch():
        store._database.write("DELETE FROM blocks")
        store._database.write("INSERT INTO unlink_queue VALUES (?, ?)", name, overwrite)
    store.close()
    store = opened(tmp_path)
    assert block_files(tmp_path) == []
    assert store._database.read("SELECT * FROM unlink_queue") == []
    assert ("fsync" in store.disk.log) == bool(overwrite)
    store.close()


def test_a_name_stays_queued_until_its_file_is_gone_for_good(tmp_path):
    store = opened(tmp_path)
    store.commit(batch_of(LARGE))
    store.disk.failing["unlink"] = BROKEN
    with pytest.raises(StoreFailedError):
        store.delete(CID)
    assert not store.has(CID)
    store.close()
    assert len(block_files(tmp_path)) == 1
    with closing(opened(tmp_path)):
        assert block_files(tmp_path) == []


def test_a_second_open_changes_nothing(tmp_path, options):
    store = opened(tmp_path, options)
    store.commit(batch_of(SMALL, LARGE, LARGE + b"2"))
    block_files(tmp_path)[0].unlink()
    (block_files(tmp_path)[0].parent / "stray.data").write_bytes(b"no name of a block")
    crash(store)
    seen = []
    for _ in range(3):
        store = opened(tmp_path, options)
        rows = store._database.read("SELECT * FROM blocks ORDER BY id")
        seen.append((rows, [path.read_bytes() for path in block_files(tmp_path)]))
        crash(store)
    assert seen[0] == seen[1] == seen[2]
