"""IBFT 1: what is forged has the layout of consensus.md 6 and the adversary's own signature."""

import pytest

from node.base import rlp
from node.base.block import Block
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.sim.faults.forge import Rivals, Speech
from node.sim.faults.forge_ibft1 import Ibft1Forge
from node.sim.world import World
from tests.sim.faulty import scenario

KEY, OTHER = (PrivateKey.from_bytes(bytes([n]) * 32) for n in (1, 2))
EXTRA = bytes(32) + rlp.encode([[OTHER.address], b"p" * 65, []])
VIEW = [b"\x01", b"\x05"]


@pytest.fixture
def forge():
    return Ibft1Forge(KEY, Rivals())


@pytest.fixture(scope="module")
def header():
    items = World(scenario()).nodes["h0"].ledger.head.items()
    return [*items[:12], EXTRA, *items[13:]]


def message(code, subject, seal=b""):
    code = bytes([code]) if code else b""
    parts = [code, rlp.encode([VIEW, subject]), OTHER.address]
    signature = OTHER.sign(keccak256(rlp.encode([*parts, b"", seal])))
    return rlp.encode([*parts, signature, seal])


def opened(raw):
    """Give code, view, subject and seal, after the signature was found to be the key's."""
    code, body, address, signature, seal = rlp.decode(raw)
    digest = keccak256(rlp.encode([code, body, address, b"", seal]))
    assert address == KEY.address == MemoVerifier().recover(digest, signature)
    view, subject = rlp.decode(body)
    return code, view, subject, seal


def committer(digest, seal):
    return MemoVerifier().recover(keccak256(digest + b"\x02"), seal)


def test_codes_tell_what_is_said(forge, header):
    assert forge.speech(message(0, [header, [], []])) is Speech.PROPOSAL
    assert forge.speech(message(1, b"d" * 32)) is Speech.VOTE
    assert forge.speech(message(2, b"d" * 32, b"s" * 65)) is Speech.VOTE
    assert forge.speech(message(3, bytes(32))) is Speech.OTHER
    assert forge.speech(b"no rlp") is Speech.OTHER


def test_a_second_proposal_has_the_view_and_a_seal_of_its_own(forge, header):
    code, view, subject, seal = opened(forge.second_proposal(message(0, [header, [], []])))
    assert (code, view, seal) == (b"", VIEW, b"")
    second = subject[0]
    assert [a for a, b in zip(second, header, strict=True) if a != b] == [second[12]]
    validators, proposer_seal, seals = rlp.decode(second[12][32:])
    assert (validators, seals) == ([OTHER.address], [])
    bare = [*second[:12], second[12][:32] + rlp.encode([validators, b"", []]), *second[13:]]
    signed = keccak256(keccak256(rlp.encode(bare)))
    assert MemoVerifier().recover(signed, proposer_seal) == KEY.address


def test_votes_are_for_the_rival_of_what_was_voted_for(forge, header):
    _, _, subject, _ = opened(forge.second_proposal(message(0, [header, [], []])))
    first, second = (keccak256(rlp.encode(one)) for one in (header, subject[0]))
    assert opened(forge.second_vote(message(1, first))) == (b"\x01", VIEW, second, b"")
    code, view, digest, seal = opened(forge.second_vote(message(2, first, b"s" * 65)))
    assert (code, view, digest) == (b"\x02", VIEW, second)
    assert committer(second, seal) == KEY.address


def test_the_next_round_is_asked_for(forge):
    raw = forge.next_round(message(1, b"d" * 32))
    assert opened(raw) == (b"\x03", [b"\x02", b"\x05"], bytes(32), b"")


def test_a_spoiled_commit_is_signed_but_its_seal_is_of_something_else(forge):
    _, _, digest, seal = opened(forge.spoiled(message(2, b"d" * 32, b"s" * 65)))
    assert digest == b"d" * 32
    assert committer(digest, seal) != KEY.address
    assert forge.spoiled(message(1, b"d" * 32)) is None


def test_blocks_and_certificates_are_sealed_by_the_own_key_alone(forge, header):
    block = Block.decode(rlp.encode([header, [], []]))
    (seal,) = rlp.decode(forge.certificate(block))
    assert committer(block.header.hash(), seal) == KEY.address
    hashes = {forge.second_block(block, mark).header.hash() for mark in (1, 2, 3)}
    assert len(hashes | {block.header.hash()}) == 4
    assert forge.spoiled_block(block).header.hash() != block.header.hash()
