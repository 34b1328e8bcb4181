"""What reaches a node, and what a node wants done: the border between a core and its driver.

A driver (the simulator, or a real shell) executes effects in the order listed.
"""

from dataclasses import dataclass
from typing import TypeAlias

from node.base.errors import WardnetError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.workflows.requests import Request

TimerKey: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """The node runs; all else comes later."""


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """A connection to a validator is up and authenticated by the driver."""

    peer: Address


@dataclass(frozen=True, slots=True)
class PeerLost:
    """The connection to a validator ended; what was asked over it is not answered any more."""

    peer: Address


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """The payload of one frame."""

    peer: Address
    payload: bytes


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer is due; the core compares its deadline with ``now`` and may arm it again."""

    timer: TimerKey


@dataclass(frozen=True, slots=True)
class Asked:
    """A client on this node asks; the answer may take several events."""

    call: int
    request: Request


@dataclass(frozen=True, slots=True)
class SealingPaused:
    """The operator wants no more blocks from this node; it still takes in those of others."""


Event: TypeAlias = (
    Started | PeerConnected | PeerLost | FrameReceived | TimerFired | Asked | SealingPaused
)


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Send one frame payload to a peer."""

    peer: Address
    payload: bytes


@dataclass(frozen=True, slots=True)
class SendToMany:
    """Send one frame payload to several peers, in this order."""

    peers: tuple[Address, ...]
    payload: bytes


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire at ``at_us`` of the local clock; setting a key again replaces it."""

    timer: TimerKey
    at_us: int


@dataclass(frozen=True, slots=True)
class ClearTimer:
    """Forget a timer."""

    timer: TimerKey


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to ``Asked``."""

    call: int
    value: object


@dataclass(frozen=True, slots=True)
class Failed:
    """``Asked`` ends in an error."""

    call: int
    error: WardnetError


@dataclass(frozen=True, slots=True)
class HeadMoved:
    """The head is another block; ``reorg_depth`` is 0 for an extension."""

    header: Header
    hash: Hash32
    reorg_depth: int
    final_number: int


@dataclass(frozen=True, slots=True)
class Noted:
    """Something a history or a log should tell; values are int, str or bytes."""

    name: str
    data: dict[str, int | str | bytes]


Effect: TypeAlias = (
    SendFrame | SendToMany | SetTimer | ClearTimer | Answered | Failed | HeadMoved | Noted
)


@dataclass(frozen=True, slots=True)
class Work:
    """What an event cost; a driver in virtual time turns it into microseconds."""

    signatures: int = 0
    gas: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Effects in order, and the work behind them."""

    effects: tuple[Effect, ...]
    work: Work
