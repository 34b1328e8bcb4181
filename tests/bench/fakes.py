"""Clients of the tests: ``fake_client.py`` in its several moods."""

import sys
from collections.abc import Sequence
from pathlib import Path

from node.bench.servers import Client, Start

PROGRAM = Path(__file__).with_name("fake_client.py")
ROOT = PROGRAM.parents[2]


def fake(behaviour: str = "honest") -> Client:
    def words(start: Start) -> Sequence[str]:
        # the program runs in a folder of its own, and finds our package from here
        here = f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); "
        there = f"runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
        return (str(start.program), "-c", here + there, str(start.port), behaviour)

    return Client("fake", Path(sys.executable), words)
