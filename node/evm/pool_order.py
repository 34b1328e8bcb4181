"""The order in which a builder is offered what waits (network.md section 10)."""

from collections.abc import Iterable, Iterator

from node.evm.budgets import Spending
from node.evm.pool_queue import Entry, Queue
from node.evm.roles import Role
from node.evm.transactions import Transaction


def in_rounds(queues: Iterable[Queue], spending: Spending) -> Iterator[Transaction]:
    """Offer what can run now: regulators first (a revocation must not wait), then all others.

    Each group goes in rounds.  In a round every sender gives one transaction, in the order in which
    the senders' first ones arrived; within a sender the order is that of the nonces.  A sender
    without gas left is out for this block.
    """
    first: list[tuple[Queue, list[Entry]]] = []
    then: list[tuple[Queue, list[Entry]]] = []
    for queue in queues:
        run = queue.run()
        if run:
            (first if queue.role is Role.REGULATOR else then).append((queue, run))
    for group in (first, then):
        group.sort(key=lambda pair: pair[1][0].arrival)
        yield from _rounds(group, spending)


def _rounds(runs: list[tuple[Queue, list[Entry]]], spending: Spending) -> Iterator[Transaction]:
    place = 0
    while runs:
        going: list[tuple[Queue, list[Entry]]] = []
        for queue, run in runs:
            transaction = run[place].transaction
            if not spending.take(queue.sender, queue.role, transaction.gas):
                continue
            yield transaction
            if place + 1 < len(run):
                going.append((queue, run))
        runs = going
        place += 1
