"""Every rule of an AuRa header, each broken alone; the first failure wins."""

from dataclasses import replace

import pytest

from node.base.header import Header
from node.base.keys import SECP256K1_N
from node.base.types import ZERO_HASH, Hash32
from node.consensus_poa.aura.header import (
    GENESIS_MIX_HASH,
    difficulty_of,
    mix_hash_of,
    step_of,
    step_slot,
)
from node.consensus_poa.extra_data import checkpoint_signers
from tests.consensus_poa.aura.forge import FIRST_STEP, AuraForge
from tests.consensus_poa.chains import ascending, key
from tests.consensus_poa.registries import addresses

KEYS = ascending(4)
ONE = Hash32(b"\x01" * 32)


def verdict(**fields: object) -> str | None:
    """Change the right block 2, seal it again, and give what verification says."""
    forge = AuraForge(KEYS)
    head = forge.extend(forge.genesis)
    return forge.engine().verify_header(forge.seal(head, **fields), head)  # type: ignore[arg-type]


def test_a_right_header_breaks_nothing() -> None:
    assert verdict() is None
    assert verdict(skip=9) is None


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"extra_data": bytes(96)}, "missing_signature"),
        ({"extra_data": bytes(98)}, "extra_signers"),
        ({"nonce": b"\xff" * 8}, "invalid_nonce"),
        ({"ommers_hash": ONE}, "invalid_uncle_hash"),
        ({"gas_limit": 2**63}, "invalid_gas_limit"),
        ({"withdrawals_root": ONE}, "unsupported_fork"),
        ({"timestamp": 5 * (FIRST_STEP + 1) - 1}, "invalid_timestamp"),
        ({"timestamp": 5 * (FIRST_STEP + 2)}, "invalid_timestamp"),
        ({"mix_hash": b"\xff" * 32}, "invalid_timestamp"),
        ({"number": 3}, "unknown_ancestor"),
        ({"parent_hash": ONE}, "unknown_ancestor"),
        ({"coinbase": KEYS[0].address}, "not_primary"),
        ({"difficulty": 2**128 - 1}, "wrong_difficulty"),
        ({"difficulty": 0}, "wrong_difficulty"),
        ({"gas_used": 30_000_001}, "invalid_gas_used"),
        ({"gas_limit": 40_000_000}, "invalid_gas_limit"),
        ({"base_fee": 7}, "invalid_base_fee"),
        # two faults: the earlier rule names it
        ({"nonce": b"\xff" * 8, "difficulty": 0}, "invalid_nonce"),
        ({"coinbase": KEYS[0].address, "difficulty": 0}, "not_primary"),
    ],
)
def test_a_broken_rule_is_named(fields: dict[str, object], error: str) -> None:
    assert verdict(**fields) == error


def test_a_header_without_vanity_is_refused() -> None:
    forge = AuraForge(KEYS)
    header = replace(forge.seal(forge.genesis), extra_data=bytes(31))
    assert forge.engine().verify_header(header, forge.genesis) == "missing_vanity"


def test_the_last_second_of_a_step_still_belongs_to_it() -> None:
    forge = AuraForge(KEYS)
    right = forge.seal(forge.genesis)
    late = forge.seal(forge.genesis, timestamp=right.timestamp + 4)
    assert forge.engine().verify_header(late, forge.genesis) is None


@pytest.mark.parametrize("back", [0, 1])
def test_a_step_that_does_not_rise_is_refused(back: int) -> None:
    forge = AuraForge(KEYS)
    head = forge.extend(forge.genesis, skip=3)
    step = step_of(head) - back
    header = forge.seal(
        head,
        sealer=forge.keys[step % 4],
        mix_hash=mix_hash_of(step),
        timestamp=5 * step,
        difficulty=difficulty_of(step, step_of(head)),
    )
    assert forge.engine().verify_header(header, head) == "step_not_increasing"


def test_a_block_from_before_genesis_is_refused_although_its_step_rises() -> None:
    """A clock that is slow when the network begins could make one: genesis stands at step 0."""
    forge = AuraForge(KEYS)
    step = FIRST_STEP - 1
    header = forge.seal(
        forge.genesis,
        sealer=forge.keys[step % 4],
        mix_hash=mix_hash_of(step),
        timestamp=5 * step,
        difficulty=difficulty_of(step, 0),
    )
    assert forge.engine().verify_header(header, forge.genesis) == "invalid_timestamp"


def test_a_seal_of_another_validator_or_a_stranger_is_refused() -> None:
    forge = AuraForge(KEYS)
    for sealer in (forge.keys[(FIRST_STEP + 1) % 4], key("stranger")):
        header = forge.seal(forge.genesis, sealer=sealer)
        assert forge.engine().verify_header(header, forge.genesis) == "not_primary"
        own = forge.keys[FIRST_STEP % 4].address
        header = forge.seal(forge.genesis, sealer=sealer, coinbase=own)
        assert forge.engine().verify_header(header, forge.genesis) == "not_primary"


def high_s(header: Header) -> bytes:
    seal = header.extra_data[-65:]
    s = SECP256K1_N - int.from_bytes(seal[32:64])
    return header.extra_data[:-65] + seal[:32] + s.to_bytes(32) + bytes([1 - seal[64]])


def test_a_seal_with_high_s_or_without_a_point_is_invalid() -> None:
    forge = AuraForge(KEYS)
    right = forge.seal(forge.genesis)
    for extra_data in (high_s(right), right.extra_data[:-65] + bytes(65)):
        header = replace(right, extra_data=extra_data)
        assert forge.engine().verify_header(header, forge.genesis) == "invalid_seal"


def test_genesis_lists_the_validators_and_stands_at_step_0() -> None:
    forge = AuraForge(KEYS)
    assert checkpoint_signers(forge.genesis.extra_data) == addresses(KEYS)
    assert GENESIS_MIX_HASH == ZERO_HASH
    assert step_of(forge.genesis) == 0


def test_the_step_is_the_slot_of_a_seal() -> None:
    forge = AuraForge(KEYS)
    left, right = forge.seal(forge.genesis), forge.seal(forge.genesis, gas_used=1)
    assert step_slot(left) == step_slot(right) != step_slot(forge.seal(forge.genesis, skip=1))
