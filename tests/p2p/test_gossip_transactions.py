import pytest

from node.base.keccak import keccak256
from node.base.limits import PUSHED_TRANSACTION_BYTES_MAX, REQUESTS_COUNT_MAX
from node.base.types import Hash32
from node.p2p.events import (
    DeliverTransactions,
    PeerLost,
    Penalise,
    SendFrame,
    TimerExpired,
    TransactionsAccepted,
)
from node.p2p.messages import GetTxs, NewTxHashes, Transactions, TxName, Txs
from node.p2p.wire import decode
from tests.p2p.network import GossipCore, Mesh, address, messages, others, sent

TX = b"\x02 a transaction"
TX_NAME = keccak256(TX)
A, B = address(0), address(1)


# Over a mesh


@pytest.mark.parametrize("count", [2, 4, 10])
def test_a_transaction_reaches_every_node(count):
    mesh = Mesh(count)
    mesh.add_transactions(0, [TX])
    mesh.run()
    assert all(TX_NAME in node.transactions for node in mesh.nodes.values())


@pytest.mark.parametrize("count", [4, 10])
def test_a_transaction_too_long_to_push_reaches_every_node(count):
    raw = b"\x02" + bytes(PUSHED_TRANSACTION_BYTES_MAX)
    mesh = Mesh(count)
    mesh.add_transactions(0, [raw])
    mesh.run()
    assert all(keccak256(raw) in node.transactions for node in mesh.nodes.values())
    assert not any(isinstance(message, Transactions) for _, _, message in mesh.sent)


# One core, event by event


@pytest.mark.parametrize(("peers", "whole"), [(1, 1), (3, 2), (4, 2), (10, 4)])
def test_a_short_transaction_goes_whole_to_the_root_of_the_peers(peers, whole):
    effects = GossipCore(peers).handle(TransactionsAccepted((TX,)))
    assert len(sent(effects, Transactions)) == whole
    assert len(sent(effects, NewTxHashes)) == peers - whole


@pytest.mark.parametrize(("size", "whole"), [(4_096, 1), (4_097, 0)])
def test_only_a_transaction_of_up_to_4096_bytes_is_pushed(size, whole):
    effects = GossipCore(1).handle(TransactionsAccepted((b"\x02" + bytes(size - 1),)))
    assert len(sent(effects, Transactions)) == whole
    assert len(sent(effects, NewTxHashes)) == 1 - whole


def test_an_announcement_carries_the_length():
    raw = b"\x02" + bytes(5_000)
    (message,) = messages(GossipCore(1).handle(TransactionsAccepted((raw,))), A)
    assert message == NewTxHashes((TxName(5_001, keccak256(raw)),))


def test_several_transactions_share_a_message():
    raws = tuple(b"\x02%d" % number for number in range(20))
    assert messages(GossipCore(1).handle(TransactionsAccepted(raws)), A) == [Transactions(raws)]


def test_many_transactions_are_cut_into_messages_that_fit():
    raws = tuple(b"\x02%4d" % number + bytes(4_000) for number in range(300))
    got = messages(GossipCore(1).handle(TransactionsAccepted(raws)), A)
    assert sum((message.transactions for message in got), ()) == raws
    assert len(got) > 2


def test_257_short_transactions_need_two_messages():
    raws = tuple(b"\x02%d" % number for number in range(257))
    got = messages(GossipCore(1).handle(TransactionsAccepted(raws)), A)
    assert [len(message.transactions) for message in got] == [256, 1]


def test_513_announcements_need_two_messages():
    raws = tuple(b"\x02%4d" % number + bytes(4_096) for number in range(513))
    got = messages(GossipCore(1).handle(TransactionsAccepted(raws)), A)
    assert [len(message.transactions) for message in got] == [512, 1]


def test_a_transaction_is_not_sent_to_whoever_sent_it():
    core = GossipCore(2)
    core.receive(A, Transactions((TX,)))
    effects = core.handle(TransactionsAccepted((TX,)))
    assert [effect.peer for effect in effects if isinstance(effect, SendFrame)] == [B]


def test_unknown_transactions_are_delivered_and_known_ones_are_not():
    core = GossipCore(1)
    core.pool.add(TX_NAME)
    effects = core.receive(A, Transactions((TX, b"\x02new", b"\x02new")))
    assert others(effects) == [DeliverTransactions((b"\x02new",), A)]


def test_known_transactions_deliver_nothing():
    core = GossipCore(1)
    core.pool.add(TX_NAME)
    assert core.receive(A, Transactions((TX,))) == ()


def _announce(core, *names, by=A):
    return core.receive(by, NewTxHashes(tuple(TxName(10, name) for name in names)))


def _questions(effects):
    return {
        effect.peer: decode(effect.payload)
        for effect in effects
        if isinstance(effect, SendFrame) and isinstance(decode(effect.payload), GetTxs)
    }


def test_an_announced_transaction_is_asked_for_after_500_ms():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    assert core.ring(499_999) == ()
    assert _questions(core.ring(500_000)) == {A: GetTxs((TX_NAME,), rid=1)}


def test_an_announced_transaction_that_came_whole_is_not_asked_for():
    core = GossipCore(2)
    _announce(core, TX_NAME)
    core.receive(B, Transactions((TX,)))
    assert _questions(core.ring(500_000)) == {}


def test_an_announced_transaction_that_the_pool_has_is_not_asked_for():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.pool.add(TX_NAME)
    assert _questions(core.ring(500_000)) == {}


def test_the_answer_is_delivered():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    assert others(core.receive(A, Txs((TX,), rid=1))) == [DeliverTransactions((TX,), A)]
    assert core.ring(6_000_000) == ()


def test_the_answer_closes_the_request():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    core.receive(A, Txs((TX,), rid=1))
    assert core.requests._open == {A: 0}


def test_a_transaction_announced_again_while_it_is_asked_for_is_not_asked_for_twice():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.receive(A, Transactions((TX,)))  # whole, and the pool does not take it
    core.now = 200_000
    _announce(core, TX_NAME)
    assert len(_questions(core.ring(500_000))) == 1
    assert _questions(core.ring(700_000)) == {}


def test_a_silent_announcer_loses_two_points_and_the_next_one_is_asked():
    core = GossipCore(2)
    _announce(core, TX_NAME, by=A)
    _announce(core, TX_NAME, by=B)
    core.ring(500_000)
    assert core.ring(5_499_999) == ()
    effects = core.ring(5_500_000)
    assert others(effects) == [Penalise(A, 2, "request unanswered")]
    assert _questions(effects) == {B: GetTxs((TX_NAME,), rid=1)}


def test_when_no_announcer_is_left_the_transaction_is_forgotten():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    core.ring(5_500_000)
    assert core.gossip._transactions == {}


def test_an_empty_answer_leads_to_the_next_announcer_without_points():
    core = GossipCore(2)
    _announce(core, TX_NAME, by=A)
    _announce(core, TX_NAME, by=B)
    core.ring(500_000)
    effects = core.receive(A, Txs((), rid=1))
    assert others(effects) == []
    assert list(_questions(effects)) == [B]


def test_an_answer_with_something_else_is_a_breach():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    (effect,) = others(core.receive(A, Txs((b"\x02else",), rid=1)))
    assert (effect.peer, effect.points) == (A, 100)


@pytest.mark.parametrize("rid", [0, 2])
def test_an_answer_that_nobody_asked_for_costs_a_point_and_is_not_read(rid):
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    (effect,) = core.receive(A, Txs((TX,), rid=rid))
    assert (effect.peer, effect.points) == (A, 1)


def test_the_same_answer_twice_costs_a_point():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    core.receive(A, Txs((TX,), rid=1))
    (effect,) = core.receive(A, Txs((TX,), rid=1))
    assert effect.points == 1


def test_an_answer_from_another_peer_is_unasked():
    core = GossipCore(2)
    _announce(core, TX_NAME)
    core.ring(500_000)
    (effect,) = core.receive(B, Txs((TX,), rid=1))
    assert (effect.peer, effect.points) == (B, 1)


def test_a_lost_peer_is_replaced_by_the_next_announcer():
    core = GossipCore(2)
    _announce(core, TX_NAME, by=A)
    _announce(core, TX_NAME, by=B)
    core.ring(500_000)
    assert list(_questions(core.handle(PeerLost(A)))) == [B]


def test_at_most_256_transactions_are_asked_for_in_one_request():
    core = GossipCore(1)
    names = [keccak256(b"%d" % number) for number in range(257)]
    _announce(core, *names)
    effects = core.ring(500_000)
    sizes = [len(m.hashes) for m in messages(effects, A) if isinstance(m, GetTxs)]
    assert sizes == [256, 1]


def test_a_peer_with_its_fill_of_requests_is_asked_later():
    core = GossipCore(1)
    for _ in range(REQUESTS_COUNT_MAX):
        core.requests.open(A)
    _announce(core, TX_NAME)
    assert _questions(core.ring(500_000)) == {}
    core.requests.close(A)
    assert list(_questions(core.ring(1_000_000))) == [A]


def test_a_foreign_timer_is_ignored():
    core = GossipCore(1)
    _announce(core, TX_NAME)
    core.now = 500_000
    assert core.handle(TimerExpired("blocks")) == ()


def test_hashes_that_are_announced_for_ever_do_not_grow_the_memory(monkeypatch):
    monkeypatch.setattr("node.p2p.gossip.KNOWN_TRANSACTIONS_COUNT_MAX", 10)
    core = GossipCore(1)
    _announce(core, *(Hash32(keccak256(b"%d" % number)) for number in range(25)))
    assert len(core.gossip._transactions) == 10
    assert len(core.gossip._peers[A].transactions) == 10
