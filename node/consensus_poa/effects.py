"""What an engine may ask of the world (consensus.md section 2).  Executed in the order listed."""

from dataclasses import dataclass
from typing import TypeAlias

from node.base.block import Block
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.events import TimerId

TraceValue: TypeAlias = int | bytes | str


@dataclass(frozen=True, slots=True)
class AppendWal:
    """Make ``entry`` durable before any later send of this batch.

    If the write fails, the rest of the batch is dropped.
    """

    entry: bytes


@dataclass(frozen=True, slots=True)
class Multicast:
    """Send a consensus message; ``to`` empty: all current validators but the sender."""

    message: bytes
    to: tuple[Address, ...] = ()
    exclude: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class BroadcastBlock:
    """Send a block to all peers that are not known to have it; ``to``: to these alone."""

    block: Block
    certificate: bytes | None
    to: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleTimer:
    """Expire ``timer`` at ``at``, local microseconds; an armed id is replaced."""

    timer: TimerId
    at: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget ``timer``."""

    timer: TimerId


@dataclass(frozen=True, slots=True)
class BuildBlock:
    """Build a block on ``parent`` with these header fields; answer with ``BlockBuilt``."""

    request: int
    parent: Hash32
    timestamp: int
    """Seconds."""
    extra_data: bytes
    """Clique: the seal is 65 zero bytes."""
    coinbase: Address
    """The header field; the fee recipient of Clique is the signer, not this."""
    nonce: bytes
    difficulty: int
    mix_hash: Hash32

    def is_answered_by(self, header: Header) -> bool:
        """Say whether a built header has what was asked for."""
        return (
            header.parent_hash == self.parent
            and header.timestamp == self.timestamp
            and header.extra_data == self.extra_data
            and header.coinbase == self.coinbase
            and header.nonce == self.nonce
            and header.difficulty == self.difficulty
            and header.mix_hash == self.mix_hash
        )


@dataclass(frozen=True, slots=True)
class ValidateBlock:
    """Execute a block on its parent's state; answer with ``BlockValidated``, also from a cache."""

    block: Block


@dataclass(frozen=True, slots=True)
class ImportBlock:
    """Store a valid block.  BFT engines: it is decided.  Clique, AuRa: a candidate."""

    block: Block
    certificate: bytes | None


@dataclass(frozen=True, slots=True)
class SetHead:
    """Make an imported block the head; answer with ``NewChainHead``."""

    hash: Hash32
    reorg_depth: int
    """Blocks of the old chain that are left; 0 is an extension."""


@dataclass(frozen=True, slots=True)
class Finalized:
    """No honest node will ever leave this block."""

    hash: Hash32
    height: int
    certificate: bytes | None


@dataclass(frozen=True, slots=True)
class RequestSync:
    """Fetch blocks above ``above_height``; ``peer`` None: from any peer."""

    above_height: int
    peer: Address | None


@dataclass(frozen=True, slots=True)
class ReportEvidence:
    """A validator broke a rule that an honest one cannot break by accident.

    ``kind`` is equivocation, double_seal, invalid_proposal or invalid_justification; ``proof``
    is RLP that a third party can check.
    """

    offender: Address
    kind: str
    proof: bytes


@dataclass(frozen=True, slots=True)
class Trace:
    """What the engine did, by the name of the rule: for people, labs and checkers."""

    rule: str
    data: tuple[tuple[str, TraceValue], ...] = ()


Effect: TypeAlias = (
    AppendWal
    | Multicast
    | BroadcastBlock
    | ScheduleTimer
    | CancelTimer
    | BuildBlock
    | ValidateBlock
    | ImportBlock
    | SetHead
    | Finalized
    | RequestSync
    | ReportEvidence
    | Trace
)


def trace(rule: str, **data: TraceValue) -> Trace:
    """Make a ``Trace`` of keyword values."""
    return Trace(rule, tuple(data.items()))
