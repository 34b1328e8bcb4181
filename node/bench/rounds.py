"""Runs candidates in turn, A B C A B C A B C, and makes one document of what they measured."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from node.bench.candidates import Candidate
from node.bench.errors import CandidateFaultError
from node.bench.measured import Measured, middle

_CPU_INFO: Final = Path("/proc/cpuinfo")
Runs = Mapping[str, Sequence[Measured]]


def alternate(
    candidates: Sequence[Candidate],
    rounds: int,
    tell: Callable[[int, str, Measured], None],
) -> tuple[dict[str, list[Measured]], dict[str, str]]:
    """Run every candidate once per round.

    ``tell``      hears of every run: round from 1, name, what it measured.
    returns       the runs by name, and name -> reason for foreign candidates that failed: those
                  have no runs.
    raises        CandidateFaultError: one of ours failed.
    """
    runs: dict[str, list[Measured]] = {candidate.name: [] for candidate in candidates}
    failed: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for candidate in candidates:
            if candidate.name in failed:
                continue
            try:
                measured = candidate.run()
            except (CandidateFaultError, OSError) as error:
                if not candidate.is_foreign:
                    raise
                failed[candidate.name] = str(error)
                del runs[candidate.name]
                continue
            runs[candidate.name].append(measured)
            tell(number, candidate.name, measured)
    return runs, failed


def rows(candidates: Sequence[Candidate], runs: Runs) -> list[dict[str, Any]]:
    """Give one row per candidate with runs: medians, the ratio to its base, and each run's CPU."""
    middles = {name: middle(each) for name, each in runs.items()}
    return [
        {
            "name": candidate.name,
            "transactions": found.transactions,
            "cpu_us_per_tx": found.cpu_us_per_tx,
            "wall_us_per_tx": found.wall_us_per_tx,
            "tx_per_cpu_s": _rate(found.cpu_us_per_tx),
            "stages": dict(found.stages),
            "figures": dict(found.figures),
            "base": candidate.base,
            "ratio": _ratio(found, middles[candidate.base]),
            "rounds": [run.cpu_us_per_tx for run in runs[candidate.name]],
            "state_root": found.state_root,
            "digest": found.digest,
        }
        for candidate in candidates
        if candidate.name in middles
        for found in [middles[candidate.name]]
    ]


def disagreements(runs: Runs) -> list[str]:
    """Name what should be equal and is not: state roots of ours, contract answers of everybody."""
    roots: dict[int, dict[str, str]] = {}
    digests: dict[int, dict[str, str]] = {}
    for name, each in runs.items():
        for run in each:
            if run.state_root:
                roots.setdefault(run.transactions, {}).setdefault(run.state_root, name)
            digests.setdefault(run.transactions, {}).setdefault(run.digest, name)
    return [
        f"after {count} transactions {what} of {' and '.join(found.values())} differ"
        for what, by_count in (("the state roots", roots), ("the contracts' answers", digests))
        for count, found in by_count.items()
        if len(found) > 1
    ]


def machine() -> dict[str, Any]:
    """Say where this runs."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }


def load() -> list[float] | None:
    """Give the load averages of 1, 5 and 15 minutes, None where the system has none."""
    if not hasattr(os, "getloadavg"):
        return None
    return [round(each, 2) for each in os.getloadavg()]


def _processor() -> str:
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _rate(cpu_us: float | None) -> float | None:
    return round(1e6 / cpu_us, 1) if cpu_us else None


def _ratio(found: Measured, base: Measured) -> float | None:
    if found.cpu_us_per_tx is None or not base.cpu_us_per_tx:
        return None
    return round(found.cpu_us_per_tx / base.cpu_us_per_tx, 3)
