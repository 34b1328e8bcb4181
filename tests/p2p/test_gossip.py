import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.block import Block
from node.base.keccak import keccak256
from node.base.limits import KNOWN_BLOCKS_COUNT_MAX
from node.p2p.events import (
    BlockAccepted,
    DeliverAnnouncement,
    DeliverBlock,
    PeerLost,
    ScheduleTimer,
    SendFrame,
)
from node.p2p.gossip import TIMER
from node.p2p.messages import (
    BlockName,
    NewBlock,
    NewBlockHashes,
    NewTxHashes,
    Ping,
    SendClass,
    Transactions,
)
from tests.p2p.chains import Chain
from tests.p2p.network import GossipCore, Mesh, address, messages, others, sent

CHAIN = Chain(3)
BLOCK = CHAIN.blocks[1]
NAME = BLOCK.header.hash()
WHOLE = NewBlock(BLOCK.header.encode(), BLOCK.transactions, b"")
TX = b"\x02 a transaction"
TX_NAME = keccak256(TX)
A, B = address(0), address(1)


# Over a mesh


@pytest.mark.parametrize("count", [2, 4, 10])
def test_a_block_reaches_every_node(count):
    mesh = Mesh(count)
    mesh.add_block(0, BLOCK)
    mesh.run()
    assert all(NAME in node.blocks for node in mesh.nodes.values())


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
    assert address(3) not in told  # it told everybody in the first instant


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
    effects = GossipCore(peers).handle(BlockAccepted(BLOCK, b""))
    assert len(sent(effects, NewBlock)) == whole
    assert len(sent(effects, NewBlockHashes)) == peers - whole


@pytest.mark.parametrize(("is_own", "whole"), [(True, 5), (False, 0)])
def test_directly_a_block_goes_whole_from_its_maker_to_all_and_nobody_passes_it_on(is_own, whole):
    effects = GossipCore(5, is_direct=True).handle(BlockAccepted(BLOCK, b"", is_own=is_own))
    assert len(sent(effects, NewBlock)) == whole
    assert sent(effects, NewBlockHashes) == []


def test_a_block_travels_with_its_score_and_its_number():
    effects = GossipCore(3).handle(BlockAccepted(BLOCK, b"\x05"))
    kinds = {
        type(message): message
        for number in range(3)
        for message in messages(effects, address(number))
    }
    assert kinds[NewBlock] == NewBlock(BLOCK.header.encode(), BLOCK.transactions, b"\x05")
    assert kinds[NewBlockHashes] == NewBlockHashes((BlockName(1, NAME),))


def test_gossip_travels_in_the_gossip_class():
    effects = GossipCore(3).handle(BlockAccepted(BLOCK, b""))
    classes = {effect.send_class for effect in effects if isinstance(effect, SendFrame)}
    assert classes == {SendClass.GOSSIP}


def test_accepting_a_block_twice_tells_nobody_twice():
    core = GossipCore(3)
    core.handle(BlockAccepted(BLOCK, b""))
    assert core.handle(BlockAccepted(BLOCK, b"")) == ()


def test_who_announced_a_block_is_not_told_of_it():
    core = GossipCore(2)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    effects = core.handle(BlockAccepted(BLOCK, b""))
    assert sent(effects, NewBlock) == [B]


def test_a_new_block_is_delivered_once_whoever_sends_it():
    core = GossipCore(2)
    assert others(core.receive(A, WHOLE)) == [DeliverBlock(BLOCK, NAME, A)]
    assert others(core.receive(B, WHOLE)) == []


def test_a_known_block_is_not_delivered():
    core = GossipCore(1)
    core.blocks.add(NAME)
    assert core.receive(A, WHOLE) == ()


def test_a_forged_body_does_not_hide_the_true_one():
    core = GossipCore(2)
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
    (effect,) = GossipCore(1).receive(A, message)
    assert (effect.peer, effect.points) == (A, 100)


def test_an_announced_block_that_does_not_come_is_reported_after_500_ms():
    core = GossipCore(3)
    assert core.receive(A, NewBlockHashes((BlockName(1, NAME),)))[-1] == ScheduleTimer(
        TIMER, 500_000
    )
    core.receive(B, NewBlockHashes((BlockName(1, NAME),)))
    assert core.ring(499_999) == ()
    assert others(core.ring(500_000)) == [DeliverAnnouncement(BlockName(1, NAME), (A, B))]


def test_an_announced_block_that_came_whole_is_not_reported():
    core = GossipCore(2)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    core.receive(B, WHOLE)
    core.blocks.add(NAME)
    core.handle(BlockAccepted(BLOCK, b""))
    assert core.ring(500_000) == ()


def test_an_announced_block_that_is_known_is_not_reported():
    core = GossipCore(1)
    core.blocks.add(NAME)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    assert core.ring(500_000) == ()


def test_an_announcer_that_left_is_not_named():
    core = GossipCore(2)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    core.handle(PeerLost(A))
    assert core.ring(500_000) == ()


def test_what_a_peer_knows_is_bounded():
    core = GossipCore(1)
    core.receive(A, NewBlockHashes((BlockName(1, NAME),)))
    for start in range(0, KNOWN_BLOCKS_COUNT_MAX, 256):
        names = [BlockName(1, keccak256(b"%d" % (start + n))) for n in range(256)]
        core.receive(A, NewBlockHashes(tuple(names)))
    assert len(core.gossip._peers[A].blocks) == KNOWN_BLOCKS_COUNT_MAX
    assert sent(core.handle(BlockAccepted(BLOCK, b"")), NewBlock) == [A]


def test_a_message_of_a_stranger_is_ignored():
    assert GossipCore(1).receive(B, WHOLE) == ()


def test_a_message_of_another_core_is_ignored():
    assert GossipCore(1).receive(A, Ping(1)) == ()


def test_an_empty_block_is_gossiped_too():
    block = Block(CHAIN.blocks[3].header, ())
    assert sent(GossipCore(1).handle(BlockAccepted(block, b"")), NewBlock) == [A]
