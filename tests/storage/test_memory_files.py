"""A disk in memory: what is durable, and what is open."""

from node.storage.memory_files import ROOT, MemoryFiles, Tree


def _write(files, name, data, *, fsync=True):
    handle = files.open_write(name)
    files.write(handle, data)
    if fsync:
        files.fsync(handle)
    files.close(handle)


def _names(files):
    return files.moment().durable.files()


def test_a_file_is_durable_when_it_and_its_name_were_synced():
    files = MemoryFiles()
    _write(files, "a", b"1")
    assert _names(files) == {}
    files.fsync_dir("")
    assert _names(files) == {"a": b"1"}
    assert (files.moment().unsynced, files.moment().changes) == ({}, ())


def test_a_name_may_be_durable_before_its_content():
    files = MemoryFiles()
    _write(files, "a", b"1", fsync=False)
    files.fsync_dir("")
    assert _names(files) == {"a": b""}
    assert list(files.moment().unsynced.values()) == [b"1"]


def test_what_is_written_after_an_fsync_is_open_again():
    files = MemoryFiles()
    handle = files.open_write("a")
    files.fsync_dir("")
    files.write(handle, b"1")
    files.fsync(handle)
    files.write(handle, b"2")
    assert _names(files) == {"a": b"1"}
    assert list(files.moment().unsynced.values()) == [b"12"]


def test_an_fsync_of_one_folder_says_nothing_of_another():
    files = MemoryFiles()
    for folder in ("x", "y"):
        files.mkdir(folder)
        _write(files, f"{folder}/a", b"1")
    files.fsync_dir("")
    files.fsync_dir("x")
    assert _names(files) == {"x/a": b"1"}


def test_a_file_in_a_folder_without_a_durable_name_is_not_durable():
    files = MemoryFiles()
    files.mkdir("x")
    _write(files, "x/a", b"1")
    files.fsync_dir("x")
    assert _names(files) == {}
    files.fsync_dir("")
    assert _names(files) == {"x/a": b"1"}


def test_a_rename_is_durable_with_the_folder_that_it_leads_to():
    files = MemoryFiles()
    files.mkdir("x")
    files.fsync_dir("")
    _write(files, "a", b"1")
    files.rename("a", "x/b")
    files.fsync_dir("x")
    assert _names(files) == {"x/b": b"1"}
    assert files.moment().changes == ()  # the old name cannot come back: a rename is atomic


def test_a_rename_over_a_file_is_open_until_the_folder_is_synced():
    files = MemoryFiles()
    _write(files, "a", b"old")
    files.fsync_dir("")
    _write(files, "b", b"new")
    files.rename("b", "a")
    assert files.read("a") == b"new"
    assert _names(files) == {"a": b"old"}
    files.fsync_dir("")
    assert _names(files) == {"a": b"new"}


def test_an_unlinked_file_is_there_until_the_folder_is_synced():
    files = MemoryFiles()
    _write(files, "a", b"1")
    files.fsync_dir("")
    files.unlink("a")
    assert _names(files) == {"a": b"1"}
    files.fsync_dir("")
    assert _names(files) == {}


def test_content_that_nothing_leads_to_takes_no_memory():
    files = MemoryFiles()
    for _ in range(10):
        _write(files, "a", b"1")
        files.unlink("a")
        files.fsync_dir("")
    _write(files, "b", b"2")
    _write(files, "c", b"3")
    files.rename("c", "b")
    files.fsync_dir("")
    assert list(files.tree().contents.values()) == [b"3"]


def test_a_disk_starts_with_what_lay_on_it():
    files = MemoryFiles(Tree({2: b"1"}, {ROOT: {"x": 1}, 1: {"a": 2}}))
    assert (files.read("x/a"), _names(files)) == (b"1", {"x/a": b"1"})
    _write(files, "x/b", b"2")
    assert files.tree().files() == {"x/a": b"1", "x/b": b"2"}


def test_the_listener_hears_every_operation_that_a_crash_can_follow():
    heard = []
    files = MemoryFiles(listener=lambda *operation: heard.append(operation))
    files.mkdir("x")
    _write(files, "a", b"1")
    files.rename("a", "x/b")
    files.fsync_dir("x")
    files.unlink("x/b")
    files.mark("begin")
    files.mkdir("x")
    files.unlink("nothing")
    assert heard == [
        *(("mkdir", "x"), ("open_write", "a"), ("write", "a"), ("fsync", "a")),
        *(("rename", "x/b"), ("fsync_dir", "x"), ("unlink", "x/b"), ("mark", "begin")),
    ]
