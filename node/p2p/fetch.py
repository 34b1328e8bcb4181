"""Catches up from peers: headers backwards until a known block, then bodies, oldest first.

Sans-IO.  A missing parent, or an announced block that never came whole, starts a job.  Headers
must link hash by hash; a body must give the transactions root of its header, so the culprit of a
bad one is known before anything is stored (network.md, sections 8 and 11).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeAlias

from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.header_form import WHOLE, HeaderForm
from node.base.limits import FETCH_JOBS_COUNT_MAX, HEADERS_AHEAD_COUNT_MAX
from node.base.types import EMPTY_TRIE_ROOT, Address, Hash32
from node.p2p.blocks import checked_transactions
from node.p2p.events import (
    BREACH_POINTS,
    BlockMissing,
    DeliverBlock,
    Effect,
    FetchEvent,
    MessageReceived,
    PeerConnected,
    PeerLost,
    Penalise,
    ScheduleTimer,
    SendFrame,
    TimerExpired,
    Trace,
)
from node.p2p.messages import Bodies, Body, GetBodies, GetHeaders, Headers
from node.p2p.requests import RequestBook, is_subsequence
from node.p2p.wire import encode, row_of

RootOf: TypeAlias = Callable[[Sequence[bytes]], Hash32]
_Given: TypeAlias = tuple[tuple[bytes, ...], Address]
"""Transactions of a block, and who gave them."""

TIMER: Final = "blocks"
_HEADERS_TIMEOUT_US: Final = 5_000_000
_BODIES_TIMEOUT_US: Final = 15_000_000
_RETRY_US: Final = 500_000
_HEADERS_FIRST: Final = 16
"""Headers of the first question; four times as many in each next one, up to _HEADERS_MAX."""
_HEADERS_MAX: Final = 512
_BODIES_MAX: Final = 32
_UNANSWERED_POINTS: Final = 2
_LATE_POINTS: Final = 1
_WRONG_BODY_POINTS: Final = 20


@dataclass(frozen=True, slots=True)
class _Question:
    """What one job has asked of one peer."""

    target: Hash32
    hashes: tuple[Hash32, ...]
    """The first header wanted, or the bodies."""
    headers: int
    """How many headers; 0: it is about bodies."""
    due_us: int


class _Step(NamedTuple):
    """One header on the way, and who gave it."""

    name: Hash32
    header: Header
    certificate: bytes | None
    peer: Address

    @property
    def is_empty(self) -> bool:
        return self.header.transactions_root == EMPTY_TRIE_ROOT


@dataclass(slots=True)
class _Job:
    """The way from a missing block back to a known one."""

    target: Hash32
    peers: dict[Address, None]
    tried: set[Address] = field(default_factory=set[Address])
    """Who could not help since the last progress; only asked for membership."""
    path: list[_Step] = field(default_factory=list[_Step])
    """Newest first."""
    is_linked: bool = False
    """The parent of the last header on the path is known."""
    bodies: dict[Hash32, _Given] = field(default_factory=dict[Hash32, _Given])
    batch: int = _HEADERS_FIRST
    asked: tuple[Address, int] | None = None


class BlockFetcher:
    """Finds missing blocks.

    ``known``              says whether the chain (or the parking place) has a block, now.
    ``transactions_root``  gives the trie root over raw transactions.
    """

    def __init__(
        self,
        *,
        requests: RequestBook,
        known: Callable[[Hash32], bool],
        transactions_root: RootOf,
        form: HeaderForm = WHOLE,
    ) -> None:
        self._requests = requests
        self._known = known
        self._transactions_root = transactions_root
        self._form = form
        self._peers: dict[Address, None] = {}
        self._jobs: dict[Hash32, _Job] = {}
        self._questions: dict[tuple[Address, int], _Question] = {}
        self._armed_at: int | None = None
        self._effects: list[Effect] = []

    def handle(self, event: FetchEvent, now: int) -> tuple[Effect, ...]:
        """Apply one event at ``now`` microseconds."""
        match event:
            case PeerConnected(peer):
                self._peers[peer] = None
            case PeerLost(peer):
                self._lose(peer)
            case BlockMissing(target, peers):
                self._want(target, peers)
            case MessageReceived(peer, Headers() | Bodies() as message):
                self._take(peer, message)
            case TimerExpired(timer) if timer == TIMER:
                self._tick(now)
            case _:
                return ()
        for job in tuple(self._jobs.values()):
            self._step(job, now)
        self._arm(now)
        effects, self._effects = tuple(self._effects), []
        return effects

    def _want(self, target: Hash32, peers: tuple[Address, ...]) -> None:
        if self._known(target):
            return
        for job in self._jobs.values():
            if job.target == target or any(step.name == target for step in job.path):
                job.peers.update(dict.fromkeys(peers))
                job.tried.difference_update(peers)
                return
        if len(self._jobs) >= FETCH_JOBS_COUNT_MAX:
            self._trace("fetch.refused", target, f"{FETCH_JOBS_COUNT_MAX} jobs run")
            return
        self._jobs[target] = _Job(target, dict.fromkeys(peers))

    def _step(self, job: _Job, now: int) -> None:
        """Ask the next question of a job, or end it."""
        if job.asked is not None or job.target not in self._jobs:
            return
        cursor = job.path[-1].header.parent_hash if job.path else job.target
        job.is_linked = job.is_linked or self._known(cursor)
        if job.is_linked:
            self._deliver(job)
            if not job.path:
                del self._jobs[job.target]
                return
        elif len(job.path) >= HEADERS_AHEAD_COUNT_MAX:
            self._give_up(job, f"more than {HEADERS_AHEAD_COUNT_MAX} headers ahead")
            return
        candidates = [p for p in (*job.peers, *self._peers) if p in self._peers]
        candidates = [peer for peer in candidates if peer not in job.tried]
        if not candidates:
            self._give_up(job, "no peer could help")
            return
        free = next((peer for peer in candidates if self._requests.may_ask(peer)), None)
        if free is not None:
            self._ask(job, free, cursor, now)

    def _ask(self, job: _Job, peer: Address, cursor: Hash32, now: int) -> None:
        rid = self._requests.open(peer)
        question: GetHeaders | GetBodies
        if job.is_linked:
            lacking = [
                step.name
                for step in reversed(job.path)
                if not step.is_empty and step.name not in job.bodies
            ]
            asked = _Question(job.target, tuple(lacking[:_BODIES_MAX]), 0, now + _BODIES_TIMEOUT_US)
            question = GetBodies(asked.hashes)
        else:
            count = min(job.batch, HEADERS_AHEAD_COUNT_MAX - len(job.path))
            asked = _Question(job.target, (cursor,), count, now + _HEADERS_TIMEOUT_US)
            question = GetHeaders(cursor, count, skip=0, reverse=True)
        job.asked = (peer, rid)
        self._questions[job.asked] = asked
        payload = encode(replace(question, rid=rid))
        self._effects.append(SendFrame(peer, row_of(question).send_class, payload))

    def _take(self, peer: Address, message: Headers | Bodies) -> None:
        key = (peer, message.rid)
        asked = self._questions.get(key)
        if asked is None or isinstance(message, Headers) != (asked.headers > 0):
            why = "headers or bodies that nobody asked for, or late"
            self._effects.append(Penalise(peer, _LATE_POINTS, why))
            return
        job = self._close(key)
        if isinstance(message, Headers):
            self._take_headers(job, peer, asked, message.headers)
        else:
            self._take_bodies(job, peer, asked, message.bodies)

    def _take_headers(
        self, job: _Job, peer: Address, asked: _Question, raws: tuple[bytes, ...]
    ) -> None:
        path: list[_Step] = []
        wants = asked.hashes[0]
        below = job.path[-1].header.number if job.path else None
        for raw in raws:
            try:
                header, certificate = self._form.split(Header.decode(raw))
            except CodecError as error:
                self._blame(job, peer, BREACH_POINTS, str(error))
                return
            if header.hash() != wants or (below is not None and header.number != below - 1):
                self._blame(job, peer, BREACH_POINTS, "headers that do not link")
                return
            path.append(_Step(wants, header, certificate, peer))
            wants, below = header.parent_hash, header.number
        if len(path) > asked.headers:
            self._blame(job, peer, BREACH_POINTS, "more headers than asked for")
        elif not path:
            job.tried.add(peer)
        else:
            job.tried.clear()
            job.batch = min(_HEADERS_MAX, 4 * job.batch)
            for step in path:
                job.path.append(step)
                if self._known(step.header.parent_hash):
                    break

    def _take_bodies(
        self, job: _Job, peer: Address, asked: _Question, bodies: tuple[Body, ...]
    ) -> None:
        if not is_subsequence([body.hash for body in bodies], asked.hashes):
            self._blame(job, peer, BREACH_POINTS, "the answer is no subset of the question")
            return
        headers = {step.name: step.header for step in job.path}
        for body in bodies:
            if not self._fits(headers[body.hash], body):
                self._blame(job, peer, _WRONG_BODY_POINTS, "a body does not match its header")
                return
            job.bodies[body.hash] = (body.transactions, peer)
            job.tried.clear()
        if not bodies:
            job.tried.add(peer)

    def _fits(self, header: Header, body: Body) -> bool:
        try:
            transactions = checked_transactions(body.transactions)
        except CodecError:
            return False
        return self._transactions_root(transactions) == header.transactions_root

    def _deliver(self, job: _Job) -> None:
        """Hand over blocks from the oldest on, as far as their bodies are here."""
        while job.path:
            step = job.path[-1]
            given = ((), step.peer) if step.is_empty else job.bodies.pop(step.name, None)
            if given is None:
                return
            job.path.pop()
            if not self._known(step.name):
                transactions, peer = given
                block = Block(step.header, transactions)
                self._effects.append(DeliverBlock(block, step.name, peer, step.certificate))

    def _blame(self, job: _Job, peer: Address, points: int, why: str) -> None:
        job.tried.add(peer)
        self._effects.append(Penalise(peer, points, why))

    def _close(self, key: tuple[Address, int]) -> _Job:
        asked = self._questions.pop(key)
        self._requests.close(key[0])
        job = self._jobs[asked.target]
        job.asked = None
        return job

    def _lose(self, peer: Address) -> None:
        self._peers.pop(peer, None)
        for key in [key for key in self._questions if key[0] == peer]:
            self._close(key)

    def _tick(self, now: int) -> None:
        for key, asked in tuple(self._questions.items()):
            if now >= asked.due_us:
                self._blame(self._close(key), key[0], _UNANSWERED_POINTS, "request unanswered")

    def _give_up(self, job: _Job, why: str) -> None:
        del self._jobs[job.target]
        self._trace("fetch.gave_up", job.target, why)

    def _trace(self, event: str, target: Hash32, why: str) -> None:
        self._effects.append(Trace(event, (("block", target), ("why", why))))

    def _arm(self, now: int) -> None:
        if self._armed_at is not None and now >= self._armed_at:
            self._armed_at = None
        dues = [asked.due_us for asked in self._questions.values()]
        if any(job.asked is None for job in self._jobs.values()):
            dues.append(now + _RETRY_US)  # every peer has its fill of open requests
        due = min(dues, default=None)
        if due is not None and (self._armed_at is None or due < self._armed_at):
            self._armed_at = max(now, due)
            self._effects.append(ScheduleTimer(TIMER, self._armed_at))
