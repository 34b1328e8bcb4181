import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.base.errors import UsageError
from node.commands import tree_out
from node.commands.chain_io import OutputFileError
from node.commands.tree_out import write_out
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import NotFoundError, ReadBudgetError, UnsafeNameError
from node.ipfs_lite.profiles import DEFAULT_PROFILE
from node.ipfs_lite.unixfs_data import EMPTY_DIRECTORY
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, TreeLink, write_tree
from tests.commands.disk_trees import content_of, disk_tree, make, names_in
from tests.ipfs_lite.shelf import Shelf


@pytest.fixture
def shelf():
    return Shelf()


_TREE = {"a": {"b": b"content", "e": {}, "up": "../f"}, "f": b"", "s": "a/b"}


def test_a_tree_goes_in_and_comes_out_again(tmp_path, shelf):
    make(tmp_path / "d", _TREE)
    root = write_tree(disk_tree(tmp_path / "d"), shelf.__setitem__)
    assert write_out(shelf.get_block, root.cid, tmp_path / "out") == 7
    assert content_of(disk_tree(tmp_path / "out", hidden=True)) == _TREE
    assert names_in(tmp_path) == ["d", "out"]


def test_a_written_file_has_the_usual_mode(tmp_path, shelf):
    mask = os.umask(0o022)
    try:
        write_out(shelf.get_block, shelf.leaf(b"x"), tmp_path / "out")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o644


@pytest.mark.parametrize("standing", [b"x", {}, "nowhere"])
def test_what_stands_at_the_target_is_kept(tmp_path, shelf, standing):
    make(tmp_path / "out", standing)
    with pytest.raises(UsageError, match="exists already"):
        write_out(shelf.get_block, shelf.leaf(b"new"), tmp_path / "out")
    assert content_of(disk_tree(tmp_path / "out")) == standing


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
    assert names_in(tmp_path) == []


def test_an_unsafe_symlink_leaves_nothing_behind(tmp_path, shelf):
    tree = TreeFolder([("f", TreeFile((b"x",))), ("s", TreeLink(b"../../x"))])
    root = write_tree(tree, shelf.__setitem__)
    with pytest.raises(UnsafeNameError):
        write_out(shelf.get_block, root.cid, tmp_path / "out")
    assert names_in(tmp_path) == []


def test_a_missing_block_leaves_nothing_behind(tmp_path, shelf):
    leaf, gone = shelf.leaf(b"x"), shelf.leaf(b"y")
    root = _folder(shelf, [("a", leaf), ("b", gone)])

    def get(cid):
        if cid == gone:
            raise NotFoundError("y")
        return shelf[cid]

    with pytest.raises(NotFoundError):
        write_out(get, root, tmp_path / "out")
    assert names_in(tmp_path) == []


def test_the_byte_budget_holds(tmp_path, shelf):
    leaf = shelf.leaf(b"abc")
    root = _folder(shelf, [("a", leaf), ("b", leaf)])
    with pytest.raises(ReadBudgetError):
        write_out(shelf.get_block, root, tmp_path / "out", bytes_max=5)
    assert names_in(tmp_path) == []
    assert write_out(shelf.get_block, root, tmp_path / "out", bytes_max=6) == 6


def test_what_the_disk_refuses_leaves_nothing_behind(tmp_path, shelf, monkeypatch):
    def refuse(path, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tree_out.Path, "symlink_to", refuse)
    root = write_tree(TreeFolder([("s", TreeLink(b"f"))]), shelf.__setitem__)
    with pytest.raises(OutputFileError, match="out: No space left"):
        write_out(shelf.get_block, root.cid, tmp_path / "out")
    assert names_in(tmp_path) == []


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
    make(folder / "d", content)
    root = write_tree(disk_tree(folder / "d", hidden=True), shelf.__setitem__, DEFAULT_PROFILE)
    write_out(shelf.get_block, root.cid, folder / "out")
    assert content_of(disk_tree(folder / "out", hidden=True)) == content
