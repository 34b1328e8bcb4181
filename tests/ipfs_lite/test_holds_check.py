from contextlib import closing

import pytest

from node.ipfs_lite.blocks import Pin
from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.holds_check import check_holds
from tests.ipfs_lite.counted import Counted, new_index
from tests.ipfs_lite.store_graphs import GRAPH, LEFT, TOP, A, direct


@pytest.fixture
def counted(tmp_path):
    with closing(new_index(tmp_path / "index")) as database, database.batch():
        counted = Counted(database)
        for block in GRAPH:
            counted.put(*block)
        counted.pin(Pin(TOP.cid))
        counted.pin(direct(A.cid))
        yield counted


def test_right_counts_are_no_problem(counted):
    assert check_holds(counted.database) == ()


@pytest.mark.parametrize("column", ["held", "direct"])
def test_a_wrong_count_is_named_and_mended(counted, column):
    before = counted.counts(LEFT.cid)
    counted.database.write(
        f"UPDATE blocks SET {column} = {column} + 1 WHERE mh = ?", multihash_of(LEFT.cid)
    )
    (problem,) = check_holds(counted.database, is_mending=True)
    assert problem.multihash == multihash_of(LEFT.cid)
    assert "want (1, 0)" in problem.what
    assert counted.counts(LEFT.cid) == before
    assert check_holds(counted.database) == ()


def test_a_pin_that_was_never_counted_is_found(counted):
    counted.database.write("UPDATE blocks SET held = 0")
    assert len(check_holds(counted.database, is_mending=True)) == len(GRAPH)
    counted.unpin(TOP.cid)
    assert counted.counts(A.cid) == (0, 1)
