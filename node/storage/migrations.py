"""The tables, and the steps from each earlier form of them to the next (ledger.md section 9)."""

from functools import cache
from typing import Final

from node.base.errors import CorruptStoreError
from node.storage.database import Database, Row, schema_of
from node.storage.errors import StoreMismatchError
from node.storage.meta import SCHEMA, Meta

# STRICT: a column holds its type and nothing else, and quick_check looks at that too
_FIRST: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE header (
    hash BLOB PRIMARY KEY, number INTEGER NOT NULL, parent BLOB NOT NULL,
    total_difficulty BLOB NOT NULL, state_root BLOB NOT NULL, rlp BLOB NOT NULL) STRICT;
CREATE INDEX header_by_number ON header (number);
CREATE TABLE body (hash BLOB PRIMARY KEY, rlp BLOB NOT NULL) STRICT;
CREATE TABLE receipts (hash BLOB PRIMARY KEY, rlp BLOB NOT NULL) STRICT;
CREATE TABLE certificate (hash BLOB PRIMARY KEY, data BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;
CREATE TABLE canonical (number INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
CREATE TABLE tx (tx_hash BLOB PRIMARY KEY, number INTEGER NOT NULL, position INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
-- topic0 is empty for a log without topics: a key column cannot be NULL
CREATE TABLE log (
    address BLOB, topic0 BLOB, number INTEGER, log_index INTEGER,
    PRIMARY KEY (address, topic0, number, log_index)) STRICT, WITHOUT ROWID;
-- for the logs of few blocks, and for taking those of a removed block out
CREATE INDEX log_by_number ON log (number);
CREATE TABLE node_chunk (id INTEGER PRIMARY KEY, data BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;
-- "offset" is a word of SQL, so it stands in quotes wherever it is used
CREATE TABLE node_index (hash BLOB PRIMARY KEY, chunk INTEGER NOT NULL, "offset" INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE code (code_hash BLOB PRIMARY KEY, code BLOB NOT NULL) STRICT;
CREATE TABLE engine_wal (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, crc INTEGER NOT NULL) STRICT
"""
_STEPS: Final = (_FIRST,)
"""Step n leads from schema n to n + 1."""
SCHEMA_VERSION: Final = len(_STEPS)


@cache
def newest_schema() -> frozenset[Row]:
    """Give what ``Reader.schema`` says of a whole store of this program."""
    return schema_of(statement for step in _STEPS for statement in step.split(";"))


def migrate(database: Database) -> None:
    """Bring a file to the newest schema, an empty one too; all steps are one batch.

    raises        StoreMismatchError: it is of a newer program, or no store of ours;
                  CorruptStoreError: a table is not as it was made.
    """
    tables = database.read("SELECT name FROM sqlite_master WHERE type = 'table'")
    version = 0
    if tables:
        known = Meta(database).number(SCHEMA) if ("meta",) in tables else None
        if known is None:
            raise StoreMismatchError(
                str(database.path), "the file", "a store of this program", "another database"
            )
        version = known
    if not 0 <= version <= SCHEMA_VERSION:
        raise StoreMismatchError(
            str(database.path), "schema", f"at most {SCHEMA_VERSION}", str(version)
        )
    if version == SCHEMA_VERSION:
        for kind, name, *_ in sorted(newest_schema() - database.schema(), key=repr):
            raise CorruptStoreError(
                str(database.path), "schema", f"the {kind} {name} is not as it was made"
            )
        return
    with database.batch():
        for step in _STEPS[version:]:
            for statement in step.split(";"):
                database.write(statement)
        Meta(database).set(SCHEMA, SCHEMA_VERSION)
