"""``wardnet bench consensus``: one document of all rows, each beside its target."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from node.bench.consensus_parts import Part, idle_engine_bytes, parts
from node.bench.consensus_worlds import Ran, run_world
from node.bench.figures import figure_row
from node.bench.rounds import load, machine

ENGINES: Final[tuple[Literal["qbft", "clique"], ...]] = ("qbft", "clique")
GROUPS: Final = ("parts", *ENGINES)
"""What ``--only`` can pick."""
IDLE_BYTES_WANTED: Final = 40 * 1_024
SIMULATED_WANTED: Final = {"qbft": 10.0, "clique": 500.0}
"""Simulated seconds per CPU second with 100 validators, 5 s blocks, real signatures."""
CHECKER_PERCENT_WANTED: Final = 30.0
REFERENCE_RECOVER_US: Final = 43.8
"""What coincurve's recover + address took where the targets were set (consensus.md section 14)."""
_STEADY_S: Final = {"qbft": 20, "clique": 200}
_FULL_S: Final = {"qbft": 5, "clique": 50}
_PERCENT: Final = 100.0

Tell = Callable[[str], None]


def measure(groups: Sequence[str], validators: int, rounds: int, tell: Tell) -> dict[str, Any]:
    """Measure groups of ``GROUPS``; give one document.

    ``tell``      hears a sentence after every run.
    raises        CandidateFaultError: what was measured did not do its work.
    """
    before = load()
    rows = measure_parts(rounds, tell) if "parts" in groups else []
    slow = slowness(rows) if rows else None
    wrong: list[str] = []
    for engine in ENGINES:
        if engine in groups:
            found, faults = measure_world(engine, validators, rounds, tell)
            rows += found
            wrong += faults
    return {
        "exit_code": 1 if wrong else 0,
        "seed": None,
        "bench": "consensus",
        "rounds": rounds,
        "validators": validators,
        "machine": machine(),
        "load_before": before,
        "load_after": load(),
        "slowness": slow,
        "rows": rows,
        "disagreements": wrong,
    }


def measure_parts(rounds: int, tell: Tell) -> list[dict[str, Any]]:
    """Run the parts in turn, A B C A B C; give the best of each, as the specification wants."""
    chosen = parts()
    best_us: dict[str, float] = {}
    for number in range(1, rounds + 1):
        for part in chosen:
            count, took_ns = part.run()
            us = took_ns / count / 1_000
            best_us[part.name] = min(us, best_us.get(part.name, us))
            tell(f"round {number}/{rounds}  {part.name:<36}{us:10.2f} us")
    rows = [_part_row(part, best_us) for part in chosen]
    for engine in ENGINES:
        found = idle_engine_bytes(engine)
        rows.append(
            figure_row(
                f"idle engine, {engine}, n = 21",
                found / 1_024,
                "KiB",
                "<= 40 KiB",
                is_met=found <= IDLE_BYTES_WANTED,
            )
        )
    return rows


def slowness(rows: Sequence[dict[str, Any]]) -> float:
    """Give how many times as long coincurve takes here as where the targets were set."""
    [per_s] = [float(row["figure"]) for row in rows if row["name"] == "coincurve recover"]
    return round(1e6 / per_s / REFERENCE_RECOVER_US, 2)


def _part_row(part: Part, best_us: dict[str, float]) -> dict[str, Any]:
    us = best_us[part.name]
    ratio = best_us[part.peer] / us if part.peer else None
    is_met = None
    if part.target:
        is_fast = 1e6 / us >= part.rate_min
        is_met = is_fast and (ratio is None or ratio >= part.ratio_min)
    return figure_row(part.name, 1e6 / us, "/cpu-s", part.target, is_met=is_met, ratio=ratio)


def measure_world(
    engine: Literal["qbft", "clique"], validators: int, rounds: int, tell: Tell
) -> tuple[list[dict[str, Any]], list[str]]:
    """Run a network without checkers and with all of them in turn, and once verifying all.

    returns       rows, and what should be equal and is not.
    """
    bare: list[Ran] = []
    judged: list[Ran] = []
    for number in range(1, rounds + 1):
        for runs, checkers in ((bare, False), (judged, True)):
            ran = run_world(engine, validators, seconds=_STEADY_S[engine], checkers=checkers)
            runs.append(ran)
            word = "checkers" if checkers else "bare"
            tell(f"round {number}/{rounds}  {engine} {word:<10}{ran.steady_rate:10.1f} sim-s/cpu-s")
    shared = run_world(engine, validators, seconds=_FULL_S[engine])
    full = run_world(engine, validators, seconds=_FULL_S[engine], verify="full")
    tell(f"{engine} verify: full {full.steady_rate:10.1f} sim-s/cpu-s")
    steady = max(bare, key=lambda ran: ran.steady_rate)
    watched = max(judged, key=lambda ran: ran.steady_rate)
    percent = _PERCENT * max(0.0, 1 - steady.steady_cpu_s / watched.steady_cpu_s)
    unit, wanted = "sim-s/cpu-s", SIMULATED_WANTED[engine]
    name = f"{engine}, {validators} validators"
    rows = [
        figure_row(
            f"{name}, steady",
            steady.steady_rate,
            unit,
            f">= {wanted:g}",
            is_met=steady.steady_rate >= wanted,
        ),
        figure_row(f"{name}, {steady.steady_s} s and founding", steady.whole_rate, unit),
        figure_row(f"{name}, steady", steady.frames / steady.steady_cpu_s, "frames/cpu-s"),
        figure_row(
            f"{name}, all checkers",
            percent,
            "% of a run",
            "<= 30 %",
            is_met=percent <= CHECKER_PERCENT_WANTED,
        ),
        figure_row(f"{name}, verify: full", full.steady_rate, unit),
    ]
    return rows, _wrong(engine, [*bare, *judged], shared, full)


def _wrong(engine: str, runs: Sequence[Ran], shared: Ran, full: Ran) -> list[str]:
    """Name what a run may not change: its digest, and the heads that verifying in full gives."""
    found = [f"{engine}: {sentence}" for ran in runs for sentence in ran.violated]
    if len({ran.digest for ran in runs}) > 1:
        found.append(f"{engine}: runs of one scenario have different digests")
    if (shared.heads, shared.digest) != (full.heads, full.digest):
        found.append(f"{engine}: verify: full comes to another chain than verify: shared")
    return found
