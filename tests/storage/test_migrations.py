from contextlib import closing

import pytest

from node.base.errors import CorruptStoreError
from node.storage.database import Database
from node.storage.errors import StoreMismatchError
from node.storage.meta import SCHEMA, Meta
from node.storage.migrations import SCHEMA_VERSION, migrate, newest_schema

TABLES = {
    *("meta", "header", "body", "receipts", "certificate", "canonical", "tx", "log"),
    *("node_chunk", "node_index", "code", "engine_wal"),
}


@pytest.fixture
def database(tmp_path):
    with closing(Database(tmp_path / "x.sqlite")) as made:
        yield made


def _tables(database):
    rows = database.read("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}


def test_an_empty_file_gets_all_tables(database):
    migrate(database)
    assert _tables(database) == TABLES
    assert Meta(database).number(SCHEMA) == SCHEMA_VERSION


def test_a_second_time_changes_nothing(database):
    migrate(database)
    before = database.read("SELECT * FROM sqlite_master")
    migrate(database)
    assert database.read("SELECT * FROM sqlite_master") == before


def test_a_newer_schema_is_refused_with_both_versions(database):
    migrate(database)
    with database.batch():
        Meta(database).set(SCHEMA, SCHEMA_VERSION + 1)
    want = f"schema is {SCHEMA_VERSION + 1}, wants at most {SCHEMA_VERSION}"
    with pytest.raises(StoreMismatchError, match=want):
        migrate(database)


def test_the_database_of_another_program_is_left_alone(database):
    with database.batch():
        database.write("CREATE TABLE guests (name TEXT)")
    with pytest.raises(StoreMismatchError, match="the file is another database"):
        migrate(database)
    assert _tables(database) == {"guests"}


def test_columns_hold_their_type_only(database):
    migrate(database)
    tables = database.read("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")
    assert {name for name, is_strict in tables if is_strict} == TABLES


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("DROP INDEX log_by_number", "the index log_by_number is not as it was made"),
        ("ALTER TABLE code RENAME code TO bytes", "the table code is not as it was made"),
    ],
)
def test_a_table_that_is_not_as_it_was_made_is_refused(database, sql, what):
    migrate(database)
    with database.batch():
        database.write(sql)
    with pytest.raises(CorruptStoreError, match=what):
        migrate(database)


def test_what_sqlite_makes_for_itself_is_no_fault(database):
    migrate(database)
    with database.batch():
        Meta(database).set(SCHEMA, SCHEMA_VERSION)
    database.read("ANALYZE")
    migrate(database)
    assert database.schema() == newest_schema()
