"""Several processes at work: all results come, whoever dies."""

import os
import signal
from pathlib import Path

import pytest

from node.sim.crew import ATTEMPTS_MAX, work


def double(number: int) -> int:
    return 2 * number


def dies_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def dies_once(mark: str) -> str:
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return "second time"
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def raises(number: int) -> int:
    raise ValueError(f"not {number}")


def lost(task: object) -> object:
    return f"lost {task}"


@pytest.mark.slow
def test_all_tasks_are_done_once() -> None:
    assert sorted(work(range(20), double, count=2, lost=lost)) == [2 * n for n in range(20)]


@pytest.mark.slow
def test_a_task_that_kills_each_process_is_lost_and_no_other() -> None:
    found = list(work(range(8), dies_at_three, count=2, lost=lost))
    assert sorted(found, key=str) == sorted(
        [2 * n for n in range(8) if n != 3] + ["lost 3"], key=str
    )


@pytest.mark.slow
def test_a_task_whose_process_is_killed_is_done_again(tmp_path: Path) -> None:
    marks = [str(tmp_path / name) for name in "ab"]
    assert list(work(marks, dies_once, count=1, lost=lost)) == ["second time"] * 2
    assert ATTEMPTS_MAX > 1


@pytest.mark.slow
def test_what_a_task_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="not 1"):
        list(work([1], raises, count=1, lost=lost))


def test_nothing_to_do_needs_no_process() -> None:
    assert list(work([], double, count=2, lost=lost)) == []
