import pytest

from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.repair_events import Held, Member, ShareKind, SharesTracked
from node.ipfs_lite.repair_state import RepairBook, can_rebuild, copies_of, group_of
from tests.ipfs_lite.repair_network import address

_CID = make_cid(b"x")


def _book(operators, me=0, live_us=100):
    book = RepairBook(address(me), live_us)
    members = [Member(address(at), name) for at, name in enumerate(operators)]
    book.set_members(members, 0)
    return book


def _group(holders, *, cap=1, replicas=1, kind=ShareKind.KEY, needed=2):
    shares = tuple(
        Held(make_cid(b"%d" % at), 1, tuple(address(node) for node in nodes))
        for at, nodes in enumerate(holders)
    )
    return group_of(SharesTracked(make_cid(b"r"), kind, shares, needed, cap, replicas))


def test_a_silent_peer_is_dead_at_the_end_of_its_window_and_this_node_never():
    book = _book([b"a", b"b"])
    assert book.next_lapse() == 100
    assert book.lapse(99) == ()
    assert book.lapse(100) == (address(1),)
    assert book.live() == (address(0),)
    assert book.next_lapse() is None
    assert book.prove(address(1), 150)
    assert not book.prove(address(1), 160)
    assert book.next_lapse() == 260


def test_who_leaves_is_dead_and_who_comes_is_live():
    book = _book([b"a", b"b"])
    changed = book.set_members([Member(address(0), b"a"), Member(address(2), b"c")], 5)
    assert changed == (address(1), address(2))
    assert not book.prove(address(1), 6)
    assert book.live() == (address(0), address(2))


def test_a_holder_counts_while_it_lives_and_has_not_said_no():
    book = _book([b"a", b"b", b"c"])
    copies = copies_of(Held(_CID, 1, (address(0), address(1), address(9))), 2, 3)
    assert set(book.live_holders(copies)) == {address(0), address(1)}
    copies.missed[address(0)] = None
    assert book.live_holders(copies) == (address(1),)
    assert book.open_places(copies) == 2
    copies.claims[address(2)] = 9
    assert book.open_places(copies) == 1


def test_only_one_node_of_each_operator_is_a_candidate_for_a_share():
    book = _book([b"a", b"b", b"b", b"b", b"c"])
    group = _group([[0], [4]])
    assert len(book.candidates(group.shares[0])) == 1
    assert book.candidates(group.shares[0])[0] in {address(1), address(2), address(3)}
    assert book.candidates(group.shares[0]) == book.candidates(group.shares[1])


@pytest.mark.parametrize(("cap", "candidates"), [(1, []), (2, [address(1)])])
def test_the_cap_counts_what_an_operator_has_and_is_taking(cap, candidates):
    book = _book([b"a", b"b"])
    group = _group([[0], []], cap=cap)
    group.shares[1].claims[address(1)] = 9
    assert list(book.candidates(group.shares[0])) == candidates


def test_who_gave_up_stands_at_the_end():
    book = _book([b"a", b"b", b"c"])
    copies = copies_of(Held(_CID, 1, ()), 1, 1)
    first, *rest = book.candidates(copies)
    copies.given_up[first] = None
    assert book.candidates(copies) == (*rest, first)


def test_of_two_nodes_that_break_the_cap_together_exactly_one_yields():
    nodes = [_book([b"a", b"b", b"b"], me=me) for me in (1, 2)]
    yields = []
    for me, book in zip((1, 2), nodes, strict=True):
        group = _group([[0], [0]])
        group.shares[0].claims[address(1)] = 9
        group.shares[1].claims[address(2)] = 9
        own, other = group.shares[me - 1], group.shares[2 - me]
        yields.append(book.must_yield(own, address(3 - me), other))
    assert sorted(yields) == [False, True]


def test_only_enough_fragments_of_ciphertext_can_be_computed_with():
    book = _book([b"a", b"b", b"c"])
    for kind, holders, can in (
        (ShareKind.FRAGMENT, [[], [0], [1]], True),
        (ShareKind.FRAGMENT, [[], [], [1]], False),
        (ShareKind.KEY, [[], [0], [1]], False),
    ):
        assert can_rebuild(_group(holders, kind=kind).shares[0], book) is can
    assert not can_rebuild(copies_of(Held(_CID, 1, ()), 1, 1), book)
