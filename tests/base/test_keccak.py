"""Keccak-256 against an independent implementation."""

from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from node.base.keccak import keccak256
from node.base.types import EMPTY_CODE_HASH, EMPTY_OMMERS_HASH, EMPTY_TRIE_ROOT


@given(st.binary(max_size=300))
def test_hash_equals_that_of_pycryptodome(data: bytes) -> None:
    assert keccak256(data) == keccak.new(digest_bits=256, data=data).digest()


def test_hash_of_nothing_is_the_published_one() -> None:
    assert keccak256(b"") == EMPTY_CODE_HASH


def test_roots_of_nothing_are_the_hashes_of_their_encodings() -> None:
    assert (keccak256(b"\x80"), keccak256(b"\xc0")) == (EMPTY_TRIE_ROOT, EMPTY_OMMERS_HASH)
