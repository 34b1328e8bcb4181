from contextlib import closing

import pytest

from node.base.rng import SystemEntropy
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.errors import StoreKeyError
from node.ipfs_lite.hybrid import StoreOptions, open_store, rotate_key
from tests.ipfs_lite.disks import (
    FULL,
    KEY,
    LARGE,
    PLAIN,
    SEALED,
    SMALL,
    batch_of,
    block_files,
    opened,
)

NEW = StoreOptions(key=KEY[::-1], entropy=SystemEntropy())
WORDS = StoreOptions(passphrase="ward seven", entropy=SystemEntropy())


def _reads_all(store):
    return [store.get(make_cid(data)) for data in (SMALL, LARGE)] == [SMALL, LARGE]


@pytest.mark.parametrize("new", [NEW, WORDS], ids=["key", "passphrase"])
def test_after_a_rekey_the_new_key_opens_everything_and_the_old_nothing(tmp_path, new):
    with closing(opened(tmp_path, SEALED)) as store:
        store.commit(batch_of(SMALL, LARGE))
        before = [path.read_bytes() for path in block_files(tmp_path)]
        store.rekey(new)
        assert _reads_all(store)
        assert [path.read_bytes() for path in block_files(tmp_path)] == before
        store.commit(batch_of(b"later"))
    with pytest.raises(StoreKeyError):
        opened(tmp_path, SEALED)
    with closing(opened(tmp_path, new)) as store:
        assert _reads_all(store)
        assert store.get(make_cid(b"later")) == b"later"


def test_no_old_wrapped_key_is_left_on_the_disk(tmp_path):
    with closing(opened(tmp_path, SEALED)) as store:
        store.commit(batch_of(SMALL, LARGE))
        old = [dek for (dek,) in store._database.read("SELECT dek FROM blocks")]
        store.rekey(NEW)
        raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert [dek in raw for dek in old] == [False, False]


def test_more_rows_than_are_read_at_once_are_all_rewrapped(tmp_path, monkeypatch):
    monkeypatch.setattr("node.ipfs_lite.hybrid_rekey._ROWS_READ_COUNT", 7)
    contents = [bytes((number,)) for number in range(50)]
    with closing(opened(tmp_path, SEALED)) as store:
        store.commit(batch_of(*contents))
        store.rekey(NEW)
    with closing(opened(tmp_path, NEW)) as store:
        assert [store.get(make_cid(data)) for data in contents] == contents


def test_a_rekey_that_fails_leaves_the_old_key(tmp_path, monkeypatch):
    with closing(opened(tmp_path, SEALED)) as store:
        store.commit(batch_of(SMALL, LARGE))

        def fail(*_):
            raise FULL

        monkeypatch.setattr(store._parts.rows, "mark_bad", fail)
        with pytest.raises(type(FULL)):
            store.rekey(NEW)
        assert _reads_all(store)
    with closing(opened(tmp_path, SEALED)) as store:
        assert _reads_all(store)


def test_a_block_with_a_damaged_data_key_is_bad(tmp_path):
    with closing(opened(tmp_path, SEALED)) as store:
        store.commit(batch_of(SMALL, LARGE))
        with store._database.batch():
            store._database.write("UPDATE blocks SET dek = zeroblob(40) WHERE data IS NULL")
        store.rekey(NEW)
        assert store.bad() == (make_cid(LARGE)[2:],)


@pytest.mark.parametrize(("made", "new"), [(PLAIN, NEW), (SEALED, PLAIN)])
def test_without_a_key_there_is_nothing_to_change(tmp_path, made, new):
    with closing(opened(tmp_path, made)) as store, pytest.raises(StoreKeyError):
        store.rekey(new)


@pytest.mark.parametrize("crash", ["before", "after", None])
def test_a_key_file_is_rotated_wherever_a_crash_falls(tmp_path, monkeypatch, crash):
    options = StoreOptions(at_rest="aead", entropy=SystemEntropy())
    store = open_store(tmp_path, options)
    store.commit(batch_of(SMALL, LARGE))
    first = (tmp_path / "store.key").read_bytes()
    rekey = store.rekey

    def crashing(new):
        if crash == "after":
            rekey(new)
        raise KeyboardInterrupt

    if crash is None:
        rotate_key(tmp_path, store, SystemEntropy())
    else:
        monkeypatch.setattr(store, "rekey", crashing)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(tmp_path, store, SystemEntropy())
    store.close()
    with closing(open_store(tmp_path, options)) as store:
        assert _reads_all(store)
    assert ((tmp_path / "store.key").read_bytes() == first) == (crash == "before")
    assert not (tmp_path / "store.key.next").exists()
