"""Tables of the hybrid store: index, holds, pins, access, and blocks short enough to be rows.

``WITHOUT ROWID`` for ``blocks`` was measured and is wrong: 3 times the payload on disk and 2 to 3
times the CPU at 1.5 KB (content-store.md, section 8).
"""

import re
from typing import Final

FILE_NAME: Final = "blocks.sqlite"
PAGE_BYTES: Final = 16_384
SCHEMA_VERSION: Final = 1

_TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
-- held counts recursive pins and held parents, direct counts direct pins, and a block whose
-- data is NULL is a file
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY, mh BLOB UNIQUE NOT NULL, size INTEGER NOT NULL,
    codec INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT 0, direct INTEGER NOT NULL DEFAULT 0,
    bad INTEGER NOT NULL DEFAULT 0, class INTEGER NOT NULL, dek BLOB, data BLOB) STRICT;
CREATE INDEX blocks_garbage ON blocks (id) WHERE held = 0 AND direct = 0;
CREATE INDEX blocks_bad ON blocks (mh) WHERE bad = 1;
CREATE INDEX blocks_files ON blocks (mh) WHERE data IS NULL;
-- what the bytes of a block say when they are read as a node: child is a multihash, which need not
-- be here, and codec how the link calls it: what lies below a raw one does not belong to the graph
CREATE TABLE links (
    parent INTEGER NOT NULL, child BLOB NOT NULL, codec INTEGER NOT NULL,
    PRIMARY KEY (parent, child)) STRICT, WITHOUT ROWID;
CREATE INDEX links_child ON links (child);
CREATE TABLE pins (
    cid BLOB PRIMARY KEY, mode TEXT NOT NULL, name TEXT NOT NULL, profile TEXT NOT NULL,
    rf_min INTEGER NOT NULL, rf_max INTEGER NOT NULL, created INTEGER NOT NULL,
    state TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- a CID ends in its multihash: the pins of one block under all its names
CREATE INDEX pins_mh ON pins (substr(cid, -34));
CREATE TABLE guards (
    session TEXT NOT NULL, mh BLOB NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (session, mh))
    STRICT, WITHOUT ROWID;
CREATE INDEX guards_mh ON guards (mh);
-- the latest end of a session counts for all of its blocks
CREATE INDEX guards_expires ON guards (session, expires);
CREATE TABLE claims (mh BLOB NOT NULL, root BLOB NOT NULL, PRIMARY KEY (mh, root))
    STRICT, WITHOUT ROWID;
CREATE INDEX claims_root ON claims (root);
CREATE TABLE acl (
    root BLOB NOT NULL, subject BLOB NOT NULL, source TEXT NOT NULL, not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL, PRIMARY KEY (root, subject, source, not_before))
    STRICT, WITHOUT ROWID;
CREATE TABLE unlink_queue (name TEXT PRIMARY KEY, overwrite INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
-- h2: sha2-256 over the base58btc text of the multihash, so that the list names no block
CREATE TABLE tombstones (h2 BLOB PRIMARY KEY, order_id BLOB NOT NULL, at INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
-- what an erasure left for the sake of others: its receipt says so, after a crash too
CREATE TABLE kept (
    order_id BLOB NOT NULL, mh BLOB NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (order_id, mh))
    STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_order ON tombstones (order_id);
CREATE TABLE placements (
    root BLOB NOT NULL, idx INTEGER NOT NULL, mh BLOB NOT NULL, operator BLOB NOT NULL,
    node BLOB NOT NULL, PRIMARY KEY (root, idx, operator)) STRICT, WITHOUT ROWID;
-- one row, kept by hand: a trigger takes as long as all else of a deletion, and summing up a store
-- of small blocks would read all of it
CREATE TABLE usage (blocks INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO usage VALUES (0, 0)
"""
STATEMENTS: Final = tuple(re.split(r";\n(?!    )", _TABLES.strip()))
