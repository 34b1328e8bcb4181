from contextlib import closing
from pathlib import Path

import pytest

from node.base.errors import CorruptStoreError
from node.base.rng import TreeEntropy
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.errors import DamagedIndexError, StoreKeyError
from node.ipfs_lite.hybrid import StoreOptions, open_store
from node.ipfs_lite.hybrid_open import KEYS
from node.ipfs_lite.hybrid_schema import FILE_NAME
from node.storage.database import Database
from node.storage.errors import StoreMismatchError
from node.storage.meta import Meta
from tests.ipfs_lite.disks import KEY, LARGE, PLAIN, SMALL, batch_of, block_files, index

ENTROPY = TreeEntropy(3, "store")
KEYED = StoreOptions(key=KEY, entropy=ENTROPY)
WORDS = StoreOptions(passphrase="ward seven", entropy=ENTROPY)


def _made(folder, options):
    with closing(open_store(folder, options)) as store:
        store.commit(batch_of(SMALL))
        return store.stat()


def test_a_store_is_what_its_first_opening_made_it(tmp_path):
    first = _made(tmp_path, StoreOptions(store_id="node-1"))
    assert (first.store_id, first.at_rest) == ("node-1", "none")
    assert _made(tmp_path, StoreOptions()) == first


@pytest.mark.parametrize(
    ("options", "what"),
    [(StoreOptions(store_id="node-2"), "store id"), (StoreOptions(at_rest="aead"), "at_rest")],
)
def test_another_owner_or_form_is_refused(tmp_path, options, what):
    _made(tmp_path, StoreOptions(store_id="node-1", at_rest="none"))
    with pytest.raises(StoreMismatchError, match=what):
        open_store(tmp_path, options)


def test_encryption_cannot_be_switched_off_by_an_option(tmp_path):
    _made(tmp_path, KEYED)
    with pytest.raises(StoreMismatchError, match="at_rest"):
        open_store(tmp_path, StoreOptions(at_rest="none"))


@pytest.mark.parametrize(
    ("made", "options", "what"),
    [
        (KEYED, PLAIN, "neither key nor passphrase|no source"),
        (KEYED, StoreOptions(entropy=ENTROPY), "neither key nor passphrase"),
        (KEYED, StoreOptions(key=bytes(32), entropy=ENTROPY), "not the key"),
        (KEYED, StoreOptions(key=KEY), "no source of random bytes"),
        (KEYED, StoreOptions(key=b"short", entropy=ENTROPY), "5 bytes"),
        (KEYED, WORDS, "not made with a passphrase"),
        (PLAIN, KEYED, "not encrypted"),
        (PLAIN, WORDS, "not encrypted"),
    ],
)
def test_a_wrong_or_missing_key_is_named(tmp_path, made, options, what):
    _made(tmp_path, made)
    with pytest.raises(StoreKeyError, match=what):
        open_store(tmp_path, options)
    assert _made(tmp_path, made).blocks == 1


def test_a_passphrase_opens_its_store_and_another_does_not(tmp_path):
    _made(tmp_path, WORDS)
    with closing(open_store(tmp_path, WORDS)) as store:
        assert store.get(make_cid(SMALL)) == SMALL
    with pytest.raises(StoreKeyError):
        open_store(tmp_path, StoreOptions(passphrase="ward eight", entropy=ENTROPY))


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_schema_is_refused(tmp_path, version):
    _made(tmp_path, PLAIN)
    with closing(index(tmp_path)) as database, database.batch():
        Meta(database, KEYS).set("schema", version)
    with pytest.raises(StoreMismatchError, match=f"schema is {version}, wants 1"):
        open_store(tmp_path, PLAIN)


def test_a_foreign_database_is_refused(tmp_path):
    with closing(Database(tmp_path / "blocks.sqlite")) as database, database.batch():
        database.write("CREATE TABLE patients (name TEXT)")
    with pytest.raises(StoreMismatchError, match="another database"):
        open_store(tmp_path, PLAIN)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("DROP INDEX links_child", "the index links_child is not as it was made"),
        ("DROP TABLE usage", "not as it was made"),
        ("UPDATE meta SET value = x'33' WHERE key = 'store_id'", "does not fit its checksum"),
        ("DELETE FROM meta WHERE key = 'at_rest'", "at_rest: missing"),
        ("UPDATE meta SET key = 'x' WHERE key = 'clean'", "nobody knows this name"),
    ],
)
def test_a_changed_table_or_value_is_named(tmp_path, change, what):
    _made(tmp_path, PLAIN)
    with closing(index(tmp_path)) as database, database.batch():
        database.write(change)
    with pytest.raises(CorruptStoreError, match=what):
        open_store(tmp_path, PLAIN)


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_no_empty_index_is_made_over_the_files_of_a_lost_one(tmp_path, lose):
    """The first crash after it would take them all for leftovers."""
    with closing(open_store(tmp_path, PLAIN)) as store:
        store.commit(batch_of(LARGE))
    lose(tmp_path / FILE_NAME)
    for _ in range(2):
        with pytest.raises(DamagedIndexError, match="there are files of blocks"):
            open_store(tmp_path, PLAIN)
    assert len(block_files(tmp_path)) == 1
