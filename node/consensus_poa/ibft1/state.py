"""Everything an IBFT 1 engine remembers, and its canonical bytes.

Caches (voting, decoded messages) are no state: they follow from chain and bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from node.base import codec, rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import (
    BAD_BLOCKS_COUNT_MAX,
    PARKED_BLOCKS_MAX,
    SYNC_REQUESTS_COUNT_MAX,
)
from node.base.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.effects import BuildBlock
from node.consensus_poa.events import TimerId, TimerKind


class Ballot(NamedTuple):
    """A Prepare or Commit that came: the first of its author for a round."""

    digest: Hash32
    seal: bytes
    """The committed seal; empty in a Prepare."""
    raw: bytes


class Proposal(NamedTuple):
    """The first preprepare of a round's leader."""

    block: Block
    raw: bytes


@dataclass(slots=True)
class Round:
    """What came for one round of the height."""

    proposal: Proposal | None = None
    accepted: Hash32 | None = None
    """The proposal's hash once it was found valid, and free of the lock."""
    is_prepared: bool = False
    """The Commit was sent, or would have been by a validator."""
    prepares: dict[Address, Ballot] = field(default_factory=dict[Address, Ballot])
    commits: dict[Address, Ballot] = field(default_factory=dict[Address, Ballot])
    reported: dict[tuple[Address, int], None] = field(
        default_factory=dict[tuple[Address, int], None]
    )
    """Author and code of what was reported as equivocation."""


class Sent(NamedTuple):
    """An own message; no other digest is ever signed in its slot."""

    digest: Hash32
    raw: bytes


class Sealed(NamedTuple):
    """A block with committed seals that waits for parent, time or execution."""

    block: Block
    certificate: bytes | None
    peer: Address | None


class Early(NamedTuple):
    """A message for a later height."""

    height: int
    raw: bytes
    peer: Address


def _sealed() -> Bounded[Hash32, Sealed]:
    return Bounded(PARKED_BLOCKS_MAX)


def _hashes() -> Bounded[Hash32, None]:
    return Bounded(BAD_BLOCKS_COUNT_MAX)


def _bodies() -> Bounded[Hash32, Hash32]:
    return Bounded(BAD_BLOCKS_COUNT_MAX)


def body_key(block: Block) -> Hash32:
    """Give the hash of all bytes of a block: equal headers may come with different bodies."""
    return keccak256(block.encode())


@dataclass(slots=True)
class Ibft1State:
    """The state of one engine; the height is ``head.number + 1``."""

    head: Header | None = None
    """None before ``Start``."""
    head_hash: Hash32 = ZERO_HASH
    validators: tuple[Address, ...] = ()
    """The set of the height, ascending."""
    previous: Address = ZERO_ADDRESS
    """Who sealed the head; zero for genesis."""
    round: int = 0
    is_started: bool = False
    """Round 0 has begun."""
    is_waiting: bool = False
    """A round change to ``round`` was sent, and no quorum of them has come."""
    rounds: dict[int, Round] = field(default_factory=dict[int, Round])
    round_changes: dict[int, dict[Address, None]] = field(
        default_factory=dict[int, dict[Address, None]]
    )
    locked: Block | None = None
    decided: Hash32 | None = None
    """Handed over for import; the chain does not show it yet."""
    own_block: Block | None = None
    """What this validator built for the height: proposed again when it leads again."""
    sent: dict[tuple[int, int], Sent] = field(default_factory=dict[tuple[int, int], Sent])
    """By round and code."""
    build: BuildBlock | None = None
    requests: int = 0
    validating: Bounded[Hash32, Hash32] = field(default_factory=_bodies)
    """Block hash -> key of the body whose verdict is awaited (``body_key``)."""
    valid: Bounded[Hash32, Hash32] = field(default_factory=_bodies)
    """Block hash -> key of the body that was found valid."""
    bad: Bounded[Hash32, None] = field(default_factory=_hashes)
    candidates: Bounded[Hash32, Sealed] = field(default_factory=_sealed)
    """Their headers are right, their execution is under way."""
    waiting: Bounded[Hash32, Sealed] = field(default_factory=_sealed)
    """Sealed blocks from the future, or without their parent."""
    backlog: dict[Hash32, Early] = field(default_factory=dict[Hash32, Early])
    """By the hash of the message, in order of arrival."""
    timers: dict[TimerId, int] = field(default_factory=dict[TimerId, int])
    proposals: dict[Address, bool] = field(default_factory=dict[Address, bool])
    """Open votes: subject -> admit."""
    syncs: Bounded[tuple[int, bytes], int] = field(
        default_factory=lambda: Bounded(SYNC_REQUESTS_COUNT_MAX)
    )
    """(height, peer or empty) -> when blocks above it were asked for, local microseconds."""
    has_transactions: bool = False
    is_paused: bool = False
    is_observer: bool = False
    """The log could not be trusted: sign nothing."""
    is_halted: bool = False
    """Two blocks were decided for one height: sign nothing any more."""

    @property
    def height(self) -> int:
        """The number of the block under way."""
        assert self.head is not None
        return self.head.number + 1

    def round_at(self, number: int) -> Round:
        """Give what came for a round, from now on remembered."""
        return self.rounds.setdefault(number, Round())

    def encode(self) -> bytes:
        """Give canonical msgpack: equal states give equal bytes."""
        build = self.build
        return codec.pack(
            {
                "head": self.head.encode() if self.head else b"",
                "head_hash": self.head_hash,
                "validators": self.validators,
                "previous": self.previous,
                "round": [self.round, self.requests],
                "rounds": [[number, *_pack_round(r)] for number, r in self.rounds.items()],
                "round_changes": [[n, list(authors)] for n, authors in self.round_changes.items()],
                "locked": _pack_block(self.locked),
                "decided": self.decided or b"",
                "own_block": _pack_block(self.own_block),
                "sent": [[*slot, *sent] for slot, sent in self.sent.items()],
                "build": []
                if build is None
                else [
                    build.request,
                    build.parent,
                    rlp.encode_int(build.timestamp),
                    build.extra_data,
                    build.coinbase,
                    build.nonce,
                    build.difficulty,
                    build.mix_hash,
                ],
                "validating": list(self.validating.items()),
                "valid": list(self.valid.items()),
                "bad": list(self.bad),
                "candidates": _pack_sealed(self.candidates),
                "waiting": _pack_sealed(self.waiting),
                "backlog": [[key, *early] for key, early in self.backlog.items()],
                "timers": [
                    [timer.kind.value, rlp.encode_int(timer.height), timer.round, _pack_time(at)]
                    for timer, at in self.timers.items()
                ],
                "proposals": list(self.proposals.items()),
                "syncs": [
                    [rlp.encode_int(above), peer, at] for (above, peer), at in self.syncs.items()
                ],
                "flags": [getattr(self, name) for name in _FLAGS],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "Ibft1State":
        """Read what ``encode`` gave.

        raises        CodecError: the bytes are no such state.
        """
        try:
            return _decode(codec.unpack(data))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CodecError("ibft1 state", f"{type(error).__name__}: {error}") from error


_FLAGS = (
    "is_started",
    "is_waiting",
    "has_transactions",
    "is_paused",
    "is_observer",
    "is_halted",
)


def _decode(found: Any) -> Ibft1State:  # noqa: ANN401 - shape errors are caught by the caller
    state = Ibft1State()
    if found["head"]:
        state.head = Header.decode(found["head"])
    state.head_hash, state.previous = found["head_hash"], found["previous"]
    state.validators = tuple(found["validators"])
    state.round, state.requests = found["round"]
    state.rounds = {number: _read_round(parts) for number, *parts in found["rounds"]}
    state.round_changes = {n: dict.fromkeys(authors) for n, authors in found["round_changes"]}
    state.locked = _read_block(found["locked"])
    state.decided = found["decided"] or None
    state.own_block = _read_block(found["own_block"])
    state.sent = {(number, code): Sent(*sent) for number, code, *sent in found["sent"]}
    if found["build"]:
        request, parent, timestamp, *rest = found["build"]
        state.build = BuildBlock(request, parent, rlp.decode_int(timestamp), *rest)
    for name in ("validating", "valid"):
        _fill(getattr(state, name), found[name], lambda entry: (entry[0], entry[1]))
    _fill(state.bad, found["bad"], lambda entry: (entry, None))
    for name in ("candidates", "waiting"):
        _fill(getattr(state, name), found[name], _read_sealed)
    state.backlog = {key: Early(*early) for key, *early in found["backlog"]}
    for kind, height, round_, at in found["timers"]:
        timer = TimerId(TimerKind(kind), rlp.decode_int(height), round_)
        state.timers[timer] = rlp.decode_int(at, bytes_max=64)
    state.proposals.update(found["proposals"])
    _fill(state.syncs, found["syncs"], lambda e: ((rlp.decode_int(e[0]), e[1]), e[2]))
    for name, value in zip(_FLAGS, found["flags"], strict=True):
        setattr(state, name, value)
    return state


def _fill(target: Bounded[Any, Any], entries: Any, read: Callable[[Any], tuple[Any, Any]]) -> None:  # noqa: ANN401
    for entry in entries:
        key, value = read(entry)
        target[key] = value


def _pack_round(votes: Round) -> list[object]:
    proposal = votes.proposal
    return [
        [proposal.block.encode(), proposal.raw] if proposal else [],
        votes.accepted or b"",
        votes.is_prepared,
        [[author, *ballot] for author, ballot in votes.prepares.items()],
        [[author, *ballot] for author, ballot in votes.commits.items()],
        list(votes.reported),
    ]


def _read_round(parts: Any) -> Round:  # noqa: ANN401
    proposal, accepted, is_prepared, prepares, commits, reported = parts
    return Round(
        Proposal(Block.decode(proposal[0]), proposal[1]) if proposal else None,
        accepted or None,
        is_prepared,
        {author: Ballot(*ballot) for author, *ballot in prepares},
        {author: Ballot(*ballot) for author, *ballot in commits},
        {(author, code): None for author, code in reported},  # noqa: C420 - the pairs are lists
    )


def _pack_sealed(blocks: Mapping[Hash32, Sealed]) -> list[list[bytes]]:
    return [
        [key, entry.block.encode(), entry.certificate or b"", entry.peer or b""]
        for key, entry in blocks.items()
    ]


def _read_sealed(entry: Any) -> tuple[Hash32, Sealed]:  # noqa: ANN401
    key, block, certificate, peer = entry
    return key, Sealed(Block.decode(block), certificate or None, Address(peer) if peer else None)


def _pack_block(block: Block | None) -> bytes:
    return block.encode() if block else b""


def _read_block(data: bytes) -> Block | None:
    return Block.decode(data) if data else None


def _pack_time(at: int) -> bytes:
    """Encode what a header's time may have made larger than msgpack's 64 bits."""
    return rlp.encode_int(at)
