"""Who is measured in one go, in which order, and against whom (ledger.md section 13, Method)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from node.base.errors import ConfigError
from node.base.limits import IMPORT_BATCH_BLOCKS_MAX
from node.bench.child import run_child
from node.bench.measured import Measured
from node.bench.own import Job
from node.bench.rpc_run import RPC_MODES, measure
from node.bench.servers import Client
from node.bench.workload import workload
from node.evm.executors import require_executor

DEFAULT_TRANSACTIONS: Final = {
    "execute": 1_000,
    "memo": 1_000,
    "replay": 10_000,
    "scale": 1_000,
    "fresh": 0,
}
"""By mode.  ``scale`` compares with twenty times as many; ``fresh`` runs none."""
MODES: Final = tuple(DEFAULT_TRANSACTIONS)
EXECUTORS: Final = {
    "py-evm": ("py-evm",),
    "revm": ("revm",),
    "fast": ("revm",),
    "all": ("py-evm", "revm"),
}
BLOCK_TRANSACTIONS: Final = 50
REPLAY_BLOCK_TRANSACTIONS: Final = 10
SCALE_FACTOR: Final = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the result."""

    name: str
    base: str
    """The row that this one is divided by."""
    run: Callable[[], Measured]
    is_foreign: bool = False
    """Another client: that it fails is a finding, not the end."""


def executors(asked: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Give the executors behind a name, and name -> reason for those that are not here.

    raises        ConfigError: no such name, or the one that was asked for is not installed.
    """
    names = EXECUTORS.get(asked)
    if names is None:
        raise ConfigError(f"no executor is called {asked!r}, choose one of {', '.join(EXECUTORS)}")
    found: list[str] = []
    absent: dict[str, str] = {}
    for name in names:
        try:
            require_executor(name)
        except ConfigError as error:
            if len(names) == 1:
                raise
            absent[name] = str(error)
        else:
            found.append(name)
    return tuple(found), absent


def candidates(
    mode: str, names: Sequence[str], transactions: int, clients: Sequence[Client], folder: Path
) -> list[Candidate]:
    """Give the candidates of a mode, in the order of one round.

    Chains to import are built beforehand into ``folder``.
    """
    size = REPLAY_BLOCK_TRANSACTIONS if mode == "replay" else BLOCK_TRANSACTIONS
    jobs = [
        Job(mode="build", executor=name, transactions=transactions, block_transactions=size)
        for name in names
    ]
    match mode:
        case "execute":
            base = f"{names[0]} build"
            pairs = zip(jobs, _imports(jobs, folder), strict=True)
            own = [_own(f"{job.executor} {job.mode}", base, job) for pair in pairs for job in pair]
            return [*own, *_others(base, transactions, clients)]
        case "memo":
            return [
                _own(f"{job.executor} {work}", f"{job.executor} import", replace(job, mode=work))
                for job in _imports(jobs, folder)
                for work in ("import", "memo")
            ]
        case "replay":
            base = f"{names[0]} replay"
            batch = IMPORT_BATCH_BLOCKS_MAX  # as chain import does
            return [
                _own(f"{job.executor} replay", base, replace(job, batch_blocks=batch))
                for job in _imports(jobs, folder)
            ]
        case "scale":
            return [
                _own(f"{job.executor} {count:,}", f"{job.executor} {transactions:,}", job)
                for few in jobs
                for count in (transactions, SCALE_FACTOR * transactions)
                for job in [replace(few, transactions=count)]
            ]
        case _:
            assert mode == "fresh", mode
            rows = [(f"{job.executor} fresh", replace(job, mode="fresh")) for job in jobs]
            return [_own(name, name, job) for name, job in rows]


def _imports(jobs: Sequence[Job], folder: Path) -> list[Job]:
    """Build the chain once, outside every clock; give the jobs that import it."""
    path = str(folder / "blocks")
    fastest = replace(jobs[-1], chain=path)  # EXECUTORS names the fast one last
    run_child("the chain to import", "node.bench.own", fastest.to_json())
    return [replace(job, mode="import", chain=path) for job in jobs]


def _own(name: str, base: str, job: Job) -> Candidate:
    return Candidate(name, base, partial(run_child, name, "node.bench.own", job.to_json()))


def _others(base: str, transactions: int, clients: Sequence[Client]) -> list[Candidate]:
    tester = partial(run_child, "eth-tester", "node.bench.tester", str(transactions))
    work = workload(transactions) if clients else None
    return [
        Candidate("eth-tester", base, tester),
        *(
            Candidate(
                f"{client.name} {mode}", base, partial(measure, client, mode, work), is_foreign=True
            )
            for client in clients
            if work is not None
            for mode in RPC_MODES
        ),
    ]
