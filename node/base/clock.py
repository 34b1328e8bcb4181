"""The wall clock: for real nodes and for what a run records about itself."""

import time


class WallClock:
    """Reads the system's clock."""

    def now_us(self) -> int:
        """Give the microseconds since the Unix epoch."""
        return time.time_ns() // 1_000
