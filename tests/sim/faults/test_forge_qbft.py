"""QBFT: what is forged has the layout of consensus.md 3.2 and the adversary's own signature."""

import pytest

from node.base import rlp
from node.base.block import Block
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.sim.faults.forge import Rivals, Speech
from node.sim.faults.forge_qbft import QbftForge
from node.sim.world import World
from tests.sim.faulty import scenario

KEY, OTHER = (PrivateKey.from_bytes(bytes([n]) * 32) for n in (1, 2))
EXTRA = rlp.encode([bytes(32), [], [], b"\x01", []])


@pytest.fixture
def forge():
    return QbftForge(KEY, Rivals())


@pytest.fixture(scope="module")
def header():
    items = World(scenario()).nodes["h0"].ledger.head.items()
    return [*items[:12], EXTRA, *items[13:]]


def signed(code, payload, key=OTHER):
    return [payload, key.sign(keccak256(rlp.encode([bytes([code]), payload])))]


def author(code, part):
    payload, signature = part
    return MemoVerifier().recover(keccak256(rlp.encode([bytes([code]), payload])), signature)


def proposal(header):
    proof = [[signed(0x15, [b"\x05", b"\x01", []])], []]
    return rlp.encode([signed(0x12, [b"\x05", b"\x01", [header, [], []]]), proof])


def vote(code, *more):
    return rlp.encode(signed(code, [b"\x05", b"\x01", b"d" * 32, *more]))


def test_shapes_tell_what_is_said(forge, header):
    assert forge.speech(proposal(header)) is Speech.PROPOSAL
    assert forge.speech(vote(0x13)) is Speech.VOTE
    assert forge.speech(vote(0x14, b"s" * 65)) is Speech.VOTE
    assert forge.speech(forge.next_round(vote(0x13))) is Speech.OTHER
    assert forge.speech(b"no rlp") is Speech.OTHER


def test_a_second_proposal_has_the_slot_and_the_proof_of_the_first(forge, header):
    first = proposal(header)
    part, proof = rlp.decode(forge.second_proposal(first))
    assert author(0x12, part) == KEY.address
    assert proof == rlp.decode(first)[1]
    assert part[0][:2] == [b"\x05", b"\x01"]
    second = part[0][2][0]
    assert [a for a, b in zip(second, header, strict=True) if a != b] == [second[12]]
    vanity, *others = rlp.decode(second[12])
    assert vanity != bytes(32)
    assert others == rlp.decode(EXTRA)[1:]


def test_votes_are_for_the_rival_of_what_was_voted_for(header):
    rivals = Rivals()
    forge = QbftForge(KEY, rivals)
    part, _ = rlp.decode(forge.second_proposal(proposal(header)))
    first, second = (keccak256(rlp.encode(one)) for one in (header, part[0][2][0]))
    real = rlp.encode(signed(0x13, [b"\x05", b"\x01", first]))
    forged = rlp.decode(forge.second_vote(real))
    assert forged[0] == [b"\x05", b"\x01", second]
    assert author(0x13, forged) == KEY.address


def test_a_second_commit_seals_what_it_is_for(forge):
    forged = rlp.decode(forge.second_vote(vote(0x14, b"s" * 65)))
    assert author(0x14, forged) == KEY.address
    *_, digest, seal = forged[0]
    assert digest == keccak256(b"d" * 32)
    assert MemoVerifier().recover(digest, seal) == KEY.address


def test_the_next_round_is_asked_for_with_nothing_prepared(forge):
    part, block, prepares = rlp.decode(forge.next_round(vote(0x13)))
    assert part[0] == [b"\x05", b"\x02", []]
    assert author(0x15, part) == KEY.address
    assert (block, prepares) == ([], [])


def test_a_spoiled_commit_is_signed_but_its_seal_is_of_something_else(forge):
    forged = rlp.decode(forge.spoiled(vote(0x14, b"s" * 65)))
    assert author(0x14, forged) == KEY.address
    *_, digest, seal = forged[0]
    assert digest == b"d" * 32
    assert MemoVerifier().recover(digest, seal) != KEY.address
    assert forge.spoiled(vote(0x13)) is None


def test_a_certificate_holds_the_own_seal_alone(forge, header):
    block = Block.decode(rlp.encode([header, [], []]))
    round_, seals = rlp.decode(forge.certificate(block))
    assert round_ == b""
    assert [MemoVerifier().recover(block.header.hash(), one) for one in seals] == [KEY.address]
    assert forge.spoiled_block(block) is None
    assert forge.second_block(block).header.hash() != block.header.hash()
