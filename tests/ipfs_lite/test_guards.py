from contextlib import closing

import pytest

from node.ipfs_lite.guards import Guards
from tests.ipfs_lite.counted import new_index

ONE, TWO = b"\x12\x20" + bytes(32), b"\x12\x20" + bytes([1] * 32)


@pytest.fixture
def guards(tmp_path):
    with closing(new_index(tmp_path / "index")) as database, database.batch():
        yield Guards(database)


def test_a_guard_ends_at_its_second(guards):
    guards.guard("s", (ONE,), 10)
    assert guards.session_of(ONE, 9) == "s"
    assert guards.session_of(ONE, 10) is None
    assert guards.session_of(TWO, 9) is None


def test_the_latest_end_counts_for_all_blocks_of_a_session(guards):
    guards.guard("s", (ONE,), 10)
    guards.guard("s", (TWO,), 20)
    guards.guard("s", (TWO,), 15)
    guards.guard("t", (ONE,), 30)
    assert [guards.session_of(ONE, now_s) for now_s in (19, 20, 30)] == ["s", "t", None]


def test_a_guard_without_blocks_prolongs_its_session(guards):
    guards.guard("s", (ONE, TWO), 10)
    guards.guard("s", (), 20)
    guards.guard("unknown", (), 20)
    assert guards.session_of(ONE, 19) == guards.session_of(TWO, 19) == "s"


def test_only_sessions_whose_time_is_over_end(guards):
    guards.guard("s", (ONE,), 10)
    guards.guard("t", (ONE,), 5)
    guards.guard("t", (TWO,), 11)
    guards.end(10)
    assert guards.session_of(ONE, 0) == "t"
    guards.end(11)
    assert guards.session_of(ONE, 0) is None


def test_a_session_that_loses_its_latest_block_keeps_its_time(guards):
    guards.guard("s", (ONE,), 10)
    guards.guard("s", (TWO,), 20)
    guards.drop((TWO,))
    assert guards.session_of(ONE, 19) == "s"
    assert guards.session_of(TWO, 0) is None


def test_a_released_session_is_gone(guards):
    guards.guard("s", (ONE,), 10)
    guards.release("s")
    assert guards.session_of(ONE, 0) is None
