"""Everything a QBFT engine remembers, and its canonical bytes.

Messages are kept opened and stored as the bytes they came in: the rest follows from those.
Validator sets of other blocks and opened messages of the memo are caches, no state.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from node.base import codec, rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import (
    BAD_BLOCKS_COUNT_MAX,
    FUTURE_MESSAGES_BYTES_MAX,
    PARKED_BLOCKS_MAX,
    SEEN_MESSAGES_COUNT_MAX,
    SYNC_REQUESTS_COUNT_MAX,
)
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.effects import BuildBlock
from node.consensus_poa.events import TimerId, TimerKind
from node.consensus_poa.qbft.ballots import Ballots, RoundChanges
from node.consensus_poa.qbft.future import Early, FutureMessages
from node.consensus_poa.qbft.header import DIFFICULTY, MIX_HASH, NONCE
from node.consensus_poa.qbft.opened import Candidate, Opened, candidate_of

NOT_STARTED: Final = -1
"""The round before round 0 starts."""
_STATE_BYTES_MAX: Final = 8 * FUTURE_MESSAGES_BYTES_MAX

Opener = Callable[[bytes], Opened]


class Prepared(NamedTuple):
    """What a quorum prepared, and the prepares that show it."""

    round: int
    candidate: Candidate
    prepares: tuple[Opened, ...]


class Sealed(NamedTuple):
    """A block with its certificate, and who sent it."""

    block: Block
    certificate: bytes | None
    peer: Address | None


class Build(NamedTuple):
    """A block that was asked for, to be proposed in ``round``."""

    request: BuildBlock
    round: int


def _blocks() -> Bounded[Hash32, Sealed]:
    return Bounded(PARKED_BLOCKS_MAX)


@dataclass(slots=True)
class QbftState:
    """The state of one engine; the middle part is of one height and cleared with the head."""

    head: Header | None = None
    """None before ``Start``."""
    head_hash: Hash32 = ZERO_HASH
    validators: tuple[Address, ...] = ()
    """Who decides the height above the head; empty: it cannot be read."""
    is_paused: bool = False
    is_observer: bool = False
    """The log could not be trusted: sign nothing."""
    is_stopped: bool = False
    """Another block was decided at a decided height: sign nothing, follow nothing."""
    has_transactions: bool = False
    timers: dict[TimerId, int] = field(default_factory=dict[TimerId, int])
    requests: int = 0

    build: Build | None = None
    round: int = NOT_STARTED
    is_accepted: bool = False
    """The proposal of this round is accepted."""
    decided: Hash32 | None = None
    """The block of this height, handed over for import."""
    proposals: dict[int, Opened] = field(default_factory=dict[int, Opened])
    """The first justified proposal of this round and of later ones."""
    prepares: Ballots = field(default_factory=Ballots)
    commits: Ballots = field(default_factory=Ballots)
    changes: RoundChanges = field(default_factory=RoundChanges)
    prepared: Prepared | None = None
    guards: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])
    """(round, code) -> what this node said there."""
    sent: dict[int, Opened] = field(default_factory=dict[int, Opened])
    """Code -> the last message of this node."""
    answered: dict[Address, int] = field(default_factory=dict[Address, int])
    """Laggard -> when it was answered, local microseconds."""
    reported: dict[tuple[Address, int, int], None] = field(
        default_factory=dict[tuple[Address, int, int], None]
    )
    """(author, code, round) whose misbehaviour was reported."""

    future: FutureMessages = field(default_factory=FutureMessages)
    seen: Bounded[Hash32, None] = field(default_factory=lambda: Bounded(SEEN_MESSAGES_COUNT_MAX))
    valid: Bounded[Hash32, Hash32] = field(default_factory=lambda: Bounded(BAD_BLOCKS_COUNT_MAX))
    """Block hash -> key of the body that was found valid."""
    bad: Bounded[Hash32, None] = field(default_factory=lambda: Bounded(BAD_BLOCKS_COUNT_MAX))
    foreign: Bounded[Hash32, None] = field(default_factory=lambda: Bounded(BAD_BLOCKS_COUNT_MAX))
    """Keys of bodies that are not what their header names."""
    validating: Bounded[Hash32, Hash32] = field(
        default_factory=lambda: Bounded(BAD_BLOCKS_COUNT_MAX)
    )
    """Block hash -> key of the body whose verdict is awaited."""
    importing: Bounded[Hash32, Sealed] = field(default_factory=_blocks)
    parked: Bounded[Hash32, Sealed] = field(default_factory=_blocks)
    """Blocks from the near future."""
    orphans: Bounded[Hash32, Sealed] = field(default_factory=_blocks)
    """Blocks above the next height."""
    syncs: Bounded[tuple[int, bytes], int] = field(
        default_factory=lambda: Bounded(SYNC_REQUESTS_COUNT_MAX)
    )
    """(height, peer or empty) -> when blocks above it were asked for, local microseconds."""
    ballot: dict[Address, bool] = field(default_factory=dict[Address, bool])
    """Open votes of this validator: subject -> admit."""

    def clear_height(self) -> None:
        """Forget what belongs to one height."""
        fresh = QbftState()
        for name in _OF_A_HEIGHT:
            setattr(self, name, getattr(fresh, name))

    def encode(self) -> bytes:
        """Give canonical msgpack: equal states give equal bytes."""
        build, prepared = self.build, self.prepared
        return codec.pack(
            {
                "head": self.head.encode() if self.head else b"",
                "validators": b"".join(self.validators),
                "flags": [self.is_paused, self.is_observer, self.is_stopped, self.is_accepted],
                "has_transactions": self.has_transactions,
                "timers": [
                    [timer.kind.value, _int(timer.height), timer.round, _int(at)]
                    for timer, at in self.timers.items()
                ],
                "requests": self.requests,
                "build": []
                if build is None
                else [
                    build.round,
                    build.request.request,
                    _int(build.request.timestamp),
                    build.request.extra_data,
                    build.request.coinbase,
                ],
                "round": self.round,
                "decided": self.decided or b"",
                "proposals": _raw(self.proposals.values()),
                "prepares": _raw(self.prepares),
                "commits": _raw(self.commits),
                "changes": _raw(self.changes),
                "highest": list(self.changes.highest.items()),
                "prepared": []
                if prepared is None
                else [
                    prepared.round,
                    prepared.candidate.block.encode(),
                    _raw(prepared.prepares),
                ],
                "guards": [[*slot, value] for slot, value in self.guards.items()],
                "sent": _raw(self.sent.values()),
                "answered": [[author, _int(at)] for author, at in self.answered.items()],
                "reported": [list(slot) for slot in self.reported],
                "future": [
                    [_int(early.height), early.message, early.raw_hash, early.peer]
                    for early in self.future.listed()
                ],
                "seen": b"".join(self.seen),
                "valid": _pairs(self.valid),
                "bad": b"".join(self.bad),
                "foreign": b"".join(self.foreign),
                "validating": _pairs(self.validating),
                **{name: _encode_blocks(getattr(self, name)) for name in _BLOCK_TABLES},
                "syncs": [
                    [_int(above), peer, _int(at)] for (above, peer), at in self.syncs.items()
                ],
                "ballot": list(self.ballot.items()),
            }
        )

    @classmethod
    def decode(cls, data: bytes, opener: Opener) -> "QbftState":
        """Read what ``encode`` gave.

        raises        CodecError: the bytes are no such state.
        """
        try:
            return _decode(codec.unpack(data, bytes_max=_STATE_BYTES_MAX), opener)
        except (LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
            raise CodecError("qbft state", f"{type(error).__name__}: {error}") from error


_BLOCK_TABLES: Final = ("importing", "parked", "orphans")
_OF_A_HEIGHT: Final = (
    *("build", "round", "is_accepted", "decided", "proposals", "prepares", "commits", "changes"),
    *("prepared", "guards", "sent", "answered", "reported"),
)


def _decode(found: Any, opener: Opener) -> QbftState:  # noqa: ANN401 - the caller catches shapes
    state = QbftState()
    if found["head"]:
        state.head = Header.decode(found["head"])
        state.head_hash = state.head.hash()
    state.validators = tuple(Address(part) for part in _parts(found["validators"], 20))
    state.is_paused, state.is_observer, state.is_stopped, state.is_accepted = found["flags"]
    state.has_transactions = found["has_transactions"]
    for kind, height, round_, at in found["timers"]:
        state.timers[TimerId(TimerKind(kind), _number(height), round_)] = _number(at)
    state.requests, state.round = found["requests"], found["round"]
    state.decided = Hash32(found["decided"]) or None
    state.proposals = {message.round: message for message in map(opener, found["proposals"])}
    for ballots, name in ((state.prepares, "prepares"), (state.commits, "commits")):
        for raw in found[name]:
            ballots.add(opener(raw))
    for change in map(opener, found["changes"]):
        state.changes.by_round.setdefault(change.round, {})[change.author] = change
    state.changes.highest = {Address(author): round_ for author, round_ in found["highest"]}
    if found["prepared"]:
        round_, block, prepares = found["prepared"]
        candidate = candidate_of(Block.decode(block), round_)
        assert candidate is not None
        state.prepared = Prepared(round_, candidate, tuple(map(opener, prepares)))
    state.guards = {(round_, code): value for round_, code, value in found["guards"]}
    state.sent = {message.code: message for message in map(opener, found["sent"])}
    state.answered = {Address(author): _number(at) for author, at in found["answered"]}
    state.reported = {(Address(a), code, round_): None for a, code, round_ in found["reported"]}
    for height, message, raw_hash, peer in found["future"]:
        state.future.add(Early(_number(height), message, Hash32(raw_hash), Address(peer)))
    _decode_tables(state, found)
    return state


def _decode_tables(state: QbftState, found: Any) -> None:  # noqa: ANN401
    for key in _parts(found["seen"], 32):
        state.seen[Hash32(key)] = None
    for key in _parts(found["bad"], 32):
        state.bad[Hash32(key)] = None
    for key in _parts(found["foreign"], 32):
        state.foreign[Hash32(key)] = None
    for table, name in ((state.valid, "valid"), (state.validating, "validating")):
        for pair in _parts(found[name], 64):
            table[Hash32(pair[:32])] = Hash32(pair[32:])
    for name in _BLOCK_TABLES:
        for key, block, certificate, peer in found[name]:
            sealed = Sealed(Block.decode(block), certificate, Address(peer) if peer else None)
            getattr(state, name)[key] = sealed
    for above, peer, at in found["syncs"]:
        state.syncs[(_number(above), peer)] = _number(at)
    state.ballot = {Address(subject): authorize for subject, authorize in found["ballot"]}
    if found["build"]:
        round_, request, timestamp, extra, coinbase = found["build"]
        state.build = Build(
            build_request(request, state.head_hash, _number(timestamp), extra, coinbase), round_
        )


def build_request(
    request: int, parent: Hash32, timestamp: int, extra_data: bytes, coinbase: Address
) -> BuildBlock:
    """Give the request for a block; all else in a QBFT header is constant."""
    return BuildBlock(
        request=request,
        parent=parent,
        timestamp=timestamp,
        extra_data=extra_data,
        coinbase=coinbase,
        nonce=NONCE,
        difficulty=DIFFICULTY,
        mix_hash=MIX_HASH,
    )


def _raw(messages: Iterable[Opened]) -> list[bytes]:
    return [message.raw for message in messages]


def _pairs(table: Bounded[Hash32, Hash32]) -> bytes:
    return b"".join(key + value for key, value in table.items())


def _parts(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _encode_blocks(blocks: Bounded[Hash32, Sealed]) -> list[list[bytes | None]]:
    return [
        [key, sealed.block.encode(), sealed.certificate, sealed.peer or b""]
        for key, sealed in blocks.items()
    ]


def _int(value: int) -> bytes:
    """Encode what a header may have made larger than msgpack's 64 bits."""
    return rlp.encode_int(value)


def _number(data: bytes) -> int:
    return rlp.decode_int(data, bytes_max=64)
