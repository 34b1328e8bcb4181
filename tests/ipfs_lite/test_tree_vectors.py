"""Directories and CAR files of independent origin: written as published, read to the last byte."""

import pytest

from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagpb
from node.ipfs_lite.blocks import Block
from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.car_write import write_car
from node.ipfs_lite.cid import from_text, to_text
from node.ipfs_lite.hamt import Named, write_shards
from node.ipfs_lite.links import links_of
from node.ipfs_lite.profiles import PROFILES, Profile
from node.ipfs_lite.unixfs_data import DIRECTORY_TYPE, SHARD_TYPE
from node.ipfs_lite.unixfs_dirs import write_directory, write_symlink
from node.ipfs_lite.unixfs_export import WriteFile, plan_export
from node.ipfs_lite.unixfs_list import Kind, find_entry, kind_of, read_directory, symlink_target
from node.ipfs_lite.unixfs_read import read_all
from node.ipfs_lite.unixfs_tree import add_tree, write_tree
from node.ipfs_lite.unixfs_walk import Walk
from node.ipfs_lite.unixfs_write import Added, write_file
from tests.ipfs_lite.vector_data import (
    FOLDER,
    content_of,
    folder_of,
    load,
    named,
    pieces_of,
    profile_of,
)

pytestmark = pytest.mark.conformance
_LOOKED_UP_EVERY = 97
_VECTORS = load("vectors.json")
_MANIFEST = load("kubo-fixtures/manifest.json")


def _directories():
    return named(_VECTORS["dirs"] + [case for case in _VECTORS["kubo"] if "dir" in case])


@pytest.mark.parametrize("case", _directories())
def test_a_directory_gets_its_published_cid_and_reads_back(case):
    blocks = {}
    content = dict(content_of(case))
    made = dict(add_tree(folder_of(content.items()), blocks.__setitem__, profile_of(case)))
    root = made[""]
    assert to_text(root.cid) == case["cid"]
    for entry in case.get("entries", ()):
        assert to_text(made[entry["path"]].cid) == entry["cid"]
    if "unique_blocks" in case:
        assert len(blocks) == case["unique_blocks"]
        assert root.dag_bytes == case["dag_size"]
        node = Walk(blocks.__getitem__).load(root.cid, 0)
        kinds = {"directory": DIRECTORY_TYPE, "hamt-sharded-directory": SHARD_TYPE}
        assert node.message.kind == kinds[case["root_type"]]
        assert len(node.links) == case["root_links"]
    assert dict(_read_back(blocks, root.cid)) == content


def _read_back(blocks, cid, path=""):
    """Every file below a directory, and that entries are found by their names too."""
    get = blocks.__getitem__
    walk = Walk(get)
    node = walk.load(cid, 0)
    for index, (name, child, _tsize) in enumerate(read_directory(get, cid)):
        if index % _LOOKED_UP_EVERY == 0:
            assert find_entry(walk, node, name).cid == child
        below = f"{path}/{name}" if path else name
        if kind_of(get, child) is Kind.FILE:
            yield below, read_all(get, child)
        else:
            yield from _read_back(blocks, child, below)


def _read_car(path):
    reader = CarReader([path.read_bytes()])
    return reader.roots, [Block(*block) for block in reader]


def _by_name(cases, key):
    return [pytest.param(case, id=case[key]) for case in cases]


def _depth_first(blocks, cid, seen):
    """Every block below a root, each once, in the order of the links."""
    if cid in seen:
        return
    seen.add(cid)
    yield Block(cid, blocks[cid])
    for link in links_of(cid, blocks[cid]):
        yield from _depth_first(blocks, link, seen)


@pytest.mark.parametrize("case", _by_name(_VECTORS["cars"], "name"))
def test_a_car_file_holds_its_blocks_and_is_written_again_byte_for_byte(case):
    path = FOLDER / "cars" / case["name"]
    roots, blocks = _read_car(path)
    assert [to_text(root) for root in roots] == case["roots"]
    assert [to_text(block.cid) for block in blocks] == case["blocks"]
    ordered = [block for root in roots for block in _depth_first(dict(blocks), root, set())]
    assert b"".join(write_car(roots, ordered)) == path.read_bytes()


@pytest.mark.parametrize("case", _by_name(_VECTORS["cars"], "name"))
def test_what_a_car_file_holds_is_what_is_written_from_its_rule(case):
    (root,), blocks = _read_car(FOLDER / "cars" / case["name"])
    made = {}
    if "file" in case:
        rule = case["file"]
        profile = Profile(
            "case", rule["cid_version"], rule["raw_leaves"], rule["chunk_size"], rule["max_links"]
        )
        pieces = pieces_of({"generator": "shake256", **rule})
        assert write_file(pieces, made.__setitem__, profile).cid == root
        assert made == dict(blocks)
        return
    files = {
        "/".join(step.place): b"".join(step.pieces)
        for step in plan_export(dict(blocks).__getitem__, root)
        if isinstance(step, WriteFile)
    }
    known = [case_ for case_ in _VECTORS["dirs"] if case_["id"] == case["dir_vector"]]
    assert all(dict(content_of(vector)) == files for vector in known)
    roots = [write_tree(folder_of(files.items()), None, p).cid for p in PROFILES.values()]
    assert root in roots


def _unixfs_fixtures():
    return _by_name([case for case in _MANIFEST if _is_unixfs(case)], "file")


def _is_unixfs(case):
    return all(cids.decode(from_text(root)).codec == cids.DAG_PB for root in case["roots"])


@pytest.mark.parametrize("case", _by_name(_MANIFEST, "file"))
def test_every_node_of_a_foreign_file_comes_back_byte_for_byte(case):
    roots, blocks = _read_car(FOLDER / "kubo-fixtures" / case["file"])
    assert [to_text(root) for root in roots] == case["roots"]
    assert (len(blocks), len(dict(blocks))) == (case["blocks"], case["unique_blocks"])
    nodes = [data for cid, data in blocks if cids.decode(cid).codec == cids.DAG_PB]
    assert [dagpb.encode(dagpb.decode(data)) for data in nodes] == nodes


@pytest.mark.parametrize("case", _unixfs_fixtures())
def test_a_foreign_tree_is_read_whole_and_its_directories_written_alike(case):
    roots, blocks = _read_car(FOLDER / "kubo-fixtures" / case["file"])
    missing = {from_text(text) for text in case["missing_children"]}
    for root in roots:
        _check_tree(dict(blocks), root, missing)


def _check_tree(blocks, cid, missing):
    """Read what lies below; rewrite each directory from its entries: the CID must be the same."""
    if cid in missing:
        return
    get = blocks.__getitem__
    profile = PROFILES["unixfs-v0-2015" if len(cid) == 34 else "unixfs-v1-2025"]
    match kind_of(get, cid):
        case Kind.FILE:
            read_all(get, cid)
        case Kind.SYMLINK:
            assert write_symlink(symlink_target(get, cid), None, profile).cid == cid
        case Kind.DIRECTORY:
            is_shard = Walk(get).load(cid, 0).message.kind == SHARD_TYPE
            write = write_shards if is_shard else write_directory
            listed = list(read_directory(get, cid))
            made = [Named(entry.name, Added(entry.cid, 0, entry.tsize)) for entry in listed]
            assert write(made, None, profile).cid == cid
            for entry in listed:
                _check_tree(blocks, entry.cid, missing)
