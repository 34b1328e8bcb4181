import io
import os
import socket
from types import SimpleNamespace

import pytest

from node.base.errors import UsageError
from node.commands import tree_files
from node.ipfs_lite.unixfs_tree import TreeLink
from tests.commands.disk_trees import content_of, disk_tree, make


def test_a_folder_is_walked_in_the_order_of_its_bytes(tmp_path):
    content = {"Z": b"", "a": {"x": b"1"}, "b": b"more than a chunk", "ą": b""}
    make(tmp_path / "d", content)
    got = content_of(disk_tree(tmp_path / "d"))
    assert got == content
    assert list(got) == ["Z", "a", "b", "ą"]


def test_hidden_entries_are_left_out_unless_asked_for(tmp_path):
    make(tmp_path / "d", {".h": b"1", ".d": {"x": b""}, "v": {".w": b""}})
    assert content_of(disk_tree(tmp_path / "d")) == {"v": {}}
    everything = {".d": {"x": b""}, ".h": b"1", "v": {".w": b""}}
    assert content_of(disk_tree(tmp_path / "d", hidden=True)) == everything


def test_a_hidden_path_that_is_named_is_taken(tmp_path):
    make(tmp_path / ".h", b"1")
    assert content_of(disk_tree(tmp_path / ".h")) == b"1"


def test_symlinks_are_kept_as_they_are_written(tmp_path):
    make(tmp_path / "d", {"s": "./nothing//here/", "loop": "."})
    assert content_of(disk_tree(tmp_path / "d")) == {"loop": ".", "s": "./nothing//here/"}
    assert disk_tree(tmp_path / "d" / "s") == TreeLink(b"./nothing//here/")


def test_a_file_is_read_in_chunks(tmp_path):
    make(tmp_path / "f", b"123456789")
    tree = disk_tree(tmp_path / "f")
    assert list(tree.pieces) == [b"1234", b"5678", b"9"]


def test_the_standard_input_is_a_file(monkeypatch):
    monkeypatch.setattr(tree_files.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"12345")))
    assert content_of(disk_tree("-")) == b"12345"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match="f: No such file"):
        disk_tree(tmp_path / "f")


def test_a_file_that_goes_away_is_named(tmp_path):
    make(tmp_path / "d", {"f": b"1"})
    tree = disk_tree(tmp_path / "d")
    (entry,) = tree.entries
    (tmp_path / "d" / "f").unlink()
    with pytest.raises(UsageError, match="d/f: No such file"):
        content_of(entry[1])


def test_a_folder_that_goes_away_is_named(tmp_path):
    make(tmp_path / "d", {})
    tree = disk_tree(tmp_path / "d")
    (tmp_path / "d").rmdir()
    with pytest.raises(UsageError, match="d: No such file"):
        content_of(tree)


def test_a_name_that_is_no_utf8_is_refused(tmp_path):
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff", os.O_CREAT | os.O_WRONLY))
    with pytest.raises(UsageError, match=r"\\xff: the name is not UTF-8"):
        content_of(disk_tree(tmp_path))


def test_pipes_sockets_and_devices_are_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a named pipe, wants"):
        content_of(disk_tree(tmp_path))
    (tmp_path / "pipe").unlink()
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    with pytest.raises(UsageError, match="is a socket, wants"):
        content_of(disk_tree(tmp_path))
    with pytest.raises(UsageError, match="is a device, wants"):
        disk_tree("/dev/null")
