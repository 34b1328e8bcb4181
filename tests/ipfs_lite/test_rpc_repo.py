"""The store as a whole over the RPC."""

import pytest

from node.ipfs_lite.blocks import BlockClass, Problem
from node.ipfs_lite.cid import from_text, make_cid, to_text
from tests.ipfs_lite.rpc_calls import Rpc, files
from tests.ipfs_lite.tampering import tamper


def put(rpc: Rpc, data: bytes) -> str:
    """Keep a block that nothing holds."""
    return str(rpc.lines("block/put", files(x=data))[0]["Key"])


def test_garbage_is_collected_and_named() -> None:
    rpc = Rpc()
    kept = rpc.add(b"kept")
    gone = put(rpc, b"garbage")
    assert rpc.lines("repo/gc") == [{"Key": {"/": gone}}]
    assert rpc.got(f"cat?arg={kept}") == b"kept"
    assert rpc.lines("repo/gc?stream-errors=true") == []


def test_a_silent_collection_still_collects() -> None:
    rpc = Rpc()
    put(rpc, b"garbage")
    assert rpc.lines("repo/gc?silent=true") == []
    assert rpc.store.count() == 0


def test_the_store_says_its_size_and_not_its_place() -> None:
    rpc = Rpc()
    rpc.add(b"kept")
    assert rpc.lines("repo/stat") == [
        {
            "RepoSize": 7,
            "StorageMax": 100,
            "NumObjects": 1,
            "RepoPath": "ward-store",
            "Version": "wardnet-store@1",
        }
    ]
    assert rpc.lines("repo/stat?size-only=true")[0]["NumObjects"] == 0


def test_a_sound_store_is_said_to_be_so() -> None:
    rpc = Rpc()
    put(rpc, b"block")
    assert rpc.lines("repo/verify") == [
        {"Msg": "verify complete, all blocks validated.", "Progress": 1}
    ]


@pytest.mark.parametrize(("drop", "left"), [("false", 2), ("true", 1)])
def test_a_corrupt_block_is_named_and_dropped_where_asked(drop: str, left: int) -> None:
    rpc = Rpc()
    put(rpc, b"good")
    cid = make_cid(b"bad")
    rpc.store.put(cid, b"bad", BlockClass.PUBLIC)
    tamper(rpc.store, cid)
    first, last = rpc.lines(f"repo/verify?drop={drop}")
    assert first["Msg"].startswith(f"block {to_text(cid)} is corrupt: ")
    assert first["Msg"].endswith(", removed") == (drop == "true")
    assert last == {"Msg": "verify complete, 1 problems were found.", "Progress": left}
    assert rpc.store.count() == left


def test_healing_needs_other_nodes() -> None:
    assert Rpc().refused("repo/verify?heal=true")[0] == 400


def test_the_version_is_that_of_the_program() -> None:
    assert Rpc().lines("version")[0]["Version"] == "0.1.0"


def test_collected_blocks_are_gone() -> None:
    rpc = Rpc()
    gone = put(rpc, b"garbage")
    rpc.lines("repo/gc")
    assert not rpc.store.has(from_text(gone))


def test_what_is_no_fault_of_a_block_is_told_and_drops_none(monkeypatch) -> None:
    rpc = Rpc()
    put(rpc, b"good")
    monkeypatch.setattr(rpc.store, "verify", lambda: iter((Problem(b"", "the index: odd"),)))
    assert rpc.lines("repo/verify?drop=true") == [
        {"Msg": "the index: odd", "Progress": 0},
        {"Msg": "verify complete, 1 problems were found.", "Progress": 1},
    ]
