"""Who is told of a new block or transaction, and what to do about what others announce.

Sans-IO.  Whole to ceil(sqrt(peers)), by hash to the rest, never back to whoever is known to have
it (network.md, section 8).  A block is known by the hash of its header, but a header says nothing
about the bytes that came with it: a forged body must not make us deaf to the true one, so what
was delivered is remembered by header and body, and only ``block_known`` ends the matter.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from math import isqrt
from typing import Final, TypeAlias, TypeVar

from node.base import rlp
from node.base.errors import CodecError
from node.base.header_form import WHOLE, HeaderForm
from node.base.keccak import keccak256
from node.base.limits import (
    KNOWN_BLOCKS_COUNT_MAX,
    KNOWN_TRANSACTIONS_COUNT_MAX,
    PUSHED_TRANSACTION_BYTES_MAX,
)
from node.base.ports import Entropy
from node.base.types import Address, Hash32
from node.p2p.blocks import BlockMemo
from node.p2p.events import (
    BREACH_POINTS,
    BlockAccepted,
    DeliverAnnouncement,
    DeliverBlock,
    DeliverTransactions,
    Effect,
    GossipEvent,
    MessageReceived,
    PeerConnected,
    PeerLost,
    Penalise,
    ScheduleTimer,
    SendFrame,
    TimerExpired,
    TransactionsAccepted,
)
from node.p2p.messages import (
    BlockName,
    GetTxs,
    Message,
    NewBlock,
    NewBlockHashes,
    NewTxHashes,
    Transactions,
    TxName,
    Txs,
)
from node.p2p.requests import RequestBook, is_subsequence
from node.p2p.wire import encode, row_of

Known: TypeAlias = Callable[[Hash32], bool]
T = TypeVar("T")

TIMER: Final = "gossip"
_ARRIVE_US: Final = 500_000
"""How long an announced thing may still come whole before it is asked for."""
_TIMEOUT_US: Final = 5_000_000
_UNANSWERED_POINTS: Final = 2
_LATE_POINTS: Final = 1
_PUSH_BYTES_MAX: Final = 240 * 1_024
"""Transactions of one message; the cap of its type is 256 KiB with the framing of each."""
_PUSH_COUNT_MAX: Final = 256
_NAMES_COUNT_MAX: Final = 512
_ASK_COUNT_MAX: Final = 256


@dataclass(slots=True)
class _Peer:
    blocks: dict[Hash32, None] = field(default_factory=dict[Hash32, None])
    transactions: dict[Hash32, None] = field(default_factory=dict[Hash32, None])


@dataclass(slots=True)
class _Announced:
    """Who says it has a thing that we lack, in the order of saying so."""

    number: int
    peers: dict[Address, None] = field(default_factory=dict[Address, None])
    is_asked: bool = False


class Gossip:
    """Spreads blocks and transactions of one node.

    ``block_known``, ``transaction_known`` say what chain and pool have, now.
    ``is_direct``  every node is a peer of every other, and messages are to be few: a block goes
                   whole from its maker to all, and nobody passes it on.
    """

    def __init__(
        self,
        *,
        entropy: Entropy,
        requests: RequestBook,
        block_known: Known,
        transaction_known: Known,
        form: HeaderForm = WHOLE,
        is_direct: bool = False,
        memo: BlockMemo | None = None,
    ) -> None:
        self._entropy = entropy
        self._requests = requests
        self._block_known = block_known
        self._transaction_known = transaction_known
        self._form = form
        self._is_direct = is_direct
        self._memo = BlockMemo() if memo is None else memo
        self._peers: dict[Address, _Peer] = {}
        self._delivered: dict[Hash32, None] = {}
        self._blocks: dict[Hash32, _Announced] = {}
        self._transactions: dict[Hash32, _Announced] = {}
        self._questions: dict[tuple[Address, int], tuple[Hash32, ...]] = {}
        self._agenda: list[tuple[int, int, Hash32 | tuple[Address, int]]] = []
        """What is due when: an announced hash, or a question by peer and id."""
        self._entries = 0
        self._armed_at: int | None = None
        self._effects: list[Effect] = []

    def handle(self, event: GossipEvent, now: int) -> tuple[Effect, ...]:
        """Apply one event at ``now`` microseconds."""
        match event:
            case PeerConnected(peer):
                self._peers[peer] = _Peer()
            case PeerLost(peer):
                self._lose(peer, now)
            case MessageReceived(peer, message) if peer in self._peers:
                self._receive(peer, message, now)
            case BlockAccepted():
                self._spread_block(event)
            case TransactionsAccepted(raws):
                self._spread_transactions(raws)
            case TimerExpired(timer) if timer == TIMER:
                self._tick(now)
            case _:
                return ()
        self._arm(now)
        effects, self._effects = tuple(self._effects), []
        return effects

    def _receive(self, peer: Address, message: Message, now: int) -> None:
        match message:
            case NewBlock():
                self._take_block(peer, message)
            case NewBlockHashes(blocks=blocks):
                for block in blocks:
                    self._mark(self._peers[peer].blocks, block.hash, KNOWN_BLOCKS_COUNT_MAX)
                    if not self._block_known(block.hash):
                        self._note(self._blocks, peer, block.hash, block.number, now)
            case Transactions(transactions=raws):
                self._take_transactions(peer, raws)
            case NewTxHashes(transactions=names):
                for name in names:
                    self._mark_transaction(peer, name.hash)
                    if not self._transaction_known(name.hash):
                        self._note(self._transactions, peer, name.hash, 0, now)
            case Txs():
                self._take_answer(peer, message, now)
            case _:
                pass

    def _take_block(self, peer: Address, message: NewBlock) -> None:
        try:
            block, certificate = self._memo.block_of(
                message.header, message.transactions, self._form
            )
        except CodecError as error:
            self._effects.append(Penalise(peer, BREACH_POINTS, f"bad block: {error}"))
            return
        name = block.header.hash()
        self._mark(self._peers[peer].blocks, name, KNOWN_BLOCKS_COUNT_MAX)
        if self._block_known(name):
            return
        content = keccak256(rlp.encode([message.header, message.transactions]))
        if content not in self._delivered:
            self._mark(self._delivered, content, KNOWN_BLOCKS_COUNT_MAX)
            self._effects.append(DeliverBlock(block, name, peer, certificate))

    def _take_transactions(self, peer: Address, raws: tuple[bytes, ...]) -> None:
        fresh: dict[Hash32, bytes] = {}
        for raw in raws:
            name = keccak256(raw)
            self._mark_transaction(peer, name)
            self._transactions.pop(name, None)
            if not self._transaction_known(name):
                fresh[name] = raw
        if fresh:
            self._effects.append(DeliverTransactions(tuple(fresh.values()), peer))

    def _take_answer(self, peer: Address, message: Txs, now: int) -> None:
        asked = self._questions.pop((peer, message.rid), None)
        if asked is None:
            why = "transactions that nobody asked for, or late"
            self._effects.append(Penalise(peer, _LATE_POINTS, why))
            return
        self._requests.close(peer)
        names = [keccak256(raw) for raw in message.transactions]
        if is_subsequence(names, asked):
            self._take_transactions(peer, message.transactions)
        else:
            why = "the answer is no subset of the question"
            self._effects.append(Penalise(peer, BREACH_POINTS, why))
        self._ask_next(asked, peer, now)

    def _spread_block(self, event: BlockAccepted) -> None:
        header = event.block.header
        name = header.hash()
        self._blocks.pop(name, None)
        if self._is_direct and not event.is_own:
            return
        lacking = [peer for peer in sorted(self._peers) if name not in self._peers[peer].blocks]
        if self._is_direct:
            chosen, rest = lacking, list[Address]()
        else:
            chosen, rest = self._draw(lacking)
        header_bytes = self._form.join(header, event.certificate).encode()
        whole = NewBlock(header_bytes, event.block.transactions, event.score)
        self._send_all(chosen, whole)
        self._send_all(rest, NewBlockHashes((BlockName(header.number, name),)))
        for peer in lacking:
            self._mark(self._peers[peer].blocks, name, KNOWN_BLOCKS_COUNT_MAX)

    def _spread_transactions(self, raws: tuple[bytes, ...]) -> None:
        whole: dict[Address, list[bytes]] = {peer: [] for peer in sorted(self._peers)}
        names: dict[Address, list[TxName]] = {peer: [] for peer in sorted(self._peers)}
        for raw in raws:
            name = keccak256(raw)
            self._transactions.pop(name, None)
            lacking = [peer for peer in whole if name not in self._peers[peer].transactions]
            chosen, rest = self._draw(lacking)
            if len(raw) > PUSHED_TRANSACTION_BYTES_MAX:
                chosen, rest = [], lacking
            for peer in chosen:
                whole[peer].append(raw)
            for peer in rest:
                names[peer].append(TxName(len(raw), name))
            for peer in lacking:
                self._mark_transaction(peer, name)
        for peer, batch in whole.items():
            for raw_part in _parts(batch, _PUSH_COUNT_MAX, _PUSH_BYTES_MAX, len):
                self._send_all([peer], Transactions(tuple(raw_part)))
        for peer, named in names.items():
            for name_part in _parts(named, _NAMES_COUNT_MAX, _NAMES_COUNT_MAX, lambda _: 1):
                self._send_all([peer], NewTxHashes(tuple(name_part)))

    def _draw(self, lacking: list[Address]) -> tuple[list[Address], list[Address]]:
        """Split into ceil(sqrt(all peers)) drawn ones and the rest."""
        peers = len(self._peers)
        count = min(len(lacking), isqrt(peers - 1) + 1 if peers else 0)
        rest = list(lacking)
        chosen = [rest.pop(self._entropy.below(len(rest))) for _ in range(count)]
        return chosen, rest

    def _note(
        self,
        table: dict[Hash32, _Announced],
        peer: Address,
        name: Hash32,
        number: int,
        now: int,
    ) -> None:
        entry = table.get(name)
        if entry is None:
            if len(table) >= KNOWN_TRANSACTIONS_COUNT_MAX:
                del table[next(iter(table))]
            entry = table[name] = _Announced(number)
            self._plan(now + _ARRIVE_US, name)
        entry.peers.setdefault(peer)

    def _tick(self, now: int) -> None:
        wanted: list[Hash32] = []
        while self._agenda and self._agenda[0][0] <= now:
            _, _, what = heappop(self._agenda)
            if isinstance(what, tuple):
                asked = self._questions.pop(what, None)
                if asked is not None:
                    peer = what[0]
                    self._requests.close(peer)
                    self._effects.append(Penalise(peer, _UNANSWERED_POINTS, "request unanswered"))
                    self._ask_next(asked, peer, now)
            elif (block := self._blocks.pop(what, None)) is not None:
                if not self._block_known(what) and block.peers:
                    named = BlockName(block.number, what)
                    self._effects.append(DeliverAnnouncement(named, tuple(block.peers)))
            else:
                wanted.append(what)
        self._ask_for(wanted, now)

    def _ask_next(self, asked: tuple[Hash32, ...], peer: Address, now: int) -> None:
        """Turn to the next announcer for what ``peer`` did not deliver."""
        for name in asked:
            entry = self._transactions.get(name)
            if entry is not None:
                entry.is_asked = False
                entry.peers.pop(peer, None)
        self._ask_for(list(asked), now)

    def _ask_for(self, names: list[Hash32], now: int) -> None:
        batches: dict[Address, list[Hash32]] = {}
        for name in names:
            entry = self._transactions.get(name)
            if entry is None or entry.is_asked:
                continue
            if not entry.peers or self._transaction_known(name):
                del self._transactions[name]
                continue
            free = next((peer for peer in entry.peers if self._requests.may_ask(peer)), None)
            if free is None:
                self._plan(now + _ARRIVE_US, name)
                continue
            entry.is_asked = True
            batches.setdefault(free, []).append(name)
        for peer, batch in batches.items():
            for part in _parts(batch, _ASK_COUNT_MAX, _ASK_COUNT_MAX, lambda _: 1):
                self._ask(peer, tuple(part), now)

    def _ask(self, peer: Address, names: tuple[Hash32, ...], now: int) -> None:
        if not self._requests.may_ask(peer):
            for name in names:
                self._transactions[name].is_asked = False
                self._plan(now + _ARRIVE_US, name)
            return
        rid = self._requests.open(peer)
        self._questions[peer, rid] = names
        self._plan(now + _TIMEOUT_US, (peer, rid))
        self._send_all([peer], replace(GetTxs(names), rid=rid))

    def _lose(self, peer: Address, now: int) -> None:
        self._peers.pop(peer, None)
        for entry in (*self._blocks.values(), *self._transactions.values()):
            entry.peers.pop(peer, None)
        for key in [key for key in self._questions if key[0] == peer]:
            self._requests.close(peer)
            self._ask_next(self._questions.pop(key), peer, now)

    def _send_all(self, peers: list[Address], message: Message) -> None:
        if peers:
            payload = encode(message)
            send_class = row_of(message).send_class
            self._effects += (SendFrame(peer, send_class, payload) for peer in peers)

    def _mark_transaction(self, peer: Address, name: Hash32) -> None:
        self._mark(self._peers[peer].transactions, name, KNOWN_TRANSACTIONS_COUNT_MAX)

    @staticmethod
    def _mark(table: dict[Hash32, None], name: Hash32, count_max: int) -> None:
        table[name] = None
        if len(table) > count_max:
            del table[next(iter(table))]

    def _plan(self, at_us: int, what: Hash32 | tuple[Address, int]) -> None:
        self._entries += 1
        heappush(self._agenda, (at_us, self._entries, what))

    def _arm(self, now: int) -> None:
        if self._armed_at is not None and now >= self._armed_at:
            self._armed_at = None
        if self._agenda and (self._armed_at is None or self._agenda[0][0] < self._armed_at):
            self._armed_at = max(now, self._agenda[0][0])
            self._effects.append(ScheduleTimer(TIMER, self._armed_at))


def _parts(
    items: list[T], count_max: int, size_max: int, size: Callable[[T], int]
) -> list[list[T]]:
    """Cut a list into messages that respect a count and a total size."""
    parts: list[list[T]] = []
    room = 0
    for item in items:
        if not parts or len(parts[-1]) == count_max or size(item) > room:
            parts.append([])
            room = size_max
        parts[-1].append(item)
        room -= size(item)
    return parts
