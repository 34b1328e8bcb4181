"""Drives flows in virtual time: a flow asks a node, the node's answer resumes the flow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from node.app.events import Asked
from node.base.errors import UnavailableError, WardnetError
from node.base.types import Address
from node.sim.hosts import Host
from node.sim.kernel import Kernel, Priority
from node.workflows.requests import Ask, Flow, Inclusion

Done: TypeAlias = Callable[["Ended"], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a flow ended: with a value, an error that is expected in operation, or out of time."""

    value: object = None
    error: WardnetError | None = None
    timed_out: bool = False
    gas: int = 0
    """Gas of the transactions that the flow saw included."""
    transactions: tuple[Inclusion, ...] = ()
    """Each once, as it was seen last."""


@dataclass(eq=False)
class NodeDownError(UnavailableError):
    """The node that a client asks does not run, or stopped before it answered."""

    node: str

    def __str__(self) -> str:
        return f"{self.node} is down"


@dataclass(slots=True)
class _Running:
    name: str
    flow: Flow[object]
    done: Done
    included: list[Inclusion] = field(default_factory=list[Inclusion])
    is_over: bool = False


class FlowDriver:
    """All flows of a run."""

    def __init__(self, kernel: Kernel, hosts: dict[Address, Host]) -> None:
        self._kernel = kernel
        self._hosts = hosts
        self._calls: dict[int, _Running] = {}
        self._asked: dict[int, Host] = {}
        self._next_call = 0

    def start(self, name: str, flow: Flow[object], *, timeout_us: int, done: Done) -> None:
        """Run a flow from now on; ``done`` is called once."""
        running = _Running(name, flow, done)
        deadline = self._kernel.now + timeout_us
        self._kernel.at(deadline, Priority.STEP, "", lambda: self._expire(running))
        self._resume(running, None)

    def answered(self, call: int, value: object) -> None:
        """Hand a node's answer to the flow that waits for it."""
        self._asked.pop(call, None)
        running = self._calls.pop(call, None)
        if running is None:
            return  # the flow ran out of time
        if isinstance(value, Inclusion):
            running.included.append(value)
        self._kernel.at(self._kernel.now, Priority.STEP, "", lambda: self._resume(running, value))

    def failed(self, call: int, error: WardnetError) -> None:
        """Throw a node's error into the flow that waits for an answer."""
        self._asked.pop(call, None)
        running = self._calls.pop(call, None)
        if running is not None:
            now = self._kernel.now
            self._kernel.at(now, Priority.STEP, "", lambda: self._resume(running, error))

    def _resume(self, running: _Running, value: object) -> None:
        if running.is_over:
            return  # the answer came at the very instant of the deadline
        try:
            if isinstance(value, WardnetError):
                ask = running.flow.throw(value)
            else:
                ask = running.flow.send(value)
        except StopIteration as stop:
            self._end(running, Ended(value=stop.value))
        except WardnetError as error:
            self._end(running, Ended(error=error))
        else:
            self._ask(running, ask)

    def _ask(self, running: _Running, ask: Ask) -> None:
        self._next_call += 1
        self._calls[self._next_call] = running
        host = self._hosts[ask.node]
        self._asked[self._next_call] = host
        if host.is_up:
            host.offer(Priority.STEP, Asked(self._next_call, ask.request))
        else:
            self.failed(self._next_call, NodeDownError(host.name))

    def stopped(self, host: Host) -> None:
        """A machine is down: who waits for its answer learns it at once."""
        for call in [call for call, asked in self._asked.items() if asked is host]:
            self.failed(call, NodeDownError(host.name))

    def _expire(self, running: _Running) -> None:
        if running.is_over:
            return
        for call in [call for call, other in self._calls.items() if other is running]:
            del self._calls[call]
            self._asked.pop(call, None)
        running.flow.close()
        self._end(running, Ended(timed_out=True))

    def _end(self, running: _Running, ended: Ended) -> None:
        running.is_over = True
        included = tuple({one.tx_hash: one for one in running.included}.values())
        gas = sum(one.gas_used for one in included)
        running.done(Ended(ended.value, ended.error, ended.timed_out, gas, included))
