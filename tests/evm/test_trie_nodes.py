import pytest
import rlp as pyrlp
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import CorruptStoreError
from node.base.keccak import keccak256
from node.base.types import Hash32
from node.evm.errors import MissingStateError
from node.evm.trie_nodes import (
    Branch,
    Extension,
    Leaf,
    NodeCache,
    decode_node,
    encode_node,
    nibbles_of,
    pack_path,
)

HASH = b"\xa0" + bytes(range(32))


@pytest.mark.parametrize(
    ("path", "is_leaf", "packed"),
    [
        ([], False, "00"),
        ([], True, "20"),
        ([1, 2, 3, 4, 5], False, "112345"),
        ([0, 1, 2, 3, 4, 5], False, "00012345"),
        ([15, 1, 12, 11, 8], True, "3f1cb8"),
        ([0, 15, 1, 12, 11, 8], True, "200f1cb8"),
    ],
)
def test_paths_pack_as_in_appendix_c(path, is_leaf, packed):
    assert pack_path(bytes(path), is_leaf=is_leaf).hex() == packed


def test_a_key_has_two_nibbles_a_byte_the_high_one_first():
    assert list(nibbles_of(b"\x1f\x00")) == [1, 15, 0, 0]


@given(st.binary(max_size=64).map(lambda raw: bytes(b & 15 for b in raw)), st.binary(min_size=1))
def test_a_leaf_comes_back_and_is_what_pyrlp_writes(path, value):
    raw = encode_node(Leaf(None, path, value))
    assert raw == pyrlp.encode([pack_path(path, is_leaf=True), value])
    node = decode_node(raw)
    assert isinstance(node, Leaf)
    assert (node.path, node.value) == (path, value)


def test_an_extension_comes_back():
    node = decode_node(encode_node(Extension(None, b"\x01\x02", HASH)))
    assert isinstance(node, Extension)
    assert (node.path, node.child) == (b"\x01\x02", HASH)


@pytest.mark.parametrize("value", [None, b"v", b"v" * 60, b"v" * 300])
def test_a_branch_comes_back_with_hashed_and_inline_children(value):
    inline = encode_node(Leaf(None, b"\x03", b"x"))
    children: list = [None] * 16
    children[0], children[15] = HASH, inline
    raw = encode_node(Branch(None, children.copy(), value))
    node = decode_node(raw)
    assert isinstance(node, Branch)
    assert (node.children, node.value) == (children, value)
    assert pyrlp.decode(raw)[15] == pyrlp.decode(inline)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80",
        b"\xc0",
        pyrlp.encode([b"\x20", b"v", b"more"]),
        pyrlp.encode([b"", b"v"]),
        pyrlp.encode([b"\x40", b"v"]),
        pyrlp.encode([[b"\x20"], b"v"]),
        pyrlp.encode([b"\x20", [b"v"]]),
        pyrlp.encode([b"\x20", b"value"])[:-1],
        pyrlp.encode([b"\x20", b"value"]) + b"\0",
    ],
)
def test_bytes_that_are_no_node_are_a_corrupt_store(raw):
    key = keccak256(raw)
    with pytest.raises(CorruptStoreError, match=key.hex()):
        NodeCache({key: raw}.get, 10).load(key)


@given(st.binary(max_size=80))
def test_any_stored_bytes_are_a_node_or_a_corrupt_store(raw):
    key = Hash32(bytes(32))
    try:
        node = NodeCache({key: raw}.get, 10).load(key)
    except CorruptStoreError:
        return
    assert isinstance(node, (Branch, Leaf, Extension))


def test_a_missing_node_names_its_hash():
    with pytest.raises(MissingStateError, match="01" * 32):
        NodeCache({}.get, 10).load(Hash32(b"\x01" * 32))


def test_the_cache_reads_a_node_once_while_it_has_room():
    raw = encode_node(Leaf(None, b"", b"v"))
    reads = []

    def read(key):
        reads.append(key)
        return raw

    cache = NodeCache(read, 10)
    assert cache.load(Hash32(b"k" * 32)) is cache.load(Hash32(b"k" * 32))
    assert len(reads) == 1


def test_the_cache_forgets_what_was_not_read_for_long():
    raw = encode_node(Leaf(None, b"", b"v"))
    reads = []

    def read(key):
        reads.append(key)
        return raw

    cache = NodeCache(read, 4)
    keys = [Hash32(bytes([n]) * 32) for n in range(8)]
    for key in keys:
        cache.load(key)
        cache.load(keys[0])  # stays young
    del reads[:]
    cache.load(keys[0])
    assert reads == []
    cache.load(keys[1])
    assert reads == [keys[1]]
