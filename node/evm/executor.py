"""What an executor is given, and what it gives back: data only, so that executors compare."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from node.base.types import Address, Hash32
from node.evm.forks import Profile
from node.evm.receipts import Receipt
from node.evm.transactions import Transaction


class AccountData(NamedTuple):
    """An account without its storage."""

    nonce: int
    balance: int
    code_hash: Hash32


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionContext:
    """The block that the transactions run in."""

    profile: Profile
    chain_id: int
    number: int
    timestamp: int
    fee_recipient: Address
    """Recovered signer (clique, aura) or coinbase field (qbft, ibft1): the engine says which."""
    difficulty: int
    mix_hash: Hash32
    gas_limit: int
    base_fee: int
    excess_blob_gas: int = 0
    """Of foreign chains from Cancun on (EIP-4844)."""
    parent_beacon_root: Hash32 | None = None
    """The same (EIP-4788): what a run begins with writing down."""
    ancestor_hashes: Iterable[Hash32] = field(default=(), repr=False)
    """The parent's first, at most 256; read only when a contract asks for BLOCKHASH."""


@dataclass(frozen=True, slots=True)
class BlockDiff:
    """All that a block changed in the state: the only thing that reaches trie and storage."""

    accounts: Mapping[Address, AccountData | None]
    """None: there is no such account after the block (nor need there have been one before)."""
    storage: Mapping[Address, Mapping[int, int]]
    wiped: frozenset[Address]
    """Accounts whose earlier storage is void; ``storage`` holds what they have now."""
    code: Mapping[Hash32, bytes]


@dataclass(frozen=True, slots=True)
class Executed:
    """What running a block produced, before any root is computed."""

    receipts: tuple[Receipt, ...]
    gas_used: int
    diff: BlockDiff


class StateReader(Protocol):
    """The state before the block."""

    def account(self, address: Address) -> AccountData | None:
        """Give an account, or None."""
        ...

    def slot(self, address: Address, slot: int) -> int:
        """Give the value of a storage slot, 0 if it was never set."""
        ...

    def code(self, code_hash: Hash32) -> bytes:
        """Give the code with this hash."""
        ...


class BlockRun(Protocol):
    """One block in the making."""

    @property
    def gas_used(self) -> int:
        """The gas of all transactions so far."""
        ...

    def apply(self, transaction: Transaction) -> Receipt:
        """Run the next transaction.

        raises        TransactionError: it is not valid here; nothing has changed.
        """
        ...

    def finish(self) -> Executed:
        """Give what the block produced."""
        ...

    def settle(self, root: Hash32) -> None:
        """Learn the root of the state after the block, once it is computed."""
        ...


class Executor(Protocol):
    """Runs transactions; it knows no header, trie or storage."""

    @property
    def name(self) -> str:
        """The executor's name in settings and caches."""
        ...

    def open(self, context: ExecutionContext, view: StateReader) -> BlockRun:
        """Begin a block on the state that ``view`` shows."""
        ...


@runtime_checkable
class CallsToo(Protocol):
    """An executor that also runs read-only calls, where it is sure of the answer."""

    def try_call(
        self,
        context: ExecutionContext,
        view: StateReader,
        *,
        sender: Address,
        to: Address,
        data: bytes,
        gas: int,
    ) -> bytes | None:
        """Give what a call returns; None: it does not end well, or the reference must run it."""
        ...
