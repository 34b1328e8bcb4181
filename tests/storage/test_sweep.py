"""Old states go, live nodes stay, whatever new blocks do meanwhile."""

import pytest

from node.base.errors import ConfigError, CorruptStoreError
from node.base.limits import STATES_KEPT_BLOCKS_MIN, SWEEP_CHUNKS_COUNT_MAX
from tests.storage.blocks import chain_of, fill, opened, tamper, trie_nodes

BLOCKS = chain_of(STATES_KEPT_BLOCKS_MIN + 20)
HEAD = len(BLOCKS)
KEPT_FROM = HEAD - STATES_KEPT_BLOCKS_MIN + 1


def _nodes(name, count=60):
    return trie_nodes(*(f"{name}/{index}" for index in range(count)))


OLD, LIVE = _nodes("old"), _nodes("live")
MIXED = dict(item for pair in zip(OLD.items(), LIVE.items(), strict=True) for item in pair)


@pytest.fixture
def directory(tmp_path):
    """A chain long enough, and 66 old blocks with as many dead nodes as live ones in a chunk."""
    with opened(tmp_path, kept_blocks=STATES_KEPT_BLOCKS_MIN) as store, store.batch():
        store.nodes.put(MIXED, {})
        for number in range(SWEEP_CHUNKS_COUNT_MAX + 1):
            store.nodes.put(_nodes(f"dead {number}", 3) | _nodes(f"live {number}", 2), {})
        fill(store, BLOCKS)
    return tmp_path


ALL_LIVE = {
    *LIVE,
    *(key for n in range(SWEEP_CHUNKS_COUNT_MAX + 1) for key in _nodes(f"live {n}", 2)),
    *(
        key
        for b in BLOCKS
        for key in trie_nodes(
            *[f"node 0/{b.block.header.number}/{i}" for i in range(3)],
            f"root 0/{b.block.header.number}",
        )
    ),
}


def _open(directory):
    return opened(directory, kept_blocks=STATES_KEPT_BLOCKS_MIN)


def _state(store):
    live = all(store.nodes.node(key) is not None for key in ALL_LIVE)
    dead = sum(store.nodes.node(key) is not None for key in OLD)
    dead += sum(
        store.nodes.node(key) is not None
        for number in range(SWEEP_CHUNKS_COUNT_MAX + 1)
        for key in _nodes(f"dead {number}", 3)
    )
    return live, dead


def _run(store, sweep):
    steps = 1
    while sweep.step(ALL_LIVE):
        steps += 1
    return steps


def test_live_nodes_stay_and_dead_ones_go(directory):
    with _open(directory) as store:
        size = store._database.row("SELECT sum(length(data)) FROM node_chunk")[0]
        assert _state(store) == (True, 60 + 3 * 65)
        assert _run(store, store.sweep(KEPT_FROM)) >= 3
        assert _state(store) == (True, 0)
        assert store._database.row("SELECT sum(length(data)) FROM node_chunk")[0] < size
        assert store._database.row("SELECT count(*) FROM node_index")[0] == len(ALL_LIVE)
    with _open(directory) as store:
        assert _state(store) == (True, 0)
        assert store.kept_from == KEPT_FROM
        assert store.stepped_back == ()


def test_a_second_sweep_finds_nothing_to_do(directory):
    with _open(directory) as store:
        _run(store, store.sweep(KEPT_FROM))
        before = store._database.read("SELECT id FROM node_chunk")
        _run(store, store.sweep(KEPT_FROM))
        assert store._database.read("SELECT id FROM node_chunk") == before


def test_a_sweep_that_was_cut_short_is_made_good_by_the_next(directory):
    with _open(directory) as store:
        assert not store.sweep_pending
        assert store.sweep(KEPT_FROM).step(ALL_LIVE)
    with _open(directory) as store:
        assert store.sweep_pending
        live, dead = _state(store)
        assert live
        assert 0 < dead < 60 + 3 * 65
        assert store.kept_from == KEPT_FROM
        _run(store, store.sweep(KEPT_FROM))
        assert _state(store) == (True, 0)
        assert not store.sweep_pending
    with _open(directory) as store:
        assert not store.sweep_pending


def test_a_sweep_that_died_before_its_first_step_is_not_forgotten(directory):
    with _open(directory) as store:
        store.sweep(KEPT_FROM)
    with _open(directory) as store:
        assert (store.kept_from, store.sweep_pending) == (KEPT_FROM, True)
        _run(store, store.sweep(1))
        assert _state(store) == (True, 0)
        assert (store.kept_from, store.sweep_pending) == (KEPT_FROM, False)


def test_a_sweep_over_nothing_comes_to_its_end(tmp_path):
    with opened(tmp_path, kept_blocks=STATES_KEPT_BLOCKS_MIN) as store:
        with store.batch():
            fill(store, BLOCKS)
        with store.batch():
            store._database.write("DELETE FROM node_chunk")
        sweep = store.sweep(KEPT_FROM)
        assert store.sweep_pending
        assert not sweep.step(())
        assert not store.sweep_pending


def test_who_received_a_state_has_nothing_to_sweep(tmp_path):
    with opened(tmp_path) as store:
        store.keep_states_from(7)
        assert (store.kept_from, store.sweep_pending) == (7, False)


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_a_dead_node_that_a_new_block_writes_again_is_live(directory, when):
    """All of ``OLD`` was found dead when the sweep began, and comes back while it runs."""
    with _open(directory) as store:
        sweep = store.sweep(KEPT_FROM)
        if when == "before":
            store.nodes.put(OLD, {})
        assert sweep.step(ALL_LIVE)
        if when == "between":
            store.nodes.put(OLD, {})
        while sweep.step(ALL_LIVE):
            pass
        if when == "after":
            store.nodes.put(OLD, {})
        assert {key: store.nodes.node(key) for key in OLD} == OLD
    with _open(directory) as store:
        assert {key: store.nodes.node(key) for key in OLD} == OLD
        assert _state(store)[0]


def test_a_new_node_is_live_though_nobody_marked_it(directory):
    new = _nodes("new")
    with _open(directory) as store:
        sweep = store.sweep(KEPT_FROM)
        store.nodes.put(new, {})
        _run(store, sweep)
        assert {key: store.nodes.node(key) for key in new} == new


def test_a_chunk_that_is_all_live_stays_where_it_is(directory):
    with _open(directory) as store:
        store.sweep(KEPT_FROM).step({*ALL_LIVE, *OLD})
        assert store.nodes.place(next(iter(OLD))) == (1, 0)


def _step_and_fail(store, sweep):
    with store.batch():
        sweep.step(ALL_LIVE)
        raise KeyError


def test_a_step_that_fails_changes_nothing(directory):
    with _open(directory) as store:
        sweep = store.sweep(KEPT_FROM)
        with pytest.raises(KeyError):
            _step_and_fail(store, sweep)
        assert _state(store) == (True, 60 + 3 * 65)


def test_a_chunk_that_cannot_be_read_stops_the_sweep(directory):
    with _open(directory) as store:
        store.nodes.put(_nodes("more"), {})  # writes the index
    tamper(directory, "UPDATE node_chunk SET data = x'0011' WHERE id = 5")
    with _open(directory) as store:
        sweep = store.sweep(KEPT_FROM)
        with pytest.raises(CorruptStoreError, match="node_chunk: id 5: the entry at byte 0"):
            sweep.step(ALL_LIVE)
        assert {key: store.nodes.node(key) for key in LIVE} == LIVE


def test_the_states_that_are_to_be_kept_cannot_be_swept(directory, tmp_path):
    with _open(directory) as store:
        with pytest.raises(ConfigError, match=f"below block {KEPT_FROM + 1} of {HEAD} cannot go"):
            store.sweep(KEPT_FROM + 1)
        assert store.kept_from == 0
    with (
        opened(tmp_path / "archive") as store,
        pytest.raises(ConfigError, match="this store keeps all"),
    ):
        store.sweep(KEPT_FROM)


def test_what_was_given_up_never_counts_as_kept_again(directory):
    with _open(directory) as store:
        store.sweep(KEPT_FROM)
        store.sweep(1)
        assert store.kept_from == KEPT_FROM
