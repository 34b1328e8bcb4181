"""CPU time of a process and all that it started, as Linux tells it in ``/proc``."""

import os
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
# fields of /proc/<pid>/stat behind the name, see proc_pid_stat(5): 3 is the first
_GROUP, _UTIME, _CSTIME = 5 - 3, 14 - 3, 17 - 3


def group_cpu_s(group: int, proc: Path = PROC) -> float | None:
    """Give user + system seconds of a process group, ended children included.

    None where there is no ``/proc`` (macOS, Windows).  In ticks of 10 ms.
    """
    if not (proc / "self" / "stat").is_file():
        return None
    ticks = 0
    for path in proc.glob("[0-9]*/stat"):
        try:
            text = path.read_text("ascii", "replace")
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        # the name is in brackets and may hold brackets and spaces
        fields = text.rpartition(")")[2].split()
        if int(fields[_GROUP]) == group:
            # own time, and the time of children that were waited for
            ticks += sum(map(int, fields[_UTIME : _CSTIME + 1]))
    return ticks / os.sysconf("SC_CLK_TCK")
