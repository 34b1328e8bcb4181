"""The tables of a durable custody store, and what is looked at before one is used."""

import re
from dataclasses import dataclass, field
from typing import Final

from node.base.errors import CorruptStoreError
from node.base.ports import Entropy
from node.base.types import Address, Hash32
from node.privacy.custody_sqlite_keys import RowKeys
from node.privacy.release_errors import CustodyKeyError
from node.storage.database import Database, schema_of
from node.storage.errors import StoreMismatchError
from node.storage.meta import GENESIS_HASH, SCHEMA, Meta

FILE_NAME: Final = "custody.sqlite"
KEYS_FOLDER: Final = "custody.keys"
PAGE_BYTES: Final = 4096
SCHEMA_VERSION: Final = 1
CUSTODIAN: Final = "custodian"
KEY_ID: Final = "key_id"
KEYS: Final = frozenset((SCHEMA, GENESIS_HASH, CUSTODIAN, KEY_ID))

_TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
-- which file holds the key of a deal's rows; sealed: nonce, AES-256-GCM of a container, tag
CREATE TABLE deal_keys (deal BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE holdings (deal BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lent (
    deal BLOB NOT NULL, grant_id BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (deal, grant_id))
    STRICT, WITHOUT ROWID;
CREATE TABLE steps (
    deal BLOB NOT NULL, position INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (deal, position)) STRICT, WITHOUT ROWID;
CREATE TABLE renewals (deal BLOB PRIMARY KEY, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entrusted (patient BLOB PRIMARY KEY, name TEXT NOT NULL, sealed BLOB NOT NULL)
    STRICT, WITHOUT ROWID;
-- signed words that nothing of a deal is left here
CREATE TABLE certificates (deal BLOB PRIMARY KEY, raw BLOB NOT NULL, crc INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
-- the chain: sequence has no gap, raw are the signed bytes
CREATE TABLE receipts (
    sequence INTEGER PRIMARY KEY, grant_id BLOB NOT NULL, status INTEGER NOT NULL,
    raw BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;
CREATE INDEX receipts_grant ON receipts (grant_id, status);
CREATE TABLE nonces (
    grant_id BLOB NOT NULL, nonce BLOB NOT NULL, head INTEGER NOT NULL,
    PRIMARY KEY (grant_id, nonce)) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_head ON nonces (head)
"""
STATEMENTS: Final = tuple(re.split(r";\n(?!    )", _TABLES.strip()))


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyOptions:
    """Whose custody it is, of which network, and under which key it lies."""

    genesis_hash: Hash32
    custodian: Address
    key: bytes = field(repr=False)
    """32 secret bytes that the owner keeps outside the store's folder."""
    entropy: Entropy
    """Where the keys of rows come from."""


def open_tables(database: Database, keys: RowKeys, options: CustodyOptions) -> None:
    """Make the tables of a new store, or check those of an old one.

    raises        StoreMismatchError: another schema, network or custodian.  CustodyKeyError:
                  another key.  CorruptStoreError: a table, an index or a value is not as it was.
    """
    meta = Meta(database, KEYS)
    if not database.schema():
        _make(database, meta, keys, options)
        return
    path = str(database.path)
    if not any(name == "meta" for _, name, *_ in database.schema()):
        raise StoreMismatchError(path, "the file", "a custody store", "another database")
    version = meta.number(SCHEMA)
    if version != SCHEMA_VERSION:
        raise StoreMismatchError(path, "schema", str(SCHEMA_VERSION), str(version))
    meta.check_names()
    for kind, name, *_ in sorted(schema_of(STATEMENTS) ^ database.schema(), key=repr):
        raise CorruptStoreError(path, "schema", f"the {kind} {name} is not as it was made")
    for what, key, want in (
        ("the network's genesis block", GENESIS_HASH, options.genesis_hash),
        ("the custodian", CUSTODIAN, options.custodian),
    ):
        got = meta.get(key) or b""
        if got != want:
            raise StoreMismatchError(path, what, want.hex(), got.hex())
    if meta.get(KEY_ID) != keys.key_id:
        raise CustodyKeyError("this is not the key under which the store was made")
    _check_pages(database)


def _make(database: Database, meta: Meta, keys: RowKeys, options: CustodyOptions) -> None:
    with database.batch():
        for statement in STATEMENTS:
            database.write(statement)
        meta.set(SCHEMA, SCHEMA_VERSION)
        meta.set(GENESIS_HASH, options.genesis_hash)
        meta.set(CUSTODIAN, options.custodian)
        meta.set(KEY_ID, keys.key_id)


def _check_pages(database: Database) -> None:
    """See that no row hides behind a damaged page, and no receipt is missing.

    A nonce that cannot be found would let a replay through; so everything is read, once.
    """
    path = str(database.path)
    for (found,) in database.read("PRAGMA integrity_check"):
        if found != "ok":
            raise CorruptStoreError(path, "file", str(found))
    row = database.row("SELECT count(*), coalesce(max(sequence) + 1, 0) FROM receipts")
    if row is None or row[0] != row[1]:
        raise CorruptStoreError(path, "receipts", "the chain has a gap")
