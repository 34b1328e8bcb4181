from contextlib import closing

import pytest

from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.errors import NotFoundError, ReadOnlyError
from node.storage.errors import StoreFailedError
from tests.ipfs_lite.disks import BROKEN, SEALED, SMALL, batch_of, opened

MULTIHASH = make_cid(SMALL)[2:]


def test_a_failed_disk_is_remembered_and_a_refusal_is_not(tmp_path):
    with closing(opened(tmp_path)) as store:
        parts = store._parts
        with pytest.raises(NotFoundError), parts.writing():
            raise NotFoundError("b")
        assert (parts.failure, parts.is_untidy) == (None, False)
        with pytest.raises(StoreFailedError), parts.writing():
            raise BROKEN
        with pytest.raises(ReadOnlyError), parts.writing():
            pytest.fail("a failed store went on")


def test_the_file_layer_hears_of_a_transaction_that_became_durable_only(tmp_path):
    with closing(opened(tmp_path)) as store:
        store.disk.log.clear()
        with pytest.raises(NotFoundError), store._parts.batch():
            raise NotFoundError("b")
        assert store.disk.log == ["begin"]
        with store._parts.batch():
            pass
        assert store.disk.log[1:] == ["begin", "committed"]


def test_bytes_without_their_key_in_a_sealed_store_are_not_believed(tmp_path):
    with closing(opened(tmp_path, SEALED)) as store:
        store.commit(batch_of(SMALL))
        with store._database.batch():
            store._database.write("UPDATE blocks SET dek = NULL, data = ?", SMALL)
        assert store._parts.content(store._parts.rows.stored(MULTIHASH)) is None
