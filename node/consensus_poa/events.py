"""What an engine is told (consensus.md section 2).

``now`` of ``Engine.handle`` and all deadlines are microseconds of the node's local clock since
the Unix epoch; times in headers are seconds.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from node.base.block import Block
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.types import Address, Hash32
from node.consensus_poa.memo import Memo, Table

BODY_MISMATCH: Final = "body_mismatch"
"""``BlockValidated.error`` for transactions that are not those the header commits to.

The header may be sound and its true body still on its way, so such a hash is not remembered as
bad: otherwise a peer could ban any block by sending it with a foreign body.
"""


class TimerKind(Enum):
    """What a timer is for."""

    BLOCK = "block"
    ROUND = "round"
    WIGGLE = "wiggle"
    STEP = "step"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class TimerId:
    """The name of a timer; an id that is not armed is ignored when it expires."""

    kind: TimerKind
    height: int
    round: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """The node starts or restarts at ``head``; ``wal`` is what ``AppendWal`` stored, in order."""

    head: Header
    wal: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class NewChainHead:
    """The chain's head is ``header``: the answer to ``SetHead``, or sync moved it."""

    header: Header


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A consensus message came, as opaque bytes: nothing in it is trusted yet."""

    message: bytes
    raw_hash: Hash32
    peer: Address


def messages_from(memo: Memo) -> Table[tuple[bytes, Address], MessageReceived]:
    """Give the table of events: what one peer sends to many is one event for all of them."""
    hashes = memo.table("keccak256", keccak256)

    def received(sent: tuple[bytes, Address]) -> MessageReceived:
        message, peer = sent
        return MessageReceived(message, hashes[message], peer)

    return memo.table("received", received)


@dataclass(frozen=True, slots=True)
class BlockReceived:
    """A block came by gossip or sync, its header canonical; ``peer`` None: no peer sent it."""

    block: Block
    certificate: bytes | None
    peer: Address | None


@dataclass(frozen=True, slots=True)
class TimerExpired:
    """A timer is due by the driver's reckoning; the engine compares ``now`` itself."""

    timer: TimerId


@dataclass(frozen=True, slots=True)
class BlockBuilt:
    """The answer to ``BuildBlock``: a block with an empty seal, or None and why."""

    request: int
    block: Block | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class BlockValidated:
    """The answer to ``ValidateBlock``.

    ``error`` is None for a valid block, ``BODY_MISMATCH``, or the name of the broken rule.  Only
    what every node would find is an error here: what a node lacks (disk, state) is not.
    """

    canonical_hash: Hash32
    error: str | None


@dataclass(frozen=True, slots=True)
class ProposeValidatorVote:
    """Vote from now on to admit (``authorize``) or drop ``subject`` (engines with header votes)."""

    subject: Address
    authorize: bool


@dataclass(frozen=True, slots=True)
class DiscardValidatorVote:
    """Stop voting on ``subject``; votes that stand in headers stay there."""

    subject: Address


@dataclass(frozen=True, slots=True)
class PauseSealing:
    """The node is syncing: seal nothing, relay nothing, still take blocks in."""


@dataclass(frozen=True, slots=True)
class ResumeSealing:
    """The node is in sync again."""


@dataclass(frozen=True, slots=True)
class TransactionsWaiting:
    """Transactions could go into a block; an engine that makes no empty blocks waits for this.

    Sent when a transaction enters the pool, and behind every ``NewChainHead`` while the pool
    holds one that is executable.  One too many costs a build that stays empty.
    """


Event: TypeAlias = (
    Start
    | NewChainHead
    | MessageReceived
    | BlockReceived
    | TimerExpired
    | BlockBuilt
    | BlockValidated
    | ProposeValidatorVote
    | DiscardValidatorVote
    | PauseSealing
    | ResumeSealing
    | TransactionsWaiting
)
