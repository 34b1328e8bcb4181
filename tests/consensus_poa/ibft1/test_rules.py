"""Each header check of IBFT 1, broken alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from node.base.block import Block
from node.base.keys import PrivateKey
from node.consensus_poa.ibft1.header import (
    Ibft1HeaderForm,
    IstanbulExtra,
    encode_certificate,
    seal_header,
)
from node.consensus_poa.ibft1.options import Ibft1Options
from tests.consensus_poa.chains import GENESIS_TIME, VANITY, key
from tests.consensus_poa.ibft1.chains import Forge, certificate

FORGE = Forge()
KEYS = FORGE.keys
STRANGER = key("stranger")
FORM = Ibft1HeaderForm()


def judged(block: Block, sealers: Sequence[PrivateKey] = KEYS[:3], **switches: Any) -> str | None:
    forge = Forge(options=Ibft1Options(period=5, **switches)) if switches else FORGE
    full = FORM.join(block.header, certificate(block, sealers))
    return forge.engine().verify_header(full, FORGE.genesis)


def test_a_right_header_stands() -> None:
    assert judged(FORGE.propose(FORGE.genesis, KEYS[2])) is None


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"nonce": bytes(7) + b"\1"}, "invalid_vote"),
        ({"mix_hash": bytes(32)}, "invalid_mix_digest"),
        ({"ommers_hash": bytes(32)}, "invalid_uncle_hash"),
        ({"difficulty": 2}, "invalid_difficulty"),
        ({"gas_limit": 2**63}, "invalid_gas_limit"),
        ({"withdrawals_root": bytes(32)}, "unsupported_fork"),
        ({"number": 2}, "unknown_ancestor"),
        ({"parent_hash": bytes(32)}, "unknown_ancestor"),
        ({"timestamp": GENESIS_TIME + 4}, "invalid_timestamp"),
        ({"gas_used": 30_000_001}, "invalid_gas_used"),
        ({"gas_limit": 30_000_000 + 29_296}, "invalid_gas_limit"),
        ({"base_fee": 1}, "invalid_base_fee"),
        ({"base_fee": None}, "invalid_base_fee"),
    ],
)
def test_each_rule_of_the_header_is_checked(fields: dict[str, Any], error: str) -> None:
    assert judged(FORGE.propose(FORGE.genesis, KEYS[0], **fields)) == error


def test_gas_limits_are_allowed_up_to_the_border() -> None:
    assert judged(FORGE.propose(FORGE.genesis, KEYS[0], gas_limit=30_000_000 + 29_295)) is None


def test_extra_data_of_another_kind_is_refused() -> None:
    header = replace(FORGE.propose(FORGE.genesis, KEYS[0]).header, extra_data=bytes(97))
    assert FORGE.engine().verify_header(header, FORGE.genesis) == "invalid_extra_data"


def test_the_listed_set_is_that_of_the_parent_in_order() -> None:
    for listed in ([k.address for k in KEYS[::-1]], [k.address for k in KEYS[:3]]):
        extra = IstanbulExtra(VANITY, tuple(listed)).encode()
        block = FORGE.propose(FORGE.genesis, KEYS[0], extra_data=extra)
        assert judged(block) == "mismatching_validators"


def test_the_proposer_is_a_validator() -> None:
    assert judged(FORGE.propose(FORGE.genesis, STRANGER)) == "unauthorized_proposer"
    unsealed = Block(FORGE.unsealed(FORGE.genesis), ())
    assert judged(unsealed) == "invalid_proposer_seal"


@pytest.mark.parametrize(
    ("sealers", "error"),
    [
        ([], "empty_committed_seals"),
        (KEYS[:1], "too_few_committed_seals"),
        (KEYS[:2], None),
        ([KEYS[0], KEYS[0], KEYS[1]], "duplicate_committed_seal"),
        ([*KEYS[:3], STRANGER], "invalid_committed_seal"),
    ],
)
def test_committed_seals_are_of_validators_each_once_and_f_plus_1(
    sealers: list[PrivateKey], error: str | None
) -> None:
    assert judged(FORGE.propose(FORGE.genesis, KEYS[0]), sealers) == error


def test_strict_seals_ask_for_a_quorum() -> None:
    block = FORGE.propose(FORGE.genesis, KEYS[0])
    assert judged(block, KEYS[:2], strict_seals=True) == "too_few_committed_seals"
    assert judged(block, KEYS[:3], strict_seals=True) is None


def test_a_seal_over_another_block_is_nobodys() -> None:
    block = FORGE.propose(FORGE.genesis, KEYS[0])
    other = FORGE.propose(FORGE.genesis, KEYS[1])
    full = FORM.join(block.header, certificate(other, KEYS[:2]))
    error = FORGE.engine().verify_header(full, FORGE.genesis)
    assert error == "invalid_committed_seal"


def test_a_flipped_seal_is_refused() -> None:
    block = FORGE.propose(FORGE.genesis, KEYS[0])
    seals = [b"\xff" * 65, b"\xfe" * 65]
    full = FORM.join(block.header, encode_certificate(seals))
    assert FORGE.engine().verify_header(full, FORGE.genesis) in (
        "invalid_committed_seal",
        "duplicate_committed_seal",
    )


def test_a_chain_without_base_fee_is_judged_by_its_own_rules() -> None:
    forge = Forge(options=Ibft1Options(period=5, london_block=2**62), base_fee=None)
    block = forge.propose(forge.genesis, KEYS[0])
    full = FORM.join(block.header, certificate(block, KEYS))
    assert block.header.base_fee is None
    assert forge.engine().verify_header(full, forge.genesis) is None
    assert seal_header(forge.unsealed(forge.genesis), KEYS[0]) == block.header
