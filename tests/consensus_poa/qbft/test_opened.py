from dataclasses import replace

from node.base.keys import SECP256K1_N
from node.consensus_poa.memo import Memo
from node.consensus_poa.qbft.header import QbftExtra
from node.consensus_poa.qbft.messages import Prepare, decode
from node.consensus_poa.qbft.opened import Unreadable, candidate_of, open_message
from tests.consensus_poa.chains import VERIFIER
from tests.consensus_poa.qbft.network import MEMO
from tests.consensus_poa.qbft.solo import Solo, opened

SOLO = Solo()
BLOCK = SOLO.block(round_=2)
DIGEST = SOLO.digest(BLOCK, 2)


def refused(raw: bytes) -> Unreadable:
    found = open_message(raw, MEMO, VERIFIER)
    assert isinstance(found, Unreadable)
    return found


def test_each_message_tells_its_author_slot_and_value() -> None:
    keys = SOLO.keys
    prepares = [SOLO.prepare(i, DIGEST, 2) for i in range(3)]
    change = SOLO.change(1, 3, 2, BLOCK, prepares)
    proposal = SOLO.proposal(0, BLOCK, 2, [change], prepares)
    for author, raw, round_ in (
        (0, prepares[0], 2),
        (2, SOLO.commit(2, DIGEST, 2), 2),
        (1, change, 3),
        (0, proposal, 2),
    ):
        found = opened(raw)
        assert (found.author, found.height, found.round) == (keys[author].address, 1, round_)
    assert opened(prepares[0]).value == DIGEST
    assert opened(proposal).changers == (keys[1].address,)
    assert opened(proposal).preparers == tuple(k.address for k in keys[:3])
    assert opened(change).preparers == opened(proposal).preparers


def test_the_block_inside_is_canonical_and_has_the_digest_of_its_round() -> None:
    candidate = opened(SOLO.proposal(0, BLOCK, 2)).candidate
    assert candidate is not None
    assert candidate.digest == DIGEST
    assert candidate.hash == candidate.block.header.hash() == SOLO.digest(BLOCK, 0)
    assert candidate.travelling(2) == BLOCK


def test_equal_headers_with_different_bodies_have_different_keys() -> None:
    other = replace(BLOCK, transactions=(b"\x02\xc0",))
    first, second = SOLO.candidate(BLOCK), SOLO.candidate(other)
    assert first.hash == second.hash
    assert first.key != second.key


def test_a_block_of_another_engine_is_no_candidate() -> None:
    strange = replace(BLOCK, header=replace(BLOCK.header, extra_data=bytes(97)))
    assert candidate_of(strange, 0) is None
    assert opened(SOLO.proposal(0, strange)).candidate is None


def test_a_commit_with_the_seal_of_somebody_else_is_unreadable() -> None:
    assert "seal" in refused(SOLO.commit(0, DIGEST, sealer=1)).reason


def test_a_flipped_signature_is_unreadable() -> None:
    vote = decode(SOLO.prepare(0, DIGEST))
    assert isinstance(vote, Prepare)
    s = SECP256K1_N - int.from_bytes(vote.signature[32:64])
    flipped = vote.signature[:32] + s.to_bytes(32) + bytes([vote.signature[64] ^ 1])
    assert "signature" in refused(replace(vote, signature=flipped).encode()).reason


def test_bytes_are_opened_once() -> None:
    memo = Memo()
    raw = SOLO.prepare(0, DIGEST)
    assert open_message(raw, memo, VERIFIER) is open_message(bytes(bytearray(raw)), memo, VERIFIER)


def test_extra_of_a_candidate_is_as_it_came() -> None:
    assert SOLO.candidate(BLOCK).extra == QbftExtra.decode(BLOCK.header.extra_data)
