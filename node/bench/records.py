"""``wardnet bench records``: visits, their transactions, and the 50,000th patient.

Targets are those of the clinical record (issue 7).  Where a target says "on four validators", it
is held against what four validators do for a transaction: each decodes, recovers, executes, and
computes the roots for itself.  A whole flow seals three records for four custodians, opens them
again and lends them out besides; its figure stands in a row of its own, beside the same target.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from node.base.keys import PrivateKey, recover
from node.base.types import ZERO_HASH
from node.bench.consensus import REFERENCE_RECOVER_US
from node.bench.figures import figure_row
from node.bench.records_registry import Registered, run_registrations
from node.bench.records_visits import VALIDATORS, Visited, run_visits
from node.bench.rounds import load, machine

VISITS_WANTED: Final = {"py-evm": 10.0, "revm": 60.0}
"""Visits per CPU second on four validators, at least."""
_RECOVERIES: Final = 2_000
RATIO_WANTED: Final = 1.3
"""Cost of a registration behind all others, in units of the first thousand's, at most."""
GROUPS: Final = ("visits", "registrations")
"""What ``--only`` can pick."""

Tell = Callable[[str], None]


def measure(
    groups: tuple[str, ...], visits: int, patients: int, rounds: int, tell: Tell
) -> dict[str, Any]:
    """Measure groups of ``GROUPS``; give one document.

    ``tell``      hears a sentence after every run.
    raises        CandidateFaultError: a step or a registration did not end well.
                  ConfigError: revm is not installed.
    """
    before = load()
    rows: list[dict[str, Any]] = []
    wrong: list[str] = []
    if "visits" in groups:
        runs = _visits(visits, rounds, tell)
        rows += [row for executor in VISITS_WANTED for row in visit_rows(runs[executor])]
        roots = {one.state_root for each in runs.values() for one in each}
        if len(roots) > 1:
            wrong.append("visits: runs of one scenario come to different states")
    if "registrations" in groups:
        found = [run_registrations(patients, tell) for _ in range(rounds)]
        for place in range(len(found[0])):
            rows += registration_rows([each[place] for each in found], patients)
    return {
        "exit_code": 1 if wrong else 0,
        "seed": 1,
        "bench": "records",
        "rounds": rounds,
        "visits": visits,
        "patients": patients,
        "machine": machine(),
        "load_before": before,
        "load_after": load(),
        "slowness": slowness(),
        "rows": rows,
        "disagreements": wrong,
    }


def slowness() -> float:
    """Give how many times as long coincurve's recovery takes here as on a quiet machine."""
    signer = PrivateKey.from_bytes(bytes(31) + b"\x01")
    signature = signer.sign(ZERO_HASH)
    began = time.process_time_ns()
    for _ in range(_RECOVERIES):
        recover(ZERO_HASH, signature)
    us = (time.process_time_ns() - began) / _RECOVERIES / 1_000
    return round(us / REFERENCE_RECOVER_US, 2)


def _visits(visits: int, rounds: int, tell: Tell) -> dict[str, list[Visited]]:
    runs: dict[str, list[Visited]] = {executor: [] for executor in VISITS_WANTED}
    for number in range(1, rounds + 1):
        for executor, found in runs.items():
            found.append(run_visits(executor, visits))
            rate = visits / found[-1].cpu_s
            tell(f"round {number}/{rounds}  {executor:<8}{rate:8.2f} visits/cpu-s")
    return runs


def visit_rows(runs: list[Visited]) -> list[dict[str, Any]]:
    """Give the rows of one executor: the best run of each figure counts."""
    name, visits, transactions = runs[0].executor, runs[0].visits, runs[0].transactions
    wanted = VISITS_WANTED[name]
    whole = min(one.cpu_s for one in runs)
    alone = min(one.ledger_cpu_s for one in runs)
    on_all = visits / alone / VALIDATORS
    target = f">= {wanted:g}"
    return [
        figure_row(
            f"{name}, visits, {VALIDATORS} validators that execute all",
            on_all,
            "/cpu-s",
            target,
            is_met=on_all >= wanted,
        ),
        figure_row(
            f"{name}, visits, whole flows with custody and frames",
            visits / whole,
            "/cpu-s",
            target,
            is_met=visits / whole >= wanted,
        ),
        figure_row(f"{name}, transactions of a visit", transactions / visits, "tx"),
        figure_row(f"{name}, transactions, whole flows", transactions / whole, "/cpu-s"),
        figure_row(f"{name}, transactions, one ledger", transactions / alone, "/cpu-s"),
    ]


def registration_rows(runs: list[Registered], patients: int) -> list[dict[str, Any]]:
    """Give the rows of one executor: the least of each window, and the ratio of the two."""
    name = runs[0].executor
    first, last = (min(one.first_us for one in runs), min(one.last_us for one in runs))
    ratio = last / first
    return [
        figure_row(f"{name}, registration, first 1,000", first, "cpu-us"),
        figure_row(f"{name}, registration, last 1,000 of {patients:,}", last, "cpu-us"),
        figure_row(
            f"{name}, registration, last beside first",
            ratio,
            "x",
            f"<= {RATIO_WANTED}",
            is_met=ratio <= RATIO_WANTED,
        ),
    ]
