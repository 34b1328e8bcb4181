"""What the parts of one engine share while an event is handled."""

from dataclasses import dataclass, field

from node.base.errors import UnavailableError
from node.base.header import Header
from node.base.limits import SYNC_RETRY_US_MIN
from node.base.ports import Signer
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.effects import (
    CancelTimer,
    Effect,
    ReportEvidence,
    RequestSync,
    ScheduleTimer,
    TraceValue,
    trace,
)
from node.consensus_poa.events import TimerId, TimerKind
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.qbft.opened import Opened
from node.consensus_poa.qbft.options import QbftOptions
from node.consensus_poa.qbft.sets import ValidatorSets
from node.consensus_poa.qbft.state import QbftState
from node.consensus_poa.qbft.validate import Place


@dataclass(slots=True)
class Context:
    """State, what is lent, and the effects of the event under way."""

    options: QbftOptions
    lent: Capabilities
    sets: ValidatorSets
    state: QbftState = field(default_factory=QbftState)
    place: Place | None = None
    """Head and validators of the height that is decided; None: the set cannot be read."""
    now: int = 0
    out: list[Effect] = field(default_factory=list[Effect])

    @property
    def own(self) -> Address | None:
        """The address of this node's key."""
        return None if self.lent.signer is None else self.lent.signer.address

    @property
    def head(self) -> Header:
        """The head; only after ``Start``."""
        assert self.state.head is not None
        return self.state.head

    def signer(self) -> Signer | None:
        """Give the key if this node may sign at this height now, else None."""
        state, signer, place = self.state, self.lent.signer, self.place
        if state.decided is not None or state.is_paused or state.is_observer or state.is_stopped:
            return None
        if signer is None or place is None or signer.address not in place.members:
            return None
        return signer

    def take_place(self) -> None:
        """Read the set that decides the height above the head."""
        state = self.state
        try:
            state.validators = self.sets.after(state.head_hash, state.head)
        except UnavailableError as error:
            state.validators = ()
            self.trace("QBFT.ValidatorsUnavailable", reason=str(error))
        self.stand()

    def stand(self) -> None:
        """Make ``place`` of the state."""
        validators = self.state.validators
        self.place = None
        if validators:
            self.place = Place.above(self.head, validators)

    def genesis_hash(self) -> Hash32:
        """Give the hash of block 0, which the log names."""
        genesis = self.lent.chain.header_by_number(0)
        return ZERO_HASH if genesis is None else genesis.hash()

    def trace(self, rule: str, **data: TraceValue) -> None:
        """Say what happened."""
        self.out.append(trace(rule, **data))

    def arm(self, timer: TimerId, at: int) -> None:
        """Schedule a timer."""
        self.state.timers[timer] = at
        self.out.append(ScheduleTimer(timer, at))

    def disarm(self) -> None:
        """Forget all timers of the height."""
        timers = self.state.timers
        for timer in [found for found in timers if found.kind is not TimerKind.FUTURE]:
            del timers[timer]
            self.out.append(CancelTimer(timer))

    def report(self, message: Opened, kind: str, proof: bytes) -> None:
        """Report an author once per slot."""
        slot = (message.author, message.code, message.round)
        if slot not in self.state.reported:
            self.state.reported[slot] = None
            self.out.append(ReportEvidence(message.author, kind, proof))

    def request_sync(self, above: int, peer: Address | None) -> None:
        """Ask for the blocks above ``above``; once per peer and height until time has passed."""
        syncs = self.state.syncs
        key = (above, peer or b"")
        asked = syncs.get(key)
        if asked is not None and 0 <= self.now - asked < SYNC_RETRY_US_MIN:
            return
        syncs.pop(key, None)
        syncs[key] = self.now
        self.out.append(RequestSync(above, peer))
