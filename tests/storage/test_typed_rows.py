"""Values of the wrong type do not come out, and are told."""

from contextlib import closing

import pytest

from node.storage.database import Database
from node.storage.findings import Findings
from node.storage.typed_rows import TypedRows


@pytest.fixture
def rows(tmp_path):
    with closing(Database(tmp_path / "x.sqlite")) as database:
        with database.batch():
            database.write("CREATE TABLE t (a, b)")
            for values in ((b"\x01", 1), (b"\x02", None), (None, 3), (b"\x04", 4)):
                database.write("INSERT INTO t VALUES (?, ?)", *values)
        yield TypedRows(database, Findings())


def test_rows_that_do_not_fit_are_findings(rows):
    assert list(rows.each("t", (bytes, int), "SELECT a, b FROM t")) == [(b"\x01", 1), (b"\x04", 4)]
    assert rows._findings.counts == {"t": 4}
    assert [str(finding) for finding in rows._findings.found] == [
        "t: 0x02: value 2 of its row is NULL",
        "t: None: value 1 of its row is NULL",
    ]


def test_a_value_may_be_missing_where_that_is_said(rows):
    sql = "SELECT a, b FROM t WHERE a = ?"
    assert rows.row("t", (bytes, int | None), sql, b"\x02") == (b"\x02", None)
    assert rows.row("t", (bytes, int), sql, b"\x02") is None
    assert rows.row("t", (bytes, int), sql, b"\x09") is None
    assert len(rows._findings.found) == 1
