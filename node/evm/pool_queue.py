"""Transactions by sender and nonce: which can run now, and which wait behind a missing nonce."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from node.base.types import Address, Hash32
from node.evm.roles import Role
from node.evm.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction in the pool."""

    transaction: Transaction
    arrival: int
    """Counts all arrivals at this pool; a replacement takes that of the one before."""
    arrived_us: int


@dataclass(slots=True)
class Queue:
    """The transactions of one sender."""

    sender: Address
    role: Role
    nonce: int
    """The account's nonce at the head."""
    missing: int
    """The first nonce from the account's on that is not here: those before it can run."""
    entries: dict[int, Entry] = field(default_factory=dict[int, Entry])

    @property
    def executable(self) -> int:
        """How many can run one after the other now."""
        return self.missing - self.nonce

    @property
    def waiting(self) -> int:
        """How many stand behind a gap."""
        return len(self.entries) - self.executable

    @property
    def first_arrival(self) -> int:
        """When the sender came, by the transaction with its lowest nonce."""
        return self.entries[min(self.entries)].arrival

    def run(self) -> list[Entry]:
        """Give what can run now, by nonce."""
        return [self.entries[nonce] for nonce in range(self.nonce, self.missing)]

    def settle(self, nonce: int) -> None:
        """Take over the account's nonce, and find the first missing one again."""
        self.nonce = self.missing = nonce
        while self.missing in self.entries:
            self.missing += 1


class Queues:
    """All queues, found by sender and by transaction, with their sums."""

    def __init__(self) -> None:
        self._queues: dict[Address, Queue] = {}
        self._entries: dict[Hash32, Entry] = {}
        self.executable = 0
        """How many of all senders can run now."""

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Queue]:
        """Give the queues of senders who have transactions here; safe while they change."""
        return iter(list(self._queues.values()))

    @property
    def waiting(self) -> int:
        """How many of all senders stand behind a gap."""
        return len(self._entries) - self.executable

    def entry(self, transaction_hash: Hash32) -> Entry | None:
        """Give a transaction, or None."""
        return self._entries.get(transaction_hash)

    def entries(self) -> list[Entry]:
        """Give all transactions."""
        return list(self._entries.values())

    def of(self, sender: Address) -> Queue | None:
        """Give the queue of a sender; None: nothing of it is here."""
        return self._queues.get(sender)

    def put(self, entry: Entry, role: Role, nonce: int) -> None:
        """Put a transaction in, for one of the same sender and nonce if there is one.

        ``nonce``     the account's at the head.
        """
        sender = entry.transaction.sender
        queue = self._queues.setdefault(sender, Queue(sender, role, nonce, nonce))
        self.executable -= queue.executable
        queue.role = role
        old = queue.entries.get(entry.transaction.nonce)
        if old is not None:
            del self._entries[old.transaction.hash]
        queue.entries[entry.transaction.nonce] = entry
        self._entries[entry.transaction.hash] = entry
        queue.settle(nonce)
        self.executable += queue.executable

    def take_out(self, transaction: Transaction) -> None:
        """Forget a transaction that is here; those behind it wait from now on."""
        queue = self._queues[transaction.sender]
        self.executable -= queue.executable
        del queue.entries[transaction.nonce]
        del self._entries[transaction.hash]
        queue.settle(queue.nonce)
        self.executable += queue.executable
        if not queue.entries:
            del self._queues[transaction.sender]

    def follow(self, queue: Queue, nonce: int) -> list[Entry]:
        """Take over the nonce of an account; give what it has passed, which is gone from here."""
        passed = [queue.entries[past] for past in sorted(queue.entries) if past < nonce]
        for entry in passed:
            self.take_out(entry.transaction)
        if queue.entries:
            self.executable -= queue.executable
            queue.settle(nonce)
            self.executable += queue.executable
        return passed

    def most_loaded(self, below: Role, load: Callable[[Queue], int]) -> Queue | None:
        """Give the sender of a lower role with the greatest load; None: nobody has one.

        Of equal loads the lower role's, then the one that came last.
        """
        return max(
            (queue for queue in self._queues.values() if queue.role > below and load(queue)),
            key=lambda queue: (load(queue), queue.role, queue.first_arrival),
            default=None,
        )
