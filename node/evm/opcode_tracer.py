"""Every opcode of one transaction (EIP-3155, with the values of go-ethereum's struct logger)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from node.base.limits import TRACE_BYTES_MAX
from node.base.types import Address
from node.evm.errors import QueryLimitError
from node.evm.faults import COLLISION
from node.evm.traced_machine import Frame, FrameEnd, Tracer, memory_of, memory_size_of, stack_of

_SLOAD: Final = 0x54
_SSTORE: Final = 0x55
_STEP_BYTES: Final = 200
_WORD_BYTES: Final = 40
_SLOT_BYTES: Final = 160


@dataclass(slots=True, eq=False)
class Step:
    """The machine before an opcode ran, and what it cost."""

    pc: int
    op: int
    name: str
    gas: int
    gas_cost: int
    """Of a call with the gas for the child, of a creation without it; of a failing opcode what
    had been asked for until then."""
    depth: int
    """1: the transaction's own frame."""
    memory_size: int
    refund: int
    """The refund counter of the transaction so far, not yet capped."""
    stack: tuple[int, ...] | None
    """Its top last."""
    memory: bytes | None
    storage: Mapping[int, int] | None
    """At SLOAD and SSTORE: the slots of this account that the transaction has used so far, with
    the value that is read or written; None elsewhere."""
    error: str | None = None
    """Why the frame ends here."""


class OpcodeTracer(Tracer):
    """Records the steps; an account without code has none."""

    wants_steps: ClassVar[bool] = True

    def __init__(
        self,
        *,
        with_stack: bool = True,
        with_memory: bool = False,
        with_storage: bool = False,
        steps_max: int | None = None,
        bytes_max: int = TRACE_BYTES_MAX,
    ) -> None:
        """Make a tracer for one transaction; ``steps_max`` records only the first steps."""
        self.steps: list[Step] = []
        self.gas_used = 0
        """Of the transaction, after the refund."""
        self.output = b""
        self.error: str | None = COLLISION  # replaced when the first frame ends
        """Of the transaction; None: success."""
        self._with_stack = with_stack
        self._with_memory = with_memory
        self._with_storage = with_storage
        self._steps_max = steps_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._open: list[Step | None] = []
        """Steps that are running: one of each frame at most; None: not recorded."""
        self._refund = 0
        self._refunds: list[int] = []
        """What the counter was when each open frame began."""
        self._storage: dict[Address, dict[int, int]] = {}

    def enter(self, frame: Frame) -> None:
        """Remember the refund counter."""
        del frame
        self._refunds.append(self._refund)

    def leave(self, end: FrameEnd) -> None:
        """Take the refunds of a failed frame back; the last frame is the transaction's."""
        before = self._refunds.pop()
        if end.error is not None:
            self._refund = before
        if not self._refunds:
            self.output = end.output
            self.error = end.error

    def refunded(self, amount: int) -> None:
        """Change the refund counter."""
        self._refund += amount

    def step(self, computation: Any, position: int, opcode: int) -> None:  # noqa: ANN401 - py-evm's
        """Record the machine before an opcode.

        raises        QueryLimitError: the trace is too large.
        """
        if self._steps_max is not None and len(self.steps) >= self._steps_max:
            self._open.append(None)
            return
        stack = stack_of(computation)
        memory = memory_of(computation) if self._with_memory else None
        step = Step(
            pc=position,
            op=opcode,
            name=computation.names[opcode],
            gas=computation.get_gas_remaining(),
            gas_cost=0,
            depth=computation.msg.depth + 1,
            memory_size=memory_size_of(computation),
            refund=self._refund,
            stack=stack if self._with_stack else None,
            memory=memory,
            storage=self._slots(computation, opcode, stack) if self._with_storage else None,
        )
        self._bytes += _STEP_BYTES + _WORD_BYTES * len(step.stack or ())
        self._bytes += len(memory or b"") + _SLOT_BYTES * len(step.storage or ())
        if self._bytes > self._bytes_max:
            raise QueryLimitError("opcode trace", self._bytes_max, "bytes")
        self.steps.append(step)
        self._open.append(step)

    def stepped(self, gas_cost: int, error: str | None) -> None:
        """Complete the newest running step."""
        step = self._open.pop()
        if step is not None:
            step.gas_cost = gas_cost
            step.error = error

    def end(self, gas_used: int) -> None:
        """Note the gas of the transaction."""
        self.gas_used = gas_used

    def _slots(
        self,
        computation: Any,  # noqa: ANN401 - py-evm's
        opcode: int,
        stack: tuple[int, ...],
    ) -> Mapping[int, int] | None:
        if opcode not in (_SLOAD, _SSTORE) or len(stack) < (1 if opcode == _SLOAD else 2):
            return None
        address = Address(computation.msg.storage_address)
        slots = self._storage.setdefault(address, {})
        slot = stack[-1]
        if opcode == _SLOAD:
            slots[slot] = computation.state.get_storage(address, slot)
        else:
            slots[slot] = stack[-2]
        return dict(slots)
