import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits import FETCH_JOBS_COUNT_MAX, REQUESTS_COUNT_MAX
from node.base.types import Hash32
from node.p2p import fetch as fetch_module
from node.p2p.events import (
    BlockMissing,
    DeliverBlock,
    PeerLost,
    Penalise,
    ScheduleTimer,
    TimerExpired,
    Trace,
)
from node.p2p.fetch import TIMER
from node.p2p.messages import GetBodies, GetHeaders, Headers
from node.p2p.serve import answer_headers
from tests.p2p.chains import Chain, header_bytes, make_block
from tests.p2p.network import FetchCore, Mesh, address, asked, others

A, B = address(0), address(1)
CHAIN = Chain(6)


@pytest.mark.parametrize("have", [0, 1, 4, 5])
def test_missing_blocks_are_delivered_oldest_first(have):
    core = FetchCore(CHAIN, have)
    got = core.answer_all(core.miss(CHAIN.head, A))
    wanted = [
        DeliverBlock(CHAIN.blocks[number], CHAIN.hash_at(number), A)
        for number in range(have + 1, 7)
    ]
    assert got == wanted


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 120), st.data())
def test_any_gap_is_closed(length, data):
    chain = Chain(length)
    have = data.draw(st.integers(0, length - 1))
    core = FetchCore(chain, have)
    got = core.answer_all(core.miss(chain.head, A))
    assert [effect.hash for effect in got] == [
        chain.hash_at(number) for number in range(have + 1, length + 1)
    ]


def test_a_known_block_is_not_fetched():
    assert FetchCore(CHAIN, 6).miss(CHAIN.head, A) == ()


def test_headers_are_asked_for_backwards_from_the_missing_block():
    effects = FetchCore(CHAIN).miss(CHAIN.head, A)
    assert asked(effects) == [(A, GetHeaders(CHAIN.head, 16, 0, True, rid=1))]
    assert effects[-1] == ScheduleTimer(TIMER, 5_000_000)


def test_later_questions_ask_for_more_headers():
    chain = Chain(200)
    core = FetchCore(chain)
    effects = core.miss(chain.head, A)
    counts = []
    while asked(effects):
        ((peer, question),) = asked(effects)
        if isinstance(question, GetBodies):
            break
        counts.append(question.count)
        effects = core.receive(peer, answer_headers(question, chain))
    assert counts == [16, 64, 256]


def test_headers_below_a_known_block_are_dropped():
    core = FetchCore(CHAIN, 4)
    core.miss(CHAIN.head, A)
    effects = core.receive(A, Headers(header_bytes(CHAIN, 6, 5, 4, 3), rid=1))
    assert asked(effects) == [(A, GetBodies((CHAIN.hash_at(5),), rid=2))]


def test_an_empty_block_needs_no_body():
    core = FetchCore(CHAIN, 5)
    core.miss(CHAIN.head, A)
    effects = core.receive(A, Headers(header_bytes(CHAIN, 6), rid=1))
    assert others(effects) == [DeliverBlock(CHAIN.blocks[6], CHAIN.head, A)]
    assert asked(effects) == []


def test_the_named_peer_is_asked_before_the_others():
    core = FetchCore(CHAIN, peers=(A, B))
    assert [peer for peer, _ in asked(core.miss(CHAIN.head, B))] == [B]


def test_a_peer_that_is_not_connected_is_not_asked():
    core = FetchCore(CHAIN, peers=(A,))
    assert [peer for peer, _ in asked(core.miss(CHAIN.head, B))] == [A]


def test_without_peers_the_fetch_is_given_up_aloud():
    core = FetchCore(CHAIN, peers=())
    (effect,) = core.miss(CHAIN.head, A)
    assert effect == Trace("fetch.gave_up", (("block", CHAIN.head), ("why", "no peer could help")))


def test_a_silent_peer_loses_two_points_and_the_next_one_is_asked():
    core = FetchCore(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    assert core.ring(4_999_999) == ()
    effects = core.ring(5_000_000)
    assert others(effects) == [Penalise(A, 2, "request unanswered")]
    assert [peer for peer, _ in asked(effects)] == [B]


def test_a_silent_peer_has_15_seconds_for_bodies():
    core = FetchCore(CHAIN, 4)
    core.miss(CHAIN.head, A)
    core.receive(A, Headers(header_bytes(CHAIN, 6, 5), rid=1))
    assert others(core.ring(14_999_999)) == []
    assert others(core.ring(15_000_000))[0] == Penalise(A, 2, "request unanswered")


def test_a_chain_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(fetch_module, "HEADERS_AHEAD_COUNT_MAX", 20)
    chain = Chain(30)
    core = FetchCore(chain)
    (effect,) = core.answer_all(core.miss(chain.head, A))
    assert effect.event == "fetch.gave_up"
    assert dict(effect.data)["why"] == "more than 20 headers ahead"


def test_a_lost_peer_is_replaced():
    core = FetchCore(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    assert [peer for peer, _ in asked(core.handle(PeerLost(A)))] == [B]


def test_a_block_that_is_looked_for_already_is_not_asked_for_twice():
    core = FetchCore(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    assert core.miss(CHAIN.head, B) == ()


def test_a_block_on_the_way_is_not_looked_for_again():
    core = FetchCore(CHAIN, 3)
    core.miss(CHAIN.head, A)
    core.receive(A, Headers(header_bytes(CHAIN, 6, 5, 4), rid=1))
    assert core.miss(CHAIN.hash_at(5), A) == ()


def test_a_second_announcer_is_asked_when_the_first_fails():
    core = FetchCore(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    core.miss(CHAIN.head, B)
    assert [peer for peer, _ in asked(core.receive(A, Headers((), rid=1)))] == [B]


def test_no_more_jobs_than_the_limit_run():
    core = FetchCore(CHAIN)
    for number in range(FETCH_JOBS_COUNT_MAX):
        core.miss(Hash32(bytes((number + 1,)) * 32), A)
    (effect,) = others(core.miss(CHAIN.head, A))
    assert effect.event == "fetch.refused"


def test_a_peer_with_its_fill_of_requests_is_asked_later():
    core = FetchCore(CHAIN)
    for _ in range(REQUESTS_COUNT_MAX):
        core.requests.open(A)
    effects = core.miss(CHAIN.head, A)
    assert asked(effects) == []
    assert effects[-1] == ScheduleTimer(TIMER, 500_000)
    core.requests.close(A)
    assert len(asked(core.ring(500_000))) == 1


def test_a_finished_fetch_leaves_no_request_open():
    core = FetchCore(CHAIN)
    core.answer_all(core.miss(CHAIN.head, A))
    assert core.requests._open == {A: 0}
    assert core.ring(10**9) == ()


def test_a_foreign_timer_is_ignored():
    core = FetchCore(CHAIN)
    core.miss(CHAIN.head, A)
    core.now = 5_000_000
    assert core.handle(TimerExpired("gossip")) == ()


def test_a_node_that_was_away_catches_up_over_the_mesh():
    chain = Chain(40)
    mesh = Mesh(4)
    for number in range(4):
        upto = 3 if number == 3 else 40
        for block in chain.blocks[: upto + 1]:
            mesh[number].blocks[block.header.hash()] = block
    newest = make_block(41, chain.head, (b"\x01new",))
    mesh.add_block(0, newest)
    mesh._feed(mesh[3], BlockMissing(chain.head, (mesh[0].name,)))
    mesh.run()
    assert set(mesh[3].blocks) == set(mesh[0].blocks)
    assert not any(node.penalties for node in mesh.nodes.values())
