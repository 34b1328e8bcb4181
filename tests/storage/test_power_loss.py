"""Which disks a crash may leave."""

import pytest

from node.base.rng import TreeEntropy
from node.storage.memory_files import MemoryFiles
from node.storage.power_loss import STATES_COUNT, lose_power, states

DATA = bytes(range(1, 251)) * 6  # three sectors, the last of them not full


def _left(files, seed=0):
    return [tree.files() for tree in states(files.moment(), TreeEntropy(seed))]


def _write(files, name, data, *, fsync=False):
    handle = files.open_write(name)
    files.write(handle, data)
    if fsync:
        files.fsync(handle)
    files.close(handle)


def test_without_open_items_there_is_one_disk():
    files = MemoryFiles()
    _write(files, "a", b"1", fsync=True)
    files.fsync_dir("")
    assert _left(files) == [{"a": b"1"}]


def test_a_new_file_is_there_or_not_and_whole_cut_empty_or_zeros():
    files = MemoryFiles()
    _write(files, "a", DATA)
    found = [left.get("a") for seed in range(5) for left in _left(files, seed)]
    cuts = {DATA[: 512 * sectors] for sectors in range(3)}
    assert set(found) == {None, DATA, bytes(len(DATA)), *cuts}


def test_a_synced_file_is_whole_or_not_there():
    files = MemoryFiles()
    _write(files, "a", DATA, fsync=True)
    assert sorted(_left(files), key=len) == [{}, {"a": DATA}]


def test_what_was_synced_before_survives_what_is_written_behind_it():
    files = MemoryFiles()
    handle = files.open_write("a")
    files.write(handle, b"first")
    files.fsync(handle)
    files.fsync_dir("")
    files.write(handle, DATA)
    found = {left["a"] for left in _left(files)}
    assert all(content.startswith(b"first") for content in found)
    assert b"first" + bytes(len(DATA)) in found


def test_an_overwritten_file_is_old_new_or_a_mixture():
    files = MemoryFiles()
    _write(files, "a", b"a" * 1024, fsync=True)
    files.fsync_dir("")
    handle = files.open_overwrite("a")
    files.write(handle, b"b" * 1024)
    found = {left["a"] for seed in range(5) for left in _left(files, seed)}
    assert found == {b"a" * 1024, b"b" * 1024, b"b" * 512 + b"a" * 512, bytes(1024)}


def test_names_have_fates_of_their_own():
    files = MemoryFiles()
    for name in ("a", "b"):
        _write(files, name, name.encode(), fsync=True)
    found = {"".join(left) for left in _left(files)}
    assert found == {"", "a", "b", "ab"}


def test_a_rename_is_done_or_not_and_never_half():
    files = MemoryFiles()
    files.mkdir("x")
    _write(files, "a", b"1", fsync=True)
    files.fsync_dir("")
    files.rename("a", "x/b")
    assert sorted(list(left) for left in _left(files)) == [["a"], ["x/b"]]


def test_a_rename_may_last_though_the_name_before_it_never_did():
    files = MemoryFiles()
    _write(files, "a", b"1", fsync=True)
    files.rename("a", "b")
    assert {"".join(left) for left in _left(files)} == {"", "a", "b"}


def test_an_unlink_may_come_back():
    files = MemoryFiles()
    _write(files, "a", b"1", fsync=True)
    files.fsync_dir("")
    files.unlink("a")
    assert sorted(list(left) for left in _left(files)) == [[], ["a"]]


@pytest.mark.parametrize("count", [1, 5, 30])
def test_each_item_alone_is_tried_and_the_states_are_bounded(count):
    files = MemoryFiles()
    for at in range(count):
        _write(files, f"{at:02}", b"1", fsync=True)
    found = _left(files)
    lengths = [len(left) for left in found]
    assert (lengths[0], lengths[1]) == (0, count)
    assert len(found) <= STATES_COUNT
    if count == 5:
        assert lengths.count(1) >= 5
        assert lengths.count(4) >= 5


def test_the_same_seed_gives_the_same_disks():
    files = MemoryFiles()
    for name in ("a", "b", "c"):
        _write(files, name, DATA)
    assert _left(files, 1) == _left(files, 1)
    assert _left(files, 1) != _left(files, 2)


def test_one_drawn_disk_is_one_of_the_possible_ones():
    files = MemoryFiles()
    _write(files, "a", b"1", fsync=True)
    _write(files, "b", b"2", fsync=True)
    found = {"".join(lose_power(files.moment(), TreeEntropy(seed)).files()) for seed in range(30)}
    assert found == {"", "a", "b", "ab"}
