"""CAR files of independent origin: written byte for byte, read, imported, and damaged.

A module of its own, so that the other tests run where the vectors are absent.
"""

import json
import random
from hashlib import sha256, shake_256

import pytest

from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagcbor, dagpb
from node.ipfs_lite.blocks import BlockClass, Guard, Pin
from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.car_write import write_car, write_car_v2
from node.ipfs_lite.cid import from_text, is_block_of, multihash_of, to_text
from node.ipfs_lite.errors import BadCarError
from node.ipfs_lite.ingest import Ingest, import_car
from node.ipfs_lite.links import links_of
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.selection import Selection, select
from node.ipfs_lite.unixfs_write import write_bytes
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
_FOLDER = vectors("content-store")
_CASES = json.loads((_FOLDER / "vectors.json").read_text())["cars"]
_FIXTURES = json.loads((_FOLDER / "kubo-fixtures" / "manifest.json").read_text())
_PIECE = 5_003
_SEED = 20_260_305


def _pieces(data, size=_PIECE):
    return [data[at : at + size] for at in range(0, len(data), size)]


def _car(case):
    if "name" in case:
        return (_FOLDER / "cars" / case["name"]).read_bytes()
    return (_FOLDER / "kubo-fixtures" / case["file"]).read_bytes()


def _named(cases):
    return [pytest.param(case, id=case.get("name") or case["file"]) for case in cases]


@pytest.mark.parametrize("case", _named(_CASES))
def test_a_graph_is_written_byte_for_byte(case):
    data = _car(case)
    assert (len(data), sha256(data).hexdigest()) == (case["bytes"], case["sha256"])
    blocks = dict(CarReader([data]))
    roots = [from_text(root) for root in case["roots"]]
    if rule := case.get("file"):
        made = Profile(
            case["name"],
            cid_version=rule["cid_version"],
            raw_leaves=rule["raw_leaves"],
            chunk_bytes=rule["chunk_size"],
            links_max=rule["max_links"],
        )
        blocks = {}
        content = shake_256(rule["seed"].encode()).digest(rule["size"])
        assert write_bytes(content, blocks.__setitem__, made).cid == roots[0]
    assert b"".join(write_car(roots, _blocks_of(blocks, roots))) == data


def _blocks_of(blocks, roots):
    below = [block for root in roots for block in select(blocks.__getitem__, Selection(root))]
    return dict.fromkeys(below)


@pytest.mark.parametrize("case", _named(_CASES))
def test_a_written_file_is_read(case):
    reader = CarReader(_pieces(_car(case)))
    assert [to_text(root) for root in reader.roots] == case["roots"]
    assert [to_text(block.cid) for block in reader] == case["blocks"]


@pytest.mark.parametrize("case", _named(_FIXTURES))
def test_a_file_of_another_project_is_read(case):
    data = _car(case)
    assert (len(data), sha256(data).hexdigest()) == (case["bytes"], case["sha256"])
    reader = CarReader(_pieces(data))
    assert reader.version == case["car_version"]
    assert [to_text(root) for root in reader.roots] == case["roots"]
    order = [block.cid for block in reader]
    assert len(order) == case["blocks"]
    assert len(set(order)) == case["unique_blocks"]
    first = [to_text(cid) for cid in order]
    assert first[: len(case["first_blocks"])] == case["first_blocks"]


@pytest.mark.parametrize("case", _named(_FIXTURES))
def test_the_children_that_a_file_of_another_project_lacks_are_named(case):
    reader = CarReader([_car(case)])
    blocks = {multihash_of(cid): (cid, data) for cid, data in reader}
    linked = dict.fromkeys(link for block in blocks.values() for link in links_of(*block))
    missing = [to_text(link) for link in linked if multihash_of(link) not in blocks]
    assert sorted(missing) == sorted(case["missing_children"])


@pytest.mark.parametrize("case", _named([*_CASES, *_FIXTURES]))
def test_every_block_encodes_to_itself(case):
    for cid, data in CarReader([_car(case)]):
        assert is_block_of(cid, data)
        match cids.decode(cid).codec:
            case cids.DAG_PB:
                assert dagpb.encode(dagpb.decode(data)) == data
            case cids.DAG_CBOR:
                assert dagcbor.encode(dagcbor.decode(data)) == data


@pytest.mark.parametrize("case", _named([*_CASES, *_FIXTURES]))
def test_a_file_comes_back_from_a_store(case):
    data = _car(case)
    store = MemoryStore()
    ingest = Ingest(store, klass=BlockClass.PUBLIC, guard=Guard("import", 100))
    is_whole = not case.get("missing_children")
    got = import_car(_pieces(data), ingest, pin=Pin if is_whole else None)
    again = dict(CarReader([data]))
    assert store.count() == len({multihash_of(cid) for cid in again})
    assert all(store.get(cid) == block for cid, block in again.items())
    assert [pin.cid for pin in store.pins()] == (sorted(set(got.roots)) if is_whole else [])
    assert store.why_live(next(iter(again)), now_s=0) is not None or not is_whole


@pytest.mark.parametrize("case", _named([*_CASES, *_FIXTURES]))
def test_version_2_holds_the_same(case):
    reader = CarReader([_car(case)])
    blocks = list(reader)
    wrapped = b"".join(write_car_v2(reader.roots, lambda: blocks))
    again = CarReader(_pieces(wrapped + b"an index"))
    assert (again.version, again.roots, list(again)) == (2, reader.roots, blocks)


@pytest.mark.parametrize("case", _named([*_CASES, *_FIXTURES]))
def test_a_damaged_file_gives_only_its_own_blocks_and_a_named_error(case):
    data = _car(case)
    chance = random.Random(_SEED)
    good = dict(CarReader([data]))
    for _ in range(12 if len(data) > 200_000 else 60):
        at = chance.randrange(len(data))
        change = chance.choice(("flip", "cut", "insert", "drop"))
        damaged = {
            "flip": data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :],
            "cut": data[:at],
            "insert": data[:at] + chance.randbytes(9) + data[at:],
            "drop": data[:at] + data[at + chance.randrange(1, 40) :],
        }[change]
        seen = []
        try:
            seen.extend(CarReader(_pieces(damaged)))
        except BadCarError as error:
            last = error.last_good
            assert last == (to_text(seen[-1].cid) if seen else None), (at, change)
        assert all(good.get(cid) == block for cid, block in seen), (at, change)
