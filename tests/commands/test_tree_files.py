import io
import os
import socket
import stat
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.base.errors import UsageError
from node.commands import tree_files
from node.commands.chain_io import OutputFileError
from node.commands.tree_files import tree_at, write_out
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import NotFoundError, ReadBudgetError, UnsafeNameError
from node.ipfs_lite.unixfs_data import EMPTY_DIRECTORY
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, TreeLink, write_tree
from node.ipfs_lite.unixfs_write import DEFAULT_PROFILE
from tests.ipfs_lite.shelf import Shelf


@pytest.fixture
def shelf():
    return Shelf()


def _tree(path, **options):
    return tree_at(str(path), chunk_bytes=4, **options)


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def _content(tree):
    match tree:
        case TreeFile(pieces):
            return b"".join(pieces)
        case TreeLink(target):
            return target.decode()
        case TreeFolder(entries):
            return {name: _content(below) for name, below in entries}


def _make(path, content):
    match content:
        case bytes():
            path.write_bytes(content)
        case str():
            path.symlink_to(content)
        case _:
            path.mkdir()
            for name, below in content.items():
                _make(path / name, below)


def test_a_folder_is_walked_in_the_order_of_its_bytes(tmp_path):
    content = {"Z": b"", "a": {"x": b"1"}, "b": b"more than a chunk", "ą": b""}
    _make(tmp_path / "d", content)
    got = _content(_tree(tmp_path / "d"))
    assert got == content
    assert list(got) == ["Z", "a", "b", "ą"]


def test_hidden_entries_are_left_out_unless_asked_for(tmp_path):
    _make(tmp_path / "d", {".h": b"1", ".d": {"x": b""}, "v": {".w": b""}})
    assert _content(_tree(tmp_path / "d")) == {"v": {}}
    everything = {".d": {"x": b""}, ".h": b"1", "v": {".w": b""}}
    assert _content(_tree(tmp_path / "d", hidden=True)) == everything


def test_a_hidden_path_that_is_named_is_taken(tmp_path):
    _make(tmp_path / ".h", b"1")
    assert _content(_tree(tmp_path / ".h")) == b"1"


def test_symlinks_are_kept_as_they_are_written(tmp_path):
    _make(tmp_path / "d", {"s": "./nothing//here/", "loop": "."})
    assert _content(_tree(tmp_path / "d")) == {"loop": ".", "s": "./nothing//here/"}
    assert _tree(tmp_path / "d" / "s") == TreeLink(b"./nothing//here/")


def test_a_file_is_read_in_chunks(tmp_path):
    _make(tmp_path / "f", b"123456789")
    tree = _tree(tmp_path / "f")
    assert list(tree.pieces) == [b"1234", b"5678", b"9"]


def test_the_standard_input_is_a_file(monkeypatch):
    monkeypatch.setattr(tree_files.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"12345")))
    assert _content(_tree("-")) == b"12345"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match="f: No such file"):
        _tree(tmp_path / "f")


def test_a_file_that_goes_away_is_named(tmp_path):
    _make(tmp_path / "d", {"f": b"1"})
    tree = _tree(tmp_path / "d")
    (entry,) = tree.entries
    (tmp_path / "d" / "f").unlink()
    with pytest.raises(UsageError, match="d/f: No such file"):
        _content(entry[1])


def test_a_folder_that_goes_away_is_named(tmp_path):
    _make(tmp_path / "d", {})
    tree = _tree(tmp_path / "d")
    (tmp_path / "d").rmdir()
    with pytest.raises(UsageError, match="d: No such file"):
        _content(tree)


def test_a_name_that_is_no_utf8_is_refused(tmp_path):
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff", os.O_CREAT | os.O_WRONLY))
    with pytest.raises(UsageError, match=r"\\xff: the name is not UTF-8"):
        _content(_tree(tmp_path))


def test_pipes_sockets_and_devices_are_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a named pipe, wants"):
        _content(_tree(tmp_path))
    (tmp_path / "pipe").unlink()
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    with pytest.raises(UsageError, match="is a socket, wants"):
        _content(_tree(tmp_path))
    with pytest.raises(UsageError, match="is a device, wants"):
        _tree("/dev/null")


_TREE = {"a": {"b": b"content", "e": {}, "up": "../f"}, "f": b"", "s": "a/b"}


def test_a_tree_goes_in_and_comes_out_again(tmp_path, shelf):
    _make(tmp_path / "d", _TREE)
    root = write_tree(_tree(tmp_path / "d"), shelf.__setitem__)
    assert write_out(shelf.get_block, root.cid, tmp_path / "out") == 7
    assert _content(_tree(tmp_path / "out", hidden=True)) == _TREE
    assert _names(tmp_path) == ["d", "out"]


def test_a_written_file_has_the_usual_mode(tmp_path, shelf):
    mask = os.umask(0o022)
    try:
        write_out(shelf.get_block, shelf.leaf(b"x"), tmp_path / "out")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o644


@pytest.mark.parametrize("standing", [b"x", {}, "nowhere"])
def test_what_stands_at_the_target_is_kept(tmp_path, shelf, standing):
    _make(tmp_path / "out", standing)
    with pytest.raises(UsageError, match="exists already"):
        write_out(shelf.get_block, shelf.leaf(b"new"), tmp_path / "out")
    assert _content(_tree(tmp_path / "out")) == standing


def test_a_target_without_a_folder_is_refused(tmp_path, shelf):
    with pytest.raises(UsageError, match="no: No such file"):
        write_out(shelf.get_block, shelf.leaf(b"x"), tmp_path / "no" / "out")


def _folder(shelf, links):
    return shelf.node([Link(cid, name, 1) for name, cid in links], EMPTY_DIRECTORY)


def test_an_unsafe_name_leaves_nothing_behind(tmp_path, shelf):
    leaf = shelf.leaf(b"x")
    root = _folder(shelf, [("good", leaf), ("../bad", leaf)])
    with pytest.raises(UnsafeNameError):
        write_out(shelf.get_block, root, tmp_path / "out")
    assert _names(tmp_path) == []


def test_an_unsafe_symlink_leaves_nothing_behind(tmp_path, shelf):
    tree = TreeFolder([("f", TreeFile((b"x",))), ("s", TreeLink(b"../../x"))])
    root = write_tree(tree, shelf.__setitem__)
    with pytest.raises(UnsafeNameError):
        write_out(shelf.get_block, root.cid, tmp_path / "out")
    assert _names(tmp_path) == []


def test_a_missing_block_leaves_nothing_behind(tmp_path, shelf):
    leaf, gone = shelf.leaf(b"x"), shelf.leaf(b"y")
    root = _folder(shelf, [("a", leaf), ("b", gone)])

    def get(cid):
        if cid == gone:
            raise NotFoundError("y")
        return shelf[cid]

    with pytest.raises(NotFoundError):
        write_out(get, root, tmp_path / "out")
    assert _names(tmp_path) == []


def test_the_byte_budget_holds(tmp_path, shelf):
    leaf = shelf.leaf(b"abc")
    root = _folder(shelf, [("a", leaf), ("b", leaf)])
    with pytest.raises(ReadBudgetError):
        write_out(shelf.get_block, root, tmp_path / "out", bytes_max=5)
    assert _names(tmp_path) == []
    assert write_out(shelf.get_block, root, tmp_path / "out", bytes_max=6) == 6


def test_what_the_disk_refuses_leaves_nothing_behind(tmp_path, shelf, monkeypatch):
    def refuse(path, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tree_files.Path, "symlink_to", refuse)
    root = write_tree(TreeFolder([("s", TreeLink(b"f"))]), shelf.__setitem__)
    with pytest.raises(OutputFileError, match="out: No space left"):
        write_out(shelf.get_block, root.cid, tmp_path / "out")
    assert _names(tmp_path) == []


_NAMES = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=5)
_TREES = st.dictionaries(
    _NAMES.filter(lambda name: name not in (".", "..")),
    st.recursive(
        st.binary(max_size=20),
        lambda below: st.dictionaries(
            _NAMES.filter(lambda name: name not in (".", "..")), below, max_size=3
        ),
        max_leaves=8,
    ),
    max_size=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(_TREES)
def test_a_random_tree_survives_the_disk(tmp_path_factory, content):
    folder, shelf = tmp_path_factory.mktemp("t"), Shelf()
    _make(folder / "d", content)
    root = write_tree(_tree(folder / "d", hidden=True), shelf.__setitem__, DEFAULT_PROFILE)
    write_out(shelf.get_block, root.cid, folder / "out")
    assert _content(_tree(folder / "out", hidden=True)) == content
