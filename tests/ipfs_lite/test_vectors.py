"""The vectors of independent origin: CIDs, dag-pb nodes, files, placements.

A module of its own, so that the other tests run where the vectors are absent.
"""

from hashlib import sha256

import pytest

from node.base.errors import PeerError
from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagpb
from node.ipfs_lite.cid import from_text, to_text
from node.ipfs_lite.errors import BadNodeError, PlacementInfeasibleError
from node.ipfs_lite.placement import most_copies, place, preference
from node.ipfs_lite.unixfs_read import read_file
from node.ipfs_lite.unixfs_write import write_file
from tests.ipfs_lite.vector_data import load, named, pieces_of, profile_of

pytestmark = pytest.mark.conformance
_HEAVY_BYTES = 200 * 2**20
_READ_BACK_BYTES_MAX = 64 * 2**20


_CIDS = load("cid.json")["cases"]


@pytest.mark.parametrize("case", named(_CIDS, lambda case: case["ok"]))
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


@pytest.mark.parametrize("case", named(_CIDS, lambda case: not case["ok"]))
def test_a_bad_cid_is_refused(case):
    read, value = (
        (cids.decode, bytes.fromhex(case["bytes"]))
        if "bytes" in case
        else (from_text, case["string"])
    )
    with pytest.raises(PeerError):
        read(value)


_NODES = load("dagpb.json")["cases"]


@pytest.mark.parametrize("case", named(_NODES, lambda case: case["expect"] == "accept"))
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


@pytest.mark.parametrize("case", named(_NODES, lambda case: case["expect"] == "reject"))
def test_a_bad_node_is_refused(case):
    with pytest.raises(BadNodeError):
        dagpb.decode(bytes.fromhex(case["bytes"]))


_PLACEMENTS = load("placement.json")["cases"]


@pytest.mark.parametrize("case", named(_PLACEMENTS))
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
    data = load("vectors.json")
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


@pytest.mark.parametrize("case", _files())
def test_a_file_gets_its_published_cid_and_reads_back(case):
    keep = case.get("size", 0) <= _READ_BACK_BYTES_MAX
    blocks = {}
    digest = sha256()
    watched = (piece for piece in pieces_of(case) if digest.update(piece) is None)
    added = write_file(
        watched,
        lambda cid, data: blocks.setdefault(cid, data if keep else None),
        profile_of(case),
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
