"""Second blocks of Clique and AuRa are as validly sealed as the first."""

from dataclasses import replace

import pytest

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.consensus_poa.header import recover_signer, seal_header
from node.sim.faults.forge import Rivals, SealForge, Speech, bytes_of, hash_of, items_of, marked
from node.sim.world import World
from tests.sim.faulty import scenario

KEY = PrivateKey.from_bytes(b"\x01" * 32)


@pytest.fixture(scope="module")
def block() -> Block:
    world = World(scenario())
    header = replace(world.nodes["h0"].ledger.head, extra_data=bytes(97), number=1)
    return Block(seal_header(header, KEY), ())


def test_a_second_block_has_another_hash_and_the_own_seal(block):
    other = SealForge(KEY).second_block(block)
    assert other.header.hash() != block.header.hash()
    assert recover_signer(other.header, MemoVerifier()) == KEY.address
    assert replace(other.header, extra_data=b"") == replace(block.header, extra_data=b"")


def test_marks_tell_blocks_apart(block):
    forge = SealForge(KEY)
    hashes = {forge.second_block(block, mark).header.hash() for mark in range(1, 9)}
    assert len(hashes) == 8


def test_a_spoiled_seal_is_a_signature_of_nobody_known(block):
    spoiled = SealForge(KEY).spoiled_block(block)
    signer = recover_signer(spoiled.header, MemoVerifier())
    assert signer not in (None, KEY.address)


def test_an_engine_without_messages_has_no_speech():
    forge = SealForge(KEY)
    assert forge.speech(b"\xc0") is Speech.OTHER
    assert forge.spoiled(b"\xc0") is None
    assert forge.second_vote(b"\xc0") == forge.second_proposal(b"\xc0") == b"\xc0"
    assert forge.next_round(b"\xc0") == b"\xc0"


def test_rivals_are_each_others():
    rivals = Rivals()
    rivals.pair(b"one", b"two")
    assert (rivals.of(b"one"), rivals.of(b"two")) == (b"two", b"one")
    assert rivals.of(b"three") == keccak256(b"three")


def test_a_mark_changes_the_vanity_alone():
    assert marked(bytes(97), 1) == b"\x00\x00\x00\x01" + bytes(93)
    assert marked(marked(bytes(97), 5), 5) == bytes(97)


@pytest.mark.parametrize("data", [b"\x01", rlp.encode([b""]), b"", b"\xff"])
def test_what_is_no_list_of_the_count_is_refused(data):
    with pytest.raises(CodecError):
        items_of(data, 2)


def test_a_list_is_no_string():
    with pytest.raises(CodecError):
        bytes_of([])
    assert hash_of([b"a"]) == keccak256(rlp.encode([b"a"]))
