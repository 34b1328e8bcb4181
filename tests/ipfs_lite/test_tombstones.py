from contextlib import closing

import pytest

from node.ipfs_lite.cid import from_text, make_cid_v0
from node.ipfs_lite.tombstones import Tombstones, denylist_line, double_hash
from tests.ipfs_lite.counted import new_index


def test_the_double_hash_is_that_of_the_specification():
    multihash = from_text("QmVTF1yEejXd9iMgoRTFDxBv7HAz9kuZcQNBzHrceuK9HR")
    line = denylist_line(double_hash(multihash))
    assert line == "//QmX9dhRcQcKUw3Ws8485T5a9dtjrSCQaUAHnG4iK9i4ceM"


@pytest.fixture
def database(tmp_path):
    with closing(new_index(tmp_path / "index")) as database, database.batch():
        yield database


def test_a_tombstone_is_found_again_and_belongs_to_its_first_order(database):
    one, two = make_cid_v0(b"1"), make_cid_v0(b"2")
    stones = Tombstones(database)
    assert not stones.has(one)
    stones.add([one], b"first", 1)
    stones.add([one, two], b"second", 2)
    again = Tombstones(database)
    assert (again.has(one), again.has(two), again.has(make_cid_v0(b"3"))) == (True, True, False)
    assert again.of_order(b"first") == (double_hash(one),)
    assert again.of_order(b"second") == (double_hash(two),)
