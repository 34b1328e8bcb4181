"""py-evm's State and Computation classes on our accounts (ledger.md section 2.2).

Only the interpreter is py-evm's.  Its chain, block, header, transaction and consensus classes have
no part in this: validity is decided in ``rules``, roots in ``state``, headers in ``blocks``.
"""

import sys
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, Final

from eth.abc import ComputationAPI, MessageAPI, StateAPI, TransactionContextAPI
from eth.exceptions import Halt
from eth.vm.code_stream import CodeStream
from eth.vm.computation import BaseComputation
from eth.vm.execution_context import ExecutionContext as EvmContext
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.forks.cancun.state import CancunState, CancunTransactionExecutor
from eth.vm.forks.london.computation import LondonComputation
from eth.vm.forks.london.state import LondonState, LondonTransactionExecutor
from eth.vm.logic.invalid import InvalidOpcode

from node.base.limits import CODE_BYTES_MAX, CODE_SCANS_MAX, PYTHON_FRAMES_MAX
from node.base.types import ZERO_HASH, Address
from node.evm import modexp, point_evaluation
from node.evm.executor import ExecutionContext, StateReader
from node.evm.foreign_machine import ForeignState
from node.evm.forks import CANCUN, LONDON, Fork, Profile
from node.evm.journal import JournalAccounts
from node.evm.lean_opcodes import lean_table
from node.evm.lean_storage import with_storage
from node.evm.rules import machine_gas
from node.evm.transactions import AccessList, Transaction

# A package below py-evm lifts the limit to 100,000 when it is imported.  Then deeply nested text
# (any JSON from outside) ends the process with a segmentation fault, not with a RecursionError.
sys.setrecursionlimit(PYTHON_FRAMES_MAX)

_JUMPDEST: Final = 0x5B
_PUSH1: Final = 0x60
_PUSH32: Final = 0x7F
_PAST_THE_END: Final = bytes(33)
"""STOP for a program counter that ran past the code, by at most one PUSH32."""

_OWN_CONTRACTS: Final[dict[Any, Callable[[Any], Any]]] = {
    modexp.ADDRESS: modexp.charged_as,
    point_evaluation.ADDRESS: lambda _stock: point_evaluation.point_evaluation,
}
"""How to make a precompiled contract of ours of that of a fork; made again it stays the same."""


def jump_targets(code: bytes) -> bytes:
    """Give 1 for each JUMPDEST that is no data of a PUSH, 0 for all else; one pass."""
    targets = bytearray(len(code))
    at = 0
    while at < len(code):
        opcode = code[at]
        if opcode == _JUMPDEST:
            targets[at] = 1
        elif _PUSH1 <= opcode <= _PUSH32:
            at += opcode - _PUSH1 + 1
        at += 1
    return bytes(targets)


contract_jump_targets: Final = lru_cache(maxsize=CODE_SCANS_MAX)(jump_targets)
"""The same, remembered together with the code."""


class LedgerCodeStream(CodeStream):
    """Code whose jump targets are found at the first jump; those of a contract once, not per frame.

    Initcode is not remembered: a transaction can run thousands, each another one and as long as the
    memory that it pays for once.
    """

    __slots__ = ("_is_known", "_targets", "executable")

    def __init__(self, code_bytes: bytes, *, is_initcode: bool = False) -> None:
        super().__init__(code_bytes)
        self.executable = code_bytes + _PAST_THE_END
        self._is_known = not is_initcode and len(code_bytes) <= CODE_BYTES_MAX
        self._targets: bytes | None = None

    @property
    def targets(self) -> bytes:
        """Where a jump may go: ``jump_targets``."""
        if self._targets is None:
            find = contract_jump_targets if self._is_known else jump_targets
            self._targets = find(self._raw_code_bytes)
        return self._targets

    def is_valid_opcode(self, position: int) -> bool:
        """Say whether a jump may go to ``position``: py-evm asks for nothing else."""
        targets = self.targets
        return position < len(targets) and targets[position] == 1


class LedgerComputation(BaseComputation):
    """The interpreter loop without debug branch and generator, on ``LedgerCodeStream``."""

    table: tuple[Any, ...]
    """py-evm's function of each opcode byte, unknown ones included."""
    lean: tuple[Any, ...]
    """The same with our own functions where they are cheaper: what runs unless it is traced."""

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401
        """Derive ``lean`` of a class that says its table, and take our precompiled contracts."""
        super().__init_subclass__(**kwargs)
        if "table" in cls.__dict__ and "lean" not in cls.__dict__:
            cls.lean = lean_table(cls.table)
        stock: dict[Any, Any] = cls._precompiles or {}
        ours = {at: make(stock[at]) for at, make in _OWN_CONTRACTS.items() if at in stock}
        if ours:
            cls._precompiles = {**stock, **ours}

    def __init__(
        self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI
    ) -> None:
        super().__init__(state, message, transaction_context)
        self.code = LedgerCodeStream(message.code, is_initcode=message.is_create)

    @classmethod
    def apply_computation(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,
    ) -> ComputationAPI:
        """Run one frame.  A VMError becomes its ``error`` when the context manager ends."""
        with cls(state, message, transaction_context) as computation:
            # Not py-evm's question, whether the transaction's sender made the frame: a delegated
            # sender (EIP-7702) makes frames below the first, whose initcode its opcode has paid.
            if parent_computation is None:
                computation.contracts_created = []
                if message.is_create:
                    cls.consume_initcode_gas_cost(computation)
            else:
                computation.contracts_created = parent_computation.contracts_created
            if message.is_create:
                computation.contracts_created.append(message.storage_address)
            precompile = computation.precompiles.get(message.code_address)
            if precompile is not None:
                if not message.is_delegation:
                    precompile(computation)
                return computation
            cls._run(computation)
        return computation

    @classmethod
    def _run(cls, computation: Any) -> None:  # noqa: ANN401 - py-evm's ComputationAPI has no executable
        table = cls.lean
        stream = computation.code
        executable = stream.executable
        meter = computation._gas_meter  # noqa: SLF001 - no getter that costs nothing
        values = computation._stack.values  # noqa: SLF001
        try:
            while True:
                opcode = executable[stream.program_counter]
                stream.program_counter += 1
                table[opcode](computation, meter, values)
        except Halt:
            pass


def _table(computation_class: type[BaseComputation]) -> tuple[Any, ...]:
    known: Any = computation_class.opcodes
    return tuple(_unwrapped(known.get(byte) or InvalidOpcode(byte)) for byte in range(256))


def _unwrapped(opcode: Any) -> Any:  # noqa: ANN401 - a function or object of py-evm
    """Take py-evm's deprecation warning off SELFDESTRUCT.

    The warning would make a block's outcome depend on the warning filters of the process.
    """
    name = getattr(getattr(opcode, "__code__", None), "co_name", "")
    return opcode.__wrapped__ if name == "deprecated_func" else opcode


class LedgerLondonComputation(LedgerComputation, LondonComputation):
    """London on our loop."""

    table = _table(LondonComputation)
    lean = with_storage(table)


class LedgerCancunComputation(LedgerComputation, CancunComputation):
    """Cancun on our loop."""

    table = _table(CancunComputation)
    lean = with_storage(table)


class UncheckedExecutor:
    """A mix-in before a fork's executor; the rules have been checked before."""

    def validate_transaction(self, transaction: Any) -> None:  # noqa: ANN401 - an EvmTransaction
        """Check nothing: ``rules`` did, and stock would recover the sender a second time."""


class LedgerLondonExecutor(UncheckedExecutor, LondonTransactionExecutor):
    """London; the rules have been checked before."""


class LedgerCancunExecutor(UncheckedExecutor, CancunTransactionExecutor):
    """Cancun; the rules have been checked before."""


class LedgerState:
    """Checkpoints and transient storage in one undo log; a mix-in before a fork's State."""

    account_db_class: Any = JournalAccounts
    _account_db: Any

    def snapshot(self) -> Any:  # noqa: ANN401 - py-evm passes it back to revert and commit
        """Give a checkpoint."""
        return self._account_db.record()

    def revert(self, snapshot: Any) -> None:  # noqa: ANN401
        """Undo everything since a checkpoint."""
        self._account_db.discard(snapshot)

    def commit(self, snapshot: Any) -> None:  # noqa: ANN401
        """Keep everything since a checkpoint."""

    def get_transient_storage(self, address: Any, slot: int) -> bytes:  # noqa: ANN401
        """Give a transient slot."""
        found: bytes = self._account_db.get_transient(address, slot)
        return found

    def set_transient_storage(self, address: Any, slot: int, value: bytes) -> None:  # noqa: ANN401
        """Set a transient slot."""
        self._account_db.set_transient(address, slot, value)

    def clear_transient_storage(self) -> None:
        """Forget all transient slots."""
        self._account_db.clear_transient()

    def set_system_contracts(self) -> None:
        """Install nothing: what a genesis has is there, and no more (py-evm would put it in)."""

    def code_to_run(self, address: Address) -> tuple[bytes, bool]:
        """Give the code that a call runs, and whether it is another account's: never here."""
        return self.journal.get_code(address), False

    @property
    def journal(self) -> JournalAccounts:
        """The accounts of the running block."""
        journal: JournalAccounts = self._account_db
        return journal


class LedgerLondonState(LedgerState, LondonState):
    """London on our accounts."""

    computation_class = LedgerLondonComputation
    transaction_executor_class = LedgerLondonExecutor


class LedgerCancunState(LedgerState, CancunState):
    """Cancun on our accounts."""

    computation_class = LedgerCancunComputation
    transaction_executor_class = LedgerCancunExecutor


_STATES: Final[dict[Profile, Any]] = {LONDON: LedgerLondonState, CANCUN: LedgerCancunState}


def open_state(context: ExecutionContext, view: StateReader) -> Any:  # noqa: ANN401 - a State class
    """Make the state of a block: nothing of it is read from a header or a clock."""
    is_cancun = context.profile.has_cancun_header
    evm_context = EvmContext(
        coinbase=context.fee_recipient,  # type: ignore[arg-type]  # py-evm has its own NewType
        timestamp=context.timestamp,
        block_number=context.number,  # type: ignore[arg-type]
        difficulty=context.difficulty,
        mix_hash=context.mix_hash,  # type: ignore[arg-type]
        gas_limit=context.gas_limit,
        prev_hashes=context.ancestor_hashes,  # type: ignore[arg-type]
        chain_id=context.chain_id,
        base_fee_per_gas=context.base_fee,
        excess_blob_gas=context.excess_blob_gas if is_cancun else None,
    )
    state = state_class(context.profile)(view, evm_context, ZERO_HASH)
    if context.profile.is_foreign:
        state.profile = context.profile
    return state


def state_class(profile: Profile) -> Any:  # noqa: ANN401 - a State class
    """Give the State class of a profile; that of a foreign fork is made when it is first asked."""
    return _foreign_state(profile.fork) if profile.is_foreign else _STATES[profile]


@cache
def _foreign_state(fork: Fork) -> Any:  # noqa: ANN401 - a State class
    name = fork.name.title().replace("_", "")
    module = import_module(f"eth.vm.forks.{fork.name.lower()}.state")
    stock: Any = getattr(module, f"{name}State")
    machine = stock.computation_class
    return type(
        f"Foreign{name}State",
        (ForeignState, LedgerState, stock),
        {
            "computation_class": type(
                f"Foreign{name}Computation",
                (LedgerComputation, machine),
                {"table": _table(machine)},
            ),
            "transaction_executor_class": type(
                f"Foreign{name}Executor", (UncheckedExecutor, stock.transaction_executor_class), {}
            ),
        },
    )


class EvmTransaction:
    """What py-evm's executors read of a transaction."""

    __slots__ = (
        "access_list",
        "authorizations",
        "blob_versioned_hashes",
        "data",
        "gas",
        "gas_price",
        "intrinsic_gas",
        "max_fee_per_gas",
        "max_priority_fee_per_gas",
        "nonce",
        "sender",
        "to",
        "type_id",
        "value",
    )
    r = s = y_parity = 0  # read before Berlin, for a text that nobody sees

    def __init__(self, transaction: Transaction, profile: Profile = LONDON) -> None:
        self.access_list: AccessList = transaction.access_list
        self.authorizations = transaction.authorizations
        self.blob_versioned_hashes = transaction.blob_hashes
        self.data = transaction.data
        self.gas = transaction.gas
        self.gas_price = transaction.max_fee
        # EIP-3860's words are charged by the first frame, so they are not in here.
        self.intrinsic_gas = machine_gas(transaction, profile)
        self.max_fee_per_gas = transaction.max_fee
        self.max_priority_fee_per_gas = transaction.max_tip
        self.nonce = transaction.nonce
        self.sender = transaction.sender
        self.to = transaction.to or b""
        self.type_id = transaction.type or None
        self.value = transaction.value
