"""Transactions that wait for a block: which are taken in, and which make room.

Pure and deterministic: the order of arrival is a counter, time is an argument, and nothing here
depends on hashes of Python.  Rows of checks are those of the table in network.md section 10.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import (
    POOL_AGE_US_MAX,
    POOL_EXECUTABLE_COUNT_MAX,
    POOL_KNOWN_BLOCKS_MAX,
    POOL_WAITING_COUNT_MAX,
    TRANSACTION_BYTES_MAX,
)
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.evm.budgets import Budgets
from node.evm.errors import (
    AccountLimitError,
    AlreadyKnownError,
    GasBudgetError,
    NonceError,
    OversizedDataError,
    PoolFullError,
    PoolRefusedError,
    ReplacementUnderpricedError,
    SenderNotRegisteredError,
    TransactionError,
)
from node.evm.forks import Profile
from node.evm.local_txs import LocalTransactions
from node.evm.pool_checks import NextBlock, check_raise, is_free
from node.evm.pool_order import in_rounds
from node.evm.pool_queue import Entry, Queue, Queues
from node.evm.roles import ALLOWANCES, Role, Roles
from node.evm.rules import SenderState
from node.evm.transactions import Transaction, decode_transaction
from node.storage.chain_data import Place


class LedgerView(Protocol):
    """What the pool reads of a ledger."""

    @property
    def head(self) -> Header:
        """The newest header of the chain."""
        ...

    def state(self, at: Hash32 | None = None) -> SenderState:
        """Open the state after the head."""
        ...

    def transaction_place(self, transaction_hash: Hash32) -> Place | None:
        """Give where a transaction of the chain stands, or None."""
        ...


class Pool:
    """The pool of one node."""

    def __init__(
        self,
        ledger: LedgerView,
        *,
        chain_id: int,
        profile: Profile,
        verifier: Verifier,
        roles: Roles,
    ) -> None:
        self._ledger = ledger
        self._chain_id = chain_id
        self._profile = profile
        self._verifier = verifier
        self._roles = roles
        self._queues = Queues()
        self._local = LocalTransactions()
        self._replaced: set[tuple[Address, int]] = set()
        """(sender, nonce) of free replacements since the head moved; only asked for members."""
        self._arrivals = 0
        self._see_head()
        self._budgets = Budgets(self._number)

    def __len__(self) -> int:
        return len(self._queues)

    def __contains__(self, transaction_hash: Hash32) -> bool:
        return self._queues.entry(transaction_hash) is not None

    def get(self, transaction_hash: Hash32) -> Transaction | None:
        """Give a transaction of the pool, or None."""
        entry = self._queues.entry(transaction_hash)
        return None if entry is None else entry.transaction

    def transactions(self) -> tuple[Transaction, ...]:
        """Give all that is here, in the order in which each came in."""
        return tuple(entry.transaction for entry in self._queues.entries())

    def next_nonce(self, sender: Address) -> int:
        """Give the nonce that a sender should use next."""
        queue = self._queues.of(sender)
        return self._state.get_nonce(sender) if queue is None else queue.missing

    @property
    def local_txs(self) -> tuple[bytes, ...]:
        """The transactions of own clients, to be kept and offered again after a restart."""
        return self._local.raws

    def add(self, raw: bytes, now_us: int, *, is_local: bool = False) -> Transaction:
        """Take a transaction in, or say why not; rows 1 to 9, cheap ones first.

        ``is_local``  a client of this node sent it: it is offered again after a reorganisation.
        raises        TransactionError: no valid transaction; PoolRefusedError: valid perhaps, but
                      not for this pool now.
        """
        if len(raw) > TRANSACTION_BYTES_MAX:
            raise OversizedDataError(len(raw), TRANSACTION_BYTES_MAX)
        transaction_hash = keccak256(raw)
        if transaction_hash in self or self._is_in_chain(transaction_hash):
            raise AlreadyKnownError(transaction_hash)
        transaction = decode_transaction(raw, self._verifier)
        self._next_block.check(transaction, self._state)
        self._admit(transaction, now_us)
        if is_local:
            self._local.keep(transaction, now_us)
        return transaction

    def candidates(self) -> Iterator[Transaction]:
        """Offer what can run now and what its sender has gas for, in the order of building."""
        return in_rounds(self._queues, self._budgets.spending())

    def head_changed(
        self,
        dropped: Iterable[bytes],
        now_us: int,
        *,
        role_changed: Collection[Address] | None = (),
    ) -> None:
        """Follow the ledger's head.

        ``dropped``       transactions of removed blocks that no added block holds: they come back
                          through the checks, and those that fail are gone.
        ``role_changed``  whose role may be another one now; None: everybody's.
        """
        self._see_head()
        self._replaced.clear()
        self._budgets.head_at(self._number)
        self._local.head_at(self._number)
        for queue in self._queues:
            self._follow(queue)
        for queue in self._queues:
            if role_changed is None or queue.sender in role_changed:
                self._recheck(queue)
        returning = tuple(dropped)
        for raw in returning:
            self._local.dropped(keccak256(raw))
            self._budgets.refund(keccak256(raw))
            self._offer_again(raw, now_us)
        if returning:
            for raw in self._local.raws:
                self._offer_again(raw, now_us)

    def remove(self, transaction_hash: Hash32) -> None:
        """Forget a transaction, as one that a builder found to be invalid; absent is fine."""
        self._local.forget(transaction_hash)
        entry = self._queues.entry(transaction_hash)
        if entry is not None:
            self._queues.take_out(entry.transaction)

    def expire(self, now_us: int) -> tuple[Hash32, ...]:
        """Drop what has waited for three hours; give the hashes."""
        self._local.expire(now_us)
        old = [
            entry.transaction
            for entry in self._queues.entries()
            if now_us - entry.arrived_us >= POOL_AGE_US_MAX
        ]
        for transaction in old:
            self._queues.take_out(transaction)
        return tuple(transaction.hash for transaction in old)

    # -- the head --

    def _see_head(self) -> None:
        head = self._ledger.head
        self._state = self._ledger.state()
        self._number = head.number
        self._next_block = NextBlock.after(head, self._chain_id, self._profile)

    def _is_in_chain(self, transaction_hash: Hash32) -> bool:
        """Check row 3 for the last 256 blocks; below them the nonce says the same."""
        place = self._ledger.transaction_place(transaction_hash)
        return place is not None and place.number > self._number - POOL_KNOWN_BLOCKS_MAX

    def _follow(self, queue: Queue) -> None:
        """Drop what the head has passed, and see what can run now."""
        for entry in self._queues.follow(queue, self._state.get_nonce(queue.sender)):
            transaction = entry.transaction
            place = self._ledger.transaction_place(transaction.hash)
            self._local.included(transaction.hash, self._number)
            if place is not None:  # else another transaction took the nonce
                self._budgets.charge(transaction.hash, queue.sender, queue.role, transaction.gas)

    def _recheck(self, queue: Queue) -> None:
        """Let the transactions of a sender with another role pass the checks of that one."""
        if self._roles.role_of(queue.sender) is queue.role:
            return
        entries = [queue.entries[nonce] for nonce in sorted(queue.entries)]
        for entry in entries:
            self._queues.take_out(entry.transaction)
        for entry in entries:
            try:
                self._admit(entry.transaction, entry.arrived_us, entry.arrival)
            except (TransactionError, PoolRefusedError):
                continue

    def _offer_again(self, raw: bytes, now_us: int) -> None:
        try:
            self.add(raw, now_us)
        except (TransactionError, PoolRefusedError):
            return

    # -- rows 5 to 9 --

    def _admit(self, transaction: Transaction, now_us: int, arrival: int | None = None) -> None:
        sender, nonce = transaction.sender, transaction.nonce
        role = self._role_for(transaction)
        account_nonce = self._state.get_nonce(sender)
        queue = self._queues.of(sender) or Queue(sender, role, account_nonce, account_nonce)
        if nonce < account_nonce:
            raise NonceError(sender, account_nonce, nonce)
        if nonce - queue.missing > ALLOWANCES[role].waiting:
            raise NonceError(sender, queue.missing, nonce)
        old = queue.entries.get(nonce)
        if old is not None:
            self._check_replacement(old.transaction, transaction)
            self._local.forget(old.transaction.hash)
            arrival = old.arrival
        else:
            can_run = nonce == queue.missing
            _check_sender(queue, role, can_run=can_run)
            self._make_room(role, can_run=can_run)
        if arrival is None:
            self._arrivals += 1
            arrival = self._arrivals
        self._queues.put(Entry(transaction, arrival, now_us), role, account_nonce)

    def _role_for(self, transaction: Transaction) -> Role:
        """Check row 5, and that the role can save up enough gas for the transaction."""
        sender = transaction.sender
        role = self._roles.role_of(sender)
        if role is None:
            if not self._roles.is_application(transaction):
                raise SenderNotRegisteredError(sender)
            role = Role.APPLICANT
        most = ALLOWANCES[role].gas_max
        if most is not None and transaction.gas > most:
            raise GasBudgetError(sender, most, transaction.gas)
        return role

    def _check_replacement(self, old: Transaction, new: Transaction) -> None:
        """Check row 8: 10 % more, or once per block where everything costs nothing."""
        if not is_free(old, new):
            check_raise(old, new)
            return
        key = (new.sender, new.nonce)
        if key in self._replaced:
            raise ReplacementUnderpricedError(*key)
        self._replaced.add(key)

    def _make_room(self, role: Role, *, can_run: bool) -> None:
        """Check row 9: evict the highest nonce of the most loaded sender of a lower role.

        Load is counted where the pool is full: of what can run, of what waits, or, when waiting
        ones could run all of a sudden and left their places to others, of all.
        """
        queues = self._queues
        if can_run and queues.executable >= POOL_EXECUTABLE_COUNT_MAX:
            limit, full = POOL_EXECUTABLE_COUNT_MAX, queues.most_loaded(role, _executable)
            nonce = 0 if full is None else full.missing - 1
        elif not can_run and queues.waiting >= POOL_WAITING_COUNT_MAX:
            limit, full = POOL_WAITING_COUNT_MAX, queues.most_loaded(role, _waiting)
            nonce = 0 if full is None else max(full.entries)
        elif len(queues) >= POOL_EXECUTABLE_COUNT_MAX + POOL_WAITING_COUNT_MAX:
            limit = POOL_EXECUTABLE_COUNT_MAX + POOL_WAITING_COUNT_MAX
            full = queues.most_loaded(role, _all)
            nonce = 0 if full is None else max(full.entries)
        else:
            return
        if full is None:
            raise PoolFullError(limit)
        queues.take_out(full.entries[nonce].transaction)


def _check_sender(queue: Queue, role: Role, *, can_run: bool) -> None:
    """Check row 7.

    What a filled gap lets run may pass the executable limit, by no more than had waited.
    """
    allowance = ALLOWANCES[role]
    if can_run and queue.executable >= allowance.executable:
        raise AccountLimitError(queue.sender, allowance.executable)
    most = allowance.executable + allowance.waiting
    if len(queue.entries) >= most:
        raise AccountLimitError(queue.sender, most)


def _executable(queue: Queue) -> int:
    return queue.executable


def _waiting(queue: Queue) -> int:
    return queue.waiting


def _all(queue: Queue) -> int:
    return len(queue.entries)
