"""A simulated machine: one node core, its clock, its processor and its timers.

A host handles one event at a time; what an event costs delays its effects and the next event
(simulation.md section 5).  The cost comes from the work, never from measured time.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

from node.app.events import (
    Answered,
    ClearTimer,
    Effect,
    Event,
    Failed,
    FrameReceived,
    HeadMoved,
    Noted,
    Outcome,
    SendFrame,
    SendToMany,
    SetTimer,
    TimerFired,
    TimerKey,
    Work,
)
from node.base.errors import WardnetError
from node.base.rng import PPM
from node.base.types import Address
from node.sim.kernel import Kernel, Priority
from node.sim.trace import Trace

_DELIVERY: Final = Priority.DELIVERY
_COMPLETION: Final = Priority.COMPLETION


@dataclass(frozen=True, slots=True)
class LocalClock:
    """The clock of a host: ``epoch + T + offset + T * drift``, all in integers."""

    epoch_us: int
    offset_us: int = 0
    drift_ppm: int = 0

    def read(self, world_us: int) -> int:
        """Give the local microseconds since the Unix epoch at world time ``world_us``."""
        shown = self.epoch_us + world_us + self.offset_us
        return shown + world_us * self.drift_ppm // PPM if self.drift_ppm else shown

    def world_time(self, local_us: int, world_us: int) -> int:
        """Give the world time at which this clock shows ``local_us``; not before ``world_us``."""
        delay = max(0, local_us - self.read(world_us))
        return world_us + -(-delay * PPM // (PPM + self.drift_ppm))

    def shifted(self, by_us: int) -> "LocalClock":
        """Give the clock that is ``by_us`` ahead of this one."""
        return replace(self, offset_us=self.offset_us + by_us)

    def drifting(self, ppm: int, world_us: int) -> "LocalClock":
        """Give the clock that shows the same at ``world_us`` and runs ``ppm`` faster."""
        # rounded towards zero, so that drifting(-ppm) of the same moment takes it back exactly
        gained = world_us * abs(ppm) // PPM * (1 if ppm > 0 else -1)
        return replace(self, offset_us=self.offset_us - gained, drift_ppm=self.drift_ppm + ppm)


@dataclass(frozen=True, slots=True)
class CpuSpec:
    """What work costs on a host."""

    message_us: int = 30
    signature_us: int = 45
    gas_per_second: int = 40_000_000

    def cost_us(self, work: Work) -> int:
        """Give the microseconds of one event, at least 1."""
        cost = self.message_us + work.signatures * self.signature_us
        if work.gas:
            cost += work.gas * 1_000_000 // self.gas_per_second
        return cost or 1


class Core(Protocol):
    """The pure node that a host runs."""

    def handle(self, event: Event, now: int) -> Outcome:
        """Apply one event at local time ``now``."""
        ...


class Surroundings(Protocol):
    """What a host needs of the world around it."""

    def transmit(self, source: str, peers: tuple[Address, ...], payload: bytes) -> None:
        """Put a frame onto the link to each of ``peers``."""
        ...

    def answered(self, call: int, value: object) -> None:
        """Hand an answer to the client that asked."""
        ...

    def failed(self, call: int, error: WardnetError) -> None:
        """Hand an error to the client that asked."""
        ...

    def head_moved(self, node: str, move: HeadMoved) -> None:
        """Note that a node has another head."""
        ...

    def noted(self, node: str, note: Noted) -> None:
        """Note what a node tells about itself."""
        ...


class Host:
    """Runs one core in virtual time."""

    def __init__(
        self,
        name: str,
        core: Core,
        *,
        clock: LocalClock,
        cpu: CpuSpec,
        kernel: Kernel,
        trace: Trace,
        world: Surroundings,
    ) -> None:
        self.name = name
        self.clock = clock
        """Another one after a clock fault; armed timers do not move."""
        self.busy_us_total = 0
        self.handled = 0
        """Events so far."""
        self.is_up = True
        self.is_paused = False
        self._core = core
        self._cpu = cpu
        self._kernel = kernel
        self._trace = trace
        self._world = world
        self._live(0)
        self._queue: deque[tuple[Priority, Event]] = deque()
        self._free_at = 0
        self._awake = False
        self._timers: dict[TimerKey, int] = {}
        self._armed = 0

    def deliver(self, event: Event) -> None:
        """Queue what came over a link; as ``offer``, without its call."""
        if self.is_up:
            self._queue.append((_DELIVERY, event))
            if not self._awake:
                self._wake()

    def offer(self, priority: Priority, event: Event) -> None:
        """Queue an event that reaches the host now; a machine that is down does not notice."""
        if not self.is_up:
            return
        self._queue.append((priority, event))
        if not self._awake:
            self._wake()

    def stop(self) -> None:
        """Lose power: memory, timers and all that is under way inside are gone."""
        self.is_up = False
        self.is_paused = False
        self._live(self._life + 1)
        self._queue.clear()
        self._timers.clear()
        self._awake = False

    def start(self, core: Core) -> None:
        """Run a core that was built from the disk."""
        self._core = core
        self.is_up = True
        self._free_at = self._kernel.now

    def pause(self) -> None:
        """Handle nothing until ``resume``; what comes waits."""
        self.is_paused = True

    def resume(self) -> int:
        """Go on; give how many events have waited."""
        self.is_paused = False
        self._free_at = max(self._free_at, self._kernel.now)
        waiting = len(self._queue)
        if waiting:
            self._wake()
        return waiting

    def _wake(self) -> None:
        if not self._awake and not self.is_paused:
            self._awake = True
            self._plan(self._work_on)

    def _live(self, life: int) -> None:
        self._life = life
        """Goes up when the machine stops: what it had planned by then is void."""
        self._work_on = partial(self._work, life)

    def _work(self, life: int) -> None:
        if life != self._life:
            return
        if self.is_paused:
            self._awake = False
            return
        priority, event = self._queue.popleft()
        now = self._kernel.now
        payload = event.payload if type(event) is FrameReceived else b""
        self._trace.event(now, priority, self.name, event.__class__.__name__, payload)
        outcome = self._core.handle(event, self.clock.read(now))
        cost = self._cpu.cost_us(outcome.work)
        self.busy_us_total += cost
        self.handled += 1
        self._free_at = now + cost
        if outcome.effects:
            self._plan(partial(self._apply, life, outcome.effects))
        if self._queue:
            self._kernel.at(self._free_at, _COMPLETION, self.name, self._work_on)
        else:
            self._awake = False

    def _plan(self, action: Callable[[], None]) -> None:
        self._kernel.at(self._free_at, _COMPLETION, self.name, action)

    def _apply(self, life: int, effects: tuple[Effect, ...]) -> None:
        if life != self._life:
            return
        for effect in effects:
            match effect:
                case SendFrame(peer, payload):
                    self._world.transmit(self.name, (peer,), payload)
                case SendToMany(peers, payload):
                    self._world.transmit(self.name, peers, payload)
                case SetTimer(timer, at_us):
                    self._arm(timer, at_us)
                case ClearTimer(timer):
                    self._timers.pop(timer, None)
                case Answered(call, value):
                    self._world.answered(call, value)
                case Failed(call, error):
                    self._world.failed(call, error)
                case HeadMoved():
                    self._world.head_moved(self.name, effect)
                case Noted():
                    self._world.noted(self.name, effect)

    def _arm(self, timer: TimerKey, at_us: int) -> None:
        self._armed += 1
        armed = self._armed
        self._timers[timer] = armed
        due = max(self._kernel.now + 1, self.clock.world_time(at_us, self._kernel.now))
        self._kernel.at(due, Priority.TIMER, self.name, lambda: self._fire(timer, armed))

    def _fire(self, timer: TimerKey, armed: int) -> None:
        if self._timers.get(timer) == armed:
            del self._timers[timer]
            self.offer(Priority.TIMER, TimerFired(timer))
