"""The exchange client: fetches blocks from peers, believes none of them.

Sans-IO.  The holders that a session names are asked first; who does not answer is followed by the
next; when nobody is left, everybody is asked who has the block.  Received bytes get their CID
recomputed from prefix and data, so a wrong block cannot pass, and its sender is banned
(content-store.md, section 11).
"""

from hashlib import sha256
from typing import Final

from node.base.errors import PeerError
from node.base.limits import (
    BLOCK_BYTES_MAX,
    DAG_WALK_ENTRIES_MAX,
    LIVE_HAVES_COUNT_MAX,
    PEER_WINDOW_COUNT_MAX,
    WANT_ENTRIES_COUNT_MAX,
)
from node.base.types import Address, Cid
from node.ipfs_lite.blockstore import BlockKeeper
from node.ipfs_lite.cid import from_prefix, multihash_of
from node.ipfs_lite.dagpb import links_of
from node.ipfs_lite.errors import BadNodeError, CorruptBlockError, NotFoundError
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
    SendWant,
    TimerExpired,
    WantEntry,
    WantFlag,
)
from node.ipfs_lite.session_state import PeerBook, Session, Want

TIMER: Final = "fetch"
_ASK_ALL_AFTER_US: Final = 250_000
_ASK_ALL_AGAIN_US: Final = 10_000_000
_BAN_US: Final = 3_600_000_000
_UNASKED_BLOCKS_MAX: Final = 16
_WANT_BLOCK: Final = int(WantFlag.DONT_HAVE)
_WANT_HAVE: Final = int(WantFlag.HAVE | WantFlag.DONT_HAVE)


class FetchClient:
    """Runs the fetches of one node."""

    def __init__(self, store: BlockKeeper) -> None:
        self._store = store
        self._peers: dict[Address, PeerBook] = {}
        self._wants: dict[Cid, Want] = {}
        self._idle: dict[Cid, None] = {}
        """Wants that nobody is asked to send right now."""
        self._called: dict[Cid, int] = {}
        """Wants for which everybody was asked, and when to do it again."""
        self._sessions: dict[int, Session] = {}
        self._outbox: dict[Address, list[WantEntry]] = {}
        self._effects: list[Effect] = []
        self._armed_at: int | None = None

    def handle(self, event: FetchEvent, now: int) -> tuple[Effect, ...]:
        """Apply one event at ``now`` microseconds; whatever peers send, nothing raises.

        raises        BadCidError, HashNotAllowedError: the caller of FetchStarted names no
                      storable block; nothing was started.
        """
        match event:
            case PeerJoined(peer):
                self._peers.setdefault(peer, PeerBook()).is_connected = True
                for want in self._wants.values():
                    want.tried.discard(peer)
            case PeerGone(peer):
                if peer in self._peers:
                    self._lose(peer)
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
        self._assign(now)
        self._flush()
        self._arm(now)
        effects, self._effects = tuple(self._effects), []
        return effects

    def _start(self, event: FetchStarted, now: int) -> None:
        assert event.session not in self._sessions, "a session number is used once at a time"
        for cid in event.cids:
            multihash_of(cid)
        session = Session(event, now)
        self._sessions[event.session] = session
        self._miss(session, event.cids)
        self._conclude(session)

    def _miss(self, session: Session, cids: tuple[Cid, ...]) -> None:
        """Add blocks to a session; present ones only lead to their links."""
        stack = list(reversed(cids))
        while stack and len(session.seen) < DAG_WALK_ENTRIES_MAX:
            cid = stack.pop()
            if cid in session.seen:
                continue
            session.seen.add(cid)
            data = self._local(cid)
            if data is not None:
                stack.extend(reversed(_links(session, cid, data)))
                continue
            session.missing[cid] = None
            want = self._wants.get(cid)
            if want is None:
                want = self._wants[cid] = Want(cid)
                self._idle[cid] = None
            want.sessions[session.start.session] = None
            for holder in session.start.holders:
                want.sources.setdefault(holder)

    def _local(self, cid: Cid) -> bytes | None:
        try:
            return self._store.get(cid)
        except (NotFoundError, CorruptBlockError):
            return None

    def _conclude(self, session: Session) -> None:
        number = session.start.session
        if session.fetched_bytes > session.start.bytes_max:
            self._fail(number, f"more than {session.start.bytes_max} bytes")
        elif len(session.seen) >= DAG_WALK_ENTRIES_MAX:
            self._fail(number, f"more than {DAG_WALK_ENTRIES_MAX} blocks")
        elif not session.missing:
            self._end(number)
            self._effects.append(FetchFinished(number))

    def _fail(self, number: int, why: str) -> None:
        session = self._sessions[number]
        failed = FetchFailed(number, tuple(session.missing), tuple(sorted(session.asked)), why)
        self._end(number)
        self._effects.append(failed)

    def _end(self, number: int) -> None:
        """Take a session out; wants that nobody else has are cancelled at every peer."""
        session = self._sessions.pop(number, None)
        for cid in session.missing if session else ():
            want = self._wants.get(cid)  # None: it came, and was more than the budget allows
            if want is not None:
                del want.sessions[number]
                if not want.sessions:
                    self._settle(want, giver=None)

    def _settle(self, want: Want, giver: Address | None) -> None:
        """Close a want; ``giver`` has taken it off its own list by answering."""
        del self._wants[want.cid]
        self._idle.pop(want.cid, None)
        self._called.pop(want.cid, None)
        for address in want.asked:
            self._peers[address].forget(want.cid)
            if address != giver and self._peers[address].is_connected:
                self._queue(address, WantEntry(want.cid, 0, int(WantFlag.CANCEL)))

    def _receive(self, event: GiveReceived, now: int) -> None:
        peer = self._peers.get(event.peer)
        if peer is None or now < peer.banned_until:
            return
        for prefix, data in event.blocks:
            self._take(event.peer, peer, prefix, data, now)
            if now < peer.banned_until:
                return
        for cid in event.have:
            want = self._wants.get(cid)
            if want is not None and event.peer in want.asked:
                want.sources.setdefault(event.peer)
                want.tried.discard(event.peer)
        for cid in event.dont:
            want = self._wants.get(cid)
            if want is not None and event.peer in want.asked:
                self._give_up(event.peer, want)

    def _take(self, address: Address, peer: PeerBook, prefix: bytes, data: bytes, now: int) -> None:
        try:
            cid = from_prefix(prefix, data) if len(data) <= BLOCK_BYTES_MAX else None
        except PeerError:
            cid = None
        if cid is None or cid not in peer.live:
            if cid is not None and cid in peer.past:
                return
            if peer.live:
                self._ban(address, peer, next(iter(peer.outstanding or peer.live)), data, now)
                return
            peer.unasked += 1
            if peer.unasked == _UNASKED_BLOCKS_MAX:
                self._effects.append(DropPeer(address, f"{peer.unasked} blocks nobody asked for"))
            return
        asked_at = peer.outstanding.get(cid)
        if asked_at is not None:
            took = now - asked_at
            peer.average_us = (7 * peer.average_us + took) // 8 if peer.average_us else took
        peer.window = min(PEER_WINDOW_COUNT_MAX, peer.window + 1)
        peer.quiet_since = now
        want = self._wants[cid]
        self._settle(want, giver=address)
        for number in want.sessions:
            self._hand_over(self._sessions[number], cid, data, now)

    def _hand_over(self, session: Session, cid: Cid, data: bytes, now: int) -> None:
        session.progress_at = now
        session.fetched_bytes += len(data)
        if session.fetched_bytes <= session.start.bytes_max:
            del session.missing[cid]
            self._effects.append(BlockFetched(session.start.session, cid, data))
            self._miss(session, _links(session, cid, data))
        self._conclude(session)

    def _ban(self, address: Address, peer: PeerBook, cid: Cid, data: bytes, now: int) -> None:
        """Stop talking to a liar; what it owed is asked elsewhere.

        ``cid`` is the oldest block that it owed: wrong bytes do not say what they stand for.
        """
        self._effects.append(BanPeer(address, cid, sha256(data).digest()))
        peer.banned_until = now + _BAN_US
        self._lose(address)

    def _lose(self, address: Address) -> None:
        peer = self._peers[address]
        peer.is_connected = False
        for cid in tuple(peer.live):
            self._give_up(address, self._wants[cid])
            del self._wants[cid].asked[address]
            peer.forget(cid)

    def _give_up(self, address: Address, want: Want) -> None:
        """Do not wait for this peer; a late block of its is still welcome."""
        want.tried.add(address)
        if self._peers[address].outstanding.pop(want.cid, None) is not None:
            self._idle[want.cid] = None

    def _tick(self, now: int) -> None:
        for address, peer in self._peers.items():
            if peer.outstanding and now >= peer.quiet_since + peer.timeout_us():
                peer.window = max(1, peer.window // 2)
                for cid in tuple(peer.outstanding):
                    self._give_up(address, self._wants[cid])
            for cid, asked_at in peer.outstanding.items():
                if now >= asked_at + _ASK_ALL_AFTER_US:
                    self._ask_all(self._wants[cid], now)
        for cid, again_at in tuple(self._called.items()):
            if now >= again_at:
                want = self._wants[cid]
                del self._called[cid]
                # who owes the block still owes it: asking that one again would change its order
                want.tried.clear()
                self._ask_all(want, now, again=True)
        for number, session in tuple(self._sessions.items()):
            if now >= session.progress_at + session.start.patience_us:
                self._fail(number, f"no new block for {session.start.patience_us // 1_000} ms")

    def _assign(self, now: int) -> None:
        """Ask for idle wants, as far as the windows of their sources allow."""
        if not self._idle:
            return
        usable = {a: p for a, p in self._peers.items() if p.is_connected and now >= p.banned_until}
        for cid in tuple(self._idle):
            if not any(peer.has_room() for peer in usable.values()):
                return
            want = self._wants[cid]
            sources = [a for a in want.sources if a in usable and a not in want.tried]
            if not sources:
                self._ask_all(want, now)
                continue
            open_ones = [address for address in sources if usable[address].has_room()]
            if open_ones:
                best = min(open_ones, key=lambda address: len(usable[address].outstanding))
                self._ask_block(best, usable[best], want, now)

    def _ask_block(self, address: Address, peer: PeerBook, want: Want, now: int) -> None:
        if not peer.outstanding:
            peer.quiet_since = now
        peer.outstanding[want.cid] = now
        del self._idle[want.cid]
        self._ask(address, want, _WANT_BLOCK)

    def _ask_all(self, want: Want, now: int, *, again: bool = False) -> None:
        """Ask every peer that was not asked yet (``again``: every peer) who has the block."""
        if want.cid not in self._called:
            if len(self._called) >= LIVE_HAVES_COUNT_MAX:
                return
            self._called[want.cid] = now + _ASK_ALL_AGAIN_US
        for address in sorted(self._peers):
            peer = self._peers[address]
            if not peer.is_connected or now < peer.banned_until or want.cid in peer.outstanding:
                continue
            if again or address not in want.asked:
                self._ask(address, want, _WANT_HAVE)

    def _ask(self, address: Address, want: Want, flags: int) -> None:
        want.asked.setdefault(address)
        self._peers[address].live.setdefault(want.cid)
        for number in want.sessions:
            self._sessions[number].asked.setdefault(address)
        self._queue(address, WantEntry(want.cid, 1, flags))

    def _queue(self, address: Address, entry: WantEntry) -> None:
        self._outbox.setdefault(address, []).append(entry)

    def _flush(self) -> None:
        for address, entries in self._outbox.items():
            for at in range(0, len(entries), WANT_ENTRIES_COUNT_MAX):
                part = tuple(entries[at : at + WANT_ENTRIES_COUNT_MAX])
                self._effects.append(SendWant(address, part))
        self._outbox = {}

    def _arm(self, now: int) -> None:
        due = [s.progress_at + s.start.patience_us for s in self._sessions.values()]
        due += self._called.values()
        for peer in self._peers.values():
            if not peer.outstanding:
                continue
            due.append(peer.quiet_since + peer.timeout_us())
            due += (
                asked_at + _ASK_ALL_AFTER_US
                for cid, asked_at in peer.outstanding.items()
                if cid not in self._called and len(self._called) < LIVE_HAVES_COUNT_MAX
            )
        if due and (self._armed_at is None or min(due) < self._armed_at):
            self._armed_at = max(now, min(due))
            self._effects.append(ScheduleTimer(TIMER, self._armed_at))


def _links(session: Session, cid: Cid, data: bytes) -> tuple[Cid, ...]:
    """Give what to fetch after a block; a malformed node has no links: its reader will say so."""
    if not session.start.walk:
        return ()
    try:
        return links_of(cid, data)
    except BadNodeError:
        return ()
