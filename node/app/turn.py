"""One event's worth of work: what the parts of a node collect while they handle it."""

from typing import Final

from node.app.events import (
    Answered,
    ClearTimer,
    Effect,
    Failed,
    Noted,
    Outcome,
    SendFrame,
    SetTimer,
    TimerKey,
    Work,
)
from node.base.errors import WardnetError
from node.base.types import Address
from node.p2p.messages import Message
from node.p2p.wire import encode

_QUIET: Final = tuple(Outcome((), Work(signatures)) for signatures in range(2))
"""The outcomes of most frames: nothing to do after no signature, or one."""


class Turn:
    """Effects in the order in which the parts wanted them, and the work they stand for."""

    __slots__ = ("effects", "gas", "now", "signatures")

    def __init__(self, now: int) -> None:
        self.now = now
        """Local time, microseconds."""
        self.signatures = 0
        self.gas = 0
        self.effects: list[Effect] = []

    def send(self, peer: Address, message: Message) -> None:
        """Send a message to a peer."""
        self.effects.append(SendFrame(peer, encode(message)))

    def set_timer(self, timer: TimerKey, at_us: int) -> None:
        """Arm a timer of the node."""
        self.effects.append(SetTimer(timer, at_us))

    def clear_timer(self, timer: TimerKey) -> None:
        """Forget a timer of the node."""
        self.effects.append(ClearTimer(timer))

    def answer(self, call: int, value: object) -> None:
        """Answer a client."""
        self.effects.append(Answered(call, value))

    def fail(self, call: int, error: WardnetError) -> None:
        """End a client's request with an error."""
        self.effects.append(Failed(call, error))

    def note(self, name: str, /, **data: int | str | bytes) -> None:
        """Tell the history something."""
        self.effects.append(Noted(name, data))

    def outcome(self) -> Outcome:
        """Give all of it to the driver."""
        if not self.effects and not self.gas and self.signatures < len(_QUIET):
            return _QUIET[self.signatures]
        return Outcome(tuple(self.effects), Work(self.signatures, self.gas))
