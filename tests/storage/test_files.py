"""A folder: what every implementation of ``Files`` does, and what only a disk can be asked."""

import errno
import os
import stat
from pathlib import Path

import pytest

from node.base.rng import TreeEntropy
from node.storage.errors import StoreFailedError, StoreFullError
from node.storage.faultfiles import Fault, FaultFiles
from node.storage.files import DiskFiles, Files, make_folders
from node.storage.memory_files import MemoryFiles


def test_the_operations_are_those_that_a_crash_can_fall_between():
    names = {name for name in vars(Files) if not name.startswith("_")}
    assert names == {
        *(
            "open_write",
            "open_overwrite",
            "write",
            "fsync",
            "fsync_all",
            "close",
            "rename",
            "unlink",
        ),
        *("unlink", "mkdir", "fsync_dir", "read", "listdir", "size", "mark"),
    }


@pytest.fixture(params=["disk", "memory", "faults that never happen"])
def files(request, tmp_path):
    match request.param:
        case "disk":
            return DiskFiles(tmp_path / "store")
        case "memory":
            return MemoryFiles()
        case _:
            return FaultFiles(TreeEntropy(0), dict.fromkeys(Fault, 0), data_loss=True)


def _written(files, name, *parts):
    handle = files.open_write(name)
    for part in parts:
        files.write(handle, part)
    files.fsync(handle)
    files.close(handle)


def test_what_is_written_is_read(files):
    _written(files, "a", b"one", b"", b"two")
    assert files.read("a") == b"onetwo"
    assert files.size("a") == 6


def test_an_empty_file_is_a_file(files):
    _written(files, "a")
    assert files.read("a") == b""
    assert files.size("a") == 0


def test_what_is_absent_is_none_and_no_error(files):
    for name in ("a", "no/folder"):
        assert files.read(name) is None
        assert files.size(name) is None
        assert files.unlink(name) is False
        assert files.listdir(name) == ()


def test_an_existing_file_is_not_made_again(files):
    _written(files, "a", b"old")
    with pytest.raises(StoreFailedError, match="File exists"):
        files.open_write("a")
    assert files.read("a") == b"old"


def test_overwriting_leaves_what_it_does_not_reach(files):
    _written(files, "a", b"secret")
    handle = files.open_overwrite("a")
    files.write(handle, b"\0\0\0")
    files.close(handle)
    assert files.read("a") == b"\0\0\0ret"


def test_overwriting_makes_no_file(files):
    with pytest.raises(StoreFailedError, match="No such file"):
        files.open_overwrite("a")
    assert files.listdir("") == ()


def test_a_rename_moves_over_a_file_and_between_folders(files):
    assert files.mkdir("x") is True
    _written(files, "a", b"new")
    _written(files, "x/b", b"old")
    files.rename("a", "x/b")
    assert (files.listdir(""), files.read("x/b")) == (("x",), b"new")


def test_a_handle_follows_its_file_through_a_rename_and_an_unlink(files):
    handle = files.open_write("a")
    files.rename("a", "b")
    files.write(handle, b"here")
    assert files.read("b") == b"here"
    assert files.unlink("b") is True
    files.write(handle, b"nowhere")
    files.close(handle)
    assert files.listdir("") == ()


def test_a_rename_of_nothing_or_into_nowhere_is_an_error(files):
    _written(files, "a", b"x")
    for old, new in (("b", "c"), ("a", "no/folder")):
        with pytest.raises(StoreFailedError, match="No such file"):
            files.rename(old, new)
    assert files.read("a") == b"x"


def test_names_come_in_order_with_folders(files):
    files.mkdir("b")
    for name in ("c", "a", "b/z", "b/y"):
        _written(files, name)
    assert files.listdir("") == ("a", "b", "c")
    assert files.listdir("b") == ("y", "z")


def test_a_folder_is_made_once(files):
    assert files.mkdir("x") is True
    assert files.mkdir("x") is False
    files.fsync_dir("x")
    files.fsync_dir("")


def test_a_folder_takes_no_place_of_a_file_and_no_file_that_of_a_folder(files):
    files.mkdir("x")
    _written(files, "a")
    for refused in (
        lambda: files.mkdir("a"),
        lambda: files.open_write("x"),
        lambda: files.read("x"),
        lambda: files.size("x"),
        lambda: files.unlink("x"),
        lambda: files.listdir("a"),
        lambda: files.read("a/b"),
        lambda: files.fsync_dir("nowhere"),
    ):
        with pytest.raises(StoreFailedError):
            refused()


@pytest.mark.parametrize("name", ["/etc", "..", "x/../..", "x/.", "x//y", "x/", "a\0b", "/"])
def test_a_name_that_leads_out_of_the_folder_is_refused_by_every_operation(files, name):
    for operation in (
        *(files.open_write, files.open_overwrite, files.unlink, files.mkdir, files.fsync_dir),
        *(files.read, files.listdir, files.size),
        lambda bad: files.rename(bad, "a"),
        lambda bad: files.rename("a", bad),
    ):
        with pytest.raises(StoreFailedError, match="is no name inside of this folder"):
            operation(name)


def test_the_folder_itself_is_no_file(files):
    for operation in (files.open_write, files.read, files.size, files.unlink, files.mkdir):
        with pytest.raises(StoreFailedError, match="the folder itself"):
            operation("")


def test_a_handle_is_given_back_once(files):
    handle = files.open_write("a")
    files.close(handle)
    for operation in (files.close, files.fsync, lambda handle: files.write(handle, b"x")):
        with pytest.raises(KeyError):
            operation(handle)


# ---- a folder of the file system


@pytest.fixture
def disk(tmp_path):
    return DiskFiles(tmp_path / "store")


def test_only_the_owner_may_look(disk, tmp_path):
    disk.mkdir("x")
    _written(disk, "x/a", b"1")
    found = [tmp_path / "store" / name for name in ("", "x", "x/a")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in found] == [0o700, 0o700, 0o600]


def test_a_folder_that_is_there_is_taken_as_it_is(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    assert DiskFiles(tmp_path).read("a") == b"1"


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    with pytest.raises(StoreFailedError) as caught:
        DiskFiles(tmp_path / "a" / "b")
    assert str(caught.value) == f"{tmp_path}/a/b: Not a directory"


def test_no_link_is_followed_out_of_the_folder(disk, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_bytes(b"theirs")
    (tmp_path / "store" / "folder").symlink_to(outside)
    (tmp_path / "store" / "file").symlink_to(outside / "a")
    for refused in (
        lambda: disk.read("folder/a"),
        lambda: disk.read("file"),
        lambda: disk.size("file"),
        lambda: disk.open_overwrite("file"),
        lambda: disk.open_write("file"),
        lambda: disk.open_write("folder/b"),
        lambda: disk.listdir("folder"),
        lambda: disk.unlink("folder/a"),
        lambda: disk.mkdir("folder/b"),
        lambda: disk.mkdir("folder"),
        lambda: disk.rename("file", "folder/b"),
    ):
        with pytest.raises(StoreFailedError):
            refused()
    assert [path.name for path in outside.iterdir()] == ["a"]
    assert (outside / "a").read_bytes() == b"theirs"
    assert disk.unlink("file") is True  # the link goes, what it led to stays
    assert (outside / "a").exists()


def test_a_pipe_in_the_place_of_a_file_does_not_hold_the_reader_up(disk, tmp_path):
    os.mkfifo(tmp_path / "store" / "a")
    with pytest.raises(StoreFailedError, match="not a regular file"):
        disk.read("a")


def _open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_is_left_open(disk):
    before = _open_descriptors()
    disk.mkdir("x")
    _written(disk, "x/a", b"1")
    disk.rename("x/a", "x/b")
    disk.read("x/b")
    disk.listdir("x")
    disk.fsync_dir("x")
    for refused in (lambda: disk.read("x"), lambda: disk.read("x/b/c"), lambda: disk.mkdir("x/b")):
        with pytest.raises(StoreFailedError):
            refused()
    disk.unlink("x/b")
    assert _open_descriptors() == before


def test_children_do_not_inherit_a_handle(disk):
    handle = disk.open_write("a")
    assert os.get_inheritable(handle) is False
    disk.close(handle)


def test_a_short_write_is_continued(disk, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:3]))
    _written(disk, "a", b"0123456789")
    assert disk.read("a") == b"0123456789"


def test_a_short_read_is_continued(disk, monkeypatch):
    _written(disk, "a", b"0123456789")
    read = os.read
    monkeypatch.setattr(os, "read", lambda handle, count: read(handle, min(count, 3)))
    assert disk.read("a") == b"0123456789"


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, StoreFullError),
        (errno.EDQUOT, StoreFullError),
        (errno.EIO, StoreFailedError),
        (errno.EROFS, StoreFailedError),
    ],
)
def test_what_the_system_says_becomes_an_error_of_ours_with_the_file(
    disk, tmp_path, monkeypatch, number, error
):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    handle = disk.open_write("a")
    for call, operation in (
        ("write", lambda: disk.write(handle, b"1")),
        ("fsync", lambda: disk.fsync(handle)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse)
            with pytest.raises(error) as caught:
                operation()
        assert caught.value.file == str(tmp_path / "store" / "a")
    disk.close(handle)


def test_folders_are_made_durably(tmp_path, monkeypatch):
    synced = []
    real = os.fsync

    def fsync(handle):
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    for _ in range(2):
        make_folders(tmp_path / "a" / "b")
        assert synced == [tmp_path, tmp_path / "a"]


def test_a_file_in_the_place_of_a_folder_stays(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(FileExistsError):
        make_folders(tmp_path / "a")
