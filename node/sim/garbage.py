"""The garbage collector during a run: it looks seldom, and not at what the network is made of."""

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

_ALLOCATIONS: Final = 100_000
"""A round of 100 validators makes so many objects and leaves few cycles.  Python's 700 would walk
the youngest objects 200 times a round, and all of a node's tables every other round."""


@contextmanager
def calm_collector() -> Generator[None]:
    """Let the collector look seldom while the body runs; what exists by then is left alone."""
    thresholds = gc.get_threshold()
    was_frozen = gc.get_freeze_count()
    if not was_frozen:
        gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if not was_frozen:
            gc.unfreeze()
