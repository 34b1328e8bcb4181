"""Errors of execution, blocks and the pool.  Texts follow go-ethereum where it has one."""

from dataclasses import dataclass
from typing import ClassVar

from node.base.errors import (
    InvalidBlockError,
    PeerError,
    RefusedError,
    UnavailableError,
)
from node.base.types import Address, Hash32


@dataclass(eq=False)
class TransactionError(PeerError):
    """A transaction breaks a rule of ledger.md section 3: it stands in no valid block."""


@dataclass(eq=False)
class TxDecodeError(TransactionError):
    """Bytes that are no transaction; ``what`` says where and why."""

    what: str

    def __str__(self) -> str:
        return f"transaction does not decode: {self.what}"


@dataclass(eq=False)
class TxTypeError(TransactionError):
    """A transaction type that is unknown or newer than the rules of the block (EIP-2718)."""

    type: int
    highest: int
    """The newest type that the rules know."""

    def __str__(self) -> str:
        known = ", ".join(["legacy", *(f"0x{kind:02x}" for kind in range(1, self.highest + 1))])
        return f"transaction type not supported: 0x{self.type:02x}, wants one of {known}"


@dataclass(eq=False)
class TransactionFormError(TransactionError):
    """A field has a value that its type does not allow; ``what`` names it."""

    what: str

    def __str__(self) -> str:
        return f"transaction cannot stand: {self.what}"


@dataclass(eq=False)
class ChainIdError(TransactionError):
    """Signed for another chain, or (None) for every chain where that is refused."""

    want: int
    got: int | None

    def __str__(self) -> str:
        got = "none (not replay-protected)" if self.got is None else str(self.got)
        return f"invalid sender: invalid chain id for signer: have {got} want {self.want}"


@dataclass(eq=False)
class SignatureError(TransactionError):
    """The signature cannot stand: r, s or parity out of range, s high, or no such point."""

    what: str

    def __str__(self) -> str:
        return f"invalid sender: {self.what}"


@dataclass(eq=False)
class NonceError(TransactionError):
    """The nonce is not the account's next one, or is 2^64-1 (EIP-2681)."""

    sender: Address
    want: int
    got: int

    def __str__(self) -> str:
        if self.got >= 2**64 - 1:
            word = "nonce has max value"
        else:
            word = "nonce too low" if self.got < self.want else "nonce too high"
        return f"{word}: address 0x{self.sender.hex()}, tx: {self.got} state: {self.want}"


@dataclass(eq=False)
class IntrinsicGasError(TransactionError):
    """Less gas than the transaction costs before its first opcode."""

    want: int
    got: int

    def __str__(self) -> str:
        return f"intrinsic gas too low: have {self.got}, want {self.want}"


@dataclass(eq=False)
class SenderHasCodeError(TransactionError):
    """The sender is a contract (EIP-3607)."""

    sender: Address

    def __str__(self) -> str:
        return f"sender not an eoa: address 0x{self.sender.hex()} has code"


@dataclass(eq=False)
class FeeTooLowError(TransactionError):
    """A fee field breaks EIP-1559; ``what`` names it."""

    what: str
    want: int
    got: int

    def __str__(self) -> str:
        return f"{self.what}: have {self.got}, want {self.want}"


@dataclass(eq=False)
class InsufficientFundsError(TransactionError):
    """The balance does not cover gas * max fee + value."""

    sender: Address
    want: int
    got: int

    def __str__(self) -> str:
        return (
            "insufficient funds for gas * price + value: "
            f"address 0x{self.sender.hex()} have {self.got} want {self.want}"
        )


@dataclass(eq=False)
class InitcodeTooLargeError(TransactionError):
    """Initcode above the limit of EIP-3860."""

    limit: int
    got: int

    def __str__(self) -> str:
        return f"max initcode size exceeded: code size {self.got} limit {self.limit}"


@dataclass(eq=False)
class GasLimitError(TransactionError):
    """More gas than the block (or the gas target of a builder) has left."""

    want: int
    got: int

    def __str__(self) -> str:
        return f"exceeds block gas limit: tx gas {self.got}, at most {self.want}"


@dataclass(eq=False)
class ExecutionFaultError(TransactionError):
    """The interpreter failed where it never should: a bug of ours, kept apart for that reason."""

    transaction: Hash32
    what: str

    def __str__(self) -> str:
        return f"execution of 0x{self.transaction.hex()} failed inside the machine: {self.what}"


@dataclass(eq=False)
class InvalidBlockTransactionError(InvalidBlockError):
    """A transaction of a block breaks a rule; ``index`` is its place, the cause its error."""

    index: int

    def __str__(self) -> str:
        return f"block breaks {self.rule}: transaction {self.index}: {self.got}"


@dataclass(eq=False)
class UnknownParentError(UnavailableError):
    """A block whose parent this node does not have: park it, ask for the parent."""

    parent: Hash32
    number: int

    def __str__(self) -> str:
        return f"parent 0x{self.parent.hex()} of block {self.number} is not known here"


@dataclass(eq=False)
class MissingStateError(UnavailableError):
    """The state under ``root`` is not kept here."""

    root: Hash32

    def __str__(self) -> str:
        return f"state 0x{self.root.hex()} is not kept here"


@dataclass(eq=False)
class CallOutOfGasError(RefusedError):
    """A call used up the gas that it was given."""

    rpc_code: ClassVar[int] = -32000
    gas: int

    def __str__(self) -> str:
        return f"out of gas: gas required exceeds allowance ({self.gas})"


@dataclass(eq=False)
class CallFailedError(RefusedError):
    """A call ended in a fault of the machine other than a revert; ``what`` names it."""

    rpc_code: ClassVar[int] = -32000
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class GasAllowanceError(RefusedError):
    """A transaction does not succeed with all the gas that it may have."""

    rpc_code: ClassVar[int] = -32000
    gas: int

    def __str__(self) -> str:
        return f"gas required exceeds allowance ({self.gas})"


@dataclass(eq=False)
class QueryError(PeerError):
    """A question about the chain cannot be asked like this; ``what`` says what would be right."""

    rpc_code: ClassVar[int] = -32602
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class QueryLimitError(PeerError):
    """A question about the chain, or its answer, is too large."""

    rpc_code: ClassVar[int] = -32005
    what: str
    limit: int
    unit: str

    def __str__(self) -> str:
        return f"{self.what} exceeds {self.limit} {self.unit}"


@dataclass(eq=False)
class LogLimitError(PeerError):
    """More logs match than one answer holds.

    Blocks ``first`` .. ``last`` would fit; None: not even the first does.
    """

    rpc_code: ClassVar[int] = -32005
    limit: int
    first: int
    last: int | None

    def __str__(self) -> str:
        fits = "alone does not fit" if self.last is None else f"to {self.last} would fit"
        return f"log query exceeds {self.limit} results: from block {self.first} {fits}"


@dataclass(eq=False)
class UnknownTransactionError(UnavailableError):
    """A transaction that is not on the chain of this node."""

    transaction: Hash32

    def __str__(self) -> str:
        return f"transaction 0x{self.transaction.hex()} not found"


@dataclass(eq=False)
class NotTraceableError(UnavailableError):
    """Nothing was executed for this block."""

    what: str

    def __str__(self) -> str:
        return f"{self.what} is not traceable"


@dataclass(eq=False)
class PoolRefusedError(RefusedError):
    """A transaction may be valid, but the pool does not take it (network.md section 10)."""

    rpc_code: ClassVar[int] = -32000


@dataclass(eq=False)
class AlreadyKnownError(PoolRefusedError):
    """The pool or one of the last 256 blocks has this very transaction."""

    transaction: Hash32

    def __str__(self) -> str:
        return f"already known: 0x{self.transaction.hex()}"


@dataclass(eq=False)
class OversizedDataError(PoolRefusedError):
    """More bytes than one transaction may have."""

    size: int
    limit: int

    def __str__(self) -> str:
        return f"oversized data: transaction size {self.size}, limit {self.limit}"


@dataclass(eq=False)
class UnderpricedError(PoolRefusedError):
    """A fee below the base fee of the head."""

    want: int
    got: int

    def __str__(self) -> str:
        return f"transaction underpriced: fee cap {self.got}, base fee {self.want}"


@dataclass(eq=False)
class SenderNotRegisteredError(PoolRefusedError):
    """The sender has no role in the registry at the head."""

    sender: Address

    def __str__(self) -> str:
        return f"sender not registered: 0x{self.sender.hex()}"


@dataclass(eq=False)
class GasBudgetError(PoolRefusedError):
    """More gas than the sender's role can ever save up, so the transaction would never run."""

    sender: Address
    limit: int
    got: int

    def __str__(self) -> str:
        return (
            f"exceeds gas budget of the role: 0x{self.sender.hex()} tx gas {self.got}, "
            f"at most {self.limit}"
        )


@dataclass(eq=False)
class AccountLimitError(PoolRefusedError):
    """The sender has as many transactions in the pool as its role may have."""

    sender: Address
    limit: int

    def __str__(self) -> str:
        return f"account limit exceeded: 0x{self.sender.hex()} has {self.limit} transactions"


@dataclass(eq=False)
class ReplacementUnderpricedError(PoolRefusedError):
    """A second transaction of one sender and nonce does not raise the fees enough."""

    sender: Address
    nonce: int

    def __str__(self) -> str:
        return f"replacement transaction underpriced: 0x{self.sender.hex()} nonce {self.nonce}"


@dataclass(eq=False)
class PoolFullError(PoolRefusedError):
    """The pool is full of transactions that stand before this one."""

    limit: int

    def __str__(self) -> str:
        return f"txpool is full: {self.limit} transactions"
