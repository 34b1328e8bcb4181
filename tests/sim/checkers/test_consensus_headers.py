import json

import pytest

from node.base import rlp
from node.base.errors import CodecError
from node.base.rlp import encode_int
from node.sim.checkers.consensus_headers import (
    block_name,
    end_sealer,
    ibft_certificate,
    ibft_committed,
    ibft_extra,
    ibft_hash,
    ibft_proposer,
    maker,
    qbft_certificate,
    qbft_digest,
    qbft_extra,
    read_header,
)
from tests.base.headers import empty_header
from tests.sim.checkers.forge import VERIFIER, Aura, Clique, Ibft1, Qbft
from tests.vectors_dir import vectors


def cases(name):
    return json.loads((vectors("consensus") / name).read_text())["vectors"]


def test_a_header_is_read_field_by_field():
    header = empty_header()
    found = read_header(header.encode())
    assert (found.hash, found.parent, found.number) == (header.hash(), header.parent_hash, 0)
    assert (found.difficulty, found.extra) == (header.difficulty, header.extra_data)
    assert found.name == block_name(0, header.hash())


@pytest.mark.parametrize(
    ("place", "bad"), [(0, b"\1" * 31), (2, b""), (8, b"\0\1"), (13, b"\1"), (12, [b""])]
)
def test_a_field_of_the_wrong_shape_is_refused(place, bad):
    items = empty_header().items()
    items[place] = bad
    with pytest.raises(CodecError):
        read_header(rlp.encode(items))


@pytest.mark.parametrize("bad", [b"\x80", b"\xc0", b"", b"\xc1"])
def test_bytes_that_are_no_header_are_refused(bad):
    with pytest.raises(CodecError):
        read_header(bad)


@pytest.mark.parametrize(
    "items",
    [
        [bytes(31), [], [], b"", []],
        [bytes(32), b"", [], b"", []],
        [bytes(32), [bytes(19)], [], b"", []],
        [bytes(32), [], [bytes(20)], b"", []],
        [bytes(32), [], [bytes(20), b"\1"], b"", []],
        [bytes(32), [], [], b"\0", []],
        [bytes(32), [], [], b"", [bytes(64)]],
        [bytes(32), [], [], b""],
    ],
)
def test_extra_data_of_another_shape_is_refused(items):
    with pytest.raises(CodecError):
        qbft_extra(rlp.encode(items))


def test_the_digest_of_round_0_is_the_hash_of_the_canonical_header():
    net = Qbft()
    block = read_header(net.block(net.genesis, 0).encode())
    assert qbft_digest(block, 0) == block.hash
    assert qbft_digest(block, 1) == net.digest(net.block(net.genesis, 0), 1) != block.hash


@pytest.mark.parametrize("read", [qbft_certificate, ibft_certificate])
def test_a_certificate_of_another_shape_is_refused(read):
    with pytest.raises(CodecError):
        read(b"\x80")


def test_a_header_without_room_for_a_seal_has_no_sealer():
    net = Clique()
    items = net.block(net.genesis, 1).items()
    items[12] = bytes(96)
    assert end_sealer(read_header(rlp.encode(items)), VERIFIER) is None


def test_who_made_a_block_is_told_by_each_engines_own_place():
    for network in (Qbft, Ibft1, Clique, Aura):
        net = network()
        header = read_header(net.block(net.genesis, 1).encode())
        assert maker(net.engine, header, VERIFIER) == net.members[1]


@pytest.mark.conformance
def test_the_seals_of_published_qbft_headers_recover_to_their_committers():
    for case in cases("qbft_headers.json"):
        header, expect = read_header(bytes.fromhex(case["header_rlp"][2:])), case["expect"]
        extra = qbft_extra(header.extra)
        digest = qbft_digest(header, extra.round)
        assert f"0x{digest.hex()}" == expect["commitSealHash"]
        assert extra.round == expect["round"]
        assert [f"0x{one.hex()}" for one in extra.validators] == expect["validators"]
        committers = [f"0x{VERIFIER.recover(digest, seal).hex()}" for seal in extra.seals]
        assert sorted(committers) == sorted(expect["committers"])


def raw_header(fields):
    """Give the RLP of a header that is written as JSON, in the order of its fields."""
    values = [
        encode_int(value) if isinstance(value, int) else bytes.fromhex(value[2:])
        for value in fields.values()
    ]
    return rlp.encode(values)


@pytest.mark.conformance
def test_published_ibft1_headers_have_the_hash_proposer_and_committers_listed():
    for case in cases("ibft1_headers.json"):
        header, expect = read_header(raw_header(case["header"])), case["expect"]
        block_hash = ibft_hash(header)
        assert f"0x{block_hash.hex()}" == expect["hash"], case["id"]
        committed = ibft_extra(header.extra).committed
        digest = ibft_committed(block_hash)
        found = [f"0x{VERIFIER.recover(digest, seal).hex()}" for seal in committed]
        assert found == expect.get("committers", [])
        if expect.get("proposer"):
            assert f"0x{ibft_proposer(header, VERIFIER).hex()}" == expect["proposer"]
