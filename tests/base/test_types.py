"""Constants of the types are what their names say."""

from eth_hash.auto import keccak

from node.base import types


def test_constant_hashes_are_those_of_their_preimages() -> None:
    assert keccak(b"\x80") == types.EMPTY_TRIE_ROOT
    assert keccak(b"\xc0") == types.EMPTY_OMMERS_HASH
    assert keccak(b"") == types.EMPTY_CODE_HASH


def test_zero_values_have_their_sizes() -> None:
    assert (types.ZERO_ADDRESS, types.ZERO_HASH) == (b"\0" * 20, b"\0" * 32)
