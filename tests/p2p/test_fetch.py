import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits import FETCH_JOBS_COUNT_MAX, REQUESTS_COUNT_MAX
from node.base.types import ZERO_HASH, Address, Hash32
from node.p2p import fetch as fetch_module
from node.p2p.events import (
    BlockMissing,
    DeliverBlock,
    MessageReceived,
    PeerConnected,
    PeerLost,
    Penalise,
    ScheduleTimer,
    SendFrame,
    TimerExpired,
    Trace,
)
from node.p2p.fetch import TIMER, BlockFetcher
from node.p2p.messages import Bodies, Body, GetBodies, GetHeaders, Headers
from node.p2p.requests import RequestBook
from node.p2p.serve import answer_bodies, answer_headers
from node.p2p.wire import decode
from tests.p2p.chains import Chain, make_block, root_of
from tests.p2p.network import Mesh

A, B = Address(b"a" * 20), Address(b"b" * 20)


class Core:
    """One fetcher on top of the first ``have`` blocks of a chain."""

    def __init__(self, chain, have=0, peers=(A,)):
        self.chain = chain
        self.known = {chain.hash_at(number) for number in range(have + 1)}
        self.requests = RequestBook()
        self.fetcher = BlockFetcher(
            requests=self.requests, known=self.known.__contains__, transactions_root=root_of
        )
        self.now = 0
        for peer in peers:
            self.handle(PeerConnected(peer))

    def handle(self, event):
        return self.fetcher.handle(event, self.now)

    def miss(self, name, *peers):
        return self.handle(BlockMissing(name, peers))

    def receive(self, peer, message):
        return self.handle(MessageReceived(peer, message))

    def ring(self, at_us):
        self.now = at_us
        return self.handle(TimerExpired(TIMER))

    def answer_all(self, effects, chain=None):
        """Let peers answer out of a chain until nobody asks; give the other effects."""
        chain = chain or self.chain
        left, rest = list(effects), []
        while left:
            effect = left.pop(0)
            if not isinstance(effect, SendFrame):
                rest.append(effect)
                continue
            question = decode(effect.payload)
            answer = answer_headers if isinstance(question, GetHeaders) else answer_bodies
            left += self.receive(effect.peer, answer(question, chain))
        return [effect for effect in rest if not isinstance(effect, ScheduleTimer)]


def asked(effects):
    return [(e.peer, decode(e.payload)) for e in effects if isinstance(e, SendFrame)]


def others(effects):
    return [e for e in effects if not isinstance(e, SendFrame | ScheduleTimer)]


def header_bytes(chain, *numbers):
    return tuple(chain.blocks[number].header.encode() for number in numbers)


CHAIN = Chain(6)


@pytest.mark.parametrize("have", [0, 1, 4, 5])
def test_missing_blocks_are_delivered_oldest_first(have):
    core = Core(CHAIN, have)
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
    core = Core(chain, have)
    got = core.answer_all(core.miss(chain.head, A))
    assert [effect.hash for effect in got] == [
        chain.hash_at(number) for number in range(have + 1, length + 1)
    ]


def test_a_known_block_is_not_fetched():
    assert Core(CHAIN, 6).miss(CHAIN.head, A) == ()


def test_headers_are_asked_for_backwards_from_the_missing_block():
    effects = Core(CHAIN).miss(CHAIN.head, A)
    assert asked(effects) == [(A, GetHeaders(CHAIN.head, 16, 0, True, rid=1))]
    assert effects[-1] == ScheduleTimer(TIMER, 5_000_000)


def test_later_questions_ask_for_more_headers():
    chain = Chain(200)
    core = Core(chain)
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
    core = Core(CHAIN, 4)
    core.miss(CHAIN.head, A)
    effects = core.receive(A, Headers(header_bytes(CHAIN, 6, 5, 4, 3), rid=1))
    assert asked(effects) == [(A, GetBodies((CHAIN.hash_at(5),), rid=2))]


def test_an_empty_block_needs_no_body():
    core = Core(CHAIN, 5)
    core.miss(CHAIN.head, A)
    effects = core.receive(A, Headers(header_bytes(CHAIN, 6), rid=1))
    assert others(effects) == [DeliverBlock(CHAIN.blocks[6], CHAIN.head, A)]
    assert asked(effects) == []


def test_the_named_peer_is_asked_before_the_others():
    core = Core(CHAIN, peers=(A, B))
    assert [peer for peer, _ in asked(core.miss(CHAIN.head, B))] == [B]


def test_a_peer_that_is_not_connected_is_not_asked():
    core = Core(CHAIN, peers=(A,))
    assert [peer for peer, _ in asked(core.miss(CHAIN.head, B))] == [A]


def test_without_peers_the_fetch_is_given_up_aloud():
    core = Core(CHAIN, peers=())
    (effect,) = core.miss(CHAIN.head, A)
    assert effect == Trace("fetch.gave_up", (("block", CHAIN.head), ("why", "no peer could help")))


def test_a_silent_peer_loses_two_points_and_the_next_one_is_asked():
    core = Core(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    assert core.ring(4_999_999) == ()
    effects = core.ring(5_000_000)
    assert others(effects) == [Penalise(A, 2, "request unanswered")]
    assert [peer for peer, _ in asked(effects)] == [B]


def test_a_silent_peer_has_15_seconds_for_bodies():
    core = Core(CHAIN, 4)
    core.miss(CHAIN.head, A)
    core.receive(A, Headers(header_bytes(CHAIN, 6, 5), rid=1))
    assert others(core.ring(14_999_999)) == []
    assert others(core.ring(15_000_000))[0] == Penalise(A, 2, "request unanswered")


def test_an_empty_answer_leads_to_the_next_peer_without_points():
    core = Core(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    effects = core.receive(A, Headers((), rid=1))
    assert others(effects) == []
    assert [peer for peer, _ in asked(effects)] == [B]


def test_no_bodies_lead_to_the_next_peer():
    core = Core(CHAIN, 4, peers=(A, B))
    core.miss(CHAIN.head, A)
    core.receive(A, Headers(header_bytes(CHAIN, 6, 5), rid=1))
    effects = core.receive(A, Bodies((), rid=2))
    assert [peer for peer, _ in asked(effects)] == [B]


def test_when_every_peer_has_nothing_the_fetch_is_given_up():
    core = Core(CHAIN)
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
    core = Core(CHAIN)
    core.known.clear()
    core.miss(CHAIN.head, A)
    effect = others(core.receive(A, Headers(raws, rid=1)))[0]
    assert (effect.peer, effect.points) == (A, 100)


def test_a_number_that_jumps_is_a_breach_even_where_the_hash_links():
    low = make_block(7, ZERO_HASH)
    high = make_block(9, low.header.hash())
    core = Core(CHAIN)
    core.miss(high.header.hash(), A)
    raws = (high.header.encode(), low.header.encode())
    effect = others(core.receive(A, Headers(raws, rid=1)))[0]
    assert effect == Penalise(A, 100, "headers that do not link")


def test_more_headers_than_asked_for_are_a_breach():
    chain = Chain(20)
    core = Core(chain)
    core.miss(chain.head, A)
    raws = header_bytes(chain, *range(20, 3, -1))
    effect = others(core.receive(A, Headers(raws, rid=1)))[0]
    assert effect == Penalise(A, 100, "more headers than asked for")


def test_a_chain_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(fetch_module, "HEADERS_AHEAD_COUNT_MAX", 20)
    chain = Chain(30)
    core = Core(chain)
    (effect,) = core.answer_all(core.miss(chain.head, A))
    assert effect.event == "fetch.gave_up"
    assert dict(effect.data)["why"] == "more than 20 headers ahead"


def _up_to_bodies(core):
    core.miss(CHAIN.head, A)
    return core.receive(A, Headers(header_bytes(CHAIN, 6, 5, 4), rid=1))


def test_a_body_that_does_not_match_its_header_costs_20_points_and_is_asked_elsewhere():
    core = Core(CHAIN, 3, peers=(A, B))
    _up_to_bodies(core)
    wrong = Body(CHAIN.hash_at(4), (b"\x01forged",))
    effects = core.receive(A, Bodies((wrong,), rid=2))
    assert others(effects) == [Penalise(A, 20, "a body does not match its header")]
    assert asked(effects) == [(B, GetBodies((CHAIN.hash_at(4), CHAIN.hash_at(5)), rid=1))]


def test_a_body_with_an_empty_transaction_does_not_match():
    core = Core(CHAIN, 3)
    _up_to_bodies(core)
    wrong = Body(CHAIN.hash_at(4), (b"",))
    assert others(core.receive(A, Bodies((wrong,), rid=2)))[0].points == 20


@pytest.mark.parametrize("numbers", [(3,), (5, 4), (4, 4)], ids=["unasked", "order", "twice"])
def test_bodies_that_are_no_subset_of_the_question_are_a_breach(numbers):
    core = Core(CHAIN, 3)
    _up_to_bodies(core)
    bodies = tuple(Body(CHAIN.hash_at(n), CHAIN.blocks[n].transactions) for n in numbers)
    assert others(core.receive(A, Bodies(bodies, rid=2)))[0].points == 100


def test_a_part_of_the_bodies_is_delivered_and_the_rest_asked_for():
    core = Core(CHAIN, 3)
    _up_to_bodies(core)
    part = Body(CHAIN.hash_at(4), CHAIN.blocks[4].transactions)
    effects = core.receive(A, Bodies((part,), rid=2))
    assert others(effects) == [DeliverBlock(CHAIN.blocks[4], CHAIN.hash_at(4), A)]
    assert asked(effects) == [(A, GetBodies((CHAIN.hash_at(5),), rid=3))]


def test_a_later_body_waits_for_the_earlier_one():
    core = Core(CHAIN, 3)
    _up_to_bodies(core)
    part = Body(CHAIN.hash_at(5), CHAIN.blocks[5].transactions)
    effects = core.receive(A, Bodies((part,), rid=2))
    assert others(effects) == []
    assert asked(effects) == [(A, GetBodies((CHAIN.hash_at(4),), rid=3))]


def test_progress_with_headers_gives_everybody_a_new_chance():
    chain = Chain(40)
    core = Core(chain, peers=(A, B))
    core.miss(chain.head, A)
    core.receive(A, Headers((), rid=1))
    effects = core.receive(B, Headers(header_bytes(chain, *range(40, 30, -1)), rid=1))
    assert [peer for peer, _ in asked(effects)] == [A]


def test_progress_with_bodies_gives_everybody_a_new_chance():
    core = Core(CHAIN, 3, peers=(A, B))
    _up_to_bodies(core)
    core.receive(A, Bodies((), rid=2))
    part = Body(CHAIN.hash_at(4), CHAIN.blocks[4].transactions)
    effects = core.receive(B, Bodies((part,), rid=1))
    assert [peer for peer, _ in asked(effects)] == [A]


def test_the_giver_of_a_body_is_named_with_its_block():
    core = Core(CHAIN, 3, peers=(A, B))
    _up_to_bodies(core)
    core.receive(A, Bodies((), rid=2))
    body = Body(CHAIN.hash_at(4), CHAIN.blocks[4].transactions)
    assert others(core.receive(B, Bodies((body,), rid=1)))[0].peer == B


@pytest.mark.parametrize(
    "message", [Headers((), rid=2), Headers((), rid=0), Bodies((), rid=1), Bodies((), rid=7)]
)
def test_an_answer_that_nobody_asked_for_costs_a_point(message):
    core = Core(CHAIN)
    core.miss(CHAIN.head, A)
    (effect,) = core.receive(A, message)
    assert (effect.peer, effect.points) == (A, 1)


def test_an_answer_from_another_peer_is_unasked():
    core = Core(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    (effect,) = core.receive(B, Headers(header_bytes(CHAIN, 6), rid=1))
    assert (effect.peer, effect.points) == (B, 1)


def test_a_lost_peer_is_replaced():
    core = Core(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    assert [peer for peer, _ in asked(core.handle(PeerLost(A)))] == [B]


def test_a_block_that_is_looked_for_already_is_not_asked_for_twice():
    core = Core(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    assert core.miss(CHAIN.head, B) == ()


def test_a_block_on_the_way_is_not_looked_for_again():
    core = Core(CHAIN, 3)
    _up_to_bodies(core)
    assert core.miss(CHAIN.hash_at(5), A) == ()


def test_a_second_announcer_is_asked_when_the_first_fails():
    core = Core(CHAIN, peers=(A, B))
    core.miss(CHAIN.head, A)
    core.miss(CHAIN.head, B)
    assert [peer for peer, _ in asked(core.receive(A, Headers((), rid=1)))] == [B]


def test_no_more_jobs_than_the_limit_run():
    core = Core(CHAIN)
    for number in range(FETCH_JOBS_COUNT_MAX):
        core.miss(Hash32(bytes((number + 1,)) * 32), A)
    (effect,) = others(core.miss(CHAIN.head, A))
    assert effect.event == "fetch.refused"


def test_a_peer_with_its_fill_of_requests_is_asked_later():
    core = Core(CHAIN)
    for _ in range(REQUESTS_COUNT_MAX):
        core.requests.open(A)
    effects = core.miss(CHAIN.head, A)
    assert asked(effects) == []
    assert effects[-1] == ScheduleTimer(TIMER, 500_000)
    core.requests.close(A)
    assert len(asked(core.ring(500_000))) == 1


def test_a_block_that_arrived_meanwhile_is_not_delivered_again():
    core = Core(CHAIN, 3)
    _up_to_bodies(core)
    core.known.add(CHAIN.hash_at(4))
    bodies = tuple(Body(CHAIN.hash_at(n), CHAIN.blocks[n].transactions) for n in (4, 5))
    got = others(core.receive(A, Bodies(bodies, rid=2)))
    assert [effect.hash for effect in got] == [CHAIN.hash_at(5), CHAIN.head]


def test_a_finished_fetch_leaves_no_request_open():
    core = Core(CHAIN)
    core.answer_all(core.miss(CHAIN.head, A))
    assert core.requests._open == {A: 0}
    assert core.ring(10**9) == ()


def test_a_foreign_timer_is_ignored():
    core = Core(CHAIN)
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
