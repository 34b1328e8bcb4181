from contextlib import closing

from node.ipfs_lite.hybrid_schema import PAGE_BYTES, STATEMENTS
from node.storage.database import Database, schema_of


def test_the_tables_are_those_of_the_specification(tmp_path):
    with closing(Database(tmp_path / "x", page_bytes=PAGE_BYTES, is_erasing=True)) as database:
        with database.batch():
            for statement in STATEMENTS:
                database.write(statement)
        assert database.schema() == schema_of(STATEMENTS)
        tables = database.read("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        assert [name for (name,) in tables] == [
            *("acl", "blocks", "claims", "guards", "kept", "links", "meta", "pins"),
            *("placements", "tombstones", "unlink_queue", "usage"),
        ]


def test_deleted_bytes_are_overwritten_and_the_log_can_be_cut(tmp_path):
    path = tmp_path / "x"
    with closing(Database(path, page_bytes=PAGE_BYTES, is_erasing=True)) as database:
        assert database.row("PRAGMA secure_delete") == (1,)
        assert database.row("PRAGMA page_size") == (PAGE_BYTES,)
        with database.batch():
            database.write("CREATE TABLE t (a BLOB) STRICT")
            database.write("INSERT INTO t VALUES (?)", b"needle" * 100)
        with database.batch():
            database.write("DELETE FROM t")
        log = path.with_name("x-wal")
        assert b"needle" in log.read_bytes()
        assert database.truncate_log()
        assert b"needle" not in log.read_bytes() + path.read_bytes()
