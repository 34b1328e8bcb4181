from node.ipfs_lite.cid import from_text
from node.ipfs_lite.tombstones import denylist_line, double_hash


def test_the_double_hash_is_that_of_the_specification():
    multihash = from_text("QmVTF1yEejXd9iMgoRTFDxBv7HAz9kuZcQNBzHrceuK9HR")
    line = denylist_line(double_hash(multihash))
    assert line == "//QmX9dhRcQcKUw3Ws8485T5a9dtjrSCQaUAHnG4iK9i4ceM"
