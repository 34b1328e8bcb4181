"""Nodes, their index and code."""

from contextlib import closing

import pytest

from node.base.errors import CorruptStoreError
from node.base.keccak import keccak256
from node.storage.database import Database
from node.storage.findings import Findings
from node.storage.node_check import NodeCheck
from node.storage.sqlite_store import FILE_NAME
from tests.storage.blocks import opened, tamper, trie_nodes

INDEXED, NEW = trie_nodes("a", "b", "c"), trie_nodes("d", "e")
CODE = {keccak256(b"code"): b"code"}
KEY = next(iter(INDEXED))


@pytest.fixture
def directory(tmp_path):
    """Chunk 1 is indexed, chunk 2 is not."""
    with opened(tmp_path) as store, store.batch():
        store.nodes.put(INDEXED, CODE)
        store.nodes.flush()
        store.nodes.put(NEW, {})
    return tmp_path


def _check(directory, indexed=1):
    findings = Findings()
    with closing(Database(directory / FILE_NAME)) as database:
        NodeCheck(database, findings, indexed).check()
    return [str(finding) for finding in findings.found]


def test_whole_nodes_have_no_findings_and_are_given_out(directory):
    findings = Findings()
    with closing(Database(directory / FILE_NAME)) as database:
        check = NodeCheck(database, findings, 1)
        check.check()
        for key, raw in {**INDEXED, **NEW}.items():
            assert check.node(key) == raw
        assert check.node(keccak256(b"?")) is None
        assert [check.code(key) for key in CODE] == [b"code"]
        assert check.code(KEY) is None
    assert findings.found == []
    assert findings.counts == {"node_chunk": 2, "node": 5, "node_index": 3, "code": 1}


def test_a_node_that_the_index_should_know_is_named(directory):
    problems = _check(directory, indexed=2)
    assert problems == [f"node_index: 0x{k.hex()}: missing, though chunk 2 holds it" for k in NEW]


def test_a_copy_is_as_good_as_the_node_that_the_index_points_to(directory):
    with opened(directory) as store, store.batch():
        store.nodes.append(INDEXED.items())
    assert _check(directory) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE node_chunk SET crc = 0 WHERE id = 1", "node_chunk: id 1: the checksum is 0"),
        ("UPDATE node_chunk SET data = x'00' WHERE id = 2", "node_chunk: id 2: the entry at byte"),
        ("DELETE FROM node_chunk WHERE id = 1", f"0x{KEY.hex()}: points to chunk 1, byte 0: noth"),
        ('UPDATE node_index SET "offset" = -1', "byte -1: nothing is there"),
        ('UPDATE node_index SET "offset" = "offset" + 1', "points to chunk 1: the entry at byte 1"),
        ("UPDATE code SET code = x'00'", f"code: 0x{keccak256(b'code').hex()}: hashes to 0x"),
    ],
)
def test_what_differs_is_named(directory, sql, expected):
    tamper(directory, sql)
    assert any(expected in problem for problem in _check(directory))


def test_a_changed_node_is_named_and_not_given_out(directory):
    with closing(Database(directory / FILE_NAME)) as database:
        data = bytearray(database.row("SELECT data FROM node_chunk WHERE id = 1")[0])
        data[40] ^= 1
        with database.batch():
            database.write("UPDATE node_chunk SET data = ? WHERE id = 1", bytes(data))
        findings = Findings()
        check = NodeCheck(database, findings, 1)
        check.check()
        assert any(f"node 0x{KEY.hex()}" in finding.key for finding in findings.found)
        with pytest.raises(CorruptStoreError, match="hashes to something else"):
            check.node(KEY)
