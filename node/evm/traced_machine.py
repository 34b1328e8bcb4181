"""The interpreter with hooks: which frames begin and end, and on request every opcode.

The classes of ``machine`` know nothing of this: a state runs traced from ``attach`` to ``detach``,
and any other execution costs what it always did.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

from eth.abc import ComputationAPI, MessageAPI, StateAPI, TransactionContextAPI
from eth.exceptions import Halt, VMError
from eth.vm.gas_meter import GasMeter

from node.base.types import Address
from node.evm.faults import fault_name
from node.evm.machine import (
    LedgerCancunComputation,
    LedgerComputation,
    LedgerLondonComputation,
)
from node.evm.transactions import Transaction

_CALL: Final = 0xF1
_CREATE: Final = 0xF0
_CREATE2: Final = 0xF5
_STATICCALL: Final = 0xFA
_SELFDESTRUCT: Final = 0xFF
_RENAMED: Final = {"SHA3": "KECCAK256"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that begins, or a SELFDESTRUCT, which is shown as one."""

    kind: str
    """CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE, CREATE2 or SELFDESTRUCT."""
    sender: Address
    """The account whose code made it, also for DELEGATECALL."""
    to: Address
    """Whose code runs; of a creation the new contract, of SELFDESTRUCT the heir."""
    value: int | None
    """Wei; of DELEGATECALL the inherited value; None: STATICCALL has none."""
    gas: int
    """What it may use, with the stipend."""
    data: bytes
    """Call data or initcode."""


@dataclass(frozen=True, slots=True)
class FrameEnd:
    """How a frame ended."""

    output: bytes
    """Return data, revert data, or the code of a new contract."""
    gas_used: int
    error: str | None
    """go-ethereum's words; None: success."""


class Tracer:
    """Hears what happens in one transaction; a tracer overrides what it wants to hear."""

    wants_steps: ClassVar[bool] = False
    """Whether ``step``, ``stepped`` and ``refunded`` are called."""

    def begin(self, transaction: Transaction) -> None:
        """Hear that a transaction begins; its raw bytes are empty if nobody signed it."""

    def enter(self, frame: Frame) -> None:
        """Hear that a frame begins; the first is the transaction's own."""

    def step(self, computation: Any, position: int, opcode: int) -> None:  # noqa: ANN401 - py-evm's
        """Hear that an opcode is about to run."""

    def stepped(self, gas_cost: int, error: str | None) -> None:
        """Hear that an opcode is done, after the frame that it may have made."""

    def refunded(self, amount: int) -> None:
        """Hear that the refund counter changes; below 0 it takes back (EIP-3529)."""

    def leave(self, end: FrameEnd) -> None:
        """Hear that the newest open frame ends."""

    def end(self, gas_used: int) -> None:
        """Hear that the transaction is done; without ``enter`` its creation met a contract."""


def attach(state: Any, tracer: Tracer) -> None:  # noqa: ANN401 - a State of ``machine``
    """Run what follows on a state under a tracer."""
    state.tracer = tracer
    state.computation_class = _first(type(state).computation_class)


def detach(state: Any) -> None:  # noqa: ANN401 - a State of ``machine``
    """Run what follows without a tracer again."""
    del state.computation_class
    del state.tracer


class _Meter(GasMeter):
    """Remembers what one opcode was charged."""

    def __init__(self, meter: Any, tracer: Tracer) -> None:  # noqa: ANN401 - py-evm's
        super().__init__(meter.start_gas, meter.refund_strategy)
        self.charges: list[tuple[int, str]] = []
        self._tracer = tracer

    def consume_gas(self, amount: int, reason: str) -> None:
        """Charge, and note also what cannot be paid."""
        self.charges.append((amount, reason))
        super().consume_gas(amount, reason)

    def refund_gas(self, amount: int) -> None:
        """Add to the refund counter."""
        self._tracer.refunded(amount)
        super().refund_gas(amount)

    def cost(self, opcode: int) -> int:
        """Give the cost of the opcode as go-ethereum prints it.

        Of a call it contains the gas for the child, of a creation it does not: there go-ethereum
        takes it inside the opcode, and py-evm as a second charge under the opcode's name.
        """
        charges = self.charges
        if opcode in (_CREATE, _CREATE2):
            named = [at for at, (_, why) in enumerate(charges) if why == _NAMES_OF_CREATE[opcode]]
            charges = [charge for at, charge in enumerate(charges) if at not in named[1:]]
        return sum(amount for amount, _ in charges)


_NAMES_OF_CREATE: Final = {_CREATE: "CREATE", _CREATE2: "CREATE2"}


class TracedComputation(LedgerComputation):
    """A frame below the first.  It needs no Python frame more per level than the plain machine.

    That matters: 1,024 nested creations take most of PYTHON_FRAMES_MAX.
    """

    names: tuple[str, ...]
    """The name of each opcode byte."""
    nested: Any
    """The class of the frames that this one makes."""

    def __init__(
        self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI
    ) -> None:
        super().__init__(state, message, transaction_context)
        self.tracer: Tracer = self.state.tracer  # type: ignore[attr-defined]  # set by ``attach``
        if self.tracer.wants_steps:
            self._gas_meter = _Meter(self._gas_meter, self.tracer)

    def generate_child_computation(self, child_msg: MessageAPI) -> ComputationAPI:
        """Run a frame that this one's opcode makes."""
        tracer = self.tracer
        code: Any = self.code
        opcode = code.executable[code.program_counter - 1]
        tracer.enter(_frame(child_msg, opcode, self.names[opcode], self.msg.storage_address))
        run = self.nested.apply_create_message if child_msg.is_create else self.nested.apply_message
        child: ComputationAPI = run(
            self.state, child_msg, self.transaction_context, parent_computation=self
        )
        tracer.leave(_end(child))
        return child

    @classmethod
    def _run(cls, computation: Any) -> None:  # noqa: ANN401 - py-evm's ComputationAPI has no executable
        if not computation.msg.code:
            return  # nothing runs; the machine's STOP past the end would be a step
        table = cls.table
        stream = computation.code
        executable = stream.executable
        tracer = computation.tracer
        has_steps = tracer.wants_steps
        try:
            while True:
                position = stream.program_counter
                opcode = executable[position]
                if not has_steps:
                    stream.program_counter = position + 1
                    table[opcode](computation=computation)
                    continue
                meter = computation.get_gas_meter()
                meter.charges.clear()
                tracer.step(computation, position, opcode)
                stream.program_counter = position + 1
                error: str | None = None
                try:
                    table[opcode](computation=computation)
                except VMError as fault:
                    error = fault_name(fault)
                    raise
                finally:
                    tracer.stepped(meter.cost(opcode), error)
        except Halt:
            pass


class FirstComputation(TracedComputation):
    """The frame of the transaction itself: py-evm's executor runs it."""

    @classmethod
    def apply_message(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,
    ) -> ComputationAPI:
        """Run the call of a transaction, or (from below) the initcode."""
        run = super().apply_message
        if message.is_create:
            return run(state, message, transaction_context, parent_computation)
        tracer: Tracer = state.tracer  # type: ignore[attr-defined]  # set by ``attach``
        tracer.enter(_frame(message, _CALL, "CALL", Address(message.sender)))
        computation = run(state, message, transaction_context, parent_computation)
        tracer.leave(_end(computation))
        return computation

    @classmethod
    def apply_create_message(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,
    ) -> ComputationAPI:
        """Run the creation of a transaction."""
        tracer: Tracer = state.tracer  # type: ignore[attr-defined]  # set by ``attach``
        tracer.enter(_frame(message, _CREATE, "CREATE", Address(message.sender)))
        computation = super().apply_create_message(
            state, message, transaction_context, parent_computation
        )
        tracer.leave(_end(computation))
        return computation


def memory_size_of(computation: Any) -> int:  # noqa: ANN401 - py-evm's
    """Give the size of the memory in bytes."""
    return len(computation._memory)  # noqa: SLF001 - no getter


def stack_of(computation: Any) -> tuple[int, ...]:  # noqa: ANN401 - py-evm's
    """Give the stack, its top last."""
    return tuple(_number(value) for value in computation._stack.values)  # noqa: SLF001 - no getter


def memory_of(computation: Any) -> bytes:  # noqa: ANN401 - py-evm's
    """Give a copy of the memory."""
    return bytes(computation._memory._bytes)  # noqa: SLF001 - no getter


def _number(value: int | bytes) -> int:
    return int.from_bytes(value) if isinstance(value, bytes) else value


def _frame(message: MessageAPI, opcode: int, kind: str, sender: bytes) -> Frame:
    to = message.storage_address if message.is_create else message.code_address
    return Frame(
        kind=kind,
        sender=Address(sender),
        to=Address(to),
        value=None if opcode == _STATICCALL else message.value,
        gas=message.gas,
        data=message.code if message.is_create else bytes(message.data),
    )


def _end(computation: ComputationAPI) -> FrameEnd:
    error = None if computation.is_success else fault_name(computation.error)
    return FrameEnd(bytes(computation.output), computation.get_gas_used(), error)


def _heard_selfdestruct(run: Any) -> Any:  # noqa: ANN401 - functions of py-evm
    def selfdestruct(computation: Any) -> None:  # noqa: ANN401 - py-evm's
        address = computation.msg.storage_address
        balance = computation.state.get_balance(address)
        stack = stack_of(computation)
        try:
            run(computation=computation)
        except Halt:  # done: any failure is a VMError
            heir = Address((stack[-1] % 2**160).to_bytes(20))
            frame = Frame("SELFDESTRUCT", address, heir, balance, 0, b"")
            computation.tracer.enter(frame)
            computation.tracer.leave(FrameEnd(b"", 0, None))
            raise

    return selfdestruct


def _heard(table: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*table[:_SELFDESTRUCT], _heard_selfdestruct(table[_SELFDESTRUCT]))


def _names(computation_class: Any) -> tuple[str, ...]:  # noqa: ANN401 - a class of ``machine``
    known = computation_class.opcodes
    names: list[str] = []
    for byte in range(256):
        if byte in known:
            opcode = known[byte]
            name: str = getattr(opcode, "mnemonic", "") or opcode.__wrapped__.mnemonic
            names.append(_RENAMED.get(name, name))
        else:
            names.append("INVALID" if byte == 0xFE else f"opcode {byte:#x} not defined")
    return tuple(names)


class TracedLondonComputation(TracedComputation, LedgerLondonComputation):
    """London under a tracer."""

    table = _heard(LedgerLondonComputation.table)
    names = _names(LedgerLondonComputation)


class FirstLondonComputation(FirstComputation, TracedLondonComputation):
    """The transaction's frame under London."""


class TracedCancunComputation(TracedComputation, LedgerCancunComputation):
    """Cancun under a tracer."""

    table = _heard(LedgerCancunComputation.table)
    names = _names(LedgerCancunComputation)


class FirstCancunComputation(FirstComputation, TracedCancunComputation):
    """The transaction's frame under Cancun."""


TracedLondonComputation.nested = TracedLondonComputation
TracedCancunComputation.nested = TracedCancunComputation
_TRACED: Final[dict[Any, Any]] = {
    LedgerLondonComputation: FirstLondonComputation,
    LedgerCancunComputation: FirstCancunComputation,
}


@cache
def _first(machine: Any) -> Any:  # noqa: ANN401 - classes of ``machine``
    """Give the traced class of a machine; that of a foreign fork is made when it is first asked."""
    if machine in _TRACED:
        return _TRACED[machine]
    own: dict[str, Any] = {"table": _heard(machine.table), "names": _names(machine)}
    traced: Any = type(f"Traced{machine.__name__}", (TracedComputation, machine), own)
    traced.nested = traced
    return type(f"First{machine.__name__}", (FirstComputation, traced), {})
