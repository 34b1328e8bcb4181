import random
from contextlib import closing

import pytest

from node.base.errors import WardnetError
from node.ipfs_lite.blocks import Batch, Block, BlockClass, Guard, Pin, PinMode, PinState
from node.ipfs_lite.cid import DAG_PB, RAW, make_cid, make_cid_v0, multihash_of
from node.ipfs_lite.errors import CorruptBlockError, IncompleteError
from node.ipfs_lite.holds_check import check_holds
from node.ipfs_lite.memory_store import MemoryStore
from tests.ipfs_lite.counted import Counted, new_index
from tests.ipfs_lite.store_graphs import GRAPH, LEFT, RIGHT, TOP, A, B, C, direct, leaf, node
from tests.ipfs_lite.tampering import tamper

NOW_S = 100


@pytest.fixture
def database(tmp_path):
    with closing(new_index(tmp_path / "index")) as database:
        yield database


@pytest.fixture
def counted(database):
    with database.batch():
        yield Counted(database)


def fill(counted, *blocks):
    for block in blocks:
        counted.put(*block)


def held(counted, *blocks):
    return [counted.counts(block.cid)[0] for block in blocks]


def test_a_shared_block_is_held_once_by_each_held_parent(counted):
    fill(counted, *GRAPH)
    assert held(counted, TOP, LEFT, RIGHT, A, B, C) == [0] * 6
    counted.pin(Pin(TOP.cid))
    assert held(counted, TOP, LEFT, RIGHT, A, B, C) == [1, 1, 1, 1, 2, 1]
    counted.pin(Pin(LEFT.cid))
    assert held(counted, TOP, LEFT, RIGHT, A, B, C) == [1, 2, 1, 1, 2, 1]
    counted.unpin(TOP.cid)
    assert held(counted, TOP, LEFT, RIGHT, A, B, C) == [0, 1, 0, 1, 1, 0]


def test_a_child_that_is_linked_twice_is_held_once(counted):
    twice = node(A, Block(make_cid(A.data, DAG_PB), A.data))
    fill(counted, A, twice)
    counted.pin(Pin(twice.cid))
    assert held(counted, A) == [1]


@pytest.mark.parametrize("order", [(TOP, LEFT, A, B), (B, A, LEFT, TOP), (LEFT, B, TOP, A)])
def test_blocks_that_return_below_a_pin_are_held_in_any_order(counted, order):
    fill(counted, *GRAPH)
    counted.pin(Pin(TOP.cid))
    before = held(counted, *GRAPH)
    for block in order:
        counted.delete(block.cid)
    assert held(counted, RIGHT, C) == ([0, 0] if TOP in order else [1, 1])
    fill(counted, *order[::-1])
    assert held(counted, *GRAPH) == before


def test_a_direct_pin_is_counted_apart(counted):
    fill(counted, *GRAPH)
    counted.pin(direct(LEFT.cid))
    assert (counted.counts(LEFT.cid), counted.counts(A.cid)) == ((0, 1), (0, 0))
    counted.pin(Pin(LEFT.cid))
    assert (counted.counts(LEFT.cid), counted.counts(A.cid)) == ((1, 0), (1, 0))


def test_a_chain_as_deep_as_no_stack_of_calls_is_held_and_let_go(counted):
    chain = [leaf(0)]
    for _ in range(1_500):
        chain.append(node(chain[-1]))
    fill(counted, *chain)
    counted.pin(Pin(chain[-1].cid))
    assert counted.garbage() == []
    counted.unpin(chain[-1].cid)
    assert len(counted.garbage()) == len(chain)


def test_the_missing_blocks_are_named_once_and_not_all(counted):
    wide = node(*(leaf(number) for number in range(100)), leaf(0))
    fill(counted, wide)
    with pytest.raises(IncompleteError) as caught:
        counted.pin(Pin(wide.cid))
    assert len(set(caught.value.missing)) == len(caught.value.missing) == 16
    assert counted.holds.pin_of(wide.cid) is None


def test_a_pin_that_fails_later_holds_nothing(counted):
    fill(counted, *GRAPH)
    counted.pin(Pin(TOP.cid))
    counted.holds.set_state(counted.holds.pin_of(TOP.cid), PinState.FAILED)
    assert held(counted, *GRAPH) == [0] * 6
    assert counted.holds.pin_of(TOP.cid).state is PinState.FAILED
    counted.unpin(TOP.cid)
    assert held(counted, *GRAPH) == [0] * 6


def test_the_pins_of_a_block_are_found_by_an_index(counted):
    plan = counted.database.read(
        "EXPLAIN QUERY PLAN SELECT cid FROM pins WHERE substr(cid, -34) = ?", bytes(34)
    )
    assert "pins_mh" in plan[0][3]


class Pair:
    """The counts and the model, side by side: what one refuses the other refuses."""

    def __init__(self, counted):
        self.counted = counted
        self.model = MemoryStore()

    def both(self, change, model_change):
        results = []
        for run in (change, model_change):
            try:
                results.append(run())
            except WardnetError as error:
                results.append(type(error))
        assert results[0] == results[1]

    def put(self, cid, data, guard=None):
        batch = Batch((Block(cid, data),), BlockClass.SEALED, guard)
        self.both(lambda: self.counted.put(cid, data, guard), lambda: self.model.commit(batch))

    def delete(self, cid):
        self.counted.delete(cid)
        self.model.delete(cid)

    def corrupt(self, cid):
        if self.model.has(cid):
            self.counted.corrupt(cid)
            tamper(self.model, cid)
            with pytest.raises(CorruptBlockError):
                self.model.get(cid)

    def pin(self, pin):
        self.both(lambda: self.counted.pin(pin), lambda: self.model.commit(Batch((), pins=(pin,))))

    def unpin(self, cid):
        self.both(lambda: self.counted.unpin(cid), lambda: self.model.unpin(cid))

    def release(self, session):
        self.counted.holds.release(session)
        self.model.commit(Batch(release=session))

    def collect(self, now_s):
        self.counted.holds.guards.end(now_s)
        garbage = self.counted.garbage()
        for key in garbage:
            self.counted.delete(key)
        assert garbage == sorted(self.model.collect(now_s=now_s))

    def check(self, blocks, now_s):
        assert check_holds(self.counted.database) == ()
        assert list(self.counted.holds.pins()) == list(self.model.pins())
        for cid, _ in blocks:
            why = self.counted.holds.why_live(multihash_of(cid), now_s)
            assert why == self.model.why_live(cid, now_s=now_s)


def universe(rng):
    """Make a small random graph: leaves, nodes over them, some links and blocks raw on purpose."""
    blocks = [leaf(number) for number in range(4)]
    for _ in range(8):
        below = [
            Block(make_cid(data, rng.choice((DAG_PB, RAW))), data)
            for _, data in rng.sample(blocks, rng.randint(1, 3))
        ]
        blocks.append(node(*below, name=str(rng.random())))
    return blocks


def name_of(rng, block):
    """Give one of the names of a block."""
    data = block.data
    as_node = make_cid(data, DAG_PB)
    return rng.choice((make_cid(data, RAW), as_node, as_node, as_node, make_cid_v0(data)))


def one_history(rng, pair, steps):
    blocks = universe(rng)
    for block in rng.sample(blocks, rng.choice((0, 6, len(blocks), len(blocks)))):
        pair.put(*block)
    gone = []
    for now_s in range(NOW_S, NOW_S + steps):
        cid = name_of(rng, block := rng.choice(blocks))
        match rng.randrange(10):
            case 0:
                pair.put(cid, block.data)
            case 1:
                pair.put(*(gone.pop() if gone else block))
            case 2:
                session = rng.choice("st")
                pair.put(cid, block.data, Guard(session, now_s + rng.randint(0, 6)))
            case 3:
                live = [one for one in blocks if pair.model.why_live(one.cid, now_s=now_s)]
                gone.append(rng.choice([*live, block]))
                pair.delete(gone[-1].cid)
            case 4:
                pair.corrupt(cid)
            case 5 | 6 | 7:
                mode = rng.choice((PinMode.RECURSIVE, PinMode.RECURSIVE, PinMode.DIRECT))
                state = rng.choice((PinState.PINNED, PinState.PINNED, PinState.QUEUED))
                pair.pin(Pin(cid, mode, state=state, created_s=now_s))
            case 8:
                pinned = [pin.cid for pin in pair.model.pins()]
                pair.unpin(rng.choice([*pinned, cid]))
            case _ if rng.random() < 0.5:
                pair.release("s")
            case _:
                pair.collect(now_s)
        if now_s % 4 == 0:
            pair.check(blocks, now_s)
    pair.check(blocks, NOW_S + steps)
    pair.collect(NOW_S + steps)


@pytest.mark.parametrize(
    ("first", "count"), [(0, 40), pytest.param(40, 2_960, marks=pytest.mark.slow)]
)
def test_random_histories_agree_with_mark_and_sweep(database, first, count):
    for seed in range(first, first + count):
        try:
            with database.batch():
                one_history(random.Random(seed), Pair(Counted(database)), steps=24)
                for table in ("blocks", "links", "pins", "guards"):
                    database.write(f"DELETE FROM {table}")
        except AssertionError as error:
            raise AssertionError(f"history {seed}") from error
