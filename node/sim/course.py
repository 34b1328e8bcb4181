"""How a chain fared over a run: was it safe, did it live, how soon was a block final.

The same few facts for every engine, so that runs of several engines stand side by side.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from node.base.types import Hash32
from node.sim.facts import Fact, FinalAt, HeadAt, NodeTurned

_LAST_PART: Final = 5
"""A chain lives if it still grew in the last fifth of the run."""


@dataclass(frozen=True, slots=True)
class CourseResult:
    """What became of the chain; honest nodes only."""

    safe: bool
    """No two nodes hold different blocks of one height for final; where an engine has no finality,
    no node left a block that lay ``safe_depth`` below its head."""
    live: bool
    """Some head still grew in the last fifth of the run."""
    height: int
    """Of the highest head."""
    blocks_to_finality: int | None
    """Blocks above a block when it became final, median; None: none ever did."""
    deepest_reorg: int
    """Blocks."""


class Course:
    """Follows the facts of a run."""

    def __init__(
        self, clock: Callable[[], int], *, until_us: int, safe_depth: int | None = None
    ) -> None:
        """Begin.

        ``clock``       world time, microseconds.
        ``safe_depth``  of an engine without finality; None: the engine says what is final.
        """
        self._clock = clock
        self._late_us = until_us - until_us // _LAST_PART
        self._safe_depth = safe_depth
        self._heights: dict[str, int] = {}
        self._height_before = 0
        self._decided: dict[int, Hash32] = {}
        self._lags: list[int] = []
        self._dishonest: set[str] = set()
        self._conflicts = 0

    def observe(self, fact: Fact) -> None:
        """Take note of a fact."""
        match fact:
            case NodeTurned(node, "byzantine"):
                self._dishonest.add(node)
            case HeadAt(node, _, number) if node not in self._dishonest:
                if self._clock() < self._late_us:
                    self._height_before = max(self._height_before, number)
                self._heights[node] = max(self._heights.get(node, 0), number)
            case FinalAt(node, block_hash, number) if node not in self._dishonest:
                self._lags.append(max(0, self._heights.get(node, 0) - number))
                if self._decided.setdefault(number, block_hash) != block_hash:
                    self._conflicts += 1
            case _:
                pass

    def result(self, reorg_depths: Mapping[str, int]) -> CourseResult:
        """Judge the run so far; ``reorg_depths``: blocks that each node left at most."""
        depths = [depth for node, depth in reorg_depths.items() if node not in self._dishonest]
        deepest_reorg = max(depths, default=0)
        honest = [self._heights[node] for node in self._heights if node not in self._dishonest]
        height = max(honest, default=0)
        is_kept = self._safe_depth is None or deepest_reorg <= self._safe_depth
        return CourseResult(
            safe=self._conflicts == 0 and is_kept,
            live=height > self._height_before,
            height=height,
            blocks_to_finality=median_low(self._lags) if self._lags else None,
            deepest_reorg=deepest_reorg,
        )
