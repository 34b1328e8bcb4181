"""A quick chain for arranging contract tests: py-evm's state as it is, not the ledger under test.

What is refused is judged on ``mined_chain``, which goes on from a state of this one.

Every transaction is a block of its own unless the test says otherwise; gas figures are those of a
London transaction: intrinsic gas, execution, and the refund of EIP-3529.
"""

from dataclasses import dataclass
from typing import TypeVar

from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london import LondonVM
from eth.vm.forks.london.state import LondonState
from eth.vm.message import Message
from eth.vm.spoof import SpoofTransaction

from node.base.errors import CallRevertedError
from node.base.types import EMPTY_TRIE_ROOT, ZERO_ADDRESS, Address
from node.contracts.abi import LedgerEvent, View
from node.contracts.deploy import created_address
from node.contracts.suite import ContractSuite

T = TypeVar("T")
CHAIN_ID = 648_529
GENESIS_S = 1_611_619_200
"""2021-01-26 00:00:00 UTC: the day of the paper's example."""
GAS_LIMIT = 30_000_000
BLOCK_SECONDS = 5


@dataclass(frozen=True)
class Outcome:
    """What a transaction did."""

    to: Address
    data: bytes
    gas: int
    output: bytes
    logs: tuple[tuple[Address, tuple[bytes, ...], bytes], ...]


class StockChain:
    """A state with a block number and a time."""

    def __init__(self, root: bytes = EMPTY_TRIE_ROOT, db: AtomicDB | None = None) -> None:
        self.db = AtomicDB() if db is None else db
        self.root = root
        self.number = 0
        self.time_s = GENESIS_S
        self.state = self._open()

    def fork(self) -> "StockChain":
        """A chain with the same past and a future of its own."""
        self.state.lock_changes()
        self.state.make_state_root()
        self.state.persist()
        twin = StockChain(self.state.state_root, self.db)
        twin.set_block(self.number, self.time_s)
        return twin

    def set_block(self, number: int, time_s: int) -> None:
        self.number, self.time_s = number, time_s
        self.state.execution_context = self._context()

    def wait(self, seconds: int) -> None:
        """The next block comes ``seconds`` later."""
        self.set_block(self.number + 1, self.time_s + seconds)

    def transact(
        self, sender: Address, to: Address, data: bytes, *, block: bool = True, value: int = 0
    ) -> Outcome:
        """Run a transaction; ``block`` False keeps it in the block of the one before."""
        if block:
            self.wait(BLOCK_SECONDS)
        return self._apply(sender, to, data, value)

    def endow(self, account: Address, wei: int) -> None:
        """Let an account have so much from the beginning; all others have nothing."""
        self.state.set_balance(account, wei)

    def balance(self, account: Address) -> int:
        return self.state.get_balance(account)

    def deploy(self, initcode: bytes, sender: Address) -> Address:
        nonce = self.state.get_nonce(sender)
        self._apply(sender, b"", initcode)
        return created_address(sender, nonce)

    def call(self, sender: Address, to: Address, data: bytes) -> bytes:
        return self.transact(sender, to, data).output

    def read(self, to: Address, data: bytes, sender: Address = ZERO_ADDRESS) -> bytes:
        """Run a static call on the state of the head."""
        message = Message(
            gas=GAS_LIMIT,
            to=to,
            sender=sender,
            value=0,
            data=data,
            code=self.state.get_code(to),
            is_static=True,
        )
        context = self.state.get_transaction_context_class()(0, sender)
        done = self.state.computation_class.apply_message(self.state, message, context)
        if done.is_error:
            raise CallRevertedError(bytes(done.output))
        return bytes(done.output)

    def view(self, view: View[T]) -> T:
        return view.decode(self.read(view.to, view.data))

    def events(self, suite: ContractSuite, outcome: Outcome) -> list[LedgerEvent]:
        decoded = (suite.decode_log(*log) for log in outcome.logs)
        return [event for event in decoded if event is not None]

    def _apply(self, sender: Address, to: bytes, data: bytes, value: int = 0) -> Outcome:
        state = self.state
        state.lock_changes()  # or slots stay warm and keep the wrong original value
        unsigned = LondonVM.create_unsigned_transaction(
            nonce=state.get_nonce(sender),
            gas_price=0,
            gas=GAS_LIMIT,
            to=to,
            value=value,
            data=data,
        )
        done = state.apply_transaction(SpoofTransaction(unsigned, from_=sender))
        if done.is_error:
            raise CallRevertedError(bytes(done.output))
        used = GAS_LIMIT - done.get_gas_remaining()
        refund = min(done.get_gas_refund(), used // 5)
        logs = tuple(
            (Address(address), tuple(topic.to_bytes(32) for topic in topics), rest)
            for address, topics, rest in done.get_log_entries()
        )
        return Outcome(Address(to), data, used - refund, bytes(done.output), logs)

    def _open(self) -> LondonState:
        return LondonState(self.db, self._context(), self.root)

    def _context(self) -> ExecutionContext:
        return ExecutionContext(
            coinbase=ZERO_ADDRESS,
            timestamp=self.time_s,
            block_number=self.number,
            difficulty=1,
            mix_hash=bytes(32),
            gas_limit=GAS_LIMIT,
            prev_hashes=(),
            chain_id=CHAIN_ID,
            base_fee_per_gas=0,
        )
