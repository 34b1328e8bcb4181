from node.base import rlp
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.evidence import SealKey, double_sealer, note_seal
from tests.consensus_poa.chains import VERIFIER, Forge, ascending

KEYS = ascending(3)
FORGE = Forge(KEYS)
FIRST = FORGE.seal(FORGE.genesis, KEYS[1])
SECOND = FORGE.seal(FORGE.genesis, KEYS[1], gas_used=1)


def seen() -> Bounded[SealKey, bytes]:
    return Bounded(2)


def test_the_first_seal_and_its_repetition_are_no_evidence() -> None:
    seals = seen()
    assert note_seal(seals, FIRST.parent_hash, FIRST, KEYS[1].address) == ()
    assert note_seal(seals, FIRST.parent_hash, FIRST, KEYS[1].address) == ()


def test_a_second_seal_is_evidence_that_a_third_party_can_check() -> None:
    seals = seen()
    note_seal(seals, FIRST.parent_hash, FIRST, KEYS[1].address)
    (evidence,) = note_seal(seals, SECOND.parent_hash, SECOND, KEYS[1].address)
    assert double_sealer(evidence.proof, VERIFIER) == KEYS[1].address


def test_a_reported_pair_is_not_reported_again() -> None:
    seals = seen()
    for header in (FIRST, SECOND):
        note_seal(seals, header.parent_hash, header, KEYS[1].address)
    assert note_seal(seals, SECOND.parent_hash, SECOND, KEYS[1].address) == ()
    assert note_seal(seals, FIRST.parent_hash, FIRST, KEYS[1].address) == ()


def test_only_the_newest_seals_are_remembered() -> None:
    seals = seen()
    note_seal(seals, FIRST.parent_hash, FIRST, KEYS[1].address)
    child = FORGE.seal(FIRST, KEYS[2])
    note_seal(seals, child.parent_hash, child, KEYS[2].address)
    last = FORGE.seal(child, KEYS[0])
    note_seal(seals, last.parent_hash, last, KEYS[0].address)
    assert note_seal(seals, SECOND.parent_hash, SECOND, KEYS[1].address) == ()


def test_a_proof_of_one_header_or_two_signers_or_two_parents_proves_nothing() -> None:
    other_signer = FORGE.seal(FORGE.genesis, KEYS[2])
    other_parent = FORGE.seal(FIRST, KEYS[1])
    for second in (FIRST, other_signer, other_parent):
        proof = rlp.encode([FIRST.items(), second.items()])
        assert double_sealer(proof, VERIFIER) is None


def test_a_proof_without_seals_proves_nothing() -> None:
    bare = [FORGE.unsealed(FORGE.genesis, KEYS[1], gas_used=used).items() for used in (0, 1)]
    assert double_sealer(rlp.encode(bare), VERIFIER) is None


def test_bytes_that_are_no_proof_prove_nothing() -> None:
    for proof in (b"", b"\x80", b"\xc0", b"\xc2\x01\x02", rlp.encode([FIRST.items()])):
        assert double_sealer(proof, VERIFIER) is None
