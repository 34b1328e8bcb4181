from node.base.limits import REPAIR_BYTES_PER_SECOND_MAX, REPAIR_COPIES_COUNT_MAX
from node.ipfs_lite.repair_queue import CopyQueue, Turn

_A, _B = b"a", b"b"


def _turns(**turns):
    return lambda cid: turns.get(cid.decode())


def test_nothing_starts_before_its_time():
    queue = CopyQueue(100)
    queue.push(5, _A)
    turns = _turns(a=Turn(5, 1, 1))
    assert queue.next_start(turns, 4) is None
    assert queue.wakes_at() == 5
    assert queue.next_start(turns, 5) == _A
    assert queue.running == {_A: 1}
    assert queue.wakes_at() is None


def test_the_rarest_goes_first_whatever_came_first():
    queue = CopyQueue(100)
    queue.push(0, _A)
    queue.push(1, _B)
    assert queue.next_start(_turns(a=Turn(0, 2, 1), b=Turn(1, 1, 1)), 1) == _B


def test_what_became_rarer_while_it_waited_is_put_where_it_belongs():
    queue = CopyQueue(100)
    for at in range(REPAIR_COPIES_COUNT_MAX):
        queue.running[bytes((at,))] = 0
    queue.push(0, _A)
    queue.push(0, _B)
    assert queue.next_start(_turns(a=Turn(0, 1, 1), b=Turn(0, 2, 1)), 0) is None
    queue.running.clear()
    assert queue.next_start(_turns(a=Turn(0, 3, 1), b=Turn(0, 2, 1)), 0) == _B


def test_what_is_not_wanted_any_more_or_only_later_does_not_start():
    queue = CopyQueue(100)
    queue.push(0, _A)
    queue.push(0, _B)
    assert queue.next_start(_turns(b=Turn(9, 1, 1)), 0) is None
    assert queue.wakes_at() == 9


def test_what_does_not_fit_beside_what_runs_waits_for_room():
    queue = CopyQueue(10)
    queue.running[_B] = 6
    queue.push(0, _A)
    assert queue.next_start(_turns(a=Turn(0, 1, 5)), 0) is None
    queue.push(0, _A)
    assert queue.next_start(_turns(a=Turn(0, 1, 4)), 0) == _A


def test_each_copy_delays_the_next_by_its_bytes():
    queue = CopyQueue(2**40)
    queue.push(0, _A)
    queue.push(0, _B)
    turns = _turns(a=Turn(0, 1, REPAIR_BYTES_PER_SECOND_MAX), b=Turn(0, 1, 1))
    assert queue.next_start(turns, 0) == _A
    assert queue.next_start(turns, 0) is None
    assert queue.wakes_at() == 900_000
    assert queue.next_start(turns, 900_000) == _B


def test_what_runs_is_not_started_twice():
    queue = CopyQueue(100)
    queue.push(0, _A)
    queue.push(0, _A)
    turns = _turns(a=Turn(0, 1, 1))
    assert queue.next_start(turns, 0) == _A
    assert queue.next_start(turns, 0) is None
