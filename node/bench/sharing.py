"""``wardnet bench sharing``: one document of all rows, each beside its target.

Targets are those of secret-sharing.md, section 7, for 64 MiB.  Kernels, schemes and peers run in
turn in one process, and the best round of each counts, as noise of a shared machine only ever
adds.  What a machine cannot change is the ratio of two of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from node.bench.figures import figure_row
from node.bench.rounds import load, machine
from node.bench.sharing_kernels import kernel_tasks
from node.bench.sharing_schemes import ONE_HASH, scheme_tasks
from node.bench.sharing_tasks import best_rates

SHA256_MB_REFERENCE: Final = 1_814.0
"""What one SHA-256 pass did where the targets were set."""
RATES_WANTED: Final = {
    "split 3-of-5": 600.0,
    "split 5-of-9": 160.0,
    "combine 3-of-5": 800.0,
    "combine 5-of-9": 450.0,
    "ssms-1tn deal (3,5)": 400.0,
    "ssms-1tn deal (5,9)": 330.0,
    "ssms-1tn open (3,5)": 360.0,
    "ssms-1tn open (5,9)": 330.0,
    "xor-1tn deal (3,5)": 180.0,
    "xor-1tn deal (5,9)": 60.0,
    "nlss-q deal (3,5)": 15.0,
    "nlss-q open (3,5)": 20.0,
    "nlss-q deal (5,7)": 5.0,
    "nlss-q open (5,7)": 12.0,
}
"""MB per CPU second, at least."""
RATIOS_WANTED: Final = (
    ("split 3-of-5", "naive split 3-of-5", 15.0),
    ("split 5-of-9", "naive split 5-of-9", 11.0),
    ("combine 3-of-5", "naive split 3-of-5", 20.0),
    ("combine 5-of-9", "naive split 5-of-9", 35.0),
    ("split 3-of-5", "zfec split 3-of-5", 3.0),
    ("split 5-of-9", "zfec split 5-of-9", 2.0),
    ("split 3-of-5", "pyshamir split 3-of-5", 10_000.0),
)
"""Ours, a peer of the same run, and how many times as fast, at least."""
PASSES_WANTED: Final = {
    "ssms-1tn deal (3,5)": 4.6,
    "ssms-1tn deal (5,9)": 5.6,
    "ssms-1tn open (3,5)": 5.5,
    "ssms-1tn open (5,9)": 5.5,
}
"""CPU in SHA-256 passes over the record, at most."""


def measure(mebibytes: int, rounds: int, *, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure kernels and schemes on ``mebibytes``; give one document.

    ``tell``      hears a sentence after every run.
    """
    before = load()
    length = mebibytes * 2**20
    kernels, absent = kernel_tasks(length)
    kernel_rates, kernel_wrong = best_rates(kernels, rounds, tell)
    del kernels
    scheme_rates, scheme_wrong = best_rates(scheme_tasks(length), rounds, tell)
    rates = kernel_rates | scheme_rates
    wrong = kernel_wrong + scheme_wrong
    return {
        "exit_code": 1 if wrong else 0,
        "seed": None,
        "bench": "sharing",
        "rounds": rounds,
        "mebibytes": mebibytes,
        "machine": machine(),
        "load_before": before,
        "load_after": load(),
        "slowness": round(SHA256_MB_REFERENCE / rates[ONE_HASH], 2),
        "rows": rows(rates),
        "absent": absent,
        "disagreements": wrong,
    }


def rows(rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """Give the rows of a document from MB per CPU second by name."""
    found: list[dict[str, Any]] = []
    for name, rate in rates.items():
        wanted = RATES_WANTED.get(name)
        target = "" if wanted is None else f">= {wanted:,.0f}"
        is_met = None if wanted is None else rate >= wanted
        found.append(figure_row(name, rate, "MB/cpu-s", target, is_met=is_met))
    for ours, peer, times in RATIOS_WANTED:
        if peer in rates:
            ratio = rates[ours] / rates[peer]
            name = f"{ours} beside {peer}"
            found.append(
                figure_row(name, ratio, "x as fast", f">= {times:,.0f}", is_met=ratio >= times)
            )
    for name, most in PASSES_WANTED.items():
        passes = rates[ONE_HASH] / rates[name]
        found.append(
            figure_row(
                f"{name}, CPU", passes, "SHA-256 passes", f"<= {most}", is_met=passes <= most
            )
        )
    return found
