"""Everything a Clique engine remembers, and its canonical bytes.

Caches (snapshots, recovered signers) are no state: they follow from the chain.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from node.base import codec, rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import (
    BAD_BLOCKS_COUNT_MAX,
    IMPORTED_BLOCKS_COUNT_MAX,
    PARKED_BLOCKS_MAX,
    SEALS_SEEN_COUNT_MAX,
    SIGN_GUARDS_COUNT_MAX,
    SYNC_REQUESTS_COUNT_MAX,
)
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.effects import BuildBlock
from node.consensus_poa.events import TimerId, TimerKind
from node.consensus_poa.evidence import SealKey


class Waiting(NamedTuple):
    """A block that waits for its time, its parent or its execution, and who sent it."""

    block: Block
    peer: Address | None


class Imported(NamedTuple):
    """A block handed over for import; the chain may not show it yet."""

    header: Header
    total_difficulty: int


def _waiting() -> Bounded[Hash32, Waiting]:
    return Bounded(PARKED_BLOCKS_MAX)


@dataclass(slots=True)
class CliqueState:
    """The state of one engine; hashes are those of blocks unless a name says otherwise."""

    head: Header | None = None
    """What the engine decided last; None before ``Start``."""
    head_hash: Hash32 = ZERO_HASH
    head_moves: list[Hash32] = field(default_factory=list[Hash32])
    """``SetHead`` sent, ``NewChainHead`` not yet seen."""
    is_paused: bool = False
    is_observer: bool = False
    """The log of seals could not be trusted: seal nothing."""
    timers: dict[TimerId, int] = field(default_factory=dict[TimerId, int])
    seal_time: int = 0
    """Timestamp, in seconds, of the block that BLOCK or WIGGLE waits to build."""
    build: BuildBlock | None = None
    """The request under way."""
    requests: int = 0
    has_transactions: bool = False
    proposals: dict[Address, bool] = field(default_factory=dict[Address, bool])
    guards: Bounded[Hash32, Hash32] = field(default_factory=lambda: Bounded(SIGN_GUARDS_COUNT_MAX))
    """Parent -> the one child that this node sealed on it."""
    parked: Bounded[Hash32, Waiting] = field(default_factory=_waiting)
    """Blocks from the near future."""
    orphans: Bounded[Hash32, Waiting] = field(default_factory=_waiting)
    """Blocks without a parent."""
    validating: Bounded[Hash32, Waiting] = field(default_factory=_waiting)
    bad: Bounded[Hash32, None] = field(default_factory=lambda: Bounded(BAD_BLOCKS_COUNT_MAX))
    seals: Bounded[SealKey, bytes] = field(default_factory=lambda: Bounded(SEALS_SEEN_COUNT_MAX))
    syncs: Bounded[tuple[int, bytes], int] = field(
        default_factory=lambda: Bounded(SYNC_REQUESTS_COUNT_MAX)
    )
    """(height, peer or empty) -> when blocks above it were asked for, local microseconds."""
    imported: Bounded[Hash32, Imported] = field(
        default_factory=lambda: Bounded(IMPORTED_BLOCKS_COUNT_MAX)
    )

    def encode(self) -> bytes:
        """Give canonical msgpack: equal states give equal bytes."""
        build = self.build
        return codec.pack(
            {
                "head": self.head.encode() if self.head else b"",
                "head_hash": self.head_hash,
                "head_moves": self.head_moves,
                "flags": [self.is_paused, self.is_observer, self.has_transactions],
                "timers": [
                    [timer.kind.value, _int(timer.height), timer.round, _int(at)]
                    for timer, at in self.timers.items()
                ],
                "seal_time": _int(self.seal_time),
                "build": []
                if build is None
                else [
                    build.request,
                    build.parent,
                    _int(build.timestamp),
                    build.extra_data,
                    build.coinbase,
                    build.nonce,
                    build.difficulty,
                    build.mix_hash,
                ],
                "requests": self.requests,
                "proposals": list(self.proposals.items()),
                "guards": list(self.guards.items()),
                "parked": _encode_waiting(self.parked),
                "orphans": _encode_waiting(self.orphans),
                "validating": _encode_waiting(self.validating),
                "bad": list(self.bad),
                "seals": [[*key, header] for key, header in self.seals.items()],
                "syncs": [[_int(above), peer, at] for (above, peer), at in self.syncs.items()],
                "imported": [
                    [block_hash, entry.header.encode(), _int(entry.total_difficulty)]
                    for block_hash, entry in self.imported.items()
                ],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "CliqueState":
        """Read what ``encode`` gave.

        raises        CodecError: the bytes are no such state.
        """
        try:
            return _decode(codec.unpack(data))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CodecError("clique state", f"{type(error).__name__}: {error}") from error


def _decode(found: Any) -> CliqueState:  # noqa: ANN401 - shape errors are caught by the caller
    state = CliqueState()
    if found["head"]:
        state.head = Header.decode(found["head"])
    state.head_hash = found["head_hash"]
    state.head_moves = list(found["head_moves"])
    state.is_paused, state.is_observer, state.has_transactions = found["flags"]
    for kind, height, round_, at in found["timers"]:
        state.timers[TimerId(TimerKind(kind), _number(height), round_)] = _number(at)
    state.seal_time = _number(found["seal_time"])
    if found["build"]:
        request, parent, timestamp, *rest = found["build"]
        state.build = BuildBlock(request, parent, _number(timestamp), *rest)
    state.requests = found["requests"]
    state.proposals.update(found["proposals"])
    _fill(state.guards, found["guards"], lambda entry: (entry[0], entry[1]))
    for name in ("parked", "orphans", "validating"):
        _fill(getattr(state, name), found[name], _decode_waiting)
    _fill(state.bad, found["bad"], lambda entry: (entry, None))
    _fill(state.seals, found["seals"], lambda entry: ((entry[0], entry[1]), entry[2]))
    _fill(state.syncs, found["syncs"], lambda entry: ((_number(entry[0]), entry[1]), entry[2]))
    _fill(
        state.imported,
        found["imported"],
        lambda entry: (entry[0], Imported(Header.decode(entry[1]), _number(entry[2]))),
    )
    return state


def _fill(target: Bounded[Any, Any], entries: Any, read: Callable[[Any], tuple[Any, Any]]) -> None:  # noqa: ANN401
    for entry in entries:
        key, value = read(entry)
        target[key] = value


def _encode_waiting(blocks: Bounded[Hash32, Waiting]) -> list[list[bytes]]:
    return [[key, entry.block.encode(), entry.peer or b""] for key, entry in blocks.items()]


def _decode_waiting(entry: Any) -> tuple[Hash32, Waiting]:  # noqa: ANN401
    key, block, peer = entry
    return key, Waiting(Block.decode(block), Address(peer) if peer else None)


def _int(value: int) -> bytes:
    """Encode what a header may have made larger than msgpack's 64 bits."""
    return rlp.encode_int(value)


def _number(data: bytes) -> int:
    return rlp.decode_int(data, bytes_max=64)
