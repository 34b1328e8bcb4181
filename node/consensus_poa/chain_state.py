"""What every engine remembers whose blocks are candidates (Clique, AuRa), and its bytes.

Caches (snapshots, recovered signers) are no state: they follow from the chain.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from node.base import codec, rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import (
    BAD_BLOCKS_COUNT_MAX,
    IMPORTED_BLOCKS_COUNT_MAX,
    PARKED_BLOCKS_MAX,
    SEALS_SEEN_COUNT_MAX,
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
class ChainState:
    """Head, timers and blocks on their way in; hashes are those of blocks."""

    head: Header | None = None
    """What the engine decided last; None before ``Start``."""
    head_hash: Hash32 = ZERO_HASH
    head_moves: list[Hash32] = field(default_factory=list[Hash32])
    """``SetHead`` sent, ``NewChainHead`` not yet seen."""
    is_paused: bool = False
    is_observer: bool = False
    """The log of seals could not be trusted: seal nothing."""
    timers: dict[TimerId, int] = field(default_factory=dict[TimerId, int])
    build: BuildBlock | None = None
    """The request under way."""
    requests: int = 0
    sealed: int = -1
    """The newest height (AuRa: step) that this node sealed: none up to it is sealed again.

    Clique, where a reorganisation may ask for a second block of a height, guards parents instead.
    """
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
        return codec.pack(self.to_fields())

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what ``encode`` gave.

        raises        CodecError: the bytes are no such state.
        """
        state = cls()
        try:
            state.take_fields(codec.unpack(data))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CodecError(cls.__name__, f"{type(error).__name__}: {error}") from error
        return state

    def to_fields(self) -> dict[str, object]:
        """Give what is remembered, ready for ``codec.pack``; a subclass adds its own."""
        build = self.build
        return {
            "head": self.head.encode() if self.head else b"",
            "head_hash": self.head_hash,
            "head_moves": self.head_moves,
            "flags": [self.is_paused, self.is_observer],
            "timers": [
                [timer.kind.value, pack_int(timer.height), timer.round, pack_int(at)]
                for timer, at in self.timers.items()
            ],
            "build": []
            if build is None
            else [
                build.request,
                build.parent,
                pack_int(build.timestamp),
                build.extra_data,
                build.coinbase,
                build.nonce,
                pack_int(build.difficulty),
                build.mix_hash,
            ],
            "requests": self.requests,
            "sealed": pack_int(self.sealed + 1),
            "parked": _encode_waiting(self.parked),
            "orphans": _encode_waiting(self.orphans),
            "validating": _encode_waiting(self.validating),
            "bad": list(self.bad),
            "seals": [[*key, header] for key, header in self.seals.items()],
            "syncs": [[pack_int(above), peer, at] for (above, peer), at in self.syncs.items()],
            "imported": [
                [block_hash, entry.header.encode(), pack_int(entry.total_difficulty)]
                for block_hash, entry in self.imported.items()
            ],
        }

    def take_fields(self, found: Any) -> None:  # noqa: ANN401 - see below
        """Fill this empty state with what ``to_fields`` gave.

        Whatever a wrong shape raises (LookupError, TypeError, ValueError, AttributeError) is
        ``decode``'s to translate.
        """
        if found["head"]:
            self.head = Header.decode(found["head"])
        self.head_hash = found["head_hash"]
        self.head_moves = list(found["head_moves"])
        self.is_paused, self.is_observer = found["flags"]
        for kind, height, round_, at in found["timers"]:
            timer = TimerId(TimerKind(kind), unpack_int(height), round_)
            self.timers[timer] = unpack_int(at)
        if found["build"]:
            request, parent, timestamp, extra, coinbase, nonce, difficulty, mix = found["build"]
            self.build = BuildBlock(
                request,
                parent,
                unpack_int(timestamp),
                extra,
                coinbase,
                nonce,
                unpack_int(difficulty),
                mix,
            )
        self.requests = found["requests"]
        self.sealed = unpack_int(found["sealed"]) - 1
        for name in ("parked", "orphans", "validating"):
            fill(getattr(self, name), found[name], _decode_waiting)
        fill(self.bad, found["bad"], lambda entry: (entry, None))
        fill(self.seals, found["seals"], lambda entry: ((entry[0], entry[1]), entry[2]))
        fill(
            self.syncs,
            found["syncs"],
            lambda entry: ((unpack_int(entry[0]), entry[1]), entry[2]),
        )
        fill(
            self.imported,
            found["imported"],
            lambda entry: (entry[0], Imported(Header.decode(entry[1]), unpack_int(entry[2]))),
        )


def fill(target: Bounded[Any, Any], entries: Any, read: Callable[[Any], tuple[Any, Any]]) -> None:  # noqa: ANN401
    """Put what ``read`` makes of each entry into ``target``."""
    for entry in entries:
        key, value = read(entry)
        target[key] = value


def _encode_waiting(blocks: Bounded[Hash32, Waiting]) -> list[list[bytes]]:
    return [[key, entry.block.encode(), entry.peer or b""] for key, entry in blocks.items()]


def _decode_waiting(entry: Any) -> tuple[Hash32, Waiting]:  # noqa: ANN401
    key, block, peer = entry
    return key, Waiting(Block.decode(block), Address(peer) if peer else None)


def pack_int(value: int) -> bytes:
    """Encode what a header may have made larger than msgpack's 64 bits."""
    return rlp.encode_int(value)


def unpack_int(data: bytes) -> int:
    """Read what ``pack_int`` gave."""
    return rlp.decode_int(data, bytes_max=64)
