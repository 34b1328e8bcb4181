from hypothesis import given, settings
from hypothesis import strategies as st

from node.ipfs_lite.repair import RepairSettings
from node.ipfs_lite.repair_events import (
    ObjectTracked,
    StartCopy,
)
from tests.ipfs_lite.repair_network import (
    CID,
    HOUR,
    MINUTE,
    SETTLED,
    Network,
    held_by,
    network_of,
    track_shares,
)


def test_equal_histories_give_equal_effects():
    def play():
        network = network_of(7, [0, 1])
        track_shares(network, [[0, 1], [2, 3], [4, 5]], replicas=2, cap=2)
        network.stop(0)
        network.run_until(HOUR)
        network.stop(2)
        network.run_until(SETTLED)
        return network.log

    first = play()
    assert first == play()
    assert any(isinstance(effect, StartCopy) for _, _, effect in first)


_TROUBLE = st.lists(
    st.tuples(
        st.sampled_from(["stop", "start", "lose", "wait"]), st.integers(0, 7), st.integers(1, 60)
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=30)
@given(
    _TROUBLE,
    st.tuples(*(st.integers(1, most) for most in (3, 3, 2, 2, 3))),
)
def test_whatever_happens_no_rule_breaks_and_the_floor_is_reached_again(trouble, sizes):
    """Random outages and losses; then all nodes come back and time passes."""
    rf_min, spare, replicas, cap, per_operator = sizes
    count, rf_max = 8, rf_min + spare - 1
    operators = [b"h%d" % (at // per_operator) for at in range(count)]
    patience = RepairSettings(live_us=25 * MINUTE)
    network = Network(operators, settings=patience, beat_us=10 * MINUTE)
    network.run_until(0)
    held = held_by(range(rf_min))
    network.track(ObjectTracked(held, rf_min, rf_max), held)
    firsts = list(range(0, count, per_operator))
    wanted = min(len(firsts) // replicas, 3)
    cids = track_shares(
        network,
        [firsts[number * replicas : (number + 1) * replicas] for number in range(wanted)],
        replicas=replicas,
        cap=cap,
    )
    starts = []

    def rules():
        for name in dict.fromkeys(operators):
            nodes = [at for at in range(count) if operators[at] == name]
            load = sum(any(cid in network.stored[at] for at in nodes) for cid in cids)
            assert load <= cap
        for at, node, effect in network.log[len(starts) :]:
            starts.append(at)
            if isinstance(effect, StartCopy) and effect.cid == CID:
                assert len(effect.holders) < rf_max
                assert node not in [network.index[holder] for holder in effect.holders]

    network.after_each = rules
    for what, node, minutes in trouble:
        if what == "stop":
            network.stop(node)
        elif what == "start" and not network.up[node]:
            network.start(node)
        elif what == "lose" and len(network.copies(CID, live=False)) > 1:
            network.lose(node, CID)
        network.run_until(network.now + minutes * MINUTE)
    for node in range(count):
        if not network.up[node]:
            network.start(node)
    network.run_until(network.now + 3 * HOUR)
    if network.copies(CID):
        assert len(network.copies(CID)) >= rf_min


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 60)), max_size=8),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_while_all_nodes_are_heard_copies_never_exceed_the_ceiling(losses, rf_min, spare):
    rf_max = rf_min + spare
    network = network_of(
        8, range(rf_max), rf_min=rf_min, rf_max=rf_max, beat_us=10 * MINUTE, copy_us=MINUTE
    )

    def rule():
        assert len(network.copies(CID)) <= rf_max

    network.after_each = rule
    for node, minutes in losses:
        if len(network.copies(CID)) > 1:
            network.lose(node, CID)
        network.run_until(network.now + minutes * MINUTE)
    network.run_until(network.now + 2 * HOUR)
    assert rf_min <= len(network.copies(CID)) <= rf_max
