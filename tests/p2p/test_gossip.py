import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.block import Block
from node.base.keccak import keccak256
from node.base.limits import (
    KNOWN_BLOCKS_COUNT_MAX,
    PUSHED_TRANSACTION_BYTES_MAX,
    REQUESTS_COUNT_MAX,
)
from node.base.rng import TreeEntropy
from node.base.types import Address, Hash32
from node.p2p.events import (
    BlockAccepted,
    DeliverAnnouncement,
    DeliverBlock,
    DeliverTransactions,
    MessageReceived,
    PeerConnected,
    PeerLost,
    Penalise,
    ScheduleTimer,
    SendFrame,
    TimerExpired,
    TransactionsAccepted,
)
from node.p2p.gossip import TIMER, Gossip
from node.p2p.messages import (
    BlockName,
    GetTxs,
    NewBlock,
    NewBlockHashes,
    NewTxHashes,
    Ping,
    SendClass,
    Transactions,
    TxName,
    Txs,
)
from node.p2p.requests import RequestBook
from node.p2p.wire import decode
from tests.p2p.chains import Chain
from tests.p2p.network import Mesh

CHAIN = Chain(3)
BLOCK = CHAIN.blocks[1]
NAME = BLOCK.header.hash()
WHOLE = NewBlock(BLOCK.header.encode(), BLOCK.transactions, b"")
TX = b"\x02 a transaction"
TX_NAME = keccak256(TX)


def peer(number):
    return Address(bytes((number + 1,)) * 20)


A, B, C = peer(0), peer(1), peer(2)


class Core:
    """One gossip core and what its chain and pool have."""

    def __init__(self, count):
        self.blocks, self.pool = set(), set()
        self.requests = RequestBook()
        self.gossip = Gossip(
            entropy=TreeEntropy(7, "gossip"),
            requests=self.requests,
            block_known=self.blocks.__contains__,
            transaction_known=self.pool.__contains__,
        )
        self.now = 0
        for number in range(count):
            self.handle(PeerConnected(peer(number)))

    def handle(self, event):
        return self.gossip.handle(event, self.now)

    def receive(self, name, message):
        return self.handle(MessageReceived(name, message))

    def ring(self, at_us):
        self.now = at_us
        return self.handle(TimerExpired(TIMER))


def sent(effects, kind):
    """The peers that get a message of this kind."""
    frames = [effect for effect in effects if isinstance(effect, SendFrame)]
    return [effect.peer for effect in frames if isinstance(decode(effect.payload), kind)]


def messages(effects, name):
    frames = [effect for effect in effects if isinstance(effect, SendFrame)]
    return [decode(effect.payload) for effect in frames if effect.peer == name]


def others(effects):
    return [effect for effect in effects if not isinstance(effect, SendFrame | ScheduleTimer)]


# Over a mesh


@pytest.mark.parametrize("count", [2, 4, 10])
def test_a_block_reaches_every_node(count):
    mesh = Mesh(count)
    mesh.add_block(0, BLOCK)
    mesh.run()
    assert all(NAME in node.blocks for node in mesh.nodes.values())


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


def test_news_crosses_a_line_of_nodes():
    mesh = Mesh(5, links={frozenset((n, n + 1)) for n in range(4)})
    mesh.add_block(0, BLOCK)
    mesh.add_transactions(4, [TX])
    mesh.run()
    assert all(NAME in node.blocks for node in mesh.nodes.values())
    assert all(TX_NAME in node.transactions for node in mesh.nodes.values())


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1_000))
def test_nothing_goes_back_to_whom_it_came_from(seed):
    mesh = Mesh(10, seed)
    mesh.add_block(3, BLOCK)
    mesh.add_transactions(3, [TX])
    mesh.run()
    news = NewBlock | NewBlockHashes | Transactions | NewTxHashes
    told = [to for _, to, message in mesh.sent if isinstance(message, news)]
    assert peer(3) not in told  # it told everybody in the first instant


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1_000))
def test_nobody_is_told_the_same_twice_by_the_same_node(seed):
    mesh = Mesh(10, seed)
    mesh.add_block(0, BLOCK)
    mesh.run()
    told = [(s, t) for s, t, m in mesh.sent if isinstance(m, NewBlock | NewBlockHashes)]
    assert len(told) == len(set(told))


def test_a_quiet_mesh_stays_quiet():
    mesh = Mesh(10)
    mesh.add_block(0, BLOCK)
    mesh.add_transactions(0, [TX])
    mesh.run()
    count = len(mesh.sent)
    mesh.run(10**12)
    assert len(mesh.sent) == count
    assert not any(node.penalties for node in mesh.nodes.values())


def test_the_same_seed_sends_the_same_messages():
    runs = []
    for _ in range(2):
        mesh = Mesh(10, seed=5)
        mesh.add_block(0, BLOCK)
        mesh.run()
        runs.append(mesh.sent)
    assert runs[0] == runs[1]


# Blocks


@pytest.mark.parametrize(
    ("peers", "whole"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 2), (5, 3), (9, 3), (10, 4)]
)
def test_a_block_goes_whole_to_the_root_of_the_peers_and_by_name_to_the_rest(peers, whole):
    effects = Core(peers).handle(BlockAccepted(BLOCK, b""))
    assert len(sent(effects, NewBlock)) == whole
    assert len(sent(effects, NewBlockHashes)) == peers - whole


def test_a_block_travels_with_its_score_and_its_number():
    effects = Core(3).handle(BlockAccepted(BLOCK, b"\x05"))
    kinds = {
        type(message): message for number in range(3) for message in messages(effects, peer(number))
    }
    assert kinds[NewBlock] == NewBlock(BLOCK.header.encode(), BLOCK.transactions, b"\x05")
    assert kinds[NewBlockHashes] == NewBlockHashes((BlockName(1, NAME),))


def test_gossip_travels_in_the_gossip_class():
    effects = Core(3).handle(BlockAccepted(BLOCK, b""))
    classes = {effect.send_class for effect in effects if isinstance(effect, SendFrame)}
    assert classes == {SendClass.GOSSIP}


def test_accepting_a_block_twice_tells_nobody_twice():
    core = Core(3)
    core.handle(BlockAccepted(BLOCK, b""))
    assert core.handle(BlockAccepted(BLOCK, b"")) == ()


def test_who_announced_a_block_is_not_told_of_it():
    core = Core(2)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    effects = core.handle(BlockAccepted(BLOCK, b""))
    assert sent(effects, NewBlock) == [B]


def test_a_new_block_is_delivered_once_whoever_sends_it():
    core = Core(2)
    assert others(core.receive(A, WHOLE)) == [DeliverBlock(BLOCK, NAME, A)]
    assert others(core.receive(B, WHOLE)) == []


def test_a_known_block_is_not_delivered():
    core = Core(1)
    core.blocks.add(NAME)
    assert core.receive(A, WHOLE) == ()


def test_a_forged_body_does_not_hide_the_true_one():
    core = Core(2)
    core.receive(A, NewBlock(WHOLE.header, (b"\x01forged",), b""))
    assert others(core.receive(B, WHOLE)) == [DeliverBlock(BLOCK, NAME, B)]


@pytest.mark.parametrize(
    "message",
    [
        NewBlock(b"\xc0", (), b""),
        NewBlock(WHOLE.header + b"\0", (), b""),
        NewBlock(WHOLE.header, (b"",), b""),
    ],
    ids=["no header", "trailing byte", "empty transaction"],
)
def test_a_block_that_cannot_be_one_is_a_breach(message):
    (effect,) = Core(1).receive(A, message)
    assert (effect.peer, effect.points) == (A, 100)


def test_an_announced_block_that_does_not_come_is_reported_after_500_ms():
    core = Core(3)
    assert core.receive(A, NewBlockHashes((BlockName(1, NAME),)))[-1] == ScheduleTimer(
        TIMER, 500_000
    )
    core.receive(B, NewBlockHashes((BlockName(1, NAME),)))
    assert core.ring(499_999) == ()
    assert others(core.ring(500_000)) == [DeliverAnnouncement(BlockName(1, NAME), (A, B))]


def test_an_announced_block_that_came_whole_is_not_reported():
    core = Core(2)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    core.receive(B, WHOLE)
    core.blocks.add(NAME)
    core.handle(BlockAccepted(BLOCK, b""))
    assert core.ring(500_000) == ()


def test_an_announced_block_that_is_known_is_not_reported():
    core = Core(1)
    core.blocks.add(NAME)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    assert core.ring(500_000) == ()


def test_an_announcer_that_left_is_not_named():
    core = Core(2)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    core.handle(PeerLost(A))
    assert core.ring(500_000) == ()


def test_what_a_peer_knows_is_bounded():
    core = Core(1)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    for start in range(0, KNOWN_BLOCKS_COUNT_MAX, 256):
        names = [BlockName(1, keccak256(b"%d" % (start + n))) for n in range(256)]
        core.receive(A, NewBlockHashes(tuple(names)))
    assert len(core.gossip._peers[A].blocks) == KNOWN_BLOCKS_COUNT_MAX
    assert sent(core.handle(BlockAccepted(BLOCK, b"")), NewBlock) == [A]


def test_a_message_of_a_stranger_is_ignored():
    assert Core(1).receive(B, WHOLE) == ()


def test_a_message_of_another_core_is_ignored():
    assert Core(1).receive(A, Ping(1)) == ()


# Transactions


@pytest.mark.parametrize(("peers", "whole"), [(1, 1), (3, 2), (4, 2), (10, 4)])
def test_a_short_transaction_goes_whole_to_the_root_of_the_peers(peers, whole):
    effects = Core(peers).handle(TransactionsAccepted((TX,)))
    assert len(sent(effects, Transactions)) == whole
    assert len(sent(effects, NewTxHashes)) == peers - whole


@pytest.mark.parametrize(("size", "whole"), [(4_096, 1), (4_097, 0)])
def test_only_a_transaction_of_up_to_4096_bytes_is_pushed(size, whole):
    effects = Core(1).handle(TransactionsAccepted((b"\x02" + bytes(size - 1),)))
    assert len(sent(effects, Transactions)) == whole
    assert len(sent(effects, NewTxHashes)) == 1 - whole


def test_an_announcement_carries_the_length():
    raw = b"\x02" + bytes(5_000)
    (message,) = messages(Core(1).handle(TransactionsAccepted((raw,))), A)
    assert message == NewTxHashes((TxName(5_001, keccak256(raw)),))


def test_several_transactions_share_a_message():
    raws = tuple(b"\x02%d" % number for number in range(20))
    assert messages(Core(1).handle(TransactionsAccepted(raws)), A) == [Transactions(raws)]


def test_many_transactions_are_cut_into_messages_that_fit():
    raws = tuple(b"\x02%4d" % number + bytes(4_000) for number in range(300))
    got = messages(Core(1).handle(TransactionsAccepted(raws)), A)
    assert sum((message.transactions for message in got), ()) == raws
    assert len(got) > 2


def test_257_short_transactions_need_two_messages():
    raws = tuple(b"\x02%d" % number for number in range(257))
    got = messages(Core(1).handle(TransactionsAccepted(raws)), A)
    assert [len(message.transactions) for message in got] == [256, 1]


def test_513_announcements_need_two_messages():
    raws = tuple(b"\x02%4d" % number + bytes(4_096) for number in range(513))
    got = messages(Core(1).handle(TransactionsAccepted(raws)), A)
    assert [len(message.transactions) for message in got] == [512, 1]


def test_a_transaction_is_not_sent_to_whoever_sent_it():
    core = Core(2)
    core.receive(A, Transactions((TX,)))
    effects = core.handle(TransactionsAccepted((TX,)))
    assert [effect.peer for effect in effects if isinstance(effect, SendFrame)] == [B]


def test_unknown_transactions_are_delivered_and_known_ones_are_not():
    core = Core(1)
    core.pool.add(TX_NAME)
    effects = core.receive(A, Transactions((TX, b"\x02new", b"\x02new")))
    assert others(effects) == [DeliverTransactions((b"\x02new",), A)]


def test_known_transactions_deliver_nothing():
    core = Core(1)
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
    core = Core(1)
    _announce(core, TX_NAME)
    assert core.ring(499_999) == ()
    assert _questions(core.ring(500_000)) == {A: GetTxs((TX_NAME,), rid=1)}


def test_an_announced_transaction_that_came_whole_is_not_asked_for():
    core = Core(2)
    _announce(core, TX_NAME)
    core.receive(B, Transactions((TX,)))
    assert _questions(core.ring(500_000)) == {}


def test_an_announced_transaction_that_the_pool_has_is_not_asked_for():
    core = Core(1)
    _announce(core, TX_NAME)
    core.pool.add(TX_NAME)
    assert _questions(core.ring(500_000)) == {}


def test_the_answer_is_delivered():
    core = Core(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    assert others(core.receive(A, Txs((TX,), rid=1))) == [DeliverTransactions((TX,), A)]
    assert core.ring(6_000_000) == ()


def test_the_answer_closes_the_request():
    core = Core(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    core.receive(A, Txs((TX,), rid=1))
    assert core.requests._open == {A: 0}


def test_a_transaction_announced_again_while_it_is_asked_for_is_not_asked_for_twice():
    core = Core(1)
    _announce(core, TX_NAME)
    core.receive(A, Transactions((TX,)))  # whole, and the pool does not take it
    core.now = 200_000
    _announce(core, TX_NAME)
    assert len(_questions(core.ring(500_000))) == 1
    assert _questions(core.ring(700_000)) == {}


def test_a_silent_announcer_loses_two_points_and_the_next_one_is_asked():
    core = Core(2)
    _announce(core, TX_NAME, by=A)
    _announce(core, TX_NAME, by=B)
    core.ring(500_000)
    assert core.ring(5_499_999) == ()
    effects = core.ring(5_500_000)
    assert others(effects) == [Penalise(A, 2, "request unanswered")]
    assert _questions(effects) == {B: GetTxs((TX_NAME,), rid=1)}


def test_when_no_announcer_is_left_the_transaction_is_forgotten():
    core = Core(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    core.ring(5_500_000)
    assert core.gossip._transactions == {}


def test_an_empty_answer_leads_to_the_next_announcer_without_points():
    core = Core(2)
    _announce(core, TX_NAME, by=A)
    _announce(core, TX_NAME, by=B)
    core.ring(500_000)
    effects = core.receive(A, Txs((), rid=1))
    assert others(effects) == []
    assert list(_questions(effects)) == [B]


def test_an_answer_with_something_else_is_a_breach():
    core = Core(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    (effect,) = others(core.receive(A, Txs((b"\x02else",), rid=1)))
    assert (effect.peer, effect.points) == (A, 100)


@pytest.mark.parametrize("rid", [0, 2])
def test_an_answer_that_nobody_asked_for_costs_a_point_and_is_not_read(rid):
    core = Core(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    (effect,) = core.receive(A, Txs((TX,), rid=rid))
    assert (effect.peer, effect.points) == (A, 1)


def test_the_same_answer_twice_costs_a_point():
    core = Core(1)
    _announce(core, TX_NAME)
    core.ring(500_000)
    core.receive(A, Txs((TX,), rid=1))
    (effect,) = core.receive(A, Txs((TX,), rid=1))
    assert effect.points == 1


def test_an_answer_from_another_peer_is_unasked():
    core = Core(2)
    _announce(core, TX_NAME)
    core.ring(500_000)
    (effect,) = core.receive(B, Txs((TX,), rid=1))
    assert (effect.peer, effect.points) == (B, 1)


def test_a_lost_peer_is_replaced_by_the_next_announcer():
    core = Core(2)
    _announce(core, TX_NAME, by=A)
    _announce(core, TX_NAME, by=B)
    core.ring(500_000)
    assert list(_questions(core.handle(PeerLost(A)))) == [B]


def test_at_most_256_transactions_are_asked_for_in_one_request():
    core = Core(1)
    names = [keccak256(b"%d" % number) for number in range(257)]
    _announce(core, *names)
    effects = core.ring(500_000)
    sizes = [len(m.hashes) for m in messages(effects, A) if isinstance(m, GetTxs)]
    assert sizes == [256, 1]


def test_a_peer_with_its_fill_of_requests_is_asked_later():
    core = Core(1)
    for _ in range(REQUESTS_COUNT_MAX):
        core.requests.open(A)
    _announce(core, TX_NAME)
    assert _questions(core.ring(500_000)) == {}
    core.requests.close(A)
    assert list(_questions(core.ring(1_000_000))) == [A]


def test_a_foreign_timer_is_ignored():
    core = Core(1)
    _announce(core, TX_NAME)
    core.now = 500_000
    assert core.handle(TimerExpired("blocks")) == ()


def test_an_empty_block_is_gossiped_too():
    block = Block(CHAIN.blocks[3].header, ())
    assert sent(Core(1).handle(BlockAccepted(block, b"")), NewBlock) == [A]


def test_hashes_that_are_announced_for_ever_do_not_grow_the_memory(monkeypatch):
    monkeypatch.setattr("node.p2p.gossip.KNOWN_TRANSACTIONS_COUNT_MAX", 10)
    core = Core(1)
    _announce(core, *(Hash32(keccak256(b"%d" % number)) for number in range(25)))
    assert len(core.gossip._transactions) == 10
    assert len(core.gossip._peers[A].transactions) == 10
