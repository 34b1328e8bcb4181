"""What is true of every block store about erasure and access; used like ``store_suite``."""

from dataclasses import replace

import pytest

from node.ipfs_lite.blocks import (
    AccessRule,
    Block,
    EraseOrder,
    Guard,
    Pin,
    PinState,
)
from node.ipfs_lite.cid import RAW, make_cid, make_cid_v0, multihash_of, to_text
from node.ipfs_lite.errors import (
    RetentionError,
    TombstonedError,
)
from tests.ipfs_lite.store_graphs import (
    GRAPH,
    LEFT,
    NOW_S,
    ORDER,
    RIGHT,
    SEALED,
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
)


class EraseFacts(StoreFixture):
    """Section 10: what an order destroys, and what it leaves."""

    def test_an_erased_graph_is_gone_and_refused(self, store):
        fill(store, *GRAPH, leaf(9), pins=[Pin(TOP.cid)])
        done = store.erase(EraseOrder(ORDER, TOP.cid, NOW_S))
        assert (list(done.erased), done.kept, done.order_id) == (keys(*GRAPH), (), ORDER)
        assert list(store.multihashes()) == keys(leaf(9))
        assert list(store.pins()) == []
        for block in GRAPH:
            assert store.is_tombstoned(multihash_of(block.cid))
            with pytest.raises(TombstonedError):
                store.put(block.cid, block.data, SEALED)
        assert not store.is_tombstoned(multihash_of(leaf(9).cid))

    def test_a_tombstone_refuses_every_name_of_a_block(self, store):
        store.erase(EraseOrder(ORDER, A.cid, NOW_S))
        with pytest.raises(TombstonedError):
            fill(store, B, Block(make_cid_v0(A.data), A.data))
        assert store.count() == 0

    def test_what_another_pin_holds_is_kept_and_reported(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid), Pin(LEFT.cid), direct(C.cid)])
        done = store.erase(EraseOrder(ORDER, TOP.cid, NOW_S))
        assert list(done.erased) == keys(RIGHT, TOP)
        below = f"below the pin {to_text(LEFT.cid)}"
        wanted = {LEFT: "pinned recursively", A: below, B: below, C: "pinned directly"}
        assert {one.multihash: one.reason for one in done.kept} == {
            multihash_of(block.cid): reason for block, reason in wanted.items()
        }
        assert [one.multihash for one in done.kept] == keys(A, B, C, LEFT)
        assert store.get(A.cid) == A.data

    def test_force_takes_what_other_pins_hold_and_they_fail(self, store):
        fill(store, *GRAPH, leaf(9), pins=[Pin(TOP.cid), Pin(LEFT.cid), Pin(leaf(9).cid)])
        done = store.erase(EraseOrder(ORDER, RIGHT.cid, NOW_S, force=True))
        assert (list(done.erased), done.kept) == (keys(B, C, RIGHT), ())
        states = {pin.cid: pin.state for pin in store.pins()}
        failed = PinState.FAILED
        assert states == {TOP.cid: failed, LEFT.cid: failed, leaf(9).cid: PinState.PINNED}
        assert collected(store) == keys(A, LEFT, TOP)

    def test_guards_do_not_save_from_erasure(self, store):
        fill(store, A, B, LEFT, guard=Guard("s", 9_999))
        assert list(store.erase(EraseOrder(ORDER, LEFT.cid, NOW_S)).erased) == keys(A, B, LEFT)

    def test_too_early_is_refused_and_nothing_is_done(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid)])
        order = EraseOrder(ORDER, TOP.cid, NOW_S, retain_until_s=NOW_S + 1)
        with pytest.raises(RetentionError) as caught:
            store.erase(order)
        assert caught.value.until_s == NOW_S + 1
        assert store.pin_of(TOP.cid) is not None
        assert collected(store) == []
        assert store.erase(replace(order, at_s=NOW_S + 1)).erased

    def test_what_is_absent_gets_a_tombstone(self, store):
        assert store.erase(EraseOrder(ORDER, TOP.cid, NOW_S)).erased == ()
        with pytest.raises(TombstonedError):
            fill(store, TOP)

    def test_an_order_can_be_repeated(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid), Pin(LEFT.cid)])
        order = EraseOrder(ORDER, TOP.cid, NOW_S)
        first = store.erase(order)
        again = store.erase(order)
        assert (again.tombstones, again.kept) == (first.tombstones, first.kept)
        assert len(first.tombstones) == len(first.erased) == 3
        assert again.erased == ()

    def test_a_repeated_order_takes_what_was_kept_and_is_free_now(self, store):
        fill(store, *GRAPH, pins=[Pin(TOP.cid), Pin(LEFT.cid)])
        order = EraseOrder(ORDER, TOP.cid, NOW_S)
        store.erase(order)
        store.unpin(LEFT.cid)
        done = store.erase(order)
        assert (list(done.erased), done.kept) == (keys(A, B, LEFT), ())
        assert len(done.tombstones) == len(GRAPH)

    def test_a_raw_name_means_one_block(self, store):
        fill(store, A, B, LEFT)
        done = store.erase(EraseOrder(ORDER, make_cid(LEFT.data, RAW), NOW_S))
        assert list(done.erased) == keys(LEFT)

    def test_claims_and_rules_go_too(self, store):
        fill(store, A, B, LEFT, claim=LEFT.cid)
        store.set_rules(LEFT.cid, (AccessRule(LEFT.cid, b"op", "owner"),))
        store.erase(EraseOrder(ORDER, LEFT.cid, NOW_S))
        assert store.claims_of(multihash_of(A.cid)) == ()
        assert store.rules_for(multihash_of(A.cid), b"op") == ()

    def test_a_kept_block_is_no_longer_claimed_by_the_erased_root(self, store):
        fill(store, A, B, LEFT, claim=LEFT.cid, pins=[Pin(A.cid)])
        store.erase(EraseOrder(ORDER, LEFT.cid, NOW_S))
        assert store.has(A.cid)
        assert store.claims_of(multihash_of(A.cid)) == ()


class AccessFacts(StoreFixture):
    """Section 12: claims come with bytes, rules with roots."""

    def test_only_a_batch_claims(self, store):
        fill(store, A, B, claim=LEFT.cid)
        fill(store, B, C, claim=RIGHT.cid)
        claims = {block: store.claims_of(multihash_of(block.cid)) for block in (A, B, C, LEFT)}
        assert claims == {
            A: (LEFT.cid,),
            B: tuple(sorted((LEFT.cid, RIGHT.cid))),
            C: (RIGHT.cid,),
            LEFT: (),
        }

    def test_a_present_block_is_claimed_too(self, store):
        fill(store, A)
        fill(store, A, claim=LEFT.cid)
        assert store.claims_of(multihash_of(A.cid)) == (LEFT.cid,)

    def test_rules_are_found_over_all_claiming_roots(self, store):
        fill(store, A, B, claim=LEFT.cid)
        fill(store, B, C, claim=RIGHT.cid)
        mine = AccessRule(LEFT.cid, b"op", "grant", 5, 9)
        early = AccessRule(RIGHT.cid, b"op", "grant", 1, 3)
        late = AccessRule(RIGHT.cid, b"op", "owner", 4)
        store.set_rules(LEFT.cid, (mine, AccessRule(LEFT.cid, b"other", "owner")))
        store.set_rules(RIGHT.cid, (late, early))
        assert store.rules_for(multihash_of(A.cid), b"op") == (mine,)
        assert store.rules_for(multihash_of(B.cid), b"op") == tuple(sorted((mine, early, late)))
        assert store.rules_for(multihash_of(TOP.cid), b"op") == ()

    def test_setting_rules_replaces_them(self, store):
        fill(store, A, claim=A.cid)
        store.set_rules(A.cid, (AccessRule(A.cid, b"op", "owner"),))
        store.set_rules(A.cid, ())
        assert store.rules_for(multihash_of(A.cid), b"op") == ()

    def test_of_rules_that_differ_in_their_end_the_later_one_counts(self, store):
        fill(store, A, claim=A.cid)
        rules = tuple(AccessRule(A.cid, b"op", "grant", 1, end) for end in (7, 9, 8))
        store.set_rules(A.cid, rules)
        assert store.rules_for(multihash_of(A.cid), b"op") == (rules[1],)

    def test_the_claims_of_a_block_go_with_it(self, store):
        fill(store, A, claim=A.cid)
        assert store.delete(A.cid)
        assert store.claims_of(multihash_of(A.cid)) == ()
