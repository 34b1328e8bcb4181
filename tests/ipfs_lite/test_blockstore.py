import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from node.base.limits import BLOCK_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.blockstore import BlockKeeper, MemoryStore
from node.ipfs_lite.cid import DAG_PB, make_cid, make_cid_v0, multihash_of, to_text
from node.ipfs_lite.errors import (
    BlockMismatchError,
    BlockTooLargeError,
    CorruptBlockError,
    HashNotAllowedError,
    NotFoundError,
    StoreFullError,
)
from tests.ipfs_lite.tampering import tamper

_CID = make_cid(b"data")
SEALED, PUBLIC = BlockClass.SEALED, BlockClass.PUBLIC


@pytest.fixture
def store() -> BlockKeeper:
    return MemoryStore()


def test_a_block_comes_back(store):
    store.put(_CID, b"data", SEALED)
    assert store.get(_CID) == b"data"


def test_the_empty_block_is_a_block(store):
    store.put(make_cid(b""), b"", PUBLIC)
    assert store.get(make_cid(b"")) == b""
    assert store.size(make_cid(b"")) == 0


@pytest.mark.parametrize("other", [make_cid(b"data", DAG_PB), make_cid_v0(b"data")])
def test_a_block_is_found_under_every_cid_of_its_bytes(store, other):
    store.put(_CID, b"data", SEALED)
    assert store.get(other) == b"data"
    store.put(other, b"data", SEALED)
    assert store.count() == 1


def test_an_absent_block_is_named(store):
    with pytest.raises(NotFoundError) as caught:
        store.get(_CID)
    assert caught.value.cid == to_text(_CID)


def test_bytes_of_another_hash_are_refused_on_the_way_in(store):
    with pytest.raises(BlockMismatchError, match=to_text(_CID)):
        store.put(_CID, b"other", SEALED)
    assert store.count() == 0


def test_a_tampered_block_is_refused_and_named(store):
    store.put(_CID, b"data", SEALED)
    tamper(store, _CID)
    with pytest.raises(CorruptBlockError) as caught:
        store.get(_CID)
    assert to_text(_CID) in str(caught.value)


def test_a_tampered_block_is_marked_bad_and_counts_as_absent(store):
    store.put(_CID, b"data", SEALED)
    tamper(store, _CID)
    with pytest.raises(CorruptBlockError):
        store.get(_CID)
    assert store.bad() == (multihash_of(_CID),)
    assert not store.has(_CID)
    assert store.size(_CID) is None


def test_a_bad_block_stays_bad_even_if_its_bytes_return(store):
    store.put(_CID, b"data", SEALED)
    tamper(store, _CID)
    with pytest.raises(CorruptBlockError):
        store.get(_CID)
    tamper(store, _CID)
    with pytest.raises(CorruptBlockError):
        store.get(_CID)


def test_a_put_heals_a_bad_block(store):
    store.put(_CID, b"data", SEALED)
    tamper(store, _CID)
    with pytest.raises(CorruptBlockError):
        store.get(_CID)
    store.put(_CID, b"data", SEALED)
    assert store.get(_CID) == b"data"
    assert store.bad() == ()


@pytest.mark.parametrize("first", [SEALED, PUBLIC])
def test_the_class_is_what_the_writer_said(store, first):
    store.put(_CID, b"data", first)
    assert store.class_of(_CID) is first


def test_the_class_has_no_default(store):
    with pytest.raises(TypeError):
        store.put(_CID, b"data")


def test_a_sealed_block_never_becomes_public(store):
    store.put(_CID, b"data", SEALED)
    store.put(_CID, b"data", PUBLIC)
    assert store.class_of(_CID) is SEALED


def test_a_public_block_can_be_sealed(store):
    store.put(_CID, b"data", PUBLIC)
    store.put(_CID, b"data", SEALED)
    assert store.class_of(_CID) is SEALED


def test_the_class_of_an_absent_block_is_unknown(store):
    with pytest.raises(NotFoundError):
        store.class_of(_CID)


def test_the_longest_block_is_kept(store):
    data = bytes(BLOCK_BYTES_MAX)
    store.put(make_cid(data), data, SEALED)
    assert store.size(make_cid(data)) == BLOCK_BYTES_MAX


def test_one_byte_more_is_refused(store):
    data = bytes(BLOCK_BYTES_MAX + 1)
    with pytest.raises(BlockTooLargeError):
        store.put(make_cid(data), data, SEALED)


def test_an_identity_cid_is_never_stored(store):
    with pytest.raises(HashNotAllowedError):
        store.put(Cid(b"\x01\x55\x00\x01B"), b"B", PUBLIC)


def test_a_full_store_says_how_much_is_free():
    store = MemoryStore(bytes_max=5)
    store.put(_CID, b"data", SEALED)
    with pytest.raises(StoreFullError) as caught:
        store.put(make_cid(b"xy"), b"xy", SEALED)
    assert (caught.value.size_bytes, caught.value.free_bytes) == (2, 1)
    store.put(make_cid(b"x"), b"x", SEALED)


def test_writing_a_block_again_takes_no_room():
    store = MemoryStore(bytes_max=4)
    store.put(_CID, b"data", SEALED)
    store.put(_CID, b"data", SEALED)
    assert store.count() == 1


def test_deleting_gives_the_room_back():
    store = MemoryStore(bytes_max=4)
    store.put(_CID, b"data", SEALED)
    assert store.delete(_CID)
    store.put(make_cid(b"four"), b"four", SEALED)
    assert store.count() == 1


def test_deleting_an_absent_block_says_so(store):
    assert not store.delete(_CID)


def test_the_keys_come_in_ascending_order(store):
    for number in range(20):
        data = bytes((number,))
        store.put(make_cid(data), data, PUBLIC)
    keys = list(store.multihashes())
    assert keys == sorted(keys)
    assert len(keys) == store.count() == 20


class StoreAgainstModel(RuleBasedStateMachine):
    """Any history of operations leaves what a dict would hold."""

    def __init__(self):
        super().__init__()
        self.store = MemoryStore()
        self.model = {}

    blocks = st.binary(min_size=1, max_size=2)

    @rule(data=blocks)
    def put(self, data):
        self.store.put(make_cid(data), data, SEALED)
        self.model[data] = True

    @rule(data=blocks)
    def delete(self, data):
        assert self.store.delete(make_cid(data)) == (self.model.pop(data, None) is not None)

    @rule(data=blocks)
    def corrupt(self, data):
        if self.model.get(data):
            tamper(self.store, make_cid(data))
            self.model[data] = False

    @rule(data=blocks)
    def get(self, data):
        wanted = self.model.get(data)
        if wanted:
            assert self.store.get(make_cid(data)) == data
        else:
            with pytest.raises(NotFoundError if wanted is None else CorruptBlockError):
                self.store.get(make_cid(data))

    @invariant()
    def holds_what_the_model_holds(self):
        wanted = sorted(multihash_of(make_cid(data)) for data in self.model)
        assert list(self.store.multihashes()) == wanted


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(deadline=None, max_examples=30, stateful_step_count=20)
