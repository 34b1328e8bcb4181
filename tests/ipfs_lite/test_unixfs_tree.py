import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.limits import DAG_DEPTH_MAX
from node.ipfs_lite.errors import BadPathError
from node.ipfs_lite.profiles import DEFAULT_PROFILE, PROFILES, Profile
from node.ipfs_lite.unixfs_export import MakeFolder, MakeLink, WriteFile, plan_export
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, TreeLink, add_tree, write_tree
from node.ipfs_lite.unixfs_write import write_bytes

_SMALL = Profile("small", cid_version=1, raw_leaves=True, chunk_bytes=4, links_max=2)


def _tree(content):
    """bytes are a file, text is a symlink's target, a dict is a folder."""
    match content:
        case bytes():
            return TreeFile((content,))
        case str():
            return TreeLink(content.encode())
        case _:
            return TreeFolder((name, _tree(below)) for name, below in content.items())


def _content(steps):
    """What an export says was in the tree, in the form that ``_tree`` takes."""
    root = {}
    for step in steps:
        match step:
            case MakeFolder(place):
                made = {}
            case WriteFile(place, _, pieces):
                made = b"".join(pieces)
            case MakeLink(place, target):
                made = target.decode()
        at = root
        for name in ("", *place)[:-1]:
            at = at[name]
        at[("", *place)[-1]] = made
    return root[""]


def test_entries_are_told_children_first_and_the_root_last():
    tree = _tree({"b": {"c": b"1"}, "a": b"22"})
    told = [
        (path, added.file_bytes) for path, added in add_tree(tree, None, DEFAULT_PROFILE, name="r")
    ]
    assert told == [("r/b/c", 1), ("r/b", 1), ("r/a", 2), ("r", 3)]


def test_a_file_alone_is_the_file():
    assert write_tree(_tree(b"abc"), None) == write_bytes(b"abc", None)


def test_children_reach_the_sink_before_their_folder():
    seen = []
    root = write_tree(_tree({"a": {"b": b"1"}, "c": "a/b"}), lambda cid, _block: seen.append(cid))
    assert seen[-1] == root.cid
    assert len(seen) == 4


def test_a_wrong_name_names_itself():
    with pytest.raises(BadPathError, match="a/b"):
        write_tree(_tree({"a/b": b""}), None)


def _nested(levels):
    content = b"x"
    for _ in range(levels):
        content = {"d": content}
    return _tree(content)


def test_folders_are_as_deep_as_the_reader_follows():
    blocks = {}
    root = write_tree(_nested(DAG_DEPTH_MAX), blocks.__setitem__)
    assert len(list(plan_export(blocks.__getitem__, root.cid))) == DAG_DEPTH_MAX + 1
    with pytest.raises(BadPathError, match="more than 32 folders"):
        write_tree(_nested(DAG_DEPTH_MAX + 1), None)


_NAMES = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=5)
_TREES = st.recursive(
    st.binary(max_size=20) | st.just("x"),
    lambda below: st.dictionaries(
        _NAMES.filter(lambda name: name not in (".", "..")), below, max_size=4
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.just("d"), _TREES), st.sampled_from([_SMALL, *PROFILES.values()]))
def test_a_random_tree_reads_back(content, profile):
    blocks = {}
    root = write_tree(_tree(content), blocks.__setitem__, profile)
    assert _content(plan_export(blocks.__getitem__, root.cid)) == content
