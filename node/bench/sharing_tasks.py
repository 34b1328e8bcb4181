"""Work on a buffer that is timed and looked at: kernels and schemes take turns in one process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """One candidate of ``bench sharing``."""

    name: str
    payload_bytes: int
    """Of the secret or record that ``run`` works on."""
    run: Callable[[], None]
    is_right: Callable[[], bool]
    """Compares what the last ``run`` made with the expected bytes; not timed."""


def best_rates(
    tasks: Sequence[Task], rounds: int, tell: Callable[[str], None]
) -> tuple[dict[str, float], list[str]]:
    """Run every task once per round.

    returns       MB per CPU second (user and system) by name, the best round of each; and a
                  sentence for every task that gave wrong bytes.
    """
    rates: dict[str, float] = {}
    wrong: dict[str, None] = {}
    for number in range(1, rounds + 1):
        for task in tasks:
            before = time.process_time()
            task.run()
            # a tiny payload may take less than the clock shows
            cpu_s = max(time.process_time() - before, 1e-9)
            rate = task.payload_bytes / 1e6 / cpu_s
            rates[task.name] = max(rate, rates.get(task.name, 0.0))
            if not task.is_right():
                wrong[f"{task.name} gave other bytes than expected"] = None
            tell(f"round {number}/{rounds}  {task.name:<28}{rate:12,.2f} MB/cpu-s")
    return rates, list(wrong)
