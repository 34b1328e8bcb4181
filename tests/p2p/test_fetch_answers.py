import pytest

from node.base.types import ZERO_HASH
from node.p2p.events import DeliverBlock, Penalise
from node.p2p.messages import Bodies, Body, GetBodies, Headers
from tests.p2p.chains import Chain, header_bytes, make_block
from tests.p2p.network import FetchCore, address, asked, others

A, B = address(0), address(1)
CHAIN = Chain(6)


def test_an_empty_answer_leads_to_the_next_peer_without_points():
    core = FetchCore(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    effects = core.receive(A, Headers((), rid=1))
    assert others(effects) == []
    assert [peer for peer, _ in asked(effects)] == [B]


def test_no_bodies_lead_to_the_next_peer():
    core = FetchCore(CHAIN, 4, peers=(A, B))
    core.miss(CHAIN.head, A)
    core.receive(A, Headers(header_bytes(CHAIN, 6, 5), rid=1))
    effects = core.receive(A, Bodies((), rid=2))
    assert [peer for peer, _ in asked(effects)] == [B]


def test_when_every_peer_has_nothing_the_fetch_is_given_up():
    core = FetchCore(CHAIN)
    core.miss(CHAIN.head, A)
    (effect,) = others(core.receive(A, Headers((), rid=1)))
    assert effect.event == "fetch.gave_up"


@pytest.mark.parametrize(
    "raws",
    [
        header_bytes(CHAIN, 5),
        header_bytes(CHAIN, 6, 4),
        header_bytes(CHAIN, 6, 6),
        (b"\xc0",),
        (header_bytes(CHAIN, 6)[0] + b"\0",),
        header_bytes(CHAIN, *range(6, -1, -1)) + header_bytes(CHAIN, 0),
    ],
    ids=["other block", "gap", "twice", "no header", "trailing byte", "below genesis"],
)
def test_headers_that_do_not_link_are_a_breach(raws):
    core = FetchCore(CHAIN)
    core.known.clear()
    core.miss(CHAIN.head, A)
    effect = others(core.receive(A, Headers(raws, rid=1)))[0]
    assert (effect.peer, effect.points) == (A, 100)


def test_a_number_that_jumps_is_a_breach_even_where_the_hash_links():
    low = make_block(7, ZERO_HASH)
    high = make_block(9, low.header.hash())
    core = FetchCore(CHAIN)
    core.miss(high.header.hash(), A)
    raws = (high.header.encode(), low.header.encode())
    effect = others(core.receive(A, Headers(raws, rid=1)))[0]
    assert effect == Penalise(A, 100, "headers that do not link")


def test_more_headers_than_asked_for_are_a_breach():
    chain = Chain(20)
    core = FetchCore(chain)
    core.miss(chain.head, A)
    raws = header_bytes(chain, *range(20, 3, -1))
    effect = others(core.receive(A, Headers(raws, rid=1)))[0]
    assert effect == Penalise(A, 100, "more headers than asked for")


def _up_to_bodies(core):
    core.miss(CHAIN.head, A)
    return core.receive(A, Headers(header_bytes(CHAIN, 6, 5, 4), rid=1))


def test_a_body_that_does_not_match_its_header_costs_20_points_and_is_asked_elsewhere():
    core = FetchCore(CHAIN, 3, peers=(A, B))
    _up_to_bodies(core)
    wrong = Body(CHAIN.hash_at(4), (b"\x01forged",))
    effects = core.receive(A, Bodies((wrong,), rid=2))
    assert others(effects) == [Penalise(A, 20, "a body does not match its header")]
    assert asked(effects) == [(B, GetBodies((CHAIN.hash_at(4), CHAIN.hash_at(5)), rid=1))]


def test_a_body_with_an_empty_transaction_does_not_match():
    core = FetchCore(CHAIN, 3)
    _up_to_bodies(core)
    wrong = Body(CHAIN.hash_at(4), (b"",))
    assert others(core.receive(A, Bodies((wrong,), rid=2)))[0].points == 20


@pytest.mark.parametrize("numbers", [(3,), (5, 4), (4, 4)], ids=["unasked", "order", "twice"])
def test_bodies_that_are_no_subset_of_the_question_are_a_breach(numbers):
    core = FetchCore(CHAIN, 3)
    _up_to_bodies(core)
    bodies = tuple(Body(CHAIN.hash_at(n), CHAIN.blocks[n].transactions) for n in numbers)
    assert others(core.receive(A, Bodies(bodies, rid=2)))[0].points == 100


def test_a_part_of_the_bodies_is_delivered_and_the_rest_asked_for():
    core = FetchCore(CHAIN, 3)
    _up_to_bodies(core)
    part = Body(CHAIN.hash_at(4), CHAIN.blocks[4].transactions)
    effects = core.receive(A, Bodies((part,), rid=2))
    assert others(effects) == [DeliverBlock(CHAIN.blocks[4], CHAIN.hash_at(4), A)]
    assert asked(effects) == [(A, GetBodies((CHAIN.hash_at(5),), rid=3))]


def test_a_later_body_waits_for_the_earlier_one():
    core = FetchCore(CHAIN, 3)
    _up_to_bodies(core)
    part = Body(CHAIN.hash_at(5), CHAIN.blocks[5].transactions)
    effects = core.receive(A, Bodies((part,), rid=2))
    assert others(effects) == []
    assert asked(effects) == [(A, GetBodies((CHAIN.hash_at(4),), rid=3))]


def test_progress_with_headers_gives_everybody_a_new_chance():
    chain = Chain(40)
    core = FetchCore(chain, peers=(A, B))
    core.miss(chain.head, A)
    core.receive(A, Headers((), rid=1))
    effects = core.receive(B, Headers(header_bytes(chain, *range(40, 30, -1)), rid=1))
    assert [peer for peer, _ in asked(effects)] == [A]


def test_progress_with_bodies_gives_everybody_a_new_chance():
    core = FetchCore(CHAIN, 3, peers=(A, B))
    _up_to_bodies(core)
    core.receive(A, Bodies((), rid=2))
    part = Body(CHAIN.hash_at(4), CHAIN.blocks[4].transactions)
    effects = core.receive(B, Bodies((part,), rid=1))
    assert [peer for peer, _ in asked(effects)] == [A]


def test_the_giver_of_a_body_is_named_with_its_block():
    core = FetchCore(CHAIN, 3, peers=(A, B))
    _up_to_bodies(core)
    core.receive(A, Bodies((), rid=2))
    body = Body(CHAIN.hash_at(4), CHAIN.blocks[4].transactions)
    assert others(core.receive(B, Bodies((body,), rid=1)))[0].peer == B


@pytest.mark.parametrize(
    "message", [Headers((), rid=2), Headers((), rid=0), Bodies((), rid=1), Bodies((), rid=7)]
)
def test_an_answer_that_nobody_asked_for_costs_a_point(message):
    core = FetchCore(CHAIN)
    core.miss(CHAIN.head, A)
    (effect,) = core.receive(A, message)
    assert (effect.peer, effect.points) == (A, 1)


def test_an_answer_from_another_peer_is_unasked():
    core = FetchCore(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    (effect,) = core.receive(B, Headers(header_bytes(CHAIN, 6), rid=1))
    assert (effect.peer, effect.points) == (B, 1)


def test_a_block_that_arrived_meanwhile_is_not_delivered_again():
    core = FetchCore(CHAIN, 3)
    _up_to_bodies(core)
    core.known.add(CHAIN.hash_at(4))
    bodies = tuple(Body(CHAIN.hash_at(n), CHAIN.blocks[n].transactions) for n in (4, 5))
    got = others(core.receive(A, Bodies(bodies, rid=2)))
    assert [effect.hash for effect in got] == [CHAIN.hash_at(5), CHAIN.head]
