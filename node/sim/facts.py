"""What checkers and predicates are told: raw bytes and plain facts, never an engine's opinion."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from node.base.types import Hash32


@dataclass(frozen=True, slots=True)
class BlockStored:
    """A node stored a block as valid; ``header`` is its RLP as the node keeps it."""

    node: str
    hash: Hash32
    header: bytes
    certificate: bytes | None = None
    """What the node keeps beside the header: of BFT engines round and seals."""
    local_us: int = 0
    """The node's own clock, microseconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class HeadAt:
    """A node's head is now this block."""

    node: str
    hash: Hash32
    number: int


@dataclass(frozen=True, slots=True)
class FinalAt:
    """A node holds this block for final: it will never leave it."""

    node: str
    hash: Hash32
    number: int


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A node sent a consensus message; told once for all who receive it."""

    node: str
    engine: str
    payload: bytes
    """The bytes on the wire, as the engine's specification has them."""


@dataclass(frozen=True, slots=True)
class NodeTurned:
    """A node went ``down`` or came ``up``; turned ``byzantine`` or is ``honest`` again."""

    node: str
    state: Literal["up", "down", "byzantine", "honest"]


@dataclass(frozen=True, slots=True)
class ValidatorsAfter:
    """Whom a node takes for the validators after a block, as its engine says."""

    node: str
    hash: Hash32
    validators: bytes
    """Addresses of 20 bytes, ascending, one after another."""


@dataclass(frozen=True, slots=True)
class EvidenceReported:
    """A node reported that a key broke a rule."""

    node: str
    offender: bytes
    """The address, 20 bytes."""
    kind: str
    """``equivocation``, ``double_seal``, ``invalid_proposal`` or ``invalid_justification``."""
    proof: bytes


@dataclass(frozen=True, slots=True)
class ReceiptSigned:
    """A custodian answered a release request with this receipt (297 bytes)."""

    node: str
    receipt: bytes


@dataclass(frozen=True, slots=True)
class BytesSeen:
    """Bytes that left the hands of those who may read records: a frame, a block, a stored block."""

    where: str
    data: bytes


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step of the scenario ended; ``status`` is one of the statuses of the results."""

    step: str
    status: str


Fact: TypeAlias = (
    BlockStored
    | HeadAt
    | FinalAt
    | MessageSent
    | NodeTurned
    | ValidatorsAfter
    | EvidenceReported
    | ReceiptSigned
    | BytesSeen
    | StepEnded
)
