"""What is true of every block store.

A test module makes a subclass named ``Test...`` with two things: a fixture ``make``, which gives a
function that opens an empty store (``bytes_max``: its room), and ``corrupt(store, cid)``, which
flips a bit of a stored block.  ``store_holds`` and ``store_erasure`` have more facts.
"""

import pytest

from node.base.limits import BLOCK_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import DAG_PB, make_cid, make_cid_v0, multihash_of, to_text
from node.ipfs_lite.errors import (
    BlockMismatchError,
    BlockTooLargeError,
    CorruptBlockError,
    HashNotAllowedError,
    NotFoundError,
    StoreFullError,
)
from tests.ipfs_lite.store_graphs import StoreFixture

_CID = make_cid(b"data")
SEALED, PUBLIC = BlockClass.SEALED, BlockClass.PUBLIC


class BlockFacts(StoreFixture):
    """Blocks go in and come out."""

    def test_a_block_comes_back(self, store):
        store.put(_CID, b"data", SEALED)
        assert store.get(_CID) == b"data"

    def test_the_empty_block_is_a_block(self, store):
        store.put(make_cid(b""), b"", PUBLIC)
        assert store.get(make_cid(b"")) == b""
        assert store.size(make_cid(b"")) == 0

    @pytest.mark.parametrize("other", [make_cid(b"data", DAG_PB), make_cid_v0(b"data")])
    def test_a_block_is_found_under_every_cid_of_its_bytes(self, store, other):
        store.put(_CID, b"data", SEALED)
        assert store.get(other) == b"data"
        store.put(other, b"data", SEALED)
        assert store.count() == 1

    def test_an_absent_block_is_named(self, store):
        with pytest.raises(NotFoundError) as caught:
            store.get(_CID)
        assert caught.value.cid == to_text(_CID)

    def test_bytes_of_another_hash_are_refused_on_the_way_in(self, store):
        with pytest.raises(BlockMismatchError, match=to_text(_CID)):
            store.put(_CID, b"other", SEALED)
        assert store.count() == 0

    def test_a_tampered_block_is_refused_and_named(self, store):
        store.put(_CID, b"data", SEALED)
        self.corrupt(store, _CID)
        with pytest.raises(CorruptBlockError) as caught:
            store.get(_CID)
        assert to_text(_CID) in str(caught.value)

    def test_a_tampered_block_is_marked_bad_and_counts_as_absent(self, store):
        store.put(_CID, b"data", SEALED)
        self.corrupt(store, _CID)
        with pytest.raises(CorruptBlockError):
            store.get(_CID)
        assert store.bad() == (multihash_of(_CID),)
        assert not store.has(_CID)
        assert store.size(_CID) is None

    def test_a_bad_block_stays_bad_even_if_its_bytes_return(self, store):
        store.put(_CID, b"data", SEALED)
        self.corrupt(store, _CID)
        with pytest.raises(CorruptBlockError):
            store.get(_CID)
        self.corrupt(store, _CID)
        with pytest.raises(CorruptBlockError):
            store.get(_CID)

    def test_a_put_heals_a_bad_block(self, store):
        store.put(_CID, b"data", SEALED)
        self.corrupt(store, _CID)
        with pytest.raises(CorruptBlockError):
            store.get(_CID)
        store.put(_CID, b"data", SEALED)
        assert store.get(_CID) == b"data"
        assert store.bad() == ()

    @pytest.mark.parametrize("first", [SEALED, PUBLIC])
    def test_the_class_is_what_the_writer_said(self, store, first):
        store.put(_CID, b"data", first)
        assert store.class_of(_CID) is first

    def test_the_class_has_no_default(self, store):
        with pytest.raises(TypeError):
            store.put(_CID, b"data")

    def test_a_sealed_block_never_becomes_public(self, store):
        store.put(_CID, b"data", SEALED)
        store.put(_CID, b"data", PUBLIC)
        assert store.class_of(_CID) is SEALED

    def test_a_public_block_can_be_sealed(self, store):
        store.put(_CID, b"data", PUBLIC)
        store.put(_CID, b"data", SEALED)
        assert store.class_of(_CID) is SEALED

    def test_the_class_of_an_absent_block_is_unknown(self, store):
        with pytest.raises(NotFoundError):
            store.class_of(_CID)

    def test_the_longest_block_is_kept(self, store):
        data = bytes(BLOCK_BYTES_MAX)
        store.put(make_cid(data), data, SEALED)
        assert store.size(make_cid(data)) == BLOCK_BYTES_MAX

    def test_one_byte_more_is_refused(self, store):
        data = bytes(BLOCK_BYTES_MAX + 1)
        with pytest.raises(BlockTooLargeError):
            store.put(make_cid(data), data, SEALED)

    def test_an_identity_cid_is_never_stored(self, store):
        with pytest.raises(HashNotAllowedError):
            store.put(Cid(b"\x01\x55\x00\x01B"), b"B", PUBLIC)

    def test_deleting_an_absent_block_says_so(self, store):
        assert not store.delete(_CID)

    def test_the_keys_come_in_ascending_order(self, store):
        for number in range(20):
            data = bytes((number,))
            store.put(make_cid(data), data, PUBLIC)
        keys = list(store.multihashes())
        assert keys == sorted(keys)
        assert len(keys) == store.count() == 20

    def test_a_full_store_says_how_much_is_free(self, make):
        store = make(bytes_max=5)
        store.put(_CID, b"data", SEALED)
        with pytest.raises(StoreFullError) as caught:
            store.put(make_cid(b"xy"), b"xy", SEALED)
        assert (caught.value.size_bytes, caught.value.free_bytes) == (2, 1)
        store.put(make_cid(b"x"), b"x", SEALED)

    def test_writing_a_block_again_takes_no_room(self, make):
        store = make(bytes_max=4)
        store.put(_CID, b"data", SEALED)
        store.put(_CID, b"data", SEALED)
        assert store.count() == 1

    def test_deleting_gives_the_room_back(self, make):
        store = make(bytes_max=4)
        store.put(_CID, b"data", SEALED)
        assert store.delete(_CID)
        store.put(make_cid(b"four"), b"four", SEALED)
        assert store.count() == 1
