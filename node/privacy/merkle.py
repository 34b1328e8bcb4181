"""Merkle trees over leaves that are hashes already, and proofs that a contract checks.

A pair is hashed in ascending order of its two values, so a proof needs no directions; the last
node of an odd level moves up as it is.  What keeps a leaf apart from an inner node (64 bytes are
hashed) is how the leaf was made.  Source: MerkleProof.sol of OpenZeppelin 5.0.2.
"""

from collections.abc import Sequence

from node.base.keccak import keccak256
from node.base.types import Hash32
from node.privacy.errors import MerkleError


def root_of(leaves: Sequence[Hash32]) -> Hash32:
    """Give the root; that of a single leaf is the leaf.

    raises        MerkleError: no leaf.
    """
    return _levels(leaves)[-1][0]


def proof_of(leaves: Sequence[Hash32], index: int) -> tuple[Hash32, ...]:
    """Give the siblings on the way from a leaf to the root, the lowest first.

    raises        MerkleError: no leaf, or none with this index.
    """
    levels = _levels(leaves)
    if not 0 <= index < len(leaves):
        raise MerkleError(f"there is no leaf {index} of {len(leaves)}")
    proof: list[Hash32] = []
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        index >>= 1
    return tuple(proof)


def is_proven(leaf: Hash32, proof: Sequence[Hash32], root: Hash32) -> bool:
    """Say whether a proof leads from a leaf to a root."""
    node = leaf
    for sibling in proof:
        node = _pair(node, sibling)
    return node == root


def _levels(leaves: Sequence[Hash32]) -> list[list[Hash32]]:
    if not leaves:
        raise MerkleError("a tree has at least one leaf")
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [_pair(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)]
        levels.append(pairs + below[len(below) & ~1 :])
    return levels


def _pair(one: Hash32, other: Hash32) -> Hash32:
    return keccak256(one + other if one < other else other + one)
