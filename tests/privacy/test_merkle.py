"""Merkle trees against a naive second implementation, and proofs that must not hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sha3 import keccak_256

from node.base.keccak import keccak256
from node.base.types import Hash32
from node.privacy.errors import MerkleError
from node.privacy.merkle import is_proven, proof_of, root_of

LEAVES = st.lists(st.binary(min_size=32, max_size=32).map(Hash32), min_size=1, max_size=40)


def naive_root(leaves: list[bytes]) -> bytes:
    """Halve at the largest power of two below the count, as RFC 6962 does: the same shape."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    pair = sorted((naive_root(leaves[:half]), naive_root(leaves[half:])))
    return bytes(keccak_256(pair[0] + pair[1]).digest())


def _leaves(count: int) -> list[Hash32]:
    return [keccak256(bytes([at])) for at in range(count)]


@given(LEAVES)
def test_root_is_that_of_another_implementation(leaves: list[Hash32]) -> None:
    assert root_of(leaves) == naive_root(list(leaves))


@given(LEAVES, st.data())
def test_every_leaf_is_proven(leaves: list[Hash32], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    assert is_proven(leaves[index], proof_of(leaves, index), root_of(leaves))


@given(LEAVES, st.data())
def test_no_proof_fits_another_leaf(leaves: list[Hash32], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.binary(min_size=32, max_size=32).filter(lambda one: one not in leaves))
    assert not is_proven(Hash32(other), proof_of(leaves, index), root_of(leaves))


@given(LEAVES, st.data())
def test_a_proof_with_a_flipped_bit_does_not_hold(
    leaves: list[Hash32], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = list(proof_of(leaves, index))
    if not proof:
        return
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    proof[place] = Hash32((int.from_bytes(proof[place]) ^ 1 << bit).to_bytes(32))
    assert not is_proven(leaves[index], proof, root_of(leaves))


@pytest.mark.parametrize("count", range(2, 10))
def test_a_proof_that_was_cut_or_grew_does_not_hold(count: int) -> None:
    leaves = _leaves(count)
    for index in range(count):
        proof = proof_of(leaves, index)
        assert not is_proven(leaves[index], proof[:-1], root_of(leaves))
        assert not is_proven(leaves[index], (*proof, leaves[0]), root_of(leaves))


@pytest.mark.parametrize(("count", "steps"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10)])
def test_the_longest_proof_has_the_height_of_the_tree(count: int, steps: int) -> None:
    leaves = [keccak256(at.to_bytes(2)) for at in range(count)]
    assert len(proof_of(leaves, 0)) == steps


def test_the_last_leaf_of_three_moves_up() -> None:
    one, other, third = _leaves(3)
    assert proof_of([one, other, third], 2) == (root_of([one, other]),)


def test_a_tree_without_leaves_is_refused() -> None:
    with pytest.raises(MerkleError, match="at least one"):
        root_of([])


@pytest.mark.parametrize("index", [-1, 3])
def test_a_leaf_that_is_not_there_has_no_proof(index: int) -> None:
    with pytest.raises(MerkleError, match=f"no leaf {index} of 3"):
        proof_of(_leaves(3), index)
