import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.bench.tree_cpu import group_cpu_s

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def put(proc: Path, pid: str, name: str, group: int, times: tuple[int, int, int, int]) -> None:
    folder = proc / pid
    folder.mkdir(parents=True)
    fields = ["S", "1", str(group), *["0"] * 8, *map(str, times), "20", "0"]
    (folder / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")


def test_group_is_summed_with_its_ended_children(tmp_path: Path) -> None:
    put(tmp_path, "self", "x", 1, (0, 0, 0, 0))
    put(tmp_path, "10", "node", 10, (100, 20, 3, 4))
    put(tmp_path, "11", "helper", 10, (1000, 0, 0, 0))
    put(tmp_path, "12", "other", 12, (5000, 0, 0, 0))
    assert group_cpu_s(10, tmp_path) == 1127 / TICKS


@pytest.mark.parametrize("name", ["a b", "a) S 1 12 (b", "((", "nöd"])
def test_name_of_a_program_may_hold_anything(tmp_path: Path, name: str) -> None:
    put(tmp_path, "self", "x", 1, (0, 0, 0, 0))
    put(tmp_path, "10", name, 10, (50, 50, 0, 0))
    assert group_cpu_s(10, tmp_path) == 100 / TICKS


def test_system_without_proc_tells_nothing(tmp_path: Path) -> None:
    assert group_cpu_s(10, tmp_path) is None


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="needs /proc: Linux")
def test_real_process_and_its_child_are_counted() -> None:
    spin = "import time\nwhile time.process_time() < 0.15: pass\n"
    both = f"import subprocess, sys\n{spin}subprocess.run([sys.executable, '-c', {spin!r}])\n"
    words = [sys.executable, "-c", f"{both}print('done', flush=True)\ninput()"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        spent_s = group_cpu_s(process.pid)
        process.communicate(b"\n")
    assert spent_s is not None
    assert spent_s >= 0.28
