"""The vectors of independent origin: CIDs, dag-pb nodes, files, placements.

A module of its own, so that the other tests run where the vectors are absent.
"""

import json
from hashlib import sha256, shake_256

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from node.base.errors import PeerError
from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagpb
from node.ipfs_lite.cid import from_text, to_text
from node.ipfs_lite.errors import BadNodeError, PlacementInfeasibleError
from node.ipfs_lite.placement import most_copies, place, preference
from node.ipfs_lite.unixfs_data import DIRECTORY_TYPE, SHARD_TYPE
from node.ipfs_lite.unixfs_list import Kind, find_entry, kind_of, read_directory
from node.ipfs_lite.unixfs_read import read_all, read_file
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, add_tree
from node.ipfs_lite.unixfs_walk import Walk
from node.ipfs_lite.unixfs_write import PROFILES, Profile, write_file
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
_FOLDER = vectors("content-store")
_HEAVY_BYTES = 200 * 2**20
_READ_BACK_BYTES_MAX = 64 * 2**20
_LOOKED_UP_EVERY = 97


def _load(name):
    return json.loads((_FOLDER / name).read_text())


def _named(cases, wanted=lambda case: True):
    return [pytest.param(case, id=case["id"]) for case in cases if wanted(case)]


_CIDS = _load("cid.json")["cases"]


@pytest.mark.parametrize("case", _named(_CIDS, lambda case: case["ok"]))
def test_a_good_cid_reads_and_writes_as_the_judge_says(case):
    data = bytes.fromhex(case["bytes"])
    parts = cids.decode(data)
    assert (parts.version, parts.codec) == (case["version"], case["codec"])
    assert to_text(data) == case["string"]
    for text in [case["string"], *case.get("accepted_strings", [])]:
        assert from_text(text) == data
    if "as_v1" in case:
        as_v1 = b"\x01\x70" + cids.multihash_of(data)
        assert to_text(as_v1) == case["as_v1"]


@pytest.mark.parametrize("case", _named(_CIDS, lambda case: not case["ok"]))
def test_a_bad_cid_is_refused(case):
    read, value = (
        (cids.decode, bytes.fromhex(case["bytes"]))
        if "bytes" in case
        else (from_text, case["string"])
    )
    with pytest.raises(PeerError):
        read(value)


_NODES = _load("dagpb.json")["cases"]


@pytest.mark.parametrize("case", _named(_NODES, lambda case: case["expect"] == "accept"))
def test_a_good_node_is_read_and_comes_back_byte_for_byte(case):
    data = bytes.fromhex(case["bytes"])
    node = dagpb.decode(data)
    if "links" in case:
        got = [
            {"cid": to_text(link.cid), "name": link.name or "", "tsize": str(link.tsize or 0)}
            for link in node.links
        ]
        assert got == case["links"]
    if case["id"] != "dagpb/data-links":  # written the canonical way round, so not equal
        assert dagpb.encode(node) == data


@pytest.mark.parametrize("case", _named(_NODES, lambda case: case["expect"] == "reject"))
def test_a_bad_node_is_refused(case):
    with pytest.raises(BadNodeError):
        dagpb.decode(bytes.fromhex(case["bytes"]))


_PLACEMENTS = _load("placement.json")["cases"]


@pytest.mark.parametrize("case", _named(_PLACEMENTS))
def test_shares_are_placed_as_the_oracle_places_them(case):
    shares = [bytes.fromhex(text) for text in case["share_multihashes"]]
    operators = [name.encode() for name in case["operators"]]
    first = preference(operators, shares[0])
    assert [name.decode() for name in first] == case["hrw_first_share"]
    limits = {"replicas": case["replicas"], "cap": case["cap"]}
    assert most_copies(len(shares), len(operators), **limits) == case["max_flow"]
    if case["assignment"] is None:
        with pytest.raises(PlacementInfeasibleError) as caught:
            place(shares, operators, **limits)
        assert (caught.value.needed, caught.value.possible) == (case["needed"], case["max_flow"])
    else:
        placed = place(shares, operators, **limits)
        assert [[name.decode() for name in row] for row in placed] == case["assignment"]


def _files():
    data = _load("vectors.json")
    files = data["files"]
    published = [case for case in data["kubo"] if "dir" not in case]
    return [
        pytest.param(
            case,
            id=case["id"],
            marks=[pytest.mark.slow] if case.get("size", 0) >= _HEAVY_BYTES else [],
        )
        for case in files + published
    ]


def _profile(case):
    if "chunk_size" not in case:
        return PROFILES[case["profile"]]
    return Profile(
        case["id"],
        cid_version=case["cid_version"],
        raw_leaves=case["raw_leaves"],
        chunk_bytes=case["chunk_size"],
        links_max=case["max_links"],
    )


def _pieces(case):
    """The data of a vector, in pieces that fit no chunk size."""
    if "text" in case:
        return [case["text"].encode()]
    size = case["size"]
    step = 3_000_001
    sizes = [min(step, size - at) for at in range(0, size, step)]
    match case["generator"]:
        case "zeros":
            return (bytes(count) for count in sizes)
        case "shake256":
            data = shake_256(case["seed"].encode()).digest(size)
            return (data[at : at + step] for at in range(0, size, step))
        case "chacha20":
            key = sha256(case["seed"].encode()).digest()
            stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()
            return (stream.update(bytes(count)) for count in sizes)
    raise AssertionError(case["generator"])


@pytest.mark.parametrize("case", _files())
def test_a_file_gets_its_published_cid_and_reads_back(case):
    keep = case.get("size", 0) <= _READ_BACK_BYTES_MAX
    blocks = {}
    digest = sha256()
    watched = (piece for piece in _pieces(case) if digest.update(piece) is None)
    added = write_file(
        watched,
        lambda cid, data: blocks.setdefault(cid, data if keep else None),
        _profile(case),
    )
    assert to_text(added.cid) == case["cid"]
    if "unique_blocks" in case:
        assert len(blocks) == case["unique_blocks"]
        assert added.dag_bytes == case["dag_size"]
        assert digest.hexdigest() == case["sha256"]
    if keep:
        again = sha256()
        for piece in read_file(blocks.__getitem__, added.cid):
            again.update(piece)
        assert again.digest() == digest.digest()


_NAME_LETTERS = b"abcdefghijklmnopqrstuvwxyz01234567890-_"


def _directories():
    data = _load("vectors.json")
    return _named(data["dirs"] + [case for case in data["kubo"] if "dir" in case])


def _content(case):
    """The files of a directory vector: path and content."""
    if "files" in case:
        for file in case["files"]:
            yield file["path"], shake_256(file["seed"].encode()).digest(file["size"])
    elif "rule" in case:
        rule = case["rule"]
        for index in range(rule["count"]):
            seed = rule["seed_printf"]
            seed = seed % index if "%" in seed else seed
            yield rule["path_printf"] % index, shake_256(seed.encode()).digest(rule["size"])
        if "last" in rule:
            last = rule["last"]
            name = last["name_char"] * last["name_length"]
            yield name, shake_256(last["seed"].encode()).digest(last["size"])
    else:
        yield from _published_names(case["dir"])


def _published_names(rule):
    if not rule["count"]:
        return
    lengths = [rule["name_len"]] * (rule["count"] - 1) + [rule["last_name_len"]]
    key = sha256(rule["seed"].encode()).digest()
    stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()
    for length in lengths:
        letters = stream.update(bytes(length))
        name = bytes(_NAME_LETTERS[byte % len(_NAME_LETTERS)] for byte in letters)
        yield name.decode(), rule["content"].encode()


def _folder(files):
    below = {}
    for path, data in files:
        *folders, name = path.split("/")
        at = below
        for folder in folders:
            at = at.setdefault(folder, {})
        at[name] = data
    return _tree(below)


def _tree(content):
    if isinstance(content, bytes):
        return TreeFile((content,))
    return TreeFolder([(name, _tree(below)) for name, below in content.items()])


@pytest.mark.parametrize("case", _directories())
def test_a_directory_gets_its_published_cid_and_reads_back(case):
    blocks = {}
    content = dict(_content(case))
    made = dict(add_tree(_folder(content.items()), blocks.__setitem__, PROFILES[case["profile"]]))
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
