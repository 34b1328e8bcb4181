import pytest

from node.base.limits import REPAIR_BYTES_PER_SECOND_MAX, REPAIR_COPIES_COUNT_MAX
from node.ipfs_lite.cid import make_cid, multihash_of
from node.ipfs_lite.events import TimerExpired
from node.ipfs_lite.placement import preference
from node.ipfs_lite.repair import RepairKeeper, RepairSettings
from node.ipfs_lite.repair_events import (
    CopyFailed,
    CopyFinished,
    CopyHeard,
    CopyMissed,
    CopyStage,
    Held,
    Member,
    MembersChanged,
    ObjectTracked,
    RequestRedeal,
    ShareKind,
    ShareSetAtRisk,
    SharesTracked,
    SpaceChanged,
    StartCopy,
    TellCopy,
    Untracked,
)
from node.ipfs_lite.replication import EVERYWHERE, ranked
from tests.ipfs_lite.repair_network import (
    CID,
    HOUR,
    MINUTE,
    SETTLED,
    SIZE,
    Network,
    address,
    held_by,
    network_of,
    track_shares,
)


def test_lost_copies_are_made_again_up_to_the_ceiling():
    network = network_of(6, [0, 1])
    network.stop(0)
    network.run_until(SETTLED)
    assert len(network.copies(CID)) == 3
    assert 1 in network.copies(CID)


def test_nothing_is_copied_before_the_grace_is_over():
    network = network_of(6, [0, 1])
    network.stop(0)
    network.run_until(SETTLED)
    first = min(at for at, _, _ in network.effects(StartCopy))
    assert 5 * MINUTE + 15 * MINUTE <= first <= 6 * MINUTE + 16 * MINUTE


def test_a_node_that_returns_within_the_grace_costs_no_copy():
    network = network_of(6, [0, 1])
    network.stop(0)
    network.run_until(18 * MINUTE)
    network.start(0)
    network.run_until(SETTLED)
    assert network.effects(StartCopy) == []


def test_above_the_floor_nothing_is_copied():
    network = network_of(6, [0, 1, 2])
    network.stop(0)
    network.run_until(SETTLED)
    assert network.effects(StartCopy) == []


def test_of_two_candidates_the_one_that_ranks_first_acts():
    network = network_of(4, [0, 1], rf_max=2)
    network.stop(0)
    network.run_until(SETTLED)
    free = {address(at): b"h%d" % at for at in (2, 3)}
    first = ranked(free, multihash_of(CID), {b"h1": 1})[0]
    assert [at for _, at, _ in network.effects(StartCopy)] == [network.index[first]]


def test_if_the_first_candidate_is_silent_the_second_acts_a_step_later():
    network = network_of(4, [0, 1], rf_max=2, settings=RepairSettings(live_us=24 * HOUR))
    free = {address(at): b"h%d" % at for at in (2, 3)}
    first, second = (network.index[node] for node in ranked(free, multihash_of(CID), {b"h1": 1}))
    network.stop(first)
    network.lose(0, CID)
    network.stop(0)
    network.run_until(HOUR)
    ((at, node, _),) = network.effects(StartCopy)
    assert node == second
    assert at >= 15 * MINUTE + network.settings.rank_us


def test_two_that_start_at_once_end_as_one():
    """Both believe that it is their turn; each hears of the other, and the later rank stops."""
    members = tuple(Member(address(at), b"h%d" % at) for at in range(4))
    held = held_by([0])
    settings = RepairSettings(grace_us=0, rank_us=0)
    nodes = {at: RepairKeeper(address(at), settings, 2**40) for at in (2, 3)}
    for node in nodes.values():
        node.handle(MembersChanged(members), 0)
        started = node.handle(ObjectTracked(held, 2, 2), 0)
        assert any(isinstance(effect, StartCopy) for effect in started)
    stopped = []
    for at, node in nodes.items():
        other = address(5 - at)
        effects = node.handle(CopyHeard(other, CID, CopyStage.STARTED), 1)
        stopped += [at for effect in effects if effect == TellCopy(CID, CopyStage.GIVEN_UP)]
    order = preference([address(2), address(3)], multihash_of(CID))
    assert [address(at) for at in stopped] == [order[1]]


def test_a_claim_without_news_lapses_and_the_next_one_acts():
    network = network_of(4, [0, 1], rf_max=2)
    network.copy_us = 100 * HOUR  # the first copy never ends
    network.stop(0)
    network.run_until(SETTLED)
    started = network.effects(StartCopy)
    assert len({at for _, at, _ in started}) == 2
    assert started[1][0] - started[0][0] >= network.settings.claim_us


def test_a_copy_that_fails_is_left_to_the_next_one():
    network = network_of(5, [0, 1], rf_max=2)
    network.copy_us = 3 * MINUTE
    network.stop(0)
    network.run_until(22 * MINUTE)
    ((_, first, _),) = network.effects(StartCopy)
    network.stop(1)  # what it reads from
    network.run_until(24 * MINUTE)
    network.start(1)
    network.run_until(SETTLED)
    actors = [at for _, at, _ in network.effects(StartCopy)]
    assert actors[0] == first
    assert actors[-1] != first
    assert len(network.copies(CID)) == 2


def test_everywhere_means_every_live_node():
    network = network_of(5, [0, 1], rf_min=3, rf_max=EVERYWHERE)
    network.run_until(HOUR)
    assert len(network.copies(CID)) == 5


def test_another_operator_goes_before_a_second_node_of_the_same():
    network = Network([b"a", b"a", b"b", b"c"])
    network.run_until(0)
    held = held_by([0])
    network.track(ObjectTracked(held, 2, 3), held)
    network.run_until(HOUR)
    assert network.copies(CID) == [0, 2, 3]


def test_a_holder_that_lost_its_bytes_may_take_them_again():
    network = network_of(2, [0, 1])
    network.lose(0, CID)
    network.run_until(HOUR)
    assert network.copies(CID) == [0, 1]


def test_a_full_node_takes_nothing_until_it_has_room():
    network = network_of(3, [0, 1], free_bytes=SIZE - 1)
    network.stop(0)
    network.run_until(SETTLED)
    assert network.effects(StartCopy) == []
    network.give(2, SpaceChanged(SIZE))
    network.run_until(SETTLED + MINUTE)
    assert network.copies(CID) == [1, 2]


def test_without_a_live_copy_there_is_nothing_to_copy():
    network = network_of(4, [0])
    network.stop(0)
    network.run_until(SETTLED)
    assert len(network.effects(StartCopy)) == 0
    network.start(0)
    network.run_until(2 * SETTLED)
    assert len(network.copies(CID)) == 3


def test_repair_off_watches_and_copies_nothing():
    settings = RepairSettings(is_on=False, live_us=5 * MINUTE)
    network = network_of(6, [0, 1], settings=settings)
    track_shares(network, [[0], [1], [2]])
    network.stop(0)
    network.run_until(SETTLED)
    assert network.effects(StartCopy) == []
    assert network.effects(RequestRedeal) == []
    assert network.effects(ShareSetAtRisk) != []
    stat = network.nodes[3].stat()
    assert not stat.is_on
    assert (stat.tracked, stat.short, stat.copying, stat.at_risk) == (4, 2, 0, 1)


def _many(count, *, size, holders=lambda number: [0]):
    node = RepairKeeper(address(1), RepairSettings(grace_us=0), 2**50)
    node.handle(MembersChanged(tuple(Member(address(at), b"h%d" % at) for at in range(3))), 0)
    effects = []
    for number in range(count):
        held = held_by(holders(number), cid=make_cid(b"%d" % number), size=size)
        effects += node.handle(ObjectTracked(held, 3, 3), 0)
    return node, effects


def _drive(node, effects, until):
    """Let every copy take one second; give (start, bytes) of all."""
    starts, ends, now = [], [], 0
    while True:
        for effect in effects:
            if isinstance(effect, StartCopy):
                starts.append((now, effect))
                ends.append((now + 1_000_000, effect.cid))
        assert len(node._queue.running) <= REPAIR_COPIES_COUNT_MAX
        ends.sort()
        now += 50_000
        if now > until:
            return starts
        effects = node.handle(TimerExpired("repair"), now)
        while ends and ends[0][0] <= now:
            effects += node.handle(CopyFinished(ends.pop(0)[1]), now)


def test_at_most_four_copies_run_at_once():
    node, effects = _many(20, size=1)
    starts = _drive(node, effects, 10_000_000)
    assert len(starts) == 20
    assert [at for at, _ in starts[:5]] == [0, 0, 0, 0, 1_000_000]
    assert starts == sorted(starts, key=lambda start: start[0])


def test_copies_keep_the_rate():
    size = 10 * 2**20
    node, effects = _many(12, size=size)
    starts = _drive(node, effects, 10_000_000)
    assert len(starts) == 12
    for number, (at, _) in enumerate(starts):
        assert number * size <= REPAIR_BYTES_PER_SECOND_MAX * (at + 100_000) / 1_000_000


def test_what_has_the_fewest_copies_goes_first():
    node, effects = _many(20, size=1, holders=lambda number: [0, 2] if number < 15 else [0])
    starts = _drive(node, effects, 10_000_000)
    later = [len(effect.holders) for at, effect in starts if at > 0]
    assert later == sorted(later)
    assert later[0] == 1


def test_what_is_not_tracked_any_more_is_not_copied():
    network = network_of(6, [0, 1])
    network.stop(0)
    network.run_until(10 * MINUTE)
    network.track(Untracked(CID))
    network.run_until(SETTLED)
    assert network.effects(StartCopy) == []


def test_news_and_proofs_about_strangers_change_nothing():
    network = network_of(3, [0, 1])
    before = network.nodes[2].holders(CID)
    stranger = address(77)
    for stage in CopyStage:
        network.give(2, CopyHeard(stranger, CID, stage))
    network.give(2, CopyMissed(stranger, CID))
    network.give(2, CopyMissed(address(0), make_cid(b"unknown")))
    assert network.nodes[2].holders(CID) == before


def test_a_peer_is_assigned_objects_and_no_shares():
    network = network_of(4, [0, 1])
    track_shares(network, [[0], [1], [3]])
    assert network.nodes[2].assigned(address(0)) == (CID,)
    assert network.nodes[2].assigned(address(3)) == ()


def test_what_a_holder_has_lost_is_still_assigned_to_it():
    network = network_of(4, [0, 1])
    network.give(2, CopyMissed(address(0), CID))
    assert network.nodes[2].assigned(address(0)) == (CID,)


def test_both_sets_of_a_record_are_tracked_and_end_together():
    keeper = RepairKeeper(address(0), RepairSettings(), 10**9)
    keeper.handle(MembersChanged(tuple(Member(address(n), b"%d" % n) for n in range(3))), 0)
    for kind in ShareKind:
        shares = tuple(
            Held(make_cid(b"%s %d" % (kind.value.encode(), n)), 1, (address(n),)) for n in range(3)
        )
        keeper.handle(SharesTracked(CID, kind, shares, 2, 1), 0)
    assert keeper.stat().tracked == 6
    keeper.handle(Untracked(CID), 0)
    assert keeper.stat().tracked == 0


def test_two_things_of_one_name_can_both_be_untracked():
    keeper = RepairKeeper(address(0), RepairSettings(), 10**9)
    keeper.handle(MembersChanged((Member(address(1), b"1"),)), 0)
    other = make_cid(b"another record")
    share = Held(make_cid(b"share"), 1, (address(1),))
    for root in (CID, other):
        keeper.handle(SharesTracked(root, ShareKind.KEY, (share,), 1, 1), 0)
    keeper.handle(ObjectTracked(share, 1, 1), 0)
    for name in (CID, other, share.cid):
        keeper.handle(Untracked(name), 0)
    assert keeper.stat().tracked == 0
    assert keeper.assigned(address(1)) == ()


def alone(free_bytes=2**40, grace_us=0, **settings):
    """Give node 2 of a network in which only node 0 is besides; it acts at once."""
    node = RepairKeeper(address(2), RepairSettings(grace_us=grace_us, **settings), free_bytes)
    members = tuple(Member(address(at), b"operator %d" % at) for at in (0, 2))
    node.handle(MembersChanged(members), 0)
    return node


def starts(effects):
    return [effect.cid for effect in effects if isinstance(effect, StartCopy)]


def test_the_room_of_a_copy_that_failed_is_given_to_the_next():
    node = alone(free_bytes=10)
    first, second = make_cid(b"first"), make_cid(b"second")
    assert starts(node.handle(ObjectTracked(Held(first, 8, (address(0),)), 2, 2), 0)) == [first]
    later = 10**6
    assert not starts(node.handle(ObjectTracked(Held(second, 5, (address(0),)), 2, 2), later))
    assert starts(node.handle(CopyFailed(first), later)) == [second]


def test_the_room_of_a_copy_that_nobody_wants_any_more_is_given_to_the_next():
    node = alone(free_bytes=10)
    first, second = make_cid(b"first"), make_cid(b"second")
    node.handle(ObjectTracked(Held(first, 8, (address(0),)), 2, 2), 0)
    later = 10**6
    node.handle(ObjectTracked(Held(second, 5, (address(0),)), 2, 2), later)
    assert starts(node.handle(Untracked(first), later)) == [second]


def test_who_says_again_and_again_that_it_copies_is_waited_for_once():
    node = alone(grace_us=MINUTE, live_us=10 * HOUR)
    liar, claim_us = address(3), RepairSettings().claim_us
    members = [Member(address(at), b"operator %d" % at) for at in (0, 2, 3)]
    node.handle(MembersChanged(tuple(members)), 0)
    node.handle(ObjectTracked(Held(CID, 8, (address(0), address(1))), 2, 2), 1)
    begun = []
    for at_us in range(2, 3 * claim_us, MINUTE):
        told = node.handle(CopyHeard(liar, CID, CopyStage.STARTED), at_us)
        begun += [at_us for _ in starts(told)]
    assert begun
    assert claim_us <= begun[0] <= claim_us + 2 * MINUTE


@pytest.mark.parametrize("stages", [[stage] for stage in CopyStage] + [list(CopyStage)])
def test_a_flood_of_news_is_hardly_remembered(stages):
    network = network_of(4, [0], rf_max=2)
    network.run_until(1)
    node = network.nodes[2]
    for at_us in range(1_000):
        for stage in stages:
            node.handle(CopyHeard(address(3), CID, stage), at_us + 2)
    assert len(node._claim_ends) <= 2
    assert len(node._queue._waiting) + len(node._queue._ready) <= 4
