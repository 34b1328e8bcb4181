"""The wire of a node: blocks and transactions in and out, and answers to peers who catch up."""

from node.app.chain_desk import ChainDesk
from node.app.events import SendFrame, SendToMany
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.header import Header
from node.base.ports import Entropy
from node.base.rlp import encode_int
from node.base.types import Address, Hash32
from node.consensus_poa.effects import BroadcastBlock, Multicast
from node.evm.trie import list_root
from node.p2p import events as p2p
from node.p2p.blocks import BlockMemo
from node.p2p.fetch import BlockFetcher
from node.p2p.gossip import Gossip
from node.p2p.messages import Consensus, GetBodies, GetHeaders, GetTxs, Message, NewBlock, Status
from node.p2p.requests import RequestBook
from node.p2p.serve import answer_bodies, answer_headers, answer_transactions
from node.p2p.wire import encode


class PeerDesk:
    """Spreads what the chain accepts, and fetches what it lacks."""

    def __init__(
        self,
        chain: ChainDesk,
        entropy: Entropy,
        *,
        is_direct: bool = False,
        memo: BlockMemo | None = None,
    ) -> None:
        self._chain = chain
        requests = RequestBook()
        self._gossip = Gossip(
            entropy=entropy,
            requests=requests,
            block_known=self._knows_block,
            transaction_known=self._knows_transaction,
            form=chain.plan.form,
            is_direct=is_direct,
            memo=memo,
        )
        self._fetcher = BlockFetcher(
            requests=requests,
            known=self._knows_block,
            transactions_root=list_root,
            form=chain.plan.form,
        )
        self._connected: dict[Address, None] = {}
        chain.on_block.append(self._block_accepted)
        chain.on_message.append(self._message_wanted)
        chain.on_gap.append(self._block_missing)

    def peer_connected(self, turn: Turn, peer: Address) -> None:
        """A peer is admitted: tell it where the own chain stands.

        What was sealed while nobody was connected would otherwise stay unknown to everybody.
        """
        self._tell(turn, p2p.PeerConnected(peer))
        self._fetch(turn, p2p.PeerConnected(peer))
        self._connected[peer] = None
        self._tell_status(turn, peer)

    def _tell_status(self, turn: Turn, peer: Address) -> None:
        ledger = self._chain.ledger
        turn.send(
            peer,
            Status(
                earliest=0,
                head=ledger.head.number,
                head_hash=ledger.head_hash,
                finalised=self._chain.final.number,
                score=encode_int(ledger.total_difficulty(ledger.head_hash)),
                validators_connected=len(self._connected),
            ),
        )

    def is_connected(self, peer: Address) -> bool:
        """Say whether a peer can be spoken to now."""
        return peer in self._connected

    def peer_lost(self, turn: Turn, peer: Address) -> None:
        """A connection ended: what was asked over it is asked elsewhere."""
        self._connected.pop(peer, None)
        self._tell(turn, p2p.PeerLost(peer))
        self._fetch(turn, p2p.PeerLost(peer))

    def received(self, turn: Turn, peer: Address, message: Message) -> None:
        """Take a message about blocks or transactions, or of an engine that is not ours."""
        match message:
            case Consensus(engine):
                turn.note("p2p.engine_foreign", peer=peer, engine=engine)
            case GetHeaders():
                ledger = self._chain.ledger
                turn.send(peer, answer_headers(message, ledger, self._encode_header))
            case GetBodies():
                turn.send(peer, answer_bodies(message, self._chain.ledger))
            case GetTxs():
                turn.send(peer, answer_transactions(message, self._pooled))
            case Status():
                self._compare(turn, peer, message)
            case _:
                event = p2p.MessageReceived(peer, message)
                self._tell(turn, event)
                self._fetch(turn, event)

    def timer_fired(self, turn: Turn, timer: str) -> None:
        """A timer of gossip or of the fetcher is due."""
        self._tell(turn, p2p.TimerExpired(timer))
        self._fetch(turn, p2p.TimerExpired(timer))

    def transaction_submitted(self, turn: Turn, raw: bytes) -> None:
        """Spread a transaction that a client of this node put into the pool."""
        self._tell(turn, p2p.TransactionsAccepted((raw,)))

    def _encode_header(self, header: Header) -> bytes:
        chain = self._chain
        return chain.plan.form.join(header, chain.ledger.certificate(header.hash())).encode()

    def _block_accepted(self, turn: Turn, wanted: BroadcastBlock) -> None:
        block = wanted.block
        if wanted.to:
            self._push(turn, wanted)
            return
        score = encode_int(self._chain.ledger.total_difficulty(block.header.hash()))
        is_own = self._chain.is_own(block.header)
        self._tell(turn, p2p.BlockAccepted(block, score, wanted.certificate, is_own=is_own))

    def _push(self, turn: Turn, wanted: BroadcastBlock) -> None:
        """Send a whole block to these peers; neither it nor its parent need be stored here."""
        ledger, header = self._chain.ledger, wanted.block.header
        has_parent = ledger.header(header.parent_hash) is not None
        below = ledger.total_difficulty(header.parent_hash) if has_parent else 0
        whole = self._chain.plan.form.join(header, wanted.certificate).encode()
        score = encode_int(below + header.difficulty)
        for peer in wanted.to:
            turn.send(peer, NewBlock(whole, wanted.block.transactions, score))

    def _message_wanted(self, turn: Turn, wanted: Multicast) -> None:
        """Send a message to the validators among the peers, or to those it names.

        A validator that rotated its key is no longer known by it among the peers: while one of
        the set is not to be found, all peers hear the message.
        """
        chain, exclude = self._chain, wanted.exclude
        members = frozenset(wanted.to) or chain.validators
        if not wanted.to and not members <= self._connected.keys() | {chain.address}:
            members = frozenset(self._connected)
        payload = encode(Consensus(chain.plan.wire_id, wanted.message))
        peers = tuple(one for one in self._connected if one in members and one not in exclude)
        turn.effects.append(SendToMany(peers, payload))

    def _block_missing(self, turn: Turn, missing: Hash32 | None, peer: Address | None) -> None:
        """Fetch a block; where only a height is known, ask the peer where its chain stands."""
        if missing is None:
            for one in self._connected if peer is None else (peer,):
                self._tell_status(turn, one)
            return
        self._fetch(turn, p2p.BlockMissing(missing, () if peer is None else (peer,)))

    def _compare(self, turn: Turn, peer: Address, status: Status) -> None:
        """Fetch a head that claims no less than the own one; headers must prove the claim.

        A peer that is behind is told where we stand: it may have asked for just that.
        """
        ledger = self._chain.ledger
        claimed = int.from_bytes(status.score)
        own = ledger.total_difficulty(ledger.head_hash)
        if claimed < own:
            self._tell_status(turn, peer)
        elif not self._knows_block(status.head_hash):
            self._fetch(turn, p2p.BlockMissing(status.head_hash, (peer,)))

    def _tell(self, turn: Turn, event: p2p.GossipEvent) -> None:
        for effect in self._gossip.handle(event, turn.now):
            self._apply(turn, effect)

    def _fetch(self, turn: Turn, event: p2p.FetchEvent) -> None:
        for effect in self._fetcher.handle(event, turn.now):
            self._apply(turn, effect)

    def _apply(self, turn: Turn, effect: p2p.Effect) -> None:
        match effect:
            case p2p.SendFrame(peer, _, payload):
                turn.effects.append(SendFrame(peer, payload))
            case p2p.ScheduleTimer(timer, at_us):
                turn.set_timer(("peers", timer), at_us)
            case p2p.DeliverBlock(block, _, peer, certificate):
                self._chain.block_received(turn, block, certificate, peer)
            case p2p.DeliverTransactions(raws, peer):
                self._take_transactions(turn, raws, peer)
            case p2p.DeliverAnnouncement(block, peers):
                self._fetch(turn, p2p.BlockMissing(block.hash, peers))
            case p2p.Penalise(peer, points, why):
                turn.note("p2p.peer_penalised", peer=peer, points=points, why=why)
            case p2p.Trace(event, data):
                turn.note(f"p2p.{event}", **dict(data))

    def _take_transactions(self, turn: Turn, raws: tuple[bytes, ...], peer: Address) -> None:
        accepted: list[bytes] = []
        for raw in raws:
            try:
                self._chain.transaction_received(turn, raw)
            except WardnetError as error:
                turn.note("pool.tx_refused", peer=peer, why=str(error))
            else:
                accepted.append(raw)
        if accepted:
            self._tell(turn, p2p.TransactionsAccepted(tuple(accepted)))

    def _knows_block(self, block_hash: Hash32) -> bool:
        return self._chain.ledger.header(block_hash) is not None

    def _knows_transaction(self, tx_hash: Hash32) -> bool:
        chain = self._chain
        return tx_hash in chain.pool or chain.ledger.transaction_place(tx_hash) is not None

    def _pooled(self, tx_hash: Hash32) -> bytes | None:
        pooled = self._chain.pool.get(tx_hash)
        return None if pooled is None else pooled.raw
