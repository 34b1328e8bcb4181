import pytest

from node.base.limits import DAG_DEPTH_MAX
from node.ipfs_lite import unixfs_walk
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import BadUnixFsError, ReadBudgetError, UnsafeNameError
from node.ipfs_lite.hamt import Named, write_shards
from node.ipfs_lite.profiles import DEFAULT_PROFILE
from node.ipfs_lite.unixfs_data import EMPTY_DIRECTORY
from node.ipfs_lite.unixfs_export import MakeFolder, MakeLink, WriteFile, plan_export
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, TreeLink, write_tree
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.shelf import Shelf


@pytest.fixture
def shelf():
    return Shelf()


def _plan(shelf, root, **limits):
    return [
        (step.place, b"".join(step.pieces)) if isinstance(step, WriteFile) else step
        for step in plan_export(shelf.get_block, root, **limits)
    ]


def _folder(shelf, links):
    return shelf.node([Link(cid, name, 1) for name, cid in links], EMPTY_DIRECTORY)


def _symlinks(**targets):
    """Folders a and a/b, a file f, and symlinks: ``_`` in a place stands for ``/``."""
    folders = {"": {"f": TreeFile((b"x",))}, "a": {}, "a/b": {}}
    for place, target in targets.items():
        *above, name = place.split("_")
        folders["/".join(above)][name] = TreeLink(target)
    b = TreeFolder(list(folders["a/b"].items()))
    a = TreeFolder([*folders["a"].items(), ("b", b)])
    return TreeFolder([*folders[""].items(), ("a", a)])


def test_folders_come_before_what_is_in_them_and_symlinks_last(shelf):
    root = write_tree(_symlinks(link=b"f"), shelf.__setitem__)
    assert _plan(shelf, root.cid) == [
        MakeFolder(()),
        MakeFolder(("a",)),
        MakeFolder(("a", "b")),
        (("f",), b"x"),
        MakeLink(("link",), b"f"),
    ]


def test_a_file_alone_is_written_at_the_target(shelf):
    assert _plan(shelf, shelf.leaf(b"x")) == [((), b"x")]


def test_an_empty_file_and_an_empty_folder_are_written(shelf):
    root = write_tree(TreeFolder([("e", TreeFile(())), ("d", TreeFolder([]))]), shelf.__setitem__)
    assert _plan(shelf, root.cid) == [MakeFolder(()), MakeFolder(("d",)), (("e",), b"")]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "/", "a/b", "../x", "/etc", "a\0b", "n" * 256, "ą" * 128]
)
def test_a_name_that_is_no_single_entry_is_refused(shelf, name):
    with pytest.raises(UnsafeNameError):
        _plan(shelf, _folder(shelf, [(name, shelf.leaf(b"x"))]))


@pytest.mark.parametrize("name", ["n" * 255, "...", "a\\b", " ", "-rf", "ą" * 127])
def test_an_odd_name_that_stays_an_entry_is_written(shelf, name):
    assert _plan(shelf, _folder(shelf, [(name, shelf.leaf(b"x"))]))[1] == ((name,), b"x")


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ("l", b"f"),
        ("l", b"a/b"),
        ("l", b"."),
        ("l", b"nothing/here"),
        ("l", b"a/../f"),
        ("a_l", b".."),
        ("a_l", b"../f"),
        ("a_b_l", b"../../f"),
        ("a_b_l", b"../b/../../a"),
        ("l", b"\xff"),
    ],
)
def test_a_symlink_that_stays_inside_is_written(shelf, place, target):
    root = write_tree(_symlinks(**{place: target}), shelf.__setitem__)
    assert _plan(shelf, root.cid)[-1] == MakeLink(tuple(place.split("_")), target)


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ("l", b"/etc/passwd"),
        ("l", b"//x"),
        ("l", b""),
        ("l", b"a\0b"),
        ("l", b".."),
        ("l", b"../x"),
        ("l", b"./../x"),
        ("l", b"a/../../x"),
        ("a_l", b"../.."),
        ("a_b_l", b"../../../f"),
        ("l", b"f/.."),
        ("l", b"nothing/.."),
    ],
)
def test_a_symlink_that_leads_out_is_refused(shelf, place, target):
    root = write_tree(_symlinks(**{place: target}), shelf.__setitem__)
    with pytest.raises(UnsafeNameError):
        _plan(shelf, root.cid)


def test_going_up_behind_another_symlink_is_refused(shelf):
    """``d`` leads to a/b, so d/../../.. would be outside, and d/../.. only looks as if it were."""
    for target in (b"d/..", b"d/../.."):
        root = write_tree(_symlinks(d=b".", a_l=b"../" + target), shelf.__setitem__)
        with pytest.raises(UnsafeNameError, match="leads out"):
            _plan(shelf, root.cid)


def test_a_symlink_alone_is_refused(shelf):
    root = write_tree(TreeLink(b"x"), shelf.__setitem__)
    with pytest.raises(UnsafeNameError, match="alone"):
        _plan(shelf, root.cid)


def test_the_budget_counts_over_all_files_and_before_each(shelf):
    leaf = shelf.leaf(b"abc")
    root = _folder(shelf, [("a", leaf), ("b", leaf)])
    assert len(_plan(shelf, root, bytes_max=6)) == 3
    with pytest.raises(ReadBudgetError, match="3 bytes, at most 2"):
        _plan(shelf, root, bytes_max=5)


def _blown_up(shelf, levels, width, cid, name="e{}"):
    for _ in range(levels):
        cid = _folder(shelf, [(name.format(index), cid) for index in range(width)])
    return cid


def test_few_blocks_that_make_a_pebibyte_end_at_the_budget(shelf):
    size, cid = 2**20, shelf.leaf(bytes(2**20))
    for _ in range(3):
        cid, size = shelf.file([cid] * 1024, [size] * 1024), size * 1024
    assert size == 2**50
    with pytest.raises(ReadBudgetError, match=str(size)):
        _plan(shelf, _folder(shelf, [("x", cid)]))


def test_a_tree_of_empty_files_ends_at_the_count(shelf, monkeypatch):
    monkeypatch.setattr(unixfs_walk, "DAG_WALK_ENTRIES_MAX", 1_000)
    root = _blown_up(shelf, 4, 100, shelf.leaf(b""))
    steps = plan_export(shelf.get_block, root)
    with pytest.raises(ReadBudgetError, match="more than 1000"):
        for _step in steps:
            pass
    assert len(shelf.read) == 1_000


def test_folders_below_the_deepest_are_refused(shelf):
    _plan(shelf, _blown_up(shelf, DAG_DEPTH_MAX, 1, shelf.leaf(b"")))
    with pytest.raises(ReadBudgetError, match="folders deep"):
        _plan(shelf, _blown_up(shelf, DAG_DEPTH_MAX + 1, 1, shelf.leaf(b"")))


def test_an_equal_name_twice_is_refused(shelf):
    """Else a symlink could be made first and the second of its name be written through it."""
    leaf = shelf.leaf(b"x")
    with pytest.raises(BadUnixFsError, match="a name twice"):
        _plan(shelf, _folder(shelf, [("a", leaf), ("a", leaf)]))


def test_an_entry_of_a_sharded_directory_counts_once(shelf, monkeypatch):
    leaf = write_bytes(b"x", shelf.__setitem__)
    names = [Named(f"n{index}", leaf) for index in range(60)]
    root = write_shards(names, shelf.__setitem__, DEFAULT_PROFILE)
    assert len(_plan(shelf, root.cid)) == 61
    monkeypatch.setattr(unixfs_walk, "DAG_WALK_ENTRIES_MAX", len(shelf.read))
    _plan(shelf, root.cid)
    monkeypatch.setattr(unixfs_walk, "DAG_WALK_ENTRIES_MAX", len(shelf.read) // 2 - 1)
    with pytest.raises(ReadBudgetError):
        _plan(shelf, root.cid)
