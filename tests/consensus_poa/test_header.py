"""Seal hash and signer; published headers are in clique/test_vectors.py."""

from dataclasses import replace

import pytest

from node.base.types import Hash32
from node.consensus_poa.header import recover_signer, seal_hash, seal_header
from tests.consensus_poa.chains import VERIFIER, Forge, ascending

KEYS = ascending(2)
FORGE = Forge(KEYS)
SEALED = FORGE.seal(FORGE.genesis, KEYS[1])


def test_a_seal_recovers_to_its_signer() -> None:
    assert recover_signer(SEALED, VERIFIER) == KEYS[1].address


def test_the_seal_hash_does_not_cover_the_seal() -> None:
    other = seal_header(FORGE.unsealed(FORGE.genesis, KEYS[1]), KEYS[0])
    assert seal_hash(other) == seal_hash(SEALED)
    assert other.hash() != SEALED.hash()


@pytest.mark.parametrize(
    "fields",
    [
        {"base_fee": 1},
        {"base_fee": None},
        {"number": 2},
        {"state_root": Hash32(b"\x01" * 32)},
        {"extra_data": b"\x01" + SEALED.extra_data[1:]},
    ],
)
def test_the_seal_hash_covers_everything_else(fields: dict[str, object]) -> None:
    assert seal_hash(replace(SEALED, **fields)) != seal_hash(SEALED)  # type: ignore[arg-type]


def test_sealing_twice_gives_equal_bytes() -> None:
    unsealed = FORGE.unsealed(FORGE.genesis, KEYS[1])
    assert seal_header(unsealed, KEYS[1]).encode() == SEALED.encode()


@pytest.mark.parametrize("size", [0, 64])
def test_without_room_for_a_seal_there_is_no_signer(size: int) -> None:
    assert recover_signer(replace(SEALED, extra_data=bytes(size)), VERIFIER) is None


def test_an_empty_seal_has_no_signer() -> None:
    assert recover_signer(FORGE.genesis, VERIFIER) is None
