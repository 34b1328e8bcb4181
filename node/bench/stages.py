"""CPU time of a block by stage, measured from outside the ledger.

decode      transactions from bytes, senders recovered
execute     what the executor does
lists       receipts, lists' roots, bloom, header rules: all that is in no other stage
root        slots and accounts into their tries, new nodes hashed
storage     the block, its nodes and the head stored

The ledger knows nothing of this: an executor that times its calls stands in for the real one.
The state root is what lies between the end of execution and ``settle``, less the encoding of
receipts, which is done once more for that; what a second encoding takes is left out of all sums.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from node.base.types import Hash32
from node.evm.executor import BlockRun, Executed, ExecutionContext, Executor, StateReader
from node.evm.receipts import Receipt
from node.evm.transactions import Transaction

STAGES: Final = ("decode", "execute", "lists", "root", "storage")

_now = time.process_time_ns  # user + sys of this process, all threads


class StageClock:
    """Nanoseconds of CPU by stage, and in all."""

    def __init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Forget what was counted."""
        self._stage_ns: dict[str, int] = dict.fromkeys(STAGES, 0)
        self._total_ns = 0
        self._excluded_ns = 0
        self.slots = 0
        """How many storage slots changed, each once per block."""

    def add(self, stage: str, took_ns: int) -> None:
        """Count time to a stage."""
        self._stage_ns[stage] += took_ns

    def exclude(self, took_ns: int) -> None:
        """Leave time out of the total: it went into measuring."""
        self._excluded_ns += took_ns

    @contextmanager
    def stage(self, stage: str) -> Generator[None]:
        """Count the time inside to a stage."""
        start = _now()
        yield
        self.add(stage, _now() - start)

    @contextmanager
    def running(self) -> Generator[None]:
        """Count the time inside to the total."""
        start = _now()
        yield
        self._total_ns += _now() - start

    @property
    def total_ns(self) -> int:
        """The time of all blocks, less what measuring took."""
        return self._total_ns - self._excluded_ns

    def by_stage_ns(self) -> dict[str, int]:
        """Give the time of each stage; ``lists`` is what no other stage has."""
        known = sum(took_ns for stage, took_ns in self._stage_ns.items() if stage != "lists")
        return {**self._stage_ns, "lists": self.total_ns - known}


def timed(work: Callable[[], object]) -> int:
    """Give the CPU nanoseconds that a piece of work takes."""
    start = _now()
    work()
    return _now() - start


class TimedExecutor:
    """An executor that counts the time of another one."""

    def __init__(self, executor: Executor, clock: StageClock) -> None:
        self._executor = executor
        self._clock = clock

    @property
    def name(self) -> str:
        """The name of the executor that does the work."""
        return self._executor.name

    def open(self, context: ExecutionContext, view: StateReader) -> BlockRun:
        """Begin a block."""
        start = _now()
        run = self._executor.open(context, view)
        self._clock.add("execute", _now() - start)
        return TimedRun(run, self._clock)


class TimedRun:
    """One block in the making, on the clock."""

    def __init__(self, run: BlockRun, clock: StageClock) -> None:
        self._run = run
        self._clock = clock
        self._encode_ns = 0
        self._finished_ns = 0

    @property
    def gas_used(self) -> int:
        """The gas of all transactions so far."""
        return self._run.gas_used

    def apply(self, transaction: Transaction) -> Receipt:
        """Run the next transaction; errors as the real run's."""
        start = _now()
        try:
            return self._run.apply(transaction)
        finally:
            self._clock.add("execute", _now() - start)

    def finish(self) -> Executed:
        """Give what the block produced."""
        start = _now()
        executed = self._run.finish()
        self._clock.add("execute", _now() - start)
        self._encode_ns = timed(lambda: [receipt.encode() for receipt in executed.receipts])
        self._clock.slots += sum(map(len, executed.diff.storage.values()))
        self._finished_ns = _now()
        self._clock.exclude(self._encode_ns)
        return executed

    def settle(self, root: Hash32) -> None:
        """Learn the root of the state after the block."""
        start = _now()
        self._clock.add("root", start - self._finished_ns - self._encode_ns)
        self._run.settle(root)
        self._clock.add("execute", _now() - start)
