"""Any history of a store on disk leaves what the store in memory holds.

Blocks come with pins, guards and claims, are let go, collected, erased and corrupted; the process
ends and starts again.  After each step the counts equal a walk from the pins.
"""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.base.errors import WardnetError
from node.ipfs_lite.blocks import (
    AccessRule,
    Batch,
    Block,
    BlockClass,
    EraseOrder,
    Guard,
    Pin,
    PinMode,
    PinState,
)
from node.ipfs_lite.cid import DAG_PB, RAW, make_cid, make_cid_v0, multihash_of
from node.ipfs_lite.errors import CorruptBlockError
from node.ipfs_lite.holds_check import check_holds
from node.ipfs_lite.memory_store import MemoryStore
from tests.ipfs_lite.disks import PLAIN, SEALED, crash, opened, spoil
from tests.ipfs_lite.store_graphs import LEFT, RIGHT, TOP, A, B, C, node
from tests.ipfs_lite.tampering import tamper

_DUMP = node(Block(make_cid(LEFT.data, RAW), LEFT.data))
"""Has a node as a raw leaf."""
BLOCKS = (A, B, C, LEFT, RIGHT, TOP, _DUMP, node(TOP, _DUMP))
LEAVES_INLINE = 6
SUBJECT = b"operator"

numbers = st.integers(0, len(BLOCKS) - 1)
names = st.builds(
    lambda number, name: name(BLOCKS[number].data),
    numbers,
    st.sampled_from((make_cid, lambda data: make_cid(data, DAG_PB), make_cid_v0)),
)
sessions = st.sampled_from("st")
batches = st.builds(
    Batch,
    st.lists(numbers.map(BLOCKS.__getitem__), max_size=5).map(tuple),
    st.sampled_from(BlockClass),
    st.none() | st.builds(Guard, sessions, st.integers(0, 60)),
    st.none() | numbers.map(lambda number: BLOCKS[number].cid),
    st.lists(
        st.builds(
            Pin,
            names,
            st.sampled_from((PinMode.RECURSIVE, PinMode.RECURSIVE, PinMode.DIRECT)),
            st.text(max_size=3),
            created_s=st.integers(0, 60),
            state=st.sampled_from((PinState.PINNED, PinState.PINNED, PinState.QUEUED)),
        ),
        max_size=2,
    ).map(tuple),
    st.none() | sessions,
)


class Histories(RuleBasedStateMachine):
    """Two stores do the same; what one refuses, the other refuses."""

    options = replace(PLAIN, inline_bytes_max=LEAVES_INLINE)

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.disk = opened(self.folder, self.options)
        self.model = MemoryStore()
        self.now_s = 0

    def teardown(self):
        self.disk.close()
        shutil.rmtree(self.folder)

    def both(self, change):
        answers = []
        for store in (self.disk, self.model):
            try:
                answers.append(change(store))
            except WardnetError as error:
                answers.append(type(error))
        assert answers[0] == answers[1]
        return answers[0]

    @initialize(count=st.integers(0, len(BLOCKS)))
    def start(self, count):
        self.both(lambda store: store.commit(Batch(BLOCKS[:count])))

    @rule(batch=batches)
    def commit(self, batch):
        self.both(lambda store: store.commit(batch))

    @rule(number=numbers)
    def put(self, number):
        cid, data = BLOCKS[number]
        self.both(lambda store: store.put(cid, data, BlockClass.SEALED))

    @rule(cid=names)
    def pin(self, cid):
        self.both(lambda store: store.commit(Batch(pins=(Pin(cid),))))

    @rule(cid=names, index=st.integers(0, 9))
    def unpin(self, cid, index):
        pinned = [pin.cid for pin in self.model.pins()]
        target = pinned[index] if index < len(pinned) else cid
        self.both(lambda store: store.unpin(target))

    @rule(cid=names)
    def remove(self, cid):
        self.both(lambda store: store.remove(cid, now_s=self.now_s))

    @rule(cid=names)
    def delete(self, cid):
        self.both(lambda store: store.delete(cid))

    @rule(seconds=st.integers(0, 20))
    def collect(self, seconds):
        self.now_s += seconds
        self.both(lambda store: sorted(store.collect(now_s=self.now_s)))

    @rule(cid=names, order=st.integers(0, 3), force=st.booleans())
    def erase(self, cid, order, force):
        order = EraseOrder(bytes([order] * 32), cid, self.now_s, force=force)
        self.both(lambda store: store.erase(order))

    @rule(number=numbers)
    def set_rules(self, number):
        root = BLOCKS[number].cid
        rules = (AccessRule(root, SUBJECT, "grant", self.now_s, self.now_s + 5),)
        self.both(lambda store: store.set_rules(root, rules))

    @rule(number=numbers)
    def corrupt(self, number):
        cid = make_cid(BLOCKS[number].data)
        if not self.model.has(cid):
            return
        tamper(self.model, cid)
        spoil(self.folder, self.disk, cid)
        assert self.both(lambda store: store.get(cid)) is CorruptBlockError

    @rule()
    def verify(self):
        for store in (self.disk, self.model):
            list(store.verify())

    @rule(is_killed=st.booleans())
    def reopen(self, is_killed):
        (crash if is_killed else type(self.disk).close)(self.disk)
        self.disk = opened(self.folder, self.options)

    @invariant()
    def the_counts_equal_mark_and_sweep(self):
        assert check_holds(self.disk._database) == ()

    @invariant()
    def both_hold_the_same(self):
        for look in (
            lambda store: list(store.multihashes()),
            lambda store: store.bad(),
            lambda store: list(store.pins()),
            lambda store: [store.is_tombstoned(multihash_of(cid)) for cid, _ in BLOCKS],
            lambda store: [store.claims_of(multihash_of(cid)) for cid, _ in BLOCKS],
            lambda store: [store.rules_for(multihash_of(cid), SUBJECT) for cid, _ in BLOCKS],
            lambda store: [store.why_live(cid, now_s=self.now_s) for cid, _ in BLOCKS],
        ):
            assert look(self.disk) == look(self.model)

    @invariant()
    def good_blocks_are_read_right(self):
        for cid, data in BLOCKS:
            if self.model.has(cid):
                assert self.disk.get(cid) == data
                assert self.disk.class_of(cid) is self.model.class_of(cid)


class SealedHistories(Histories):
    options = replace(SEALED, inline_bytes_max=LEAVES_INLINE)


TestHistories = Histories.TestCase
TestHistories.settings = settings(deadline=None, max_examples=8, stateful_step_count=12)
TestSealedHistories = SealedHistories.TestCase
TestSealedHistories.settings = settings(deadline=None, max_examples=4, stateful_step_count=12)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [Histories, SealedHistories])
def test_many_long_histories(machine):
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        machine, settings=settings(deadline=None, max_examples=60, stateful_step_count=40)
    )
