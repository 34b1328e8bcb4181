from contextlib import closing

import pytest

from node.base.errors import CorruptStoreError
from node.storage.database import Database
from node.storage.meta import HEAD, SCHEMA, Meta
from node.storage.migrations import migrate


@pytest.fixture
def database(tmp_path):
    with closing(Database(tmp_path / "x.sqlite")) as made:
        migrate(made)
        yield made


def test_values_and_numbers_come_back(database):
    meta = Meta(database)
    with database.batch():
        meta.set(HEAD, b"\x00\xff")
        meta.set(SCHEMA, 2**70)
    assert (meta.get(HEAD), meta.number(SCHEMA)) == (b"\x00\xff", 2**70)


def test_what_was_never_set_is_none(database):
    assert (Meta(database).get(HEAD), Meta(database).number(HEAD)) == (None, None)


def test_the_last_value_counts(database):
    meta = Meta(database)
    for value in (b"1", b"2"):
        with database.batch():
            meta.set(HEAD, value)
    assert meta.get(HEAD) == b"2"


@pytest.mark.parametrize(
    "change", ["value = x'32'", "crc = crc + 1", "key = 'head'", "value = x''"]
)
def test_a_changed_value_is_noticed(database, change):
    with database.batch():
        database.write(f"UPDATE meta SET {change} WHERE key = 'schema'")
    key = "head" if "key" in change else "schema"
    with pytest.raises(CorruptStoreError, match=f"meta: {key}: the value does not fit"):
        Meta(database).get(key)


def test_a_word_where_a_number_belongs_is_named(database):
    with database.batch():
        Meta(database).set(SCHEMA, "new")
    with pytest.raises(CorruptStoreError, match="meta: schema: the value is no number"):
        Meta(database).number(SCHEMA)


def test_a_name_that_nobody_knows_is_a_fault_of_ours(database):
    with pytest.raises(AssertionError), database.batch():
        Meta(database).set("colour", 1)
