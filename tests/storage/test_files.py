from node.storage.files import Files


def test_the_operations_are_those_that_a_crash_can_fall_between():
    names = {name for name in vars(Files) if not name.startswith("_")}
    assert names == {
        *("open_write", "open_overwrite", "write", "fsync", "close", "rename", "unlink"),
        *("mkdir", "fsync_dir", "read", "listdir", "size", "mark"),
    }
