"""The exchange client: fetches blocks from peers, believes none of them.

Sans-IO.  A session follows its selector from block to block; ``asking`` knows whom to ask.
Received bytes get their CID recomputed from prefix and data, so a wrong block cannot pass, and its
sender is banned (content-store.md, section 11).  Nothing is buffered: a good block is handed over
at once, and no more is under way than the windows of the peers allow.
"""

from hashlib import sha256
from typing import Final, Protocol

from node.base.errors import PeerError
from node.base.limits import BLOCK_BYTES_MAX, GIVE_BLOCKS_COUNT_MAX
from node.base.types import Address, Cid
from node.ipfs_lite.asking import Asker
from node.ipfs_lite.bans import BanBook, Evidence
from node.ipfs_lite.cid import from_prefix, multihash_of
from node.ipfs_lite.errors import CorruptBlockError, NotFoundError
from node.ipfs_lite.events import (
    BanPeer,
    BlockFetched,
    DropPeer,
    Effect,
    FetchCancelled,
    FetchEvent,
    FetchFailed,
    FetchFinished,
    FetchStarted,
    GiveReceived,
    PeerGone,
    PeerJoined,
    ScheduleTimer,
    TimerExpired,
)
from node.ipfs_lite.selector import Step
from node.ipfs_lite.session_state import PeerBook, Session

TIMER: Final = "fetch"
_UNASKED_BLOCKS_MAX: Final = 16


class LocalBlocks(Protocol):
    """What a fetch asks of the own store; every ``BlockStore`` answers it."""

    def get(self, cid: Cid) -> bytes:
        """Give verified bytes.  raises NotFoundError, CorruptBlockError."""
        ...

    def has(self, cid: Cid) -> bool:
        """Say whether a good block is here."""
        ...

    def claims_of(self, multihash: bytes) -> tuple[Cid, ...]:
        """Give the roots that claim a block."""
        ...


class FetchClient:
    """Runs the fetches of one node.

    ``bans``   of the whole node: whoever stands in it is neither asked nor listened to.
    """

    def __init__(self, store: LocalBlocks, bans: BanBook | None = None) -> None:
        self._store = store
        self._bans = BanBook() if bans is None else bans
        self._sessions: dict[int, Session] = {}
        self._asker = Asker(self._bans, self._sessions)
        self._effects: list[Effect] = []
        self._armed_at: int | None = None

    def handle(self, event: FetchEvent, now: int) -> tuple[Effect, ...]:
        """Apply one event at ``now`` microseconds; whatever peers send, nothing raises.

        raises        BadCidError, HashNotAllowedError: the caller of FetchStarted names no
                      storable block; nothing was started.
        """
        match event:
            case PeerJoined(peer, certificate):
                self._asker.joined(peer, certificate, now)
            case PeerGone(peer):
                self._leave(peer)
            case FetchStarted():
                self._start(event, now)
            case FetchCancelled(session):
                self._end(session)
            case GiveReceived():
                self._receive(event, now)
            case TimerExpired(timer):
                if timer != TIMER:
                    return ()
                if self._armed_at is not None and now >= self._armed_at:
                    self._armed_at = None
                self._tick(now)
        self._asker.assign(now)
        self._effects += self._asker.flush()
        self._arm(now)
        effects, self._effects = tuple(self._effects), []
        return effects

    def awaits(self, peer: Address, cid: Cid) -> bool:
        """Say whether a block of a peer would answer an open question of a fetch."""
        book = self._asker.peers.get(peer)
        return book is not None and cid in book.live

    def _start(self, event: FetchStarted, now: int) -> None:
        assert event.session not in self._sessions, "a session number is used once at a time"
        first = event.selector.first()
        for step in first:
            multihash_of(step.cid)
        session = self._sessions[event.session] = Session(event, now)
        self._go_on(session, first)
        if session.waiting:
            self._asker.begin(session, now)
        self._conclude(session)

    def _go_on(self, session: Session, steps: tuple[Step, ...]) -> None:
        """Follow the selection as far as blocks are here; the others are missing."""
        stack = list(reversed(steps))
        while stack and len(session.seen) <= session.start.blocks_max:
            step = stack.pop()
            if step in session.seen:
                continue
            session.seen.add(step)
            data = None if step.cid in session.waiting else self._local(session, step.cid)
            if data is not None:
                stack.extend(reversed(session.start.selector.after(step, data)))
                continue
            session.waiting.setdefault(step.cid, []).append(step)
            self._asker.want(session, step.cid)

    def _local(self, session: Session, cid: Cid) -> bytes | None:
        """Give a block that is here; for a claim one that came in an ingest of the same root."""
        try:
            if not self._store.has(cid):
                return None
            claim = session.start.claim
            if claim is not None and claim not in self._store.claims_of(multihash_of(cid)):
                return None
            return self._store.get(cid)
        except (NotFoundError, CorruptBlockError, PeerError):
            # PeerError: a link with a hash that no store takes; it stays missing
            return None

    def _conclude(self, session: Session) -> None:
        number, start = session.start.session, session.start
        if session.fetched_bytes > start.bytes_max:
            self._fail(number, f"more than {start.bytes_max} bytes")
        elif len(session.seen) > start.blocks_max:
            self._fail(number, f"more than {start.blocks_max} blocks")
        elif not session.waiting:
            self._end(number)
            self._effects.append(FetchFinished(number))

    def _fail(self, number: int, why: str) -> None:
        session = self._sessions[number]
        failed = FetchFailed(number, tuple(session.waiting), tuple(sorted(session.asked)), why)
        self._end(number)
        self._effects.append(failed)

    def _end(self, number: int) -> None:
        """Take a session out; wants that nobody else has are cancelled at every peer."""
        session = self._sessions.pop(number, None)
        for cid in session.waiting if session else ():
            assert session is not None
            self._asker.unwant(session, cid)

    def _receive(self, event: GiveReceived, now: int) -> None:
        address = event.peer
        peer = self._asker.peers.get(address)
        if peer is None or self._bans.is_banned(address, now):
            return
        if len(event.blocks) > GIVE_BLOCKS_COUNT_MAX:
            self._breach(address, f"{len(event.blocks)} blocks in one message")
            return
        for prefix, data in event.blocks:
            if not self._take(address, peer, prefix, data, now):
                return
        for cid in event.have:
            self._asker.have(address, cid)
        for cid in event.dont:
            self._asker.dont(address, cid)

    def _take(self, address: Address, peer: PeerBook, prefix: bytes, data: bytes, now: int) -> bool:
        """Take one block; say whether to go on reading the message."""
        if len(data) > BLOCK_BYTES_MAX:
            self._breach(address, f"a block of {len(data)} bytes, at most {BLOCK_BYTES_MAX}")
            return False
        try:
            cid = from_prefix(prefix, data)
        except PeerError as error:
            self._breach(address, str(error))
            return False
        if cid in peer.live:
            for session in self._asker.arrived(address, cid, len(data), now):
                self._hand_over(session, cid, data, address, now)
        elif cid in peer.past:
            pass  # it crossed our cancel, or a second peer was faster
        elif peer.live:
            self._ban(address, peer, data, now)
            return False
        else:
            peer.unasked += 1
            if peer.unasked == _UNASKED_BLOCKS_MAX:
                self._breach(address, f"{peer.unasked} blocks nobody asked for")
                return False
        return True

    def _hand_over(self, session: Session, cid: Cid, data: bytes, giver: Address, now: int) -> None:
        session.progress_at = now
        session.fetched_bytes += len(data)
        if session.fetched_bytes <= session.start.bytes_max:
            steps = session.waiting.pop(cid)
            self._effects.append(BlockFetched(session.start.session, cid, data, giver))
            for step in steps:
                self._go_on(session, session.start.selector.after(step, data))
        self._conclude(session)

    def _ban(self, address: Address, peer: PeerBook, data: bytes, now: int) -> None:
        """Stop talking to a liar; what it owed is asked elsewhere."""
        owed = next(iter(peer.outstanding or peer.live))
        evidence = Evidence(address, owed, sha256(data).digest(), now, peer.certificate)
        self._bans.record(evidence)
        self._effects.append(BanPeer(evidence, self._bans.until_us(address)))
        self._asker.lost(address)

    def _breach(self, address: Address, why: str) -> None:
        self._effects.append(DropPeer(address, why))
        self._leave(address)

    def _leave(self, address: Address) -> None:
        peer = self._asker.peers.get(address)
        if peer is not None:
            peer.is_connected = False
            self._asker.lost(address)
            del self._asker.peers[address]

    def _tick(self, now: int) -> None:
        self._asker.tick(now)
        for number, session in tuple(self._sessions.items()):
            deadline_us = session.start.deadline_us
            if now >= session.progress_at + session.start.patience_us:
                self._fail(number, f"no new block for {session.start.patience_us // 1_000} ms")
            elif deadline_us is not None and now >= deadline_us:
                self._fail(number, "not whole by its deadline")

    def _arm(self, now: int) -> None:
        due = [one.progress_at + one.start.patience_us for one in self._sessions.values()]
        deadlines = (one.start.deadline_us for one in self._sessions.values())
        due += (at_us for at_us in deadlines if at_us is not None)
        due += self._asker.due_us()
        if due and (self._armed_at is None or min(due) < self._armed_at):
            self._armed_at = max(now, min(due))
            self._effects.append(ScheduleTimer(TIMER, self._armed_at))
