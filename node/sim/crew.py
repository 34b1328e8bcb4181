"""Several processes at work on one list of tasks; the death of one costs no result.

A pool of the standard library loses all that is under way when one of its processes is killed,
and on Ctrl-C waits for it (simulation.md section 16 asks for neither).
"""

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final, Generic, TypeVar, cast

ATTEMPTS_MAX: Final = 3
"""Processes that one task may cost."""
_AHEAD: Final = 4
"""Tasks that a process holds: it does the next one while its answer is on the way."""
_SPAWN: Final = get_context("spawn")

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


@dataclass(eq=False, slots=True)
class _Member(Generic[_Task]):
    """One process, and the places of the tasks that it holds, in its order."""

    process: SpawnProcess
    line: Connection
    holds: deque[int] = field(default_factory=deque[int])


def work(
    tasks: Sequence[_Task],
    do: Callable[[_Task], _Result],
    *,
    count: int,
    lost: Callable[[_Task], _Result],
) -> Iterator[_Result]:
    """Do tasks in ``count`` processes; give the results as they come, in no order.

    ``do``        found by its name in a new process; what it raises is raised here.
    ``lost``      gives the result of a task whose process died ``ATTEMPTS_MAX`` times.
    """
    waiting = deque(range(len(tasks)))
    attempts = [0] * len(tasks)
    members = [_hire(do) for _ in range(min(count, len(tasks)))]
    try:
        while waiting or any(one.holds for one in members):
            for member in members:
                _hand_out(member, waiting, tasks)
            for line in connection.wait([one.line for one in members]):
                member = next(one for one in members if one.line is line)
                try:
                    answer = cast("_Result | Exception", member.line.recv())
                except (EOFError, OSError):
                    members[members.index(member)] = _hire(do)
                    _dismiss(member)
                    first = member.holds.popleft() if member.holds else None
                    waiting.extendleft(reversed(member.holds))
                    if first is None:
                        continue
                    attempts[first] += 1
                    if attempts[first] < ATTEMPTS_MAX:
                        waiting.append(first)
                    else:
                        yield lost(tasks[first])
                    continue
                member.holds.popleft()
                if isinstance(answer, Exception):
                    raise answer
                yield answer
    finally:
        for member in members:
            _dismiss(member)


def _hand_out(member: _Member[_Task], waiting: deque[int], tasks: Sequence[_Task]) -> None:
    while waiting and len(member.holds) < _AHEAD:
        place = waiting.popleft()
        member.holds.append(place)
        with suppress(OSError):  # it is dead: its line tells so when it is read
            member.line.send(tasks[place])


def _hire(do: Callable[[_Task], _Result]) -> _Member[_Task]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs, do), daemon=True)
    # a process that begins while Ctrl-C is ignored goes on ignoring it: this one ends the others
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    theirs.close()  # else nobody would notice that the other end is gone
    return _Member(process, ours)


def _dismiss(member: _Member[_Task]) -> None:
    member.line.close()
    member.process.kill()
    member.process.join()


def _serve(line: Connection, do: Callable[[_Task], _Result]) -> None:
    """Be a process of a crew until nobody is at the other end."""
    with suppress(EOFError, OSError):
        while True:
            task = cast("_Task", line.recv())
            answer: _Result | Exception
            try:
                answer = do(task)
            except Exception as error:  # noqa: BLE001 - it is raised at the other end
                answer = error
            line.send(answer)
