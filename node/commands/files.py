"""Scenario files as they come from the command line."""

from pathlib import Path

from node.base.errors import UsageError
from node.base.limits import SCENARIO_BYTES_MAX


def read_scenario(path: Path) -> str:
    """Read a scenario file.

    raises        UsageError: missing, a folder, unreadable, no UTF-8, over SCENARIO_BYTES_MAX.
    """
    try:
        with path.open("rb") as file:
            data = file.read(SCENARIO_BYTES_MAX + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(data) > SCENARIO_BYTES_MAX:
        raise UsageError(f"{path}: larger than {SCENARIO_BYTES_MAX} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is no UTF-8") from error
