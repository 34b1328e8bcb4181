"""Virtual time: a queue of actions, in one order that only the scenario and the seed decide.

Time is an int of microseconds since the start of the run.  The key is ``(t, priority, seq)``:
two actions of one instant run by priority, then in the order in which they were scheduled
(simulation.md section 2).
"""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from typing import Final, TypeAlias

from node.base.errors import UnavailableError
from node.base.limits import EVENTS_COUNT_MAX, SAME_INSTANT_EVENTS_MAX

Action: TypeAlias = Callable[[], None]
_Entry: TypeAlias = tuple[int, int, int, str, Action]
_SLOT_BITS: Final = 10


class Priority(IntEnum):
    """What runs first at one instant: so a cut at 2 s stops a frame that arrives at 2 s."""

    FAULT = 0
    DELIVERY = 1
    TIMER = 2
    COMPLETION = 3
    STEP = 4
    CHECK = 5


@dataclass(eq=False)
class LivelockError(UnavailableError):
    """One node keeps scheduling at one instant; virtual time stands."""

    t_us: int
    node: str

    def __str__(self) -> str:
        return f"{self.node} handled more than {SAME_INSTANT_EVENTS_MAX} events at {self.t_us} us"


@dataclass(eq=False)
class EventBudgetError(UnavailableError):
    """A run handled as many events as ``run.budget.events`` allows."""

    events: int

    def __str__(self) -> str:
        return f"the run stopped after {self.events} events, its budget"


class Kernel:
    """The queue and the clock of one run.

    What is due lies in slots of ``2**_SLOT_BITS`` us, and a slot is sorted when its time comes: of
    10,000 frames under way one heap would pay for each with some fourteen comparisons.
    """

    def __init__(self, events_max: int = EVENTS_COUNT_MAX) -> None:
        self._events_max = events_max
        self.now = 0
        """World time in microseconds."""
        self.events = 0
        self._slots: dict[int, list[_Entry]] = {}
        """What is due in slots to come, in any order."""
        self._numbers: list[int] = []
        """The heap of those slots."""
        self._slot = -1
        self._due: list[_Entry] = []
        """The rest of the slot under way, and what was scheduled before its end; sorted."""
        self._done = 0
        """How many of them ran."""
        self._seq = 0
        self._instant: dict[str, int] = {}

    def at(self, t_us: int, priority: Priority, node: str, action: Action) -> None:
        """Run ``action`` at ``t_us``, on behalf of ``node`` ("" for the world).

        An effect never lands at the instant that caused it, unless it runs later in the order of
        that instant: what is scheduled for the past runs now, after all that is already due.
        """
        self._seq += 1
        due = t_us if t_us > self.now else self.now  # noqa: FURB136 - max() takes three times as long
        entry = (due, priority, self._seq, node, action)
        number = due >> _SLOT_BITS
        if number <= self._slot:
            insort(self._due, entry, self._done)
            return
        slot = self._slots.get(number)
        if slot is None:
            self._slots[number] = [entry]
            heappush(self._numbers, number)
        else:
            slot.append(entry)

    def _open(self, horizon_us: int) -> bool:
        """Open the next slot that begins by ``horizon_us``, if there is one."""
        numbers = self._numbers
        if not numbers or numbers[0] << _SLOT_BITS > horizon_us:
            return False
        self._slot = heappop(numbers)
        self._due = self._slots.pop(self._slot)
        self._due.sort()
        self._done = 0
        return True

    def run_until(self, horizon_us: int) -> None:
        """Run every action up to and including ``horizon_us``, and leave the clock there.

        raises        LivelockError, EventBudgetError: the run cannot go on.
        """
        instant = self._instant
        while self._done < len(self._due) or self._open(horizon_us):
            t_us, _, _, node, action = self._due[self._done]
            if t_us > horizon_us:
                break
            self._done += 1
            if t_us != self.now:
                self.now = t_us
                instant.clear()
            self.events += 1
            if self.events > self._events_max:
                raise EventBudgetError(self.events - 1)
            if node:
                handled = instant.get(node, 0) + 1
                instant[node] = handled
                if handled > SAME_INSTANT_EVENTS_MAX:
                    raise LivelockError(t_us, node)
            action()
        self.now = max(self.now, horizon_us)
