"""The wall clock counts microseconds since the epoch."""

import time

from node.base.clock import WallClock


def test_clock_reads_the_systems_time_in_microseconds() -> None:
    before = time.time_ns() // 1_000
    now = WallClock().now_us()
    assert before <= now <= time.time_ns() // 1_000
