"""Whom the exchange client asks for which block, and when it gives up on somebody.

Sessions say what they miss; this is the part that knows peers: their windows, their want lists,
who offered what, who refused.  It speaks in want entries only (content-store.md, section 11).
"""

from collections.abc import Iterator
from typing import Final

from node.base.limits import (
    LIVE_HAVES_COUNT_MAX,
    REFUSALS_IN_A_ROW_COUNT_MAX,
    WANT_ENTRIES_COUNT_MAX,
)
from node.base.types import Address, Cid
from node.ipfs_lite.bans import BanBook
from node.ipfs_lite.events import SendWant, WantEntry, WantFlag
from node.ipfs_lite.session_state import FIRST_HOLDERS, PeerBook, Session, Want

_ASK_ALL_AFTER_US: Final = 250_000
_ASK_ALL_AGAIN_US: Final = 10_000_000
_END_GAME_WINDOWS: Final = 2
_ASKERS_MAX: Final = 2
_WANT_BLOCK: Final = int(WantFlag.DONT_HAVE)
_WANT_HAVE: Final = int(WantFlag.HAVE | WantFlag.DONT_HAVE)


class Asker:
    """The wants of one node, and the peers that they are spread over."""

    def __init__(self, bans: BanBook, sessions: dict[int, Session]) -> None:
        self.peers: dict[Address, PeerBook] = {}
        self._bans = bans
        self._sessions = sessions
        """Those of the client, in the order in which they were served last."""
        self._wants: dict[Cid, Want] = {}
        self._called: dict[Cid, int] = {}
        """Wants for which everybody was asked, and when to do it again."""
        self._lost: dict[Cid, None] = {}
        """Wants that may have nobody to ask: looked at before the next message."""
        self._outbox: dict[Address, list[WantEntry]] = {}

    def joined(self, address: Address, certificate: bytes, now: int) -> None:
        """A peer can be asked, whatever it refused before."""
        peer = self.peers.setdefault(address, PeerBook())
        peer.is_connected, peer.certificate = True, certificate
        for want in self._wants.values():
            want.tried.discard(address)
        for session in self._sessions.values():
            if address in session.start.holders:
                session.trust(address)
        for cid in self._called if self._is_usable(address, now) else ():
            want = self._wants[cid]
            if want.takes_from(address):
                self._ask(address, want, _WANT_HAVE)

    def lost(self, address: Address) -> None:
        """Nothing comes from a peer any more: what it owed is asked elsewhere."""
        for cid in tuple(self.peers[address].live):
            want = self._wants[cid]
            want.offers.pop(address, None)
            self._release(address, want)
            del want.asked[address]
            self.peers[address].forget(cid)
        for session in self._sessions.values():
            if address in session.sources:
                self._lost.update(session.idle)

    def begin(self, session: Session, now: int) -> None:
        """Spread the first questions of a session that misses something: the root of its graph."""
        usable = [one for one in session.start.holders if self._is_usable(one, now)]
        for address in usable[:FIRST_HOLDERS]:
            session.trust(address)
        self._lost.update(session.idle)
        want = self._wants[next(iter(session.waiting))]
        for address in usable[FIRST_HOLDERS:]:
            if address not in want.asked:
                self._ask(address, want, _WANT_HAVE)

    def want(self, session: Session, cid: Cid) -> None:
        """A session misses a block."""
        want = self._wants.get(cid)
        if want is None:
            want = self._wants[cid] = Want(cid)
        want.sessions[session.start.session] = session
        for address in want.asked:
            session.asked.setdefault(address)
        if not want.askers:
            session.idle[cid] = None
            self._lost[cid] = None

    def unwant(self, session: Session, cid: Cid) -> None:
        """A session does not miss a block any more, without having got it."""
        want = self._wants.get(cid)
        if want is None or session.start.session not in want.sessions:
            return  # it came, and was more than the budget allows
        del want.sessions[session.start.session]
        session.idle.pop(cid, None)
        if not want.sessions:
            self._close(want, giver=None)

    def arrived(self, giver: Address, cid: Cid, size_bytes: int, now: int) -> tuple[Session, ...]:
        """Close what a block answers; give the sessions that it is for."""
        self.peers[giver].gave(cid, size_bytes, now)
        want = self._wants[cid]
        served = tuple(one for one in want.sessions.values() if one.takes_from(giver))
        for session in served:
            del want.sessions[session.start.session]
            session.idle.pop(cid, None)
            session.trust(giver)
        if not want.sessions:
            self._close(want, giver)
            return served
        # only sessions with a claim are left, and they do not believe this giver
        self._release(giver, want)
        for address in tuple(want.asked):
            if not want.takes_from(address):
                self._withdraw(want, address, is_told=address == giver)
        return served

    def have(self, address: Address, cid: Cid) -> None:
        """A peer says that it has a block."""
        want = self._wants.get(cid)
        if want is None or address not in want.asked or not want.takes_from(address):
            return
        want.tried.discard(address)
        want.offers[address] = None
        self.peers[address].offered[cid] = None
        for session in want.sessions.values():
            session.trust(address)

    def dont(self, address: Address, cid: Cid) -> None:
        """A peer says that it has not; a late block of its is still welcome."""
        want = self._wants.get(cid)
        if want is None or address not in want.asked:
            return
        peer = self.peers[address]
        want.offers.pop(address, None)
        peer.offered.pop(cid, None)
        if cid in peer.outstanding:
            peer.refusals += 1
            if peer.refusals == REFUSALS_IN_A_ROW_COUNT_MAX:
                self._drop_source(address)
        self._release(address, want)

    def tick(self, now: int) -> None:
        """Give up on the silent, and ask around for what does not come."""
        for address, peer in self.peers.items():
            if peer.outstanding and now >= peer.quiet_since + peer.timeout_us():
                peer.window = max(1, peer.window // 2)
                for cid in tuple(peer.outstanding):
                    self._release(address, self._wants[cid])
            for cid in self._overdue(peer, now):
                self._ask_all(self._wants[cid], now)
        for cid, again_at in tuple(self._called.items()):
            if now >= again_at:
                want = self._wants[cid]
                del self._called[cid]
                # who owes the block still owes it: asking that one again would change its order
                want.tried.clear()
                self._ask_all(want, now, again=True)

    def assign(self, now: int) -> None:
        """Ask for idle wants, as far as the windows of their sources allow."""
        if not self._wants:
            return
        usable = [(a, p) for a, p in self.peers.items() if self._is_usable(a, now)]
        places = [(a, p) for a, p in usable if p.has_room()]
        while places:
            address, peer = best = min(places, key=lambda place: place[1].next_after_us())
            want = self._next_for(address, peer)
            if want is None:
                places.remove(best)
                continue
            self._ask_block(address, peer, want, now)
            if not peer.has_room():
                places.remove(best)
        for address, peer in usable:
            if not peer.outstanding:
                self._help_out(address, peer, now)
        self._look_for_lost(now)

    def flush(self) -> Iterator[SendWant]:
        """Give the messages that have come together."""
        for address, entries in self._outbox.items():
            for at in range(0, len(entries), WANT_ENTRIES_COUNT_MAX):
                yield SendWant(address, tuple(entries[at : at + WANT_ENTRIES_COUNT_MAX]))
        self._outbox = {}

    def due_us(self) -> Iterator[int]:
        """Give the times at which ``tick`` has something to do."""
        yield from self._called.values()
        for peer in self.peers.values():
            if peer.outstanding:
                yield peer.quiet_since + peer.timeout_us()
                for cid, asked_at in peer.outstanding.items():
                    if self._may_call(cid):
                        yield max(asked_at, peer.quiet_since) + _ASK_ALL_AFTER_US
                        break

    def _is_usable(self, address: Address, now: int) -> bool:
        peer = self.peers.get(address)
        return peer is not None and peer.is_connected and not self._bans.is_banned(address, now)

    def _overdue(self, peer: PeerBook, now: int) -> Iterator[Cid]:
        """Give the wants of which this peer has made us wait for too long."""
        for cid, asked_at in peer.outstanding.items():
            if now < max(asked_at, peer.quiet_since) + _ASK_ALL_AFTER_US:
                return
            if self._may_call(cid):
                yield cid

    def _may_call(self, cid: Cid) -> bool:
        is_open = cid not in self._called and not self._wants[cid].offers
        return is_open and len(self._called) < LIVE_HAVES_COUNT_MAX

    def _next_for(self, address: Address, peer: PeerBook) -> Want | None:
        """Give the next idle want for a peer: what it offered, then what it may well have."""
        for cid in tuple(peer.offered):
            want = self._wants[cid]
            if not want.askers and want.takes_from(address):
                return want
            del peer.offered[cid]
        for number, session in tuple(self._sessions.items()):
            if address not in session.sources:
                continue
            for cid in session.idle:
                want = self._wants[cid]
                if address not in want.tried:
                    self._sessions[number] = self._sessions.pop(number)  # the others come next
                    return want
        return None

    def _help_out(self, address: Address, peer: PeerBook, now: int) -> None:
        """End game: who has nothing to do is asked, too, for what is due last elsewhere."""
        for session in self._sessions.values():
            few = len(session.waiting) <= _END_GAME_WINDOWS * peer.window
            if session.idle or not few or address not in session.sources:
                continue
            for cid in reversed(session.waiting):
                want = self._wants[cid]
                if len(want.askers) < _ASKERS_MAX and address not in want.tried:
                    self._ask_block(address, peer, want, now)
                    return

    def _look_for_lost(self, now: int) -> None:
        """Ask everybody for idle wants that nobody known can give."""
        looked: list[Cid] = []  # no copy of all: there can be a million, and any message comes by
        for cid in self._lost:
            if len(self._called) >= LIVE_HAVES_COUNT_MAX:
                break
            looked.append(cid)
            want = self._wants.get(cid)
            if want is not None and not want.askers and not self._has_source(want, now):
                self._ask_all(want, now)
        for cid in looked:
            del self._lost[cid]

    def _has_source(self, want: Want, now: int) -> bool:
        known = [*want.offers]
        for session in want.sessions.values():
            known += session.sources
        return any(one not in want.tried and self._is_usable(one, now) for one in known)

    def _ask_block(self, address: Address, peer: PeerBook, want: Want, now: int) -> None:
        if not peer.outstanding:
            peer.quiet_since = now
        peer.outstanding[want.cid] = now
        peer.offered.pop(want.cid, None)
        want.askers[address] = None
        for session in want.sessions.values():
            session.idle.pop(want.cid, None)
        self._ask(address, want, _WANT_BLOCK)

    def _ask_all(self, want: Want, now: int, *, again: bool = False) -> None:
        """Ask every peer that was not asked yet (``again``: every peer) who has the block."""
        self._called.setdefault(want.cid, now + _ASK_ALL_AGAIN_US)
        for address in sorted(self.peers):
            is_open = self._is_usable(address, now) and want.takes_from(address)
            if not is_open or address in want.askers:
                continue
            if again or address not in want.asked:
                self._ask(address, want, _WANT_HAVE)

    def _ask(self, address: Address, want: Want, flags: int) -> None:
        want.asked.setdefault(address)
        self.peers[address].live.setdefault(want.cid)
        for session in want.sessions.values():
            session.asked.setdefault(address)
        self._outbox.setdefault(address, []).append(WantEntry(want.cid, 1, flags))

    def _release(self, address: Address, want: Want) -> None:
        """Do not wait for this peer; if nobody is left, the want is idle again."""
        want.tried.add(address)
        self.peers[address].outstanding.pop(want.cid, None)
        want.askers.pop(address, None)
        if not want.askers:
            for session in want.sessions.values():
                session.idle[want.cid] = None
            self._lost[want.cid] = None

    def _drop_source(self, address: Address) -> None:
        for session in self._sessions.values():
            if address in session.sources:
                del session.sources[address]
                session.dropped.add(address)
                self._lost.update(session.idle)

    def _close(self, want: Want, giver: Address | None) -> None:
        """End a want; ``giver`` has taken it off its own list by answering."""
        del self._wants[want.cid]
        self._called.pop(want.cid, None)
        self._lost.pop(want.cid, None)
        for address in tuple(want.asked):
            self._withdraw(want, address, is_told=address == giver)

    def _withdraw(self, want: Want, address: Address, *, is_told: bool) -> None:
        del want.asked[address]
        want.askers.pop(address, None)
        self.peers[address].forget(want.cid)
        if not is_told and self.peers[address].is_connected:
            entry = WantEntry(want.cid, 0, int(WantFlag.CANCEL))
            self._outbox.setdefault(address, []).append(entry)
