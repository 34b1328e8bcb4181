"""What only the nodes on disk do: chunks, the index that is written now and then, damage."""

import sqlite3
from contextlib import closing

import pytest

from node.base.errors import CodecError, CorruptStoreError
from node.base.keccak import keccak256
from node.base.limits import INDEX_FLUSH_BLOCKS_MAX, NODE_BYTES_MAX
from node.base.types import Hash32
from node.storage.sqlite_store import FILE_NAME
from tests.storage.blocks import opened, tamper, trie_nodes


def _nodes(block, count=5):
    return trie_nodes(*(f"{block}/{index}" for index in range(count)))


def _count(store, table):
    return store._database.row(f"SELECT count(*) FROM {table}")[0]


def _put(store, blocks):
    for block in blocks:
        store.nodes.put(_nodes(block), {})


def _missing(store, blocks):
    return [b for b in blocks for key, raw in _nodes(b).items() if store.nodes.node(key) != raw]


def test_the_index_is_written_every_64_blocks(tmp_path):
    with opened(tmp_path) as store:
        _put(store, range(INDEX_FLUSH_BLOCKS_MAX - 1))
        assert _count(store, "node_index") == 0
        _put(store, [INDEX_FLUSH_BLOCKS_MAX])
        assert _count(store, "node_index") == 5 * INDEX_FLUSH_BLOCKS_MAX
        _put(store, ["next"])
        assert _count(store, "node_index") == 5 * INDEX_FLUSH_BLOCKS_MAX
        assert _missing(store, ["next", 0, INDEX_FLUSH_BLOCKS_MAX]) == []


@pytest.mark.parametrize("blocks", [1, 63, 64, 65, 130])
def test_all_nodes_are_found_after_opening(tmp_path, blocks):
    with opened(tmp_path) as store, store.batch():
        _put(store, range(blocks))
    with opened(tmp_path) as store:
        assert _missing(store, range(blocks)) == []


def test_opening_often_does_not_put_the_index_off_for_ever(tmp_path):
    for block in range(4):
        with opened(tmp_path) as store:
            _put(store, [block])
            pending = len(store.nodes._pending)
    assert pending <= 10


def _put_and_fail(store, blocks):
    with store.batch():
        _put(store, blocks)
        raise KeyError


@pytest.mark.parametrize("before", [3, INDEX_FLUSH_BLOCKS_MAX - 2])
def test_a_batch_that_fails_forgets_its_nodes(tmp_path, before):
    """Also one in which the index was written."""
    with opened(tmp_path) as store:
        with store.batch():
            _put(store, range(before))
        with pytest.raises(KeyError):
            _put_and_fail(store, ["x", "y", "z"])
        assert _missing(store, range(before)) == []
        assert len(_missing(store, ["x", "y", "z"])) == 15
        _put(store, ["y"])
        assert _missing(store, ["y"]) == []
    with opened(tmp_path) as store:
        assert _missing(store, [*range(before), "y"]) == []


def test_a_node_that_comes_again_soon_is_written_once(tmp_path):
    with opened(tmp_path) as store:
        _put(store, [1, 1])
        assert _count(store, "node_chunk") == 1


def test_a_block_without_nodes_does_not_count(tmp_path):
    with opened(tmp_path) as store:
        for _ in range(2 * INDEX_FLUSH_BLOCKS_MAX):
            store.nodes.put({}, {})
        assert store.nodes._blocks_pending == 0


def test_the_longest_node_is_kept_and_a_longer_one_is_refused(tmp_path):
    key = keccak256(bytes(NODE_BYTES_MAX))
    with opened(tmp_path) as store:
        store.nodes.put({key: bytes(NODE_BYTES_MAX)}, {})
        assert store.nodes.node(key) == bytes(NODE_BYTES_MAX)
        with pytest.raises(CodecError, match="65536 bytes"):
            store.nodes.put({Hash32(b"l" * 32): bytes(NODE_BYTES_MAX + 1)}, {})
        assert store.nodes.node(Hash32(b"l" * 32)) is None


def test_two_stores_given_the_same_hold_the_same(tmp_path):
    contents = []
    for name in ("one", "two"):
        with opened(tmp_path / name) as store:
            _put(store, range(70))
            tables = ("node_chunk", "node_index", "meta")
            contents.append([store._database.read(f"SELECT * FROM {t}") for t in tables])
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ('UPDATE node_index SET "offset" = "offset" + 1', "another one or cut off"),
        ("UPDATE node_index SET chunk = chunk + 1000", "its chunk is missing"),
        ("DELETE FROM node_chunk WHERE id = 1", "its chunk is missing"),
        ("UPDATE node_chunk SET data = x'00'", "another one or cut off"),
    ],
)
def test_an_index_that_points_elsewhere_is_noticed(tmp_path, sql, message):
    with opened(tmp_path) as store:
        _put(store, range(INDEX_FLUSH_BLOCKS_MAX))
    tamper(tmp_path, sql)
    with opened(tmp_path) as store:
        key = next(iter(_nodes(0)))
        with pytest.raises(CorruptStoreError, match=f"node_index: 0x{key.hex()}: .*{message}"):
            store.nodes.node(key)


def _flip(directory, chunk, at):
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection, connection:
        sql = "SELECT data FROM node_chunk WHERE id = ?"
        data = bytearray(connection.execute(sql, (chunk,)).fetchone()[0])
        data[at] ^= 1
        connection.execute("UPDATE node_chunk SET data = ? WHERE id = ?", (bytes(data), chunk))


IN_KEY, IN_LENGTH, IN_NODE = 5, 33, 40


@pytest.mark.parametrize("at", [IN_KEY, IN_LENGTH, IN_NODE])
def test_a_damaged_node_of_a_new_block_is_missing_and_heals(tmp_path, at):
    """It heals with the block that wrote it: what comes again is not taken for being there."""
    with opened(tmp_path) as store:
        _put(store, ["older", 1])
    _flip(tmp_path, 2, at)
    damaged = next(iter(_nodes(1)))
    with opened(tmp_path) as store:
        assert store.nodes.node(damaged) is None
        assert _missing(store, ["older"]) == []
        _put(store, [1])
        assert _missing(store, ["older", 1]) == []
    with opened(tmp_path) as store:
        assert _missing(store, ["older", 1]) == []


def test_an_older_copy_stands_for_a_damaged_one(tmp_path):
    with opened(tmp_path) as store:
        with store.batch():
            _put(store, [1])
            store.nodes.flush()
        _put(store, [1])
    _flip(tmp_path, 2, IN_NODE)
    with opened(tmp_path) as store:
        assert _missing(store, [1]) == []


def test_a_damaged_node_that_the_index_knows_is_not_given_out_and_heals(tmp_path):
    with opened(tmp_path) as store, store.batch():
        _put(store, [1])
        store.nodes.flush()
    _flip(tmp_path, 1, IN_NODE)
    damaged = next(iter(_nodes(1)))
    with opened(tmp_path) as store:
        with pytest.raises(CorruptStoreError, match=f"node_chunk: 0x{damaged.hex()}: hashes to"):
            store.nodes.node(damaged)
        _put(store, [1])
        assert _missing(store, [1]) == []


def test_a_node_that_rots_while_the_store_is_open_is_not_given_out(tmp_path):
    with opened(tmp_path) as store:
        _put(store, [1])
        _flip(tmp_path, 1, IN_NODE)
        with pytest.raises(CorruptStoreError, match=r"node_chunk: .* hashes to"):
            store.nodes.node(next(iter(_nodes(1))))


def test_damaged_code_is_not_given_out_and_heals(tmp_path):
    code = {keccak256(b"code"): b"code"}
    (key,) = code
    with opened(tmp_path) as store:
        store.nodes.put({}, code)
        assert [store.nodes.code(key) for _ in range(2)] == [b"code"] * 2
        assert store.nodes.code(Hash32(b"?" * 32)) is None
    tamper(tmp_path, "UPDATE code SET code = x'00'")
    with opened(tmp_path) as store:
        with pytest.raises(CorruptStoreError, match=f"code: 0x{key.hex()}: hashes to 0x"):
            store.nodes.code(key)
        store.nodes.put({}, code)
        assert store.nodes.code(key) == b"code"
