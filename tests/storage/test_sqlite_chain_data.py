"""What only the tables on disk do: survive, undo, notice damage, stay bounded."""

from dataclasses import replace

import pytest

from node.base.errors import CorruptStoreError
from node.base.limits import BLOCKS_CACHED_COUNT_MAX
from node.storage.chain_data import Place
from tests.storage.blocks import (
    GENESIS,
    ONE,
    block_on,
    chain_of,
    commit,
    fill,
    nodes_of,
    opened,
    tamper,
)


def test_a_chain_survives_closing(tmp_path):
    blocks = chain_of(3)
    with opened(tmp_path) as store:
        fill(store, blocks)
        store.chain.set_finalized(2)
    with opened(tmp_path) as store:
        chain = store.chain
        assert (chain.head(), chain.finalized()) == (blocks[2].hash, 2)
        assert [chain.stored(stored.hash) for stored in blocks] == blocks
        assert chain.place(blocks[1].transaction_hashes[1]) == Place(blocks[1].hash, 2, 1)
        assert chain.blocks_with_logs((ONE,), (), 2, 3) == [2, 3]
        assert store.stepped_back == ()


def test_a_reorg_survives_closing(tmp_path):
    left, right = chain_of(2), chain_of(3, mark=1)
    with opened(tmp_path) as store:
        fill(store, left)
        for stored in right:
            store.nodes.put(nodes_of(stored), {})
            store.chain.put(stored)
        store.chain.move_head([left[1].hash, left[0].hash], [stored.hash for stored in right])
    with opened(tmp_path) as store:
        assert store.chain.head() == right[2].hash
        assert store.chain.place(left[0].transaction_hashes[0]) is None


def test_a_difficulty_of_any_size_is_kept(tmp_path):
    stored = replace(block_on(GENESIS), total_difficulty=2**300 + 1)
    with opened(tmp_path) as store:
        fill(store, [stored])
    with opened(tmp_path) as store:
        assert store.chain.stored(stored.hash).total_difficulty == 2**300 + 1


def test_a_certificate_is_kept_beside_its_block(tmp_path):
    stored = replace(block_on(GENESIS), certificate=b"seals")
    with opened(tmp_path) as store:
        fill(store, [stored])
    with opened(tmp_path) as store:
        assert store.chain.stored(stored.hash).certificate == b"seals"


def _commit_and_fail(store, stored):
    with store.batch():
        commit(store, stored)
        store.chain.set_finalized(1)
        assert store.chain.head() == stored.hash
        raise KeyError


def test_a_batch_that_fails_leaves_no_trace_in_memory_either(tmp_path):
    blocks = chain_of(2)
    with opened(tmp_path) as store:
        fill(store, blocks[:1])
        with pytest.raises(KeyError):
            _commit_and_fail(store, blocks[1])
        chain = store.chain
        assert (chain.head(), chain.finalized()) == (blocks[0].hash, 0)
        assert (chain.stored(blocks[1].hash), chain.header(blocks[1].hash)) == (None, None)
        assert chain.place(blocks[1].transaction_hashes[0]) is None
        commit(store, blocks[1])
        assert chain.stored(blocks[1].hash) == blocks[1]


def test_a_pruned_branch_stays_away_after_opening(tmp_path):
    side = chain_of(2, mark=1)
    with opened(tmp_path) as store:
        fill(store, chain_of(4))
        for stored in side:
            store.chain.put(stored)
    with opened(tmp_path) as store:
        gone = store.chain.prune_branches(3)
        assert gone == [side[1].hash, side[0].hash]
    with opened(tmp_path) as store:
        assert [store.chain.stored(stored.hash) for stored in side] == [None, None]
        assert store.chain.prune_branches(3) == []


def test_decoded_blocks_are_bounded(tmp_path):
    blocks = chain_of(BLOCKS_CACHED_COUNT_MAX + 5)
    with opened(tmp_path) as store:
        with store.batch():
            fill(store, blocks)
        assert len(store.chain._blocks) == BLOCKS_CACHED_COUNT_MAX
        assert store.chain.stored(blocks[0].hash) == blocks[0]


def test_a_header_is_read_without_its_body(tmp_path):
    blocks = chain_of(2)
    with opened(tmp_path) as store:
        fill(store, blocks)
    tamper(tmp_path, f"DELETE FROM body WHERE hash = x'{blocks[0].hash.hex()}'")
    with opened(tmp_path) as store:
        assert store.chain.header(blocks[0].hash) == blocks[0].block.header
        with pytest.raises(CorruptStoreError, match=f"body: 0x{blocks[0].hash.hex()}: missing"):
            store.chain.stored(blocks[0].hash)


def test_a_changed_header_is_not_given_out(tmp_path):
    blocks = chain_of(2)
    with opened(tmp_path) as store:
        fill(store, blocks)
    changed = blocks[1].block.header.encode().hex()
    tamper(tmp_path, f"UPDATE header SET rlp = x'{changed}' WHERE number = 1")
    with (
        opened(tmp_path) as store,
        pytest.raises(CorruptStoreError, match=f"header: 0x{blocks[0].hash.hex()}: hashes to"),
    ):
        store.chain.header(blocks[0].hash)


def test_receipts_that_cannot_be_read_cannot_be_indexed(tmp_path):
    bad = replace(chain_of(1)[0], receipts=(b"\x02no list", b"\x02"))
    with opened(tmp_path) as store:
        fill(store, [])
        store.chain.put(bad)
        with pytest.raises(CorruptStoreError, match=f"receipts: 0x{bad.hash.hex()}"):
            store.chain.move_head((), (bad.hash,))
        assert store.chain.head() == GENESIS.hash


def test_a_head_that_is_not_stored_is_an_error_of_ours(tmp_path):
    stranger = chain_of(1)[0]
    with opened(tmp_path) as store:
        fill(store, [])
        with pytest.raises(CorruptStoreError, match="missing, and the chain names it"):
            store.chain.move_head((), (stranger.hash,))


def test_a_block_under_a_foreign_hash_is_a_fault_of_ours(tmp_path):
    with opened(tmp_path) as store, pytest.raises(AssertionError, match="hash of its header"):
        store.chain.put(replace(GENESIS, hash=ONE))
