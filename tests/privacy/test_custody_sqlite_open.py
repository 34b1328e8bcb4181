"""What is looked at before a custody store is used."""

import pytest

from node.base.errors import CorruptStoreError
from node.base.types import Address, Hash32
from node.privacy.custody_sqlite_open import PAGE_BYTES, SCHEMA_VERSION
from node.privacy.custody_store import Holding
from node.privacy.release_errors import CustodyKeyError
from node.storage.database import Database
from node.storage.errors import StoreLockedError, StoreMismatchError
from node.storage.meta import checksum
from tests.privacy.custody_folder import KEY, database_of, opened, options

DEAL = b"\x01" * 32


def _change(folder, *statements: str) -> None:
    database = Database(database_of(folder), page_bytes=PAGE_BYTES)
    with database.batch():
        for statement in statements:
            database.write(statement)
    database.close()


def test_a_newer_schema_is_refused(tmp_path):
    opened(tmp_path).close()
    version = str(SCHEMA_VERSION + 1)
    crc = checksum("schema", version.encode())
    _change(
        tmp_path,
        f"UPDATE meta SET value = CAST('{version}' AS BLOB), crc = {crc} WHERE key = 'schema'",
    )
    with pytest.raises(StoreMismatchError, match=f"schema is {version}, wants {SCHEMA_VERSION}"):
        opened(tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP INDEX nonces_head",
        "DROP TABLE renewals",
        "ALTER TABLE steps ADD COLUMN more INTEGER",
        "CREATE TABLE more (a INTEGER) STRICT",
    ],
)
def test_a_table_that_is_not_as_it_was_made_is_refused(tmp_path, statement):
    opened(tmp_path).close()
    _change(tmp_path, statement)
    with pytest.raises(CorruptStoreError, match="is not as it was made"):
        opened(tmp_path)


def test_a_value_that_does_not_fit_its_checksum_is_refused(tmp_path):
    opened(tmp_path).close()
    _change(tmp_path, "UPDATE meta SET value = x'00' WHERE key = 'custodian'")
    with pytest.raises(CorruptStoreError, match="checksum"):
        opened(tmp_path)


def test_a_name_that_nobody_knows_is_refused(tmp_path):
    opened(tmp_path).close()
    _change(tmp_path, "INSERT INTO meta VALUES ('strange', x'00', 0)")
    with pytest.raises(CorruptStoreError, match="nobody knows this name"):
        opened(tmp_path)


def test_another_database_is_refused(tmp_path):
    _change(tmp_path, "CREATE TABLE other (a INTEGER) STRICT")
    with pytest.raises(StoreMismatchError, match="another database, wants a custody store"):
        opened(tmp_path)


@pytest.mark.parametrize("damage", ["no database at all", "a page of zeros"])
def test_a_damaged_file_is_refused_when_it_is_opened(tmp_path, damage):
    with opened(tmp_path) as store:
        for number in range(40):
            store.put_holding(number.to_bytes(32), Holding(bytes(600), b"share"))
    raw = database_of(tmp_path).read_bytes()
    assert len(raw) > 10 * PAGE_BYTES
    spoilt = b"no database at all" * 500
    if damage == "a page of zeros":
        middle = len(raw) // PAGE_BYTES // 2 * PAGE_BYTES
        spoilt = raw[:middle] + bytes(PAGE_BYTES) + raw[middle + PAGE_BYTES :]
    database_of(tmp_path).write_bytes(spoilt)
    with pytest.raises(CorruptStoreError):
        opened(tmp_path)


def test_a_refused_store_is_not_left_locked(tmp_path):
    opened(tmp_path).close()
    with pytest.raises(StoreMismatchError):
        opened(tmp_path, genesis_hash=bytes(32))
    opened(tmp_path).close()


def test_another_network_custodian_or_key_is_refused_by_name(tmp_path):
    opened(tmp_path).close()
    with pytest.raises(StoreMismatchError, match="the network's genesis block"):
        opened(tmp_path, genesis_hash=Hash32(bytes(32)))
    with pytest.raises(StoreMismatchError, match="the custodian is"):
        opened(tmp_path, custodian=Address(bytes(20)))
    with pytest.raises(CustodyKeyError, match="not the key under which"):
        opened(tmp_path, key=bytes(32))
    with pytest.raises(CustodyKeyError, match="31 bytes, wants 32"):
        opened(tmp_path, key=bytes(31))
    opened(tmp_path).close()


def test_a_second_process_is_refused(tmp_path):
    with opened(tmp_path), pytest.raises(StoreLockedError):
        opened(tmp_path)


def test_the_key_is_not_shown():
    assert KEY.hex() not in repr(options())
    assert repr(KEY) not in repr(options())
