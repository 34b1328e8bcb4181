"""Small text files as they are named on the command line."""

from pathlib import Path

from node.base.errors import UsageError
from node.base.limits import SCENARIO_BYTES_MAX


def read_scenario(path: Path) -> str:
    """Read a scenario file; errors as ``read_text``."""
    return read_text(path, SCENARIO_BYTES_MAX)


def read_text(path: Path, bytes_max: int) -> str:
    """Read a file of at most ``bytes_max`` bytes.

    raises        UsageError: missing, a folder, unreadable, no UTF-8, over ``bytes_max``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(data) > bytes_max:
        raise UsageError(f"{path}: larger than {bytes_max} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is no UTF-8") from error
