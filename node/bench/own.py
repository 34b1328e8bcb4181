"""A program: run one wardnet candidate, print what it took as a line of JSON.

    python -m node.bench.own '{"mode": "build", ...}'

build       decode, build, store: what a validator does; writes the chain to a file if asked to
import      read, decode, check, store: what every other node does, from cold
memo        the same in a simulated node, behind another one that executes each block first
fresh       the memory of a simulated node that holds the genesis and nothing else
"""

import json
import sys
import time
import tracemalloc
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from node.base.block import Block
from node.base.keys import MemoVerifier
from node.base.types import ZERO_ADDRESS, ZERO_HASH
from node.bench.errors import CandidateFaultError
from node.bench.measured import Measured
from node.bench.stages import StageClock, TimedExecutor, timed
from node.bench.workload import SIGNER, bench_genesis, digest, workload
from node.evm.blocks import BuildRequest
from node.evm.executor import Executor
from node.evm.executors import executor_named
from node.evm.genesis import genesis_block
from node.evm.ledger import Ledger
from node.evm.memo import ExecutionMemo, SharedMemo
from node.evm.transactions import decode_transaction
from node.storage.sqlite_store import SqliteLedgerStore, StoreIdentity
from node.storage.state_nodes import MemoryStateNodes

FRESH_LEDGERS: Final = 50
"""Enough that what only the first one needs does not count."""
SECONDS_BETWEEN_BLOCKS: Final = 5
_SIZE_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a candidate is to do."""

    mode: str
    executor: str
    transactions: int
    block_transactions: int
    batch_blocks: int = 1
    """How many imported blocks become durable together."""
    chain: str = ""
    """The file with the blocks: build writes it (empty: nowhere), import reads it."""

    def to_json(self) -> str:
        """Give the word that starts the program with this job."""
        return json.dumps(asdict(self))


def main(words: Sequence[str]) -> None:
    """Do the job that stands on the command line."""
    job = Job(**json.loads(words[0]))
    sys.stdout.write(JOBS[job.mode](job).to_json() + "\n")


def build(job: Job) -> Measured:
    """Build the chain of the workload, block by block."""
    work = workload(job.transactions)
    clock = StageClock()
    blocks: list[Block] = []
    with _durable(TimedExecutor(_executor(job), clock)) as ledger:
        blocks.append(_build(ledger, work.deployments, StageClock()))
        clock.start_over()
        wall_s = time.monotonic()
        for first in range(0, job.transactions, job.block_transactions):
            group = work.calls[first : first + job.block_transactions]
            blocks.append(_build(ledger, group, clock))
        wall_s = time.monotonic() - wall_s
        if job.chain:
            _write_chain(Path(job.chain), blocks)
        return _measured(job, ledger, clock, wall_s)


def take(job: Job) -> Measured:
    """Import a chain that another process built."""
    raws = _read_chain(Path(job.chain))
    clock = StageClock()
    with _durable(TimedExecutor(_executor(job), clock)) as ledger:
        _take(ledger, next(raws), StageClock())
        clock.start_over()
        wall_s = time.monotonic()
        while group := list(islice(raws, job.batch_blocks)):
            with ExitStack() as batch:
                batch.enter_context(ledger.batch())
                for raw in group:
                    _count_decoding(_take(ledger, raw, clock), clock)
                with clock.running(), clock.stage("storage"):
                    batch.close()  # what makes the group durable
        wall_s = time.monotonic() - wall_s
        return _measured(job, ledger, clock, wall_s)


def take_from_memo(job: Job) -> Measured:
    """Import a chain twice in one process, block by block; measure the second node."""
    memo = SharedMemo()
    clock, other = StageClock(), StageClock()
    first = _simulated(_executor(job), memo)
    second = _simulated(TimedExecutor(_executor(job), clock), memo)
    wall_s = time.monotonic()
    for number, raw in enumerate(_read_chain(Path(job.chain))):
        _take(first, raw, other)
        _take(second, raw, clock)
        if number == 0:
            clock.start_over()
            wall_s = time.monotonic()
    wall_s = time.monotonic() - wall_s
    if memo.hits != second.head.number:
        raise CandidateFaultError("memo", f"{memo.hits} hits in {second.head.number} blocks")
    return _measured(job, second, clock, wall_s)


def fresh(job: Job) -> Measured:
    """Open ledgers, and look at the memory that each one takes."""
    executors = [_executor(job) for _ in range(FRESH_LEDGERS)]
    kept = [_simulated(_executor(job))]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    took_ns = timed(lambda: kept.extend(map(_simulated, executors)))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Measured(
        transactions=0,
        cpu_us_per_tx=None,
        wall_us_per_tx=0,
        digest="",
        state_root=kept[-1].head.state_root.hex(),
        figures={
            "node_bytes": (after - before) / FRESH_LEDGERS,
            "node_cpu_us": took_ns / FRESH_LEDGERS / 1_000,
        },
    )


JOBS: Final = {"build": build, "import": take, "memo": take_from_memo, "fresh": fresh}


def _executor(job: Job) -> Executor:
    return executor_named(job.executor, bench_genesis())


@contextmanager
def _durable(executor: Executor) -> Generator[Ledger]:
    """Open a ledger on a file, as a node has it.  Its verifier has seen nothing."""
    genesis = bench_genesis()
    block = genesis_block(genesis, MemoryStateNodes())
    identity = StoreIdentity(block.header.hash(), genesis.chain_id, genesis.profile.name)
    with (
        TemporaryDirectory(prefix="wardnet-bench-") as folder,
        closing(SqliteLedgerStore(Path(folder), identity)) as store,
    ):
        yield Ledger(genesis, verifier=MemoVerifier(), store=store, executor=executor)


def _simulated(executor: Executor, memo: ExecutionMemo | None = None) -> Ledger:
    """Open a ledger in memory, as the simulator has it."""
    return Ledger(bench_genesis(), verifier=MemoVerifier(), executor=executor, memo=memo)


def _build(ledger: Ledger, group: Sequence[bytes], clock: StageClock) -> Block:
    request = BuildRequest(
        parent_hash=ledger.head_hash,
        timestamp=ledger.head.timestamp + SECONDS_BETWEEN_BLOCKS,
        extra_data=bytes(97),
        coinbase=ZERO_ADDRESS,
        nonce=bytes(8),
        difficulty=2,
        mix_hash=ZERO_HASH,
        fee_recipient=SIGNER,
    )
    with clock.running():
        with clock.stage("decode"):
            candidates = [ledger.decode(raw) for raw in group]
        built = ledger.build(request, candidates)
        with clock.stage("storage"), ledger.batch():
            ledger.set_head(ledger.adopt(built.block, built.result))
    if built.skipped or len(built.block.transactions) != len(group):
        skipped = f"{len(built.skipped)} are invalid" if built.skipped else "the gas target is full"
        said = f"block {built.block.header.number} misses transactions: {skipped}"
        raise CandidateFaultError("build", said)
    return built.block


def _take(ledger: Ledger, raw: bytes, clock: StageClock) -> Block:
    with clock.running():
        block = Block.decode(raw)
        result = ledger.check(block, fee_recipient=SIGNER)
        with clock.stage("storage"), ledger.batch():
            ledger.insert(block, result)
            ledger.set_head(block.header.hash())
    return block


def _count_decoding(block: Block, clock: StageClock) -> None:
    """Decode the transactions once more, as a stranger: ``check`` does it inside."""
    stranger = MemoVerifier()
    took_ns = timed(lambda: [decode_transaction(raw, stranger) for raw in block.transactions])
    clock.add("decode", took_ns)


def _measured(job: Job, ledger: Ledger, clock: StageClock, wall_s: float) -> Measured:
    numbers = range(2, ledger.head.number + 1)
    hashes = [ledger.hash_by_number(number) for number in numbers]
    headers = [ledger.header(block_hash) for block_hash in hashes if block_hash is not None]
    gas = sum(header.gas_used for header in headers if header is not None)
    count = job.transactions
    stages_ns = clock.by_stage_ns()
    return Measured(
        transactions=count,
        cpu_us_per_tx=clock.total_ns / count / 1_000,
        wall_us_per_tx=wall_s * 1e6 / count,
        stages={stage: ns / count / 1_000 for stage, ns in stages_ns.items()},
        digest=digest(count, ledger.call).hex(),
        state_root=ledger.head.state_root.hex(),
        figures={"gas_per_tx": gas / count, **_slot_figures(clock.slots, count, stages_ns)},
    )


def _slot_figures(slots: int, count: int, stages_ns: Mapping[str, int]) -> dict[str, float]:
    if not slots:  # nothing was executed
        return {}
    root_us = stages_ns["root"] / 1_000
    return {"slots_per_tx": slots / count, "root_us_per_slot": root_us / slots}


def _write_chain(path: Path, blocks: Sequence[Block]) -> None:
    with path.open("wb") as file:
        for block in blocks:
            raw = block.encode()
            file.write(len(raw).to_bytes(_SIZE_BYTES) + raw)


def _read_chain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while size := file.read(_SIZE_BYTES):
            yield file.read(int.from_bytes(size))


if __name__ == "__main__":
    main(sys.argv[1:])
