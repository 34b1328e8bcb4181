import pytest

from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.repair_events import (
    CopyHeard,
    CopyStage,
    PlacementChanged,
    RebuildFragment,
    RequestRedeal,
    ShareKind,
    ShareSetAtRisk,
    StartCopy,
)
from tests.ipfs_lite.repair_network import (
    MINUTE,
    ROOT,
    SETTLED,
    Network,
    address,
    share_network,
    track_shares,
)


def test_a_lost_replica_of_a_share_goes_to_an_operator_that_may_hold_it():
    network, cids = share_network(5, [[0, 1], [2, 3]], replicas=2)
    network.stop(0)
    network.run_until(SETTLED)
    assert network.copies(cids[0]) == [1, 4]
    ((_, _, change),) = network.effects(PlacementChanged)
    assert (change.root, change.row.share, change.row.node) == (ROOT, 0, address(4))
    assert change.row.multihash == multihash_of(cids[0])


def test_no_copy_is_made_where_the_cap_is_reached():
    network, _ = share_network(4, [[0, 1], [2, 3]], replicas=2)
    network.stop(0)
    network.run_until(SETTLED)
    assert network.effects(StartCopy) == []


def test_what_a_dead_node_holds_still_counts_for_its_operator():
    network = Network([b"a", b"a", b"b", b"c"])
    network.run_until(0)
    cids = track_shares(network, [[0, 2], [2, 3]], cap=1, replicas=2)
    network.stop(0)
    network.stop(3)
    network.run_until(SETTLED)
    assert 1 not in network.copies(cids[1])


def test_a_key_share_without_a_copy_is_never_computed():
    network, cids = share_network(6, [[0], [1], [2], [3], [4]], needed=2)
    network.stop(0)
    network.run_until(SETTLED)
    assert network.effects(RebuildFragment) == []
    assert network.effects(StartCopy) == []
    assert network.copies(cids[0]) == []


def test_a_lost_fragment_is_computed_by_one_node_from_enough_others():
    network, cids = share_network(6, [[0], [1], [2], [3]], kind=ShareKind.FRAGMENT, needed=2)
    network.stop(0)
    network.run_until(SETTLED)
    ((_, at, effect),) = network.effects(RebuildFragment)
    assert {one.cid for one in effect.sources} == set(cids[1:])
    assert all(one.holders for one in effect.sources)
    assert at in (4, 5)
    assert network.copies(cids[0]) == [at]


def test_too_few_fragments_are_not_computed():
    network, _ = share_network(6, [[0], [1], [2]], kind=ShareKind.FRAGMENT, needed=3)
    network.stop(0)
    network.run_until(SETTLED)
    assert network.effects(RebuildFragment) == []


@pytest.mark.parametrize(("lost", "is_risky"), [(1, False), (2, True)])
def test_a_set_without_a_spare_share_is_at_risk_and_one_node_asks_for_a_new_deal(lost, is_risky):
    network, _ = share_network(5, [[0], [1], [2], [3]], needed=2)
    for at in range(lost):
        network.stop(at)
    network.run_until(SETTLED)
    risks = network.effects(ShareSetAtRisk)
    assert len(risks) == (3 if is_risky else 0)
    assert len(network.effects(RequestRedeal)) == (1 if is_risky else 0)
    assert all(effect == ShareSetAtRisk(ROOT, ShareKind.KEY, 2, 2) for _, _, effect in risks)


def test_no_new_deal_is_asked_for_within_the_grace():
    network, _ = share_network(5, [[0], [1], [2]], needed=2)
    network.stop(0)
    network.run_until(18 * MINUTE)
    network.start(0)
    network.run_until(SETTLED)
    assert network.effects(ShareSetAtRisk) == []


def test_an_announced_copy_that_breaks_the_cap_is_not_believed():
    network, cids = share_network(3, [[0], [1], [2]])
    network.give(1, CopyHeard(address(0), cids[1], CopyStage.DONE))
    assert network.nodes[1].holders(cids[1]) == (address(1),)
