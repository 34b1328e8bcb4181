"""What is true of every block store about pins, guards and garbage; used like ``store_suite``."""

import pytest

from node.base.limits import GC_BATCH_BLOCKS_COUNT_MAX, NAME_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import (
    Batch,
    Block,
    Guard,
    Pin,
    PinMode,
    PinState,
)
from node.ipfs_lite.cid import RAW, from_text, make_cid, make_cid_v0, multihash_of, to_text
from node.ipfs_lite.errors import (
    BlockMismatchError,
    CorruptBlockError,
    IncompleteError,
    PinConflictError,
    PinnedError,
    StoreFullError,
)
from tests.ipfs_lite.store_graphs import (
    GRAPH,
    LEFT,
    NOW_S,
    RIGHT,
    TOP,
    A,
    B,
    C,
    StoreFixture,
    collected,
    direct,
    fill,
    keys,
    leaf,
    node,
)


class BatchFacts(StoreFixture):
    """A batch is kept whole or not at all."""

    def test_a_batch_brings_its_blocks_and_its_pin(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        assert store.count() == len(GRAPH)
        assert [pin.cid for pin in store.pins()] == [TOP.cid]

    def test_an_empty_batch_does_nothing(self, store):
        store.commit(Batch())
        assert store.count() == 0

    def test_the_same_block_twice_in_a_batch_is_one(self, store):
        fill(store, A, Block(make_cid_v0(A.data), A.data))
        assert store.count() == 1

    def test_one_wrong_block_keeps_the_others_out(self, store):
        with pytest.raises(BlockMismatchError):
            fill(store, A, Block(B.cid, b"other"), guard=Guard("s", 9_999), claim=TOP.cid)
        assert (store.count(), store.claims_of(multihash_of(A.cid))) == (0, ())

    def test_a_refused_pin_keeps_the_blocks_out(self, store):
        with pytest.raises(IncompleteError):
            fill(store, A, LEFT, pins=[Pin(A.cid), Pin(LEFT.cid)], claim=LEFT.cid)
        assert (store.count(), list(store.pins())) == (0, [])
        assert store.claims_of(multihash_of(A.cid)) == ()

    def test_a_full_store_keeps_nothing_of_a_batch(self, make):
        store = make(bytes_max=len(A.data))
        with pytest.raises(StoreFullError):
            fill(store, A, B)
        assert store.count() == 0
        store.close()

    def test_a_batch_replaces_a_bad_block(self, store):
        fill(store, A)
        self.corrupt(store, A.cid)
        with pytest.raises(CorruptBlockError):
            store.get(A.cid)
        fill(store, A, B)
        assert store.get(A.cid) == A.data

    def test_verify_finds_the_corrupt_block_and_marks_it(self, store):
        fill(store, A, B)
        assert list(store.verify()) == []
        self.corrupt(store, A.cid)
        assert [problem.multihash for problem in store.verify()] == keys(A)
        assert list(store.bad()) == keys(A)


class PinFacts(StoreFixture):
    """What may be pinned, and what it holds."""

    def test_a_recursive_pin_keeps_its_graph(self, store):
        fill(store, *GRAPH, leaf(9), pins=[Pin(TOP.cid)])
        assert collected(store) == keys(leaf(9))
        assert list(store.multihashes()) == keys(*GRAPH)

    def test_without_its_pin_the_graph_is_garbage(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        store.unpin(TOP.cid)
        assert collected(store) == keys(*GRAPH)
        assert store.count() == 0

    def test_what_another_pin_reaches_stays(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid), Pin(LEFT.cid)])
        store.unpin(TOP.cid)
        assert collected(store) == keys(C, RIGHT, TOP)

    def test_a_direct_pin_keeps_one_block(self, store):
        fill(store, *GRAPH, pins=[direct(TOP.cid)])
        assert collected(store) == keys(A, B, C, LEFT, RIGHT)

    def test_a_recursive_pin_wants_its_whole_graph(self, store):
        fill(store, A, LEFT, RIGHT, TOP)
        with pytest.raises(IncompleteError) as caught:
            fill(store, pins=[Pin(TOP.cid)])
        assert caught.value.root == to_text(TOP.cid)
        assert {from_text(cid) for cid in caught.value.missing} <= {B.cid, C.cid}
        assert caught.value.missing
        assert collected(store) == keys(A, LEFT, RIGHT, TOP)

    def test_a_recursive_pin_wants_good_blocks(self, store):
        fill(store, *GRAPH)
        self.corrupt(store, A.cid)
        list(store.verify())
        with pytest.raises(IncompleteError, match=to_text(A.cid)):
            fill(store, pins=[Pin(TOP.cid)])

    def test_a_direct_pin_wants_its_block(self, store):
        with pytest.raises(IncompleteError, match=to_text(A.cid)):
            fill(store, pins=[direct(A.cid)])

    def test_a_pinned_block_that_turns_bad_stays_pinned(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        self.corrupt(store, LEFT.cid)
        list(store.verify())
        assert collected(store) == []
        fill(store, LEFT)
        assert store.get(LEFT.cid) == LEFT.data
        assert collected(store) == []

    def test_repeating_a_pin_changes_nothing_and_keeps_its_time(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid, created_s=5)])
        fill(store, pins=[Pin(TOP.cid, created_s=7)])
        assert store.pin_of(TOP.cid).created_s == 5
        store.unpin(TOP.cid)
        assert collected(store) == keys(*GRAPH)

    def test_a_recursive_pin_replaces_a_direct_one(self, store):
        fill(store, *GRAPH, pins=[direct(TOP.cid)])
        fill(store, pins=[Pin(TOP.cid)])
        assert [pin.mode for pin in store.pins()] == [PinMode.RECURSIVE]
        assert collected(store) == []
        store.unpin(TOP.cid)
        assert collected(store) == keys(*GRAPH)

    def test_a_direct_pin_on_a_recursive_one_is_refused(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        with pytest.raises(PinConflictError, match="recursively"):
            fill(store, leaf(7), pins=[direct(TOP.cid)])
        assert not store.has(leaf(7).cid)

    def test_taking_off_a_pin_that_is_not_there_is_refused(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        with pytest.raises(PinConflictError, match="not pinned"):
            store.unpin(LEFT.cid)

    def test_unpinning_gives_the_pin(self, store):
        pin = Pin(A.cid, name="scan", profile="unixfs-v1-2025", rf_min=2, rf_max=-1, created_s=9)
        fill(store, A, pins=[pin])
        assert store.pin_of(A.cid) == pin
        assert store.unpin(A.cid) == pin
        assert store.pin_of(A.cid) is None

    @pytest.mark.parametrize("name", ["n" * NAME_BYTES_MAX, "ä" * 127, "a\0b"])
    def test_a_name_up_to_the_limit_is_kept(self, store, name):
        fill(store, A, pins=[Pin(A.cid, name=name)])
        assert store.pin_of(A.cid).name == name

    @pytest.mark.parametrize("name", ["n" * (NAME_BYTES_MAX + 1), "ä" * 128, "\ud800"])
    def test_a_longer_name_and_one_that_is_no_text_is_refused(self, store, name):
        with pytest.raises(PinConflictError, match="name"):
            fill(store, A, pins=[Pin(A.cid, name=name)])
        assert store.count() == 0

    @pytest.mark.parametrize("state", [PinState.QUEUED, PinState.PINNING, PinState.FAILED])
    def test_a_pin_that_does_not_stand_holds_nothing_and_wants_nothing(self, store, state):
        fill(store, LEFT, pins=[Pin(LEFT.cid, state=state)])
        assert store.pin_of(LEFT.cid).state is state
        assert collected(store) == keys(LEFT)

    def test_a_pin_that_stands_is_not_given_up_for_a_queued_one(self, store):
        fill(store, A, pins=[direct(A.cid)])
        fill(store, pins=[Pin(A.cid, state=PinState.QUEUED)])
        assert collected(store) == []

    def test_a_queued_pin_comes_to_stand(self, store):
        fill(store, A, pins=[Pin(A.cid, state=PinState.QUEUED)])
        fill(store, pins=[Pin(A.cid)])
        assert collected(store) == []

    def test_two_names_of_one_block_are_two_pins(self, store):
        old = make_cid_v0(TOP.data)
        fill(store, *GRAPH, pins=[Pin(TOP.cid), Pin(old)])
        store.unpin(TOP.cid)
        assert collected(store) == []
        store.unpin(old)
        assert collected(store) == keys(*GRAPH)

    def test_a_raw_pin_of_a_node_holds_no_children(self, store):
        raw = make_cid(LEFT.data, RAW)
        fill(store, A, B, LEFT, pins=[Pin(raw)])
        assert collected(store) == keys(A, B)

    def test_a_raw_pin_of_a_node_wants_no_children(self, store):
        fill(store, LEFT, pins=[Pin(make_cid(LEFT.data, RAW))])
        assert collected(store) == []

    def test_a_raw_leaf_that_is_a_node_elsewhere_wants_no_children(self, store):
        dump = Block(make_cid(LEFT.data, RAW), LEFT.data)
        folder = node(dump)
        fill(store, LEFT)
        fill(store, dump, folder, pins=[Pin(folder.cid)])
        assert collected(store) == []

    def test_a_node_that_came_as_raw_bytes_holds_its_children(self, store):
        """Whoever wrote the bytes first called them a leaf; the graph of the pin is whole."""
        fill(store, A, B, Block(make_cid(LEFT.data, RAW), LEFT.data))
        top = node(LEFT)
        fill(store, top, pins=[Pin(top.cid)])
        assert collected(store) == []

    def test_the_pins_come_in_the_order_of_their_cids(self, store):
        blocks = [leaf(number) for number in range(30)]
        fill(store, *blocks, pins=[Pin(block.cid) for block in blocks])
        assert [pin.cid for pin in store.pins()] == sorted(block.cid for block in blocks)

    def test_a_removed_block_that_returns_is_held_again(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        assert store.delete(LEFT.cid)
        assert collected(store) == keys(A)
        fill(store, A, LEFT)
        assert collected(store) == []
        assert store.why_live(A.cid, now_s=NOW_S) is not None


class LiveFacts(StoreFixture):
    """What keeps a block, in words, and guards."""

    def test_the_reason_names_the_pin(self, store):
        fill(store, *GRAPH, leaf(9), pins=[Pin(TOP.cid), direct(C.cid)])
        why = {block: store.why_live(block.cid, now_s=NOW_S) for block in (TOP, C, A, leaf(9))}
        assert why == {
            TOP: "pinned recursively",
            C: "pinned directly",
            A: f"below the pin {to_text(TOP.cid)}",
            leaf(9): None,
        }

    def test_nothing_keeps_an_absent_block(self, store):
        assert store.why_live(A.cid, now_s=NOW_S) is None

    def test_a_held_block_is_not_removed(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        with pytest.raises(PinnedError, match=to_text(TOP.cid)):
            store.remove(A.cid, now_s=NOW_S)
        assert store.has(A.cid)

    def test_garbage_is_removed_once(self, store):
        fill(store, A)
        assert store.remove(A.cid, now_s=NOW_S)
        assert not store.remove(A.cid, now_s=NOW_S)

    def test_a_guard_keeps_a_block_until_it_ends(self, store):
        fill(store, A, guard=Guard("import 1", NOW_S))
        assert store.why_live(A.cid, now_s=NOW_S - 1) == "guarded by import 1"
        assert collected(store, NOW_S - 1) == []
        assert store.why_live(A.cid, now_s=NOW_S) is None
        assert collected(store, NOW_S) == keys(A)

    def test_a_guard_counts_from_the_last_block_of_its_session(self, store):
        fill(store, A, guard=Guard("s", NOW_S))
        fill(store, B, guard=Guard("s", NOW_S + 50))
        fill(store, C, guard=Guard("s", NOW_S + 20))
        assert collected(store, NOW_S + 49) == []
        assert collected(store, NOW_S + 50) == keys(A, B, C)

    def test_a_guard_ends_with_the_batch_that_says_so(self, store):
        fill(store, A, B, guard=Guard("s", 9_999))
        fill(store, C, guard=Guard("other", 9_999))
        fill(store, pins=[Pin(A.cid)], release="s")
        assert collected(store) == keys(B)

    def test_a_present_block_is_guarded_too(self, store):
        fill(store, A)
        fill(store, A, guard=Guard("s", 9_999))
        assert collected(store) == []

    def test_more_garbage_than_one_transaction_takes_is_collected(self, store):
        blocks = [leaf(number) for number in range(GC_BATCH_BLOCKS_COUNT_MAX + 3)]
        for at in range(0, len(blocks), 100):
            fill(store, *blocks[at : at + 100])
        assert collected(store) == keys(*blocks)
        assert store.count() == 0

    def test_the_store_may_be_used_between_two_results(self, store):
        fill(store, A, B, C)
        gone = store.collect(now_s=NOW_S)
        assert not store.has(Cid(next(gone)))
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        assert set(gone) < set(keys(A, B, C))
        assert list(store.multihashes()) == keys(*GRAPH)

    def test_room_is_free_after_a_collection(self, make):
        store = make(bytes_max=len(A.data))
        fill(store, A)
        collected(store)
        fill(store, B)
        assert store.count() == 1
        store.close()
