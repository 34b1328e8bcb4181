import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid, multihash_of
from node.ipfs_lite.errors import CorruptBlockError, NotFoundError
from node.ipfs_lite.memory_store import MemoryStore
from tests.ipfs_lite.store_erasure import AccessFacts, EraseFacts
from tests.ipfs_lite.store_holds import BatchFacts, LiveFacts, PinFacts
from tests.ipfs_lite.store_suite import BlockFacts
from tests.ipfs_lite.tampering import tamper


class TestMemoryStore(BlockFacts, BatchFacts, PinFacts, LiveFacts, EraseFacts, AccessFacts):
    @pytest.fixture
    def make(self):
        return MemoryStore

    corrupt = staticmethod(tamper)


class StoreAgainstModel(RuleBasedStateMachine):
    """Any history of operations leaves what a dict would hold."""

    def __init__(self):
        super().__init__()
        self.store = MemoryStore()
        self.model = {}

    blocks = st.binary(min_size=1, max_size=2)

    @rule(data=blocks)
    def put(self, data):
        self.store.put(make_cid(data), data, BlockClass.SEALED)
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


def test_rot_is_seen_by_who_reads_and_by_nobody_else():
    store, data = MemoryStore(), b"words"
    cid = make_cid(data)
    name = multihash_of(cid)
    store.put(cid, data, BlockClass.PUBLIC)
    store.rot(name, 9)
    assert store.stored(name) == b"wmrds"
    assert store.has(cid)
    with pytest.raises(CorruptBlockError):
        store.get(cid)
    assert store.stored(b"another") is None
