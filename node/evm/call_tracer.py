"""The tree of calls of one transaction (the fields of go-ethereum's callTracer)."""

from dataclasses import dataclass, field

from node.base.limits import TRACE_BYTES_MAX
from node.base.types import Address
from node.evm.errors import QueryLimitError
from node.evm.faults import COLLISION, REVERTED, revert_reason
from node.evm.traced_machine import Frame, FrameEnd, Tracer
from node.evm.transactions import Transaction

_FRAME_BYTES = 500


@dataclass(slots=True, eq=False)
class CallFrame:
    """One call, creation or self-destruction, and what it called.

    Calls of precompiled contracts are frames.  A call that the caller cannot pay, or at depth
    1,024, makes none.
    """

    kind: str
    """CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE, CREATE2 or SELFDESTRUCT."""
    sender: Address
    to: Address | None
    """None: a creation that failed."""
    value: int | None
    """None: STATICCALL has none."""
    gas: int
    """Of the first frame the gas limit of the transaction, with the intrinsic gas."""
    data: bytes
    gas_used: int = 0
    """Of the first frame after the refund, as in the receipt."""
    output: bytes = b""
    """Return or revert data, or the new code; empty after any other failure."""
    error: str | None = None
    revert_reason: str | None = None
    """The text of Error(string) or Panic(uint256)."""
    calls: "list[CallFrame]" = field(default_factory=list, repr=False)


class CallTracer(Tracer):
    """Builds the tree; ``root`` is there when the transaction has ended."""

    def __init__(self, bytes_max: int = TRACE_BYTES_MAX) -> None:
        self._root: CallFrame | None = None
        self._open: list[CallFrame] = []
        self._bytes_max = bytes_max
        self._bytes = 0

    @property
    def root(self) -> CallFrame:
        """The frame of the transaction; it must have been traced."""
        assert self._root is not None, "nothing was traced"
        return self._root

    def begin(self, transaction: Transaction) -> None:
        """Begin the first frame, with what the transaction says."""
        self._root = CallFrame(
            kind="CALL" if transaction.to else "CREATE",
            sender=transaction.sender,
            to=transaction.to,
            value=transaction.value,
            gas=transaction.gas,
            data=transaction.data,
            # replaced when the first frame ends; without one the address was taken
            error=COLLISION,
        )

    def enter(self, frame: Frame) -> None:
        """Begin a frame.

        raises        QueryLimitError: the tree is too large.
        """
        if not self._open:
            self.root.to = frame.to
            self._open.append(self.root)
            return
        self._count(_FRAME_BYTES + len(frame.data))
        call = CallFrame(frame.kind, frame.sender, frame.to, frame.value, frame.gas, frame.data)
        self._open[-1].calls.append(call)
        self._open.append(call)

    def leave(self, end: FrameEnd) -> None:
        """End a frame.

        raises        QueryLimitError: the tree is too large.
        """
        call = self._open.pop()
        call.gas_used = end.gas_used
        call.error = end.error
        if end.error is not None and call.kind.startswith("CREATE"):
            call.to = None
        self._count(len(end.output))
        call.output = end.output
        if end.error == REVERTED:
            call.revert_reason = revert_reason(end.output)

    def end(self, gas_used: int) -> None:
        """Note the gas of the transaction."""
        self.root.gas_used = gas_used

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self._bytes_max:
            raise QueryLimitError("call trace", self._bytes_max, "bytes")
