"""Cores of gossip and fetch in virtual time: one fed event by event, or many in a mesh.

The mesh joins all nodes with links of fixed delay, unless it is told which of them are linked.
"""

from collections import Counter
from heapq import heappop, heappush

from node.base.keccak import keccak256
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.p2p import events as ev
from node.p2p.fetch import TIMER as FETCH_TIMER
from node.p2p.fetch import BlockFetcher
from node.p2p.gossip import TIMER as GOSSIP_TIMER
from node.p2p.gossip import Gossip
from node.p2p.messages import GetBodies, GetHeaders, GetTxs
from node.p2p.requests import RequestBook
from node.p2p.serve import answer_bodies, answer_headers, answer_transactions
from node.p2p.wire import decode, encode
from tests.p2p.chains import root_of

DELAY_US = 20_000


def address(number):
    return Address(bytes((number + 1,)) * 20)


ONE_PEER = (address(0),)


class Node:
    """Accepts every block and transaction that it is given, and answers questions."""

    def __init__(self, name, seed):
        self.name = name
        self.blocks = {}
        self.transactions = {}
        self.arrivals = Counter()
        self.penalties = []
        requests = RequestBook()
        self.gossip = Gossip(
            entropy=TreeEntropy(seed, "gossip", name.hex()),
            requests=requests,
            block_known=self.blocks.__contains__,
            transaction_known=self.transactions.__contains__,
        )
        self.fetcher = BlockFetcher(
            requests=requests, known=self.blocks.__contains__, transactions_root=root_of
        )

    # what the server asks of a chain
    def block(self, block_hash, /):
        return self.blocks.get(block_hash)

    def header(self, block_hash, /):
        block = self.blocks.get(block_hash)
        return None if block is None else block.header

    def hash_by_number(self, number, /):
        found = [name for name, block in self.blocks.items() if block.header.number == number]
        return found[0] if found else None


class Mesh:
    def __init__(self, count, seed=1, *, links=None):
        self.now = 0
        self.nodes = {address(n): Node(address(n), seed) for n in range(count)}
        self.sent = []
        """Every (from, to, message)."""
        self.links = links
        self._queue = []
        self._order = 0
        for node in self.nodes.values():
            for other in self.nodes:
                if other != node.name and self._linked(node.name, other):
                    self._feed(node, ev.PeerConnected(other))

    def __getitem__(self, number):
        return self.nodes[address(number)]

    def add_block(self, number, block):
        self[number].blocks[block.header.hash()] = block
        self._feed(self[number], ev.BlockAccepted(block, b""))

    def add_transactions(self, number, raws):
        self[number].transactions.update((keccak256(raw), raw) for raw in raws)
        self._feed(self[number], ev.TransactionsAccepted(tuple(raws)))

    def run(self, until_us=30_000_000):
        while self._queue and self._queue[0][0] <= until_us:
            self.now, _, name, event = heappop(self._queue)
            self._feed(self.nodes[name], event)

    def _linked(self, one, other):
        if self.links is None:
            return True
        pair = frozenset((one[0] - 1, other[0] - 1))
        return pair in self.links

    def _at(self, at_us, name, event):
        self._order += 1
        heappush(self._queue, (at_us, self._order, name, event))

    def _feed(self, node, event):
        for core in (node.gossip, node.fetcher):
            for effect in core.handle(event, self.now):
                self._apply(node, effect)
        if isinstance(event, ev.MessageReceived):
            self._serve(node, event)

    def _serve(self, node, event):
        match event.message:
            case GetTxs() as question:
                answer = answer_transactions(question, node.transactions.get)
            case GetHeaders() as question:
                answer = answer_headers(question, node)
            case GetBodies() as question:
                answer = answer_bodies(question, node)
            case _:
                return
        self._send(node, event.peer, encode(answer))

    def _send(self, node, peer, payload):
        message = decode(payload)
        self.sent.append((node.name, peer, message))
        self._at(self.now + DELAY_US, peer, ev.MessageReceived(node.name, message))

    def _apply(self, node, effect):
        match effect:
            case ev.SendFrame(peer, _, payload):
                self._send(node, peer, payload)
            case ev.ScheduleTimer(timer, at_us):
                self._at(at_us, node.name, ev.TimerExpired(timer))
            case ev.DeliverBlock(block, name, _):
                node.arrivals[name] += 1
                if name not in node.blocks:
                    node.blocks[name] = block
                    self._at(self.now, node.name, ev.BlockAccepted(block, b""))
            case ev.DeliverTransactions(raws, _):
                fresh = [raw for raw in raws if keccak256(raw) not in node.transactions]
                node.arrivals.update(keccak256(raw) for raw in raws)
                node.transactions.update((keccak256(raw), raw) for raw in fresh)
                self._at(self.now, node.name, ev.TransactionsAccepted(tuple(fresh)))
            case ev.DeliverAnnouncement(block, peers):
                self._at(self.now, node.name, ev.BlockMissing(block.hash, peers))
            case ev.Penalise():
                node.penalties.append(effect)


class GossipCore:
    """One gossip core and what its chain and pool have."""

    def __init__(self, count, *, is_direct=False):
        self.blocks, self.pool = set(), set()
        self.requests = RequestBook()
        self.gossip = Gossip(
            entropy=TreeEntropy(7, "gossip"),
            requests=self.requests,
            block_known=self.blocks.__contains__,
            transaction_known=self.pool.__contains__,
            is_direct=is_direct,
        )
        self.now = 0
        for number in range(count):
            self.handle(ev.PeerConnected(address(number)))

    def handle(self, event):
        return self.gossip.handle(event, self.now)

    def receive(self, name, message):
        return self.handle(ev.MessageReceived(name, message))

    def ring(self, at_us):
        self.now = at_us
        return self.handle(ev.TimerExpired(GOSSIP_TIMER))


class FetchCore:
    """One fetcher on top of the first ``have`` blocks of a chain."""

    def __init__(self, chain, have=0, peers=ONE_PEER):
        self.chain = chain
        self.known = {chain.hash_at(number) for number in range(have + 1)}
        self.requests = RequestBook()
        self.fetcher = BlockFetcher(
            requests=self.requests, known=self.known.__contains__, transactions_root=root_of
        )
        self.now = 0
        for peer in peers:
            self.handle(ev.PeerConnected(peer))

    def handle(self, event):
        return self.fetcher.handle(event, self.now)

    def miss(self, name, *peers):
        return self.handle(ev.BlockMissing(name, peers))

    def receive(self, peer, message):
        return self.handle(ev.MessageReceived(peer, message))

    def ring(self, at_us):
        self.now = at_us
        return self.handle(ev.TimerExpired(FETCH_TIMER))

    def answer_all(self, effects, chain=None):
        """Let peers answer out of a chain until nobody asks; give the other effects."""
        chain = chain or self.chain
        left, rest = list(effects), []
        while left:
            effect = left.pop(0)
            if not isinstance(effect, ev.SendFrame):
                rest.append(effect)
                continue
            question = decode(effect.payload)
            answer = answer_headers if isinstance(question, GetHeaders) else answer_bodies
            left += self.receive(effect.peer, answer(question, chain))
        return [effect for effect in rest if not isinstance(effect, ev.ScheduleTimer)]


def asked(effects):
    """Every (peer, message) that effects send."""
    return [(e.peer, decode(e.payload)) for e in effects if isinstance(e, ev.SendFrame)]


def messages(effects, name):
    """The messages that one peer gets."""
    return [message for peer, message in asked(effects) if peer == name]


def sent(effects, kind):
    """The peers that get a message of this kind."""
    return [peer for peer, message in asked(effects) if isinstance(message, kind)]


def others(effects):
    """What is neither a frame nor a timer."""
    return [e for e in effects if not isinstance(e, ev.SendFrame | ev.ScheduleTimer)]
