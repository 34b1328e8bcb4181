"""Stores and custody of a run's nodes: written as they lie, read back as they lie."""

from dataclasses import replace

import pytest

from node.base.codec import pack
from node.base.errors import CodecError
from node.ipfs_lite.car_read import CarReader
from node.privacy.custody_store import Holding
from node.sim.disks import Disk
from node.sim.run_stores import (
    CUSTODY,
    NODES,
    STORE,
    KeptCustody,
    read_custody,
    read_store,
    store_files,
    write_custody,
    write_store,
)
from node.sss.commitments import Manifest
from node.sss.errors import SimulatedSecretError
from node.storage.shared_nodes import NodePool
from tests.sim.audited import folder

ME = b"\x01" * 20
NAME = b"\x12\x20" + b"\x05" * 32


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    return folder(tmp_path_factory) / NODES


def test_a_store_is_a_car_that_others_can_read(nodes) -> None:
    raw = (nodes / "h0" / STORE).read_bytes()
    blocks = list(CarReader(iter((raw,))))
    kept, fault = read_store(raw)
    assert fault is None
    assert [one.cid[2:] for one in blocks] == list(kept.multihashes())
    assert [one.data for one in blocks] == [kept.stored(name) for name in kept.multihashes()]


def test_bytes_that_rotted_come_as_they_lie() -> None:
    kept, fault = read_store(b"".join(write_store([(NAME, b"rotten")])))
    assert fault is None
    assert kept.stored(NAME) == b"rotten"


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_store_that_is_cut_says_so_and_gives_what_it_has(cut) -> None:
    raw = b"".join(write_store([(NAME, b"one"), (NAME[:-1] + b"\x06", b"two" * 20)]))
    kept, fault = read_store(raw[:-cut])
    assert fault is not None
    assert kept.stored(NAME) == b"one"


@pytest.mark.parametrize("raw", [b"", b"\x00\x05abcde", b"\x00\x28" + bytes(40)])
def test_what_is_no_store_says_so(raw) -> None:
    kept, fault = read_store(raw)
    assert fault is not None
    assert list(kept.multihashes()) == []


def test_a_custody_reads_back(nodes) -> None:
    raw = (nodes / "h0" / CUSTODY).read_bytes()
    custody = read_custody(raw)
    assert write_custody(custody) == raw
    assert custody.deals()
    assert custody.receipts()


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"address": ME, "certificates": [1], "deals": [], "deposits": [], "receipts": []},
        {"address": ME, "certificates": [], "deals": [[b"x"]], "deposits": [], "receipts": []},
    ],
)
def test_what_is_no_custody_is_refused(value) -> None:
    with pytest.raises(CodecError):
        read_custody(pack(value))


def test_no_key_and_no_essential_share_lies_in_the_folder(nodes) -> None:
    from node.sim.cast import secrets_of

    kept = b"".join(one.read_bytes() for one in sorted(nodes.rglob("*")) if one.is_file())
    for name in ("h0", "h4", "p0", "p1", "d0"):
        secrets = secrets_of(11, name)
        assert secrets.extra not in kept
        assert secrets.sealing not in kept


def test_a_deal_of_a_real_network_is_not_written(nodes) -> None:
    custody = read_custody((nodes / "h0" / CUSTODY).read_bytes())
    deal_id, holding = next(iter(custody.held.items()))
    manifest = Manifest.decode(holding.manifest)
    real = replace(manifest, header=replace(manifest.header, flags=0))
    disk = Disk.empty(NodePool())
    disk.custody.put_holding(deal_id, Holding(real.encode(), holding.share))
    files = store_files({"h0": disk}, {"h0": ME})
    with pytest.raises(SimulatedSecretError):
        b"".join(files[f"{NODES}/h0/{CUSTODY}"])


def test_an_empty_disk_is_two_small_files() -> None:
    files = store_files({"h0": Disk.empty(NodePool())}, {"h0": ME})
    assert sorted(files) == [f"{NODES}/h0/{CUSTODY}", f"{NODES}/h0/{STORE}"]
    raw = b"".join(files[f"{NODES}/h0/{CUSTODY}"])
    assert read_custody(raw) == KeptCustody(ME, {}, (), (), ())
