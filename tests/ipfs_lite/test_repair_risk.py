from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.placement import preference
from node.ipfs_lite.repair_events import (
    Held,
    Member,
    RequestRedeal,
    ShareKind,
    ShareSetAtRisk,
    SharesTracked,
)
from node.ipfs_lite.repair_risk import RiskWatch
from node.ipfs_lite.repair_state import RepairBook, group_of
from tests.ipfs_lite.repair_network import address

_ROOT = make_cid(b"record")


def _world(me=0, *, kind=ShareKind.KEY, asks=True):
    """Three shares on nodes 0 to 2, of which two open the record."""
    book = RepairBook(address(me), 1_000)
    book.set_members([Member(address(at), b"h%d" % at) for at in range(4)], 0)
    shares = tuple(Held(make_cid(b"%d" % at), 1, (address(at),)) for at in range(3))
    group = group_of(SharesTracked(_ROOT, kind, shares, 2, 1))
    return group, RiskWatch(book, 10, asks=asks)


def _report(group, watch, now):
    effects = []
    watch.report({(_ROOT, group.order.kind): group}, effects, now)
    return effects


def _lose(group, watch, share, now):
    group.shares[share].missed[address(share)] = None
    watch.review(group, now)


def _speaker(lost):
    return preference([address(at) for at in range(3) if at != lost], _ROOT)[0]


def test_a_set_with_a_spare_share_is_no_risk():
    group, watch = _world()
    watch.review(group, 0)
    assert watch.wakes_at() is None


def test_a_risk_is_reported_once_when_the_grace_is_over():
    group, watch = _world(me=3)
    _lose(group, watch, 0, 5)
    assert watch.wakes_at() == 15
    assert _report(group, watch, 14) == []
    assert _report(group, watch, 15) == [ShareSetAtRisk(_ROOT, ShareKind.KEY, 2, 2)]
    watch.review(group, 16)
    assert _report(group, watch, 30) == []


def test_exactly_one_node_asks_for_a_new_deal():
    asked = []
    for me in range(4):
        group, watch = _world(me)
        _lose(group, watch, 0, 0)
        asked += [address(me) for one in _report(group, watch, 10) if one == RequestRedeal(_ROOT)]
    assert asked == [_speaker(lost=0)]


def test_a_set_that_recovers_is_reported_anew_when_it_falls_again():
    group, watch = _world(me=3)
    _lose(group, watch, 0, 0)
    assert len(_report(group, watch, 10)) == 1
    group.shares[0].missed.clear()
    watch.review(group, 11)
    _lose(group, watch, 1, 20)
    assert _report(group, watch, 29) == []
    assert len(_report(group, watch, 30)) == 1


def test_no_new_deal_is_asked_for_fragments_nor_with_repair_off():
    speaker = next(at for at in range(3) if address(at) == _speaker(lost=0))
    for more in ({"kind": ShareKind.FRAGMENT}, {"asks": False}):
        group, watch = _world(speaker, **more)
        _lose(group, watch, 0, 0)
        (effect,) = _report(group, watch, 10)
        assert isinstance(effect, ShareSetAtRisk)
