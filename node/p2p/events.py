"""What the cores of this folder hear and what they may ask of the world (network.md, section 1).

Blocks, transactions and announcements are delivered under three names instead of one with a
kind: the receiver's match is then checked by the type checker.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from node.base.block import Block
from node.base.types import Address, Hash32
from node.p2p.messages import BlockName, Message, SendClass

BREACH_POINTS: Final = 100
"""The whole score: the peer is disconnected with reason 0x02."""
TraceValue: TypeAlias = int | bytes | str


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """A peer is admitted and may be spoken to."""

    peer: Address


@dataclass(frozen=True, slots=True)
class PeerLost:
    """A connection ended; nothing asked over it is answered any more."""

    peer: Address


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A decoded message; a core ignores types that are not its own."""

    peer: Address
    message: Message


@dataclass(frozen=True, slots=True)
class BlockAccepted:
    """A block, own or received, passed its checks and may be passed on."""

    block: Block
    score: bytes
    certificate: bytes | None = None
    is_own: bool = False
    """Made by this node."""


@dataclass(frozen=True, slots=True)
class TransactionsAccepted:
    """The pool took these raw transactions, own or received."""

    transactions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BlockMissing:
    """A block is needed (a parent, or one that was announced); ``peers`` should have it."""

    hash: Hash32
    peers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class TimerExpired:
    """A timer rang; early, late and doubled rings are harmless."""

    timer: str


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Send a payload; the driver puts the length before it."""

    peer: Address
    send_class: SendClass
    payload: bytes


@dataclass(frozen=True, slots=True)
class ScheduleTimer:
    """Ring ``timer`` at ``at_us``; an armed one of the same name may be replaced."""

    timer: str
    at_us: int


@dataclass(frozen=True, slots=True)
class DeliverBlock:
    """A block from a peer.  Its header is canonical RLP; nothing else is checked by gossip.

    The fetcher has compared the transactions with the header's root as well.
    """

    block: Block
    hash: Hash32
    peer: Address
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class DeliverTransactions:
    """Raw transactions from a peer, none of them known here, not checked."""

    transactions: tuple[bytes, ...]
    peer: Address


@dataclass(frozen=True, slots=True)
class DeliverAnnouncement:
    """A block that peers announced and that has not come whole in time."""

    block: BlockName
    peers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Penalise:
    """A peer broke a rule; BREACH_POINTS end the connection."""

    peer: Address
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Something that people and checkers should see."""

    event: str
    data: tuple[tuple[str, TraceValue], ...] = ()


GossipEvent: TypeAlias = (
    PeerConnected | PeerLost | MessageReceived | BlockAccepted | TransactionsAccepted | TimerExpired
)
FetchEvent: TypeAlias = PeerConnected | PeerLost | MessageReceived | BlockMissing | TimerExpired
Effect: TypeAlias = (
    SendFrame
    | ScheduleTimer
    | DeliverBlock
    | DeliverTransactions
    | DeliverAnnouncement
    | Penalise
    | Trace
)
