"""Starts the programs that measure: each run in a process of its own, with its own memory."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import node
from node.bench.errors import CandidateFaultError
from node.bench.measured import Measured

RUN_SECONDS_MAX: Final = 3_600
_LAST_LINES: Final = 3


def run_child(candidate: str, module: str, word: str) -> Measured:
    """Run a program of this package with one word; give what it printed.

    raises        CandidateFaultError: it failed, took more than an hour, or printed something else.
    """
    # -m finds packages in the working directory: there ours lies
    root = Path(str(node.__file__)).resolve().parents[1]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            (sys.executable, "-m", module, word),
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CandidateFaultError(candidate, f"no end after {RUN_SECONDS_MAX} s") from error
    if done.returncode != 0:
        said = " / ".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        raise CandidateFaultError(candidate, f"ended with {done.returncode}: {said}")
    try:
        return Measured.from_json(done.stdout)
    except (json.JSONDecodeError, TypeError) as error:
        raise CandidateFaultError(candidate, f"printed {done.stdout[:100]!r}") from error
