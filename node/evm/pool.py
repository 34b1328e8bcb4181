"""Transactions that wait for a block: which are taken, and in what order they are offered.

Gas costs nothing here, so price orders nothing; scarcity comes from identity (network.md section
10).  Pure and deterministic: order of arrival is a counter, time is an argument.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol

from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import (
    INSTITUTION_EXECUTABLE_COUNT_MAX,
    NONCE_GAP_COUNT_MAX,
    POOL_AGE_US_MAX,
    POOL_EXECUTABLE_COUNT_MAX,
    POOL_KNOWN_BLOCKS_MAX,
    POOL_WAITING_COUNT_MAX,
    SENDER_EXECUTABLE_COUNT_MAX,
    TRANSACTION_BYTES_MAX,
)
from node.base.ports import Verifier
from node.base.types import EMPTY_CODE_HASH, Address, Hash32
from node.evm.blocks import gas_target, next_base_fee
from node.evm.errors import (
    AccountLimitError,
    AlreadyKnownError,
    ChainIdError,
    GasLimitError,
    InsufficientFundsError,
    NonceError,
    OversizedDataError,
    PoolFullError,
    PoolRefusedError,
    ReplacementUnderpricedError,
    SenderHasCodeError,
    SenderNotRegisteredError,
    TransactionError,
    UnderpricedError,
)
from node.evm.forks import Profile
from node.evm.rules import SenderState, check_alone
from node.evm.transactions import Transaction, decode_transaction


class Role(IntEnum):
    """What a sender is in the registry; the smaller number stands before the larger one."""

    REGULATOR = 0
    HOSPITAL = 1
    LAB = 2
    DOCTOR = 3
    PATIENT = 4
    DEVICE = 5


_INSTITUTIONS: Final = (Role.REGULATOR, Role.HOSPITAL)


class LedgerView(Protocol):
    """What the pool reads of a ledger."""

    @property
    def head(self) -> Header:
        """The newest header of the chain."""
        ...

    def state(self, at: Hash32 | None = None) -> SenderState:
        """Open the state after the head."""
        ...


def everybody(_sender: Address) -> Role:
    """Let every sender in, with the limits of a hospital."""
    return Role.HOSPITAL


@dataclass(slots=True)
class _Entry:
    transaction: Transaction
    arrival: int
    """Counts all arrivals at this pool."""
    arrived_us: int


@dataclass(slots=True)
class _Queue:
    """The transactions of one sender."""

    role: Role
    nonce: int
    """The account's nonce at the head."""
    entries: dict[int, _Entry] = field(default_factory=dict[int, _Entry])
    missing: int = 0
    """The first nonce from the account's on that is not here: those before it can run."""

    def settle(self) -> None:
        """Find the first missing nonce again."""
        self.missing = self.nonce
        while self.missing in self.entries:
            self.missing += 1

    @property
    def executable(self) -> int:
        """How many can run one after the other now."""
        return self.missing - self.nonce

    @property
    def waiting(self) -> int:
        """How many stand behind a gap."""
        return len(self.entries) - self.executable


class Pool:
    """The pool of one node."""

    def __init__(
        self,
        ledger: LedgerView,
        *,
        chain_id: int,
        profile: Profile,
        verifier: Verifier,
        role_of: Callable[[Address], Role | None] = everybody,
    ) -> None:
        self._chain_id = chain_id
        self._profile = profile
        self._verifier = verifier
        self._role_of = role_of
        self._queues: dict[Address, _Queue] = {}
        self._entries: dict[Hash32, _Entry] = {}
        self._included: dict[Hash32, int] = {}
        self._replaced: set[tuple[Address, int]] = set()
        self._arrivals = 0
        self._executable = 0
        self._see(ledger)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, transaction_hash: object) -> bool:
        return transaction_hash in self._entries

    def get(self, transaction_hash: Hash32) -> Transaction | None:
        """Give a transaction of the pool, or None."""
        entry = self._entries.get(transaction_hash)
        return None if entry is None else entry.transaction

    def next_nonce(self, sender: Address) -> int:
        """Give the nonce that a sender should use next."""
        queue = self._queues.get(sender)
        return self._state.get_nonce(sender) if queue is None else queue.missing

    def add(self, raw: bytes, now_us: int) -> Transaction:
        """Take a transaction in, or say why not.

        The checks are those of network.md section 10, in an order that tries cheap ones first.
        raises        TransactionError: no valid transaction; PoolRefusedError: valid perhaps, but
                      not for this pool now.
        """
        if len(raw) > TRANSACTION_BYTES_MAX:
            raise OversizedDataError(len(raw), TRANSACTION_BYTES_MAX)
        transaction_hash = keccak256(raw)
        if transaction_hash in self._entries or transaction_hash in self._included:
            raise AlreadyKnownError(transaction_hash)
        transaction = decode_transaction(raw, self._verifier)
        self._check_fit(transaction)
        role = self._role_of(transaction.sender)
        if role is None:
            raise SenderNotRegisteredError(transaction.sender)
        nonce = self._state.get_nonce(transaction.sender)
        if transaction.nonce < nonce:
            raise NonceError(transaction.sender, nonce, transaction.nonce)
        queue = self._queues.get(transaction.sender) or _Queue(role, nonce)
        queue.role = role
        self._place(transaction, queue, now_us)
        return transaction

    def candidates(self) -> Iterator[Transaction]:
        """Offer what can run now: regulators first, then the others, each group in rounds.

        In a round every sender gives one transaction, in the order in which the senders' first ones
        arrived; within a sender the order is that of the nonces.
        """
        groups: tuple[list[list[_Entry]], list[list[_Entry]]] = ([], [])
        for queue in self._queues.values():
            run = [queue.entries[nonce] for nonce in range(queue.nonce, queue.missing)]
            if run:
                groups[queue.role is not Role.REGULATOR].append(run)
        for group in groups:
            group.sort(key=lambda run: run[0].arrival)
            for place in range(max(map(len, group), default=0)):
                for run in group:
                    if place < len(run):
                        yield run[place].transaction

    def head_changed(
        self, ledger: LedgerView, included: Iterable[Hash32], dropped: Iterable[bytes], now_us: int
    ) -> None:
        """Follow the head: ``included`` are in added blocks, ``dropped`` were in removed ones only.

        Dropped transactions come back through the checks; those that fail are gone.
        """
        self._see(ledger)
        self._replaced.clear()
        for transaction_hash in included:
            self._included[transaction_hash] = self._number
        oldest = self._number - POOL_KNOWN_BLOCKS_MAX
        for transaction_hash, number in list(self._included.items()):
            if number <= oldest:
                del self._included[transaction_hash]
        for sender in list(self._queues):
            self._follow(sender)
        for raw in dropped:
            self._included.pop(keccak256(raw), None)
            try:
                self.add(raw, now_us)
            except (TransactionError, PoolRefusedError):
                continue

    def remove(self, transaction_hash: Hash32) -> None:
        """Forget a transaction, as one that a builder found to be invalid; absent is fine."""
        entry = self._entries.get(transaction_hash)
        if entry is not None:
            self._take_out(entry.transaction)

    def expire(self, now_us: int) -> tuple[Hash32, ...]:
        """Drop what has waited for three hours; give the hashes."""
        old = [
            entry.transaction
            for entry in self._entries.values()
            if now_us - entry.arrived_us >= POOL_AGE_US_MAX
        ]
        for transaction in old:
            self._take_out(transaction)
        return tuple(transaction.hash for transaction in old)

    # -- inside --

    def _see(self, ledger: LedgerView) -> None:
        head = ledger.head
        self._state = ledger.state()
        self._number = head.number
        self._base_fee = next_base_fee(head)
        self._gas_target = gas_target(head.gas_limit)

    def _check_fit(self, transaction: Transaction) -> None:
        """Check what depends on the chain and the account, except the nonce."""
        if transaction.chain_id is None:
            raise ChainIdError(self._chain_id, None)
        check_alone(transaction, self._profile, self._chain_id)
        if transaction.gas > self._gas_target:
            raise GasLimitError(self._gas_target, transaction.gas)
        if transaction.max_fee < self._base_fee:
            raise UnderpricedError(self._base_fee, transaction.max_fee)
        cost = transaction.gas * transaction.max_fee + transaction.value
        balance = self._state.get_balance(transaction.sender)
        if balance < cost:
            raise InsufficientFundsError(transaction.sender, cost, balance)
        if self._state.get_code_hash(transaction.sender) != EMPTY_CODE_HASH:
            raise SenderHasCodeError(transaction.sender)

    def _place(self, transaction: Transaction, queue: _Queue, now_us: int) -> None:
        queue.settle()
        sender, nonce = transaction.sender, transaction.nonce
        old = queue.entries.get(nonce)
        if old is not None:
            self._check_replacement(old.transaction, transaction)
            entry = _Entry(transaction, old.arrival, now_us)
            del self._entries[old.transaction.hash]
        else:
            if nonce - queue.missing > NONCE_GAP_COUNT_MAX:
                raise NonceError(sender, queue.missing, nonce)
            can_run = nonce == queue.missing
            if can_run:
                self._check_sender(sender, queue)
            self._make_room(queue.role, can_run=can_run)
            self._arrivals += 1
            entry = _Entry(transaction, self._arrivals, now_us)
        self._entries[transaction.hash] = entry
        self._queues[sender] = queue
        self._executable -= queue.executable
        queue.entries[nonce] = entry
        queue.settle()
        self._executable += queue.executable

    def _check_replacement(self, old: Transaction, new: Transaction) -> None:
        """Check rule 8: 10 % more, or once per block where everything costs nothing."""
        key = (new.sender, new.nonce)
        if old.max_fee == new.max_fee == 0:
            if key in self._replaced:
                raise ReplacementUnderpricedError(*key)
            self._replaced.add(key)
        elif (
            new.max_fee <= old.max_fee
            or new.max_fee * 100 < old.max_fee * 110
            or new.max_tip * 100 < old.max_tip * 110
        ):
            raise ReplacementUnderpricedError(*key)

    def _check_sender(self, sender: Address, queue: _Queue) -> None:
        """Check rule 7 for what can run; that no more than 64 wait follows from the nonce gap.

        What a filled gap lets run may pass the limit, by no more than had waited.
        """
        is_institution = queue.role in _INSTITUTIONS
        limit = INSTITUTION_EXECUTABLE_COUNT_MAX if is_institution else SENDER_EXECUTABLE_COUNT_MAX
        if queue.executable >= limit:
            raise AccountLimitError(sender, limit)

    def _make_room(self, role: Role, *, can_run: bool) -> None:
        """Check rule 9: evict the highest nonce of the most loaded sender of a lower role."""
        count = self._executable if can_run else len(self._entries) - self._executable
        limit = POOL_EXECUTABLE_COUNT_MAX if can_run else POOL_WAITING_COUNT_MAX
        if count < limit:
            return
        loads = [
            (queue.executable if can_run else queue.waiting, queue)
            for queue in self._queues.values()
            if queue.role > role
        ]
        load, queue = max(loads, key=lambda pair: pair[0], default=(0, None))
        if queue is None or load == 0:
            raise PoolFullError(limit)
        nonce = queue.missing - 1 if can_run else max(queue.entries)
        self._take_out(queue.entries[nonce].transaction)

    def _take_out(self, transaction: Transaction) -> None:
        queue = self._queues[transaction.sender]
        self._executable -= queue.executable
        del queue.entries[transaction.nonce]
        del self._entries[transaction.hash]
        queue.settle()
        self._executable += queue.executable
        if not queue.entries:
            del self._queues[transaction.sender]

    def _follow(self, sender: Address) -> None:
        """Drop what the head has passed, and see what can run now."""
        queue = self._queues[sender]
        self._executable -= queue.executable
        queue.nonce = self._state.get_nonce(sender)
        for nonce in [nonce for nonce in queue.entries if nonce < queue.nonce]:
            del self._entries[queue.entries.pop(nonce).transaction.hash]
        queue.settle()
        self._executable += queue.executable
        if not queue.entries:
            del self._queues[sender]
